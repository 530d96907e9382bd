/** Remote read and federation: what other servers ask of this one, answered by the query threads. */
import type { ApiRequest, ApiResponse, RemoteReadService } from "../../api/index.js";
import type { Clock } from "../../base/index.js";
import { federateContentType, negotiateFederation } from "../../remote/index.js";
import type { QueryPool } from "./query-service.js";

export interface ReadServiceOptions {
  readonly lookbackDeltaMs: number;
  /** Of one query of a request; 0 is no limit. */
  readonly samplesMax: number;
  /** Requests at a time; more wait. 0 is no limit. */
  readonly concurrencyMax: number;
}

export interface ReadServiceDeps {
  readonly queries: QueryPool;
  readonly clock: Clock;
  /** Those in force. */
  readonly externalLabels: () => Readonly<Record<string, string>>;
}

const TEXT = "text/plain; charset=utf-8";
const NOSNIFF = [["X-Content-Type-Options", "nosniff"]] as const;

export class ReadService implements RemoteReadService {
  readonly #options: ReadServiceOptions;
  readonly #deps: ReadServiceDeps;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: ReadServiceOptions, deps: ReadServiceDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Remote reads that run or wait. */
  get count(): number {
    return this.#running + this.#waiting.length;
  }

  async read({ body }: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const { concurrencyMax, samplesMax } = this.#options;
    if (concurrencyMax > 0 && this.#running >= concurrencyMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
    try {
      const { queries, externalLabels } = this.#deps;
      const answer = await queries.remoteRead({ body, externalLabels: externalLabels(), samplesMax }, signal);
      if (answer.kind !== "encoded") return refused(answer);
      return {
        status: 200,
        contentType: "application/x-protobuf",
        headers: [["Content-Encoding", "snappy"]],
        body: answer.body,
      };
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async federate({ form, header }: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const { queries, clock, externalLabels } = this.#deps;
    const format = negotiateFederation(header("accept"));
    const request = {
      matchers: form.all("match[]"),
      timeMs: clock.nowMs(),
      lookbackDeltaMs: this.#options.lookbackDeltaMs,
      externalLabels: externalLabels(),
      format,
    };
    const answer = await queries.federate(request, signal);
    if (answer.kind !== "encoded") return refused(answer);
    return { status: 200, contentType: federateContentType(format), body: answer.body };
  }
}

function refused(answer: {
  readonly kind: string;
  readonly errorType?: string;
  readonly message?: string;
}): ApiResponse {
  const status = answer.errorType === "bad_data" ? 400 : answer.errorType === "unavailable" ? 503 : 500;
  return { status, contentType: TEXT, headers: NOSNIFF, body: `${answer.message ?? "no answer"}\n` };
}
