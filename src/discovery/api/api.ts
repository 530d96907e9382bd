/** What asking an API for targets takes: a client with the section's HTTP settings, and a round at each interval. */
import { VestalError } from "../../base/index.js";
import { HttpClient, type HttpClientOptions, type HttpResponse } from "../../http/index.js";
import type { Discovery } from "../discovery.js";
import type { TargetGroup } from "../messages.js";
import { type RefreshDeps, RefreshingDiscovery } from "../refresh.js";

/** Of one answer; 100,000 machines with all their details take some 200 MB. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
/** Pages of one list: an API that always names another page ends here. */
const PAGES_MAX = 10_000;
const TIMEOUT_MS_MIN = 1000;

export interface ApiRequest {
  readonly method?: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class Api {
  readonly #client: HttpClient;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;

  constructor(client: HttpClient, timeoutMs: number, signal: AbortSignal) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
  }

  /** The answer, whatever its status. @throws VestalError as `HttpClient.request` */
  async answer(request: ApiRequest): Promise<HttpResponse> {
    const timeoutMs = Math.max(TIMEOUT_MS_MIN, this.#timeoutMs);
    return await this.#client.request({ ...request, timeoutMs, bodyBytesMax: ANSWER_BYTES_MAX, signal: this.#signal });
  }

  /** @throws VestalError DISCOVERY if the status is not 2xx. */
  async text(request: ApiRequest): Promise<string> {
    const { status, body } = await this.answer(request);
    if (status >= 200 && status <= 299) return body.toString("utf8");
    throw new VestalError("DISCOVERY", `server returned HTTP status ${status}`, { status });
  }

  /** @throws VestalError DISCOVERY if the status is not 2xx, or the answer no JSON. */
  async json(request: ApiRequest): Promise<unknown> {
    return parseJson(await this.text(request));
  }

  async get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return await this.json({ url, headers: { accept: "application/json", ...headers } });
  }
}

/** All items of a list in pages; `ask` gets what the page before named, and names the next one, or nothing. */
export async function allPages<T>(
  ask: (page: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string }>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let page: string | undefined;
  for (let count = 0; count < PAGES_MAX; count++) {
    const { items, next } = await ask(page);
    for (const item of items) all.push(item);
    if (next === "" || next === page) return all;
    page = next;
  }
  throw new VestalError("DISCOVERY", `the list has more than ${PAGES_MAX} pages`);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VestalError("DISCOVERY", "the answer is no JSON", {}, error);
  }
}

export interface ApiSettings {
  readonly kind: string;
  readonly refreshIntervalMs: number;
  readonly http: HttpClientOptions;
}

/** @param ask  tells all groups there are now. */
export function apiDiscovery(
  { kind, refreshIntervalMs, http }: ApiSettings,
  userAgent: string,
  deps: RefreshDeps,
  ask: (api: Api) => Promise<readonly TargetGroup[]>,
): Discovery {
  const client = new HttpClient(http, userAgent);
  const inner = new RefreshingDiscovery(
    kind,
    refreshIntervalMs,
    (signal) => ask(new Api(client, refreshIntervalMs, signal)),
    deps,
  );
  return {
    get groups() {
      return inner.groups;
    },
    start: () => inner.start(),
    close: () => {
      inner.close();
      client.close();
    },
  };
}
