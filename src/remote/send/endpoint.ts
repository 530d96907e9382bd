/** Requests to one endpoint, each sent again until it is taken or refused for good. */
import { errorMessage, type Logger } from "../../base/index.js";
import { HttpClient, type HttpClientOptions } from "../../http/index.js";

const ANSWER_BYTES_MAX = 65_536;
const RETRY_AFTER_SECONDS_MAX = 300;
const STEP_MS = 50;

export interface EndpointOptions {
  readonly url: string;
  readonly version: 1 | 2;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly http: HttpClientOptions;
  readonly queue: { readonly minBackoffMs: number; readonly maxBackoffMs: number; readonly retryOn429: boolean };
}

/** Stopped: before anybody had an answer that counts. */
export type Verdict =
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly status: number; readonly problem: string }
  | { readonly kind: "stopped" };

/** What happens on the way to a verdict. */
export interface SendWatch {
  /** An answer came. */
  onAnswer(seconds: number): void;
  /** It is to be sent again, after a while. */
  onFailure(): void;
  onRetry(): void;
}

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #client: HttpClient;
  readonly #log: Logger;

  constructor(options: EndpointOptions, userAgent: string, log: Logger) {
    this.#options = options;
    this.#client = new HttpClient(options.http, userAgent);
    this.#log = log;
  }

  /** @param version  of the protocol in which `body` is written. */
  async send(body: Uint8Array, version: 1 | 2, signal: AbortSignal, watch: SendWatch): Promise<Verdict> {
    const { url, timeoutMs, headers, queue } = this.#options;
    const type =
      version === 1 ? "application/x-protobuf" : "application/x-protobuf;proto=io.prometheus.write.v2.Request";
    let backoffMs = queue.minBackoffMs;
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted) return { kind: "stopped" };
      if (attempt > 0) watch.onRetry();
      const begunMs = performance.now();
      let problem: string;
      let waitMs = backoffMs;
      try {
        const response = await this.#client.request({
          method: "POST",
          url,
          timeoutMs,
          bodyBytesMax: ANSWER_BYTES_MAX,
          signal,
          body,
          headers: {
            ...headers,
            ...(attempt > 0 && { "Retry-Attempt": String(attempt) }),
            "Content-Type": type,
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": version === 1 ? "0.1.0" : "2.0.0",
          },
        });
        const { status } = response;
        watch.onAnswer((performance.now() - begunMs) / 1000);
        if (status >= 200 && status < 300) return { kind: "taken" };
        const text = response.body.toString("utf8").split("\n", 1)[0]!.slice(0, 1024);
        problem = `server returned HTTP status ${status}: ${text}`;
        const isRetryable = status >= 500 || (status === 429 && queue.retryOn429);
        if (!isRetryable) return { kind: "refused", status, problem };
        const retryAfter = Number(response.headers["retry-after"] ?? Number.NaN);
        if (retryAfter > 0) waitMs = Math.min(retryAfter, RETRY_AFTER_SECONDS_MAX) * 1000;
      } catch (error) {
        if (signal.aborted) return { kind: "stopped" };
        problem = errorMessage(error);
      }
      watch.onFailure();
      this.#log.warn("Failed to send batch, retrying", { err: problem });
      const until = Date.now() + waitMs;
      while (Date.now() < until && !signal.aborted) await sleep(Math.min(STEP_MS, until - Date.now()));
      backoffMs = Math.min(2 * backoffMs, queue.maxBackoffMs);
    }
  }

  close(): void {
    this.#client.close();
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
