/** Remote read and federation: what other servers ask of this one, answered by the query threads. */
import type { ApiRequest, ApiResponse, RemoteReadService, RequestSignal, ServiceAnswer } from "../../api/index.js";
import { type Clock, VestalError } from "../../base/index.js";
import { federateContentType, negotiateFederation, type ReadCursor } from "../../remote/index.js";
import type { QueryJob, ReadPart } from "./query-messages.js";
import type { QueryPool } from "./query-service.js";

export interface ReadServiceOptions {
  readonly lookbackDeltaMs: number;
  /** Of one query of a request for samples; 0 is no limit. */
  readonly samplesMax: number;
  /** Requests at a time; more wait. 0 is no limit. */
  readonly concurrencyMax: number;
  /** Of one frame of streamed chunks. */
  readonly frameBytesMax: number;
}

export interface ReadServiceDeps {
  readonly queries: QueryPool;
  readonly clock: Clock;
  /** Those in force. */
  readonly externalLabels: () => Readonly<Record<string, string>>;
}

const TEXT = "text/plain; charset=utf-8";
const NOSNIFF = [["X-Content-Type-Options", "nosniff"]] as const;
/** What a stream holds in memory while its client takes it. */
const SLICE_BYTES = 8 << 20;

export class ReadService implements RemoteReadService {
  readonly #options: ReadServiceOptions;
  readonly #deps: ReadServiceDeps;
  /** Federations that failed. */
  readonly federation = { errors: 0 };
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

  async read({ body }: ApiRequest, signal: RequestSignal): Promise<ApiResponse> {
    const release = await this.#enter();
    let isHeld = true;
    const leave = (): void => {
      if (isHeld) release();
      isHeld = false;
    };
    try {
      const { samplesMax, frameBytesMax } = this.#options;
      const externalLabels = this.#deps.externalLabels();
      const job = { body, externalLabels, samplesMax, frameBytesMax, sliceBytes: SLICE_BYTES };
      const answer = await this.#deps.queries.remoteRead(job, signal);
      if (answer.kind !== "data") return refused(answer);
      const part = answer.data as ReadPart;
      if (part.type === "samples") {
        const headers = [["Content-Encoding", "snappy"]] as const;
        return { status: 200, contentType: "application/x-protobuf", headers, encoding: "fixed", body: part.body };
      }
      const contentType = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
      const common = { status: 200, contentType, encoding: "fixed" } as const;
      if (part.next === undefined) return { ...common, body: part.body };
      isHeld = false;
      return { ...common, body: this.#stream(job, part, signal, release) };
    } finally {
      leave();
    }
  }

  /** Waits for a place; the result gives it back. */
  async #enter(): Promise<() => void> {
    const { concurrencyMax } = this.#options;
    if (concurrencyMax > 0 && this.#running >= concurrencyMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    return () => {
      // Who waits takes the place over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }

  /** The first part and those behind it, each made when the one before has been taken. */
  #stream(
    job: Omit<QueryJob & { readonly kind: "remoteRead" }, "kind">,
    first: ReadPart & { readonly type: "chunks" },
    signal: RequestSignal,
    release: () => void,
  ): AsyncIterableIterator<Uint8Array> {
    const { queries } = this.#deps;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) release();
      isOpen = false;
    };
    if (signal.aborted) close();
    signal.addEventListener("abort", close, { once: true });
    let ready: Uint8Array | undefined = first.body;
    let next = first.next as ReadCursor | undefined;
    const pull = async (): Promise<IteratorResult<Uint8Array>> => {
      if (ready === undefined && next !== undefined && isOpen) {
        const answer = await queries.remoteRead({ ...job, after: next }, signal);
        if (answer.kind !== "data") throw new VestalError("READ_STREAM", messageOf(answer));
        const part = answer.data as typeof first;
        ready = part.body;
        next = part.next;
      }
      const value = ready;
      ready = undefined;
      if (value === undefined || !isOpen) {
        close();
        return { done: true, value: undefined };
      }
      return { done: false, value };
    };
    return {
      next: () =>
        pull().catch((error: unknown) => {
          close();
          throw error;
        }),
      return: async () => {
        close();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  async federate({ form, header }: ApiRequest, signal: RequestSignal): Promise<ApiResponse> {
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
    if (answer.kind !== "encoded") {
      // A selector that is none is not counted there either.
      if (answer.kind !== "failure" || answer.errorType !== "bad_data") this.federation.errors++;
      return refused(answer);
    }
    return { status: 200, contentType: federateContentType(format), body: answer.body };
  }
}

function messageOf(answer: ServiceAnswer): string {
  return answer.kind === "failure" ? answer.message : "no answer";
}

function refused(answer: ServiceAnswer): ApiResponse {
  const errorType = answer.kind === "failure" ? answer.errorType : "internal";
  const status = errorType === "bad_data" ? 400 : errorType === "unavailable" ? 503 : 500;
  return { status, contentType: TEXT, headers: NOSNIFF, body: `${messageOf(answer)}\n` };
}
