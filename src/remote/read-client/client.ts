/** Asks one server for series, and hears its answer in either form. */
import { STATUS_CODES } from "node:http";
import { errorMessage, VestalError } from "../../base/index.js";
import { HttpClient, type HttpClientOptions } from "../../http/index.js";
import { encodeReadRequest, type RemoteSelect } from "./request.js";
import { decodeChunked, decodeSampled, type RemoteSeries } from "./response.js";

/** Plain data. */
export interface ReadEndpoint {
  readonly name: string;
  /** Equal for equal settings. */
  readonly hash: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked for recent samples too, which the own storage has. */
  readonly readsRecent: boolean;
  /** A selector that does not ask for all of these is not sent. */
  readonly requiredMatchers: Readonly<Record<string, string>>;
  /** Asked for with each selector, and taken off what comes back; none where they are not to be filtered. */
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Of one message of a streamed answer. */
  readonly frameBytesMax: number;
  readonly http: HttpClientOptions;
}

/** One exchange, for the metrics. */
export interface ReadExchange {
  readonly name: string;
  readonly url: string;
  readonly responseType: "sampled" | "chunked" | "unsupported";
  readonly code: string;
  readonly seconds: number;
}

const SAMPLED = "application/x-protobuf";
const CHUNKED = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

export class ReadClient {
  readonly #endpoint: ReadEndpoint;
  readonly #http: HttpClient;
  readonly #answerBytesMax: number;

  /** @param answerBytesMax  of a whole answer, as it came and unpacked. */
  constructor(endpoint: ReadEndpoint, userAgent: string, answerBytesMax: number) {
    this.#endpoint = endpoint;
    this.#answerBytesMax = answerBytesMax;
    this.#http = new HttpClient(endpoint.http, userAgent);
  }

  /** @throws VestalError REMOTE_READ in Prometheus' words. */
  async read(
    select: RemoteSelect,
    signal: AbortSignal,
    onExchange: (exchange: ReadExchange) => void,
  ): Promise<readonly RemoteSeries[]> {
    const { name, url, timeoutMs, headers, frameBytesMax } = this.#endpoint;
    const begunMs = performance.now();
    const answer = await this.#ask(select, { headers, timeoutMs, signal });
    const seconds = (performance.now() - begunMs) / 1000;
    if (Math.floor(answer.status / 100) !== 2) {
      const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ""}`.trim();
      const said = answer.body.toString("utf8").replace(/^\n+|\n+$/g, "");
      throw problem(`remote server ${url} returned http status ${status}: ${said}`);
    }
    const contentType = answer.headers["content-type"] ?? "";
    const done = (responseType: ReadExchange["responseType"]): void =>
      onExchange({ name, url, responseType, code: String(answer.status), seconds });
    try {
      if (contentType.startsWith(SAMPLED)) {
        done("sampled");
        return decodeSampled(answer.body, this.#answerBytesMax);
      }
      if (contentType.startsWith(CHUNKED)) {
        done("chunked");
        return decodeChunked(answer.body, frameBytesMax);
      }
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      throw problem(`error reading response: ${error.message}`, error);
    }
    done("unsupported");
    throw problem(`unsupported content type: ${contentType}`);
  }

  close(): void {
    this.#http.close();
  }

  async #ask(
    select: RemoteSelect,
    options: {
      readonly headers: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
    },
  ): ReturnType<HttpClient["request"]> {
    try {
      return await this.#http.request({
        method: "POST",
        url: this.#endpoint.url,
        headers: {
          ...options.headers,
          "Content-Encoding": "snappy",
          "Accept-Encoding": "snappy",
          "Content-Type": SAMPLED,
          "X-Prometheus-Remote-Read-Version": "0.1.0",
        },
        body: encodeReadRequest(select),
        timeoutMs: options.timeoutMs,
        signal: options.signal,
        bodyBytesMax: this.#answerBytesMax,
      });
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      throw problem(`error sending request: ${errorMessage(error)}`, error);
    }
  }
}

function problem(message: string, cause?: unknown): VestalError {
  return new VestalError("REMOTE_READ", `remote_read: ${message}`, {}, cause);
}
