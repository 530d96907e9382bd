/** A server that the tool asks: its HTTP API, and times as its flags give them. */
import { readFileSync } from "node:fs";
import { errorMessage, VestalError } from "../../base/index.js";
import { readHttpClientConfig } from "../../config/index.js";
import { DEFAULT_HTTP_CLIENT, HttpClient } from "../../http/index.js";
import { quoteGo } from "../../model/index.js";
import { PROMETHEUS_VERSION } from "../version.js";

const TIMEOUT_MS = 120_000;
const BODY_BYTES_MAX = 512 << 20;

export interface ApiDocument {
  readonly status: string;
  readonly data?: unknown;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
}

export class RemoteServer {
  readonly #client: HttpClient;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param configFile  HTTP client configuration; "" for none.
   * @param headers     `Name=value` each.
   */
  constructor(server: string, configFile: string, headers: readonly string[] = []) {
    const options = configFile === "" ? DEFAULT_HTTP_CLIENT : readHttpClientConfig(readFileSync(configFile, "utf8"));
    this.#client = new HttpClient(options, `promtool/${PROMETHEUS_VERSION}`);
    this.#url = (server.includes("://") ? server : `http://${server}`).replace(/\/+$/, "");
    if (!URL.canParse(this.#url))
      throw new VestalError("ARGUMENT", `parse ${quoteGo(server)}: invalid URI for request`);
    this.#headers = Object.fromEntries(
      headers.map((header) => {
        const [name = "", ...rest] = header.split("=");
        return [name, rest.join("=")] as const;
      }),
    );
  }

  /** The data of an answer. @throws VestalError with Prometheus' `errorType: error`, or why there is no answer. */
  async ask(
    path: string,
    params: ReadonlyArray<readonly [string, string]>,
    method: "GET" | "POST",
  ): Promise<ApiDocument> {
    const search = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value])).toString();
    const isPost = method === "POST";
    const { status, body } = await this.#client.request({
      method,
      url: `${this.#url}/api/v1/${path}${isPost || search === "" ? "" : `?${search}`}`,
      headers: { ...this.#headers, ...(isPost && { "content-type": "application/x-www-form-urlencoded" }) },
      ...(isPost && { body: search }),
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: BODY_BYTES_MAX,
    });
    let document: ApiDocument;
    try {
      document = JSON.parse(body.toString("utf8")) as ApiDocument;
    } catch (error) {
      throw new VestalError(
        "SERVER",
        `${status >= 500 ? "server" : "client"}_error: ${status}: ${errorMessage(error)}`,
        {},
        error,
      );
    }
    if (document.status === "success") return document;
    throw new VestalError(
      "SERVER",
      `${document.errorType}: ${document.error}`,
      document as unknown as Record<string, unknown>,
    );
  }

  /** Status and text of a page. */
  async page(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { status, body } = await this.#client.request({
      url: `${this.#url}${path}`,
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: BODY_BYTES_MAX,
    });
    return { status, text: body.toString("utf8") };
  }

  close(): void {
    this.#client.close();
  }
}

/** Milliseconds of a Unix or RFC 3339 time; `fallback` where there is none. */
export function parseTimeFlag(text: string | undefined, what: string, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  if (/^[-+]?[0-9]+(?:\.[0-9]+)?$/.test(text)) return Math.round(Number(text) * 1000);
  const timeMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new VestalError("ARGUMENT", `error parsing ${what}: cannot parse ${quoteGo(text)} to a valid timestamp`);
}
