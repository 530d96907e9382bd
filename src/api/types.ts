/**
 * What a handler sees of HTTP and what it gives back. Nothing here knows the server library: `http.ts` alone translates.
 */
import type { Parameters } from "./parameters.js";
import type { RequestSignal } from "./request-signal.js";

export interface ApiRequest {
  /** Upper case. */
  readonly method: string;
  /** Decoded, without the route prefix; begins with "/". */
  readonly path: string;
  /** The query string as it came, without its "?". */
  readonly rawQuery: string;
  /** Parameters of the query string only. */
  readonly query: Parameters;
  /** Parameters of the form body, then those of the query string: the body's value wins where only one is asked for. */
  readonly form: Parameters;
  /** Values of the `:name` parts of the route's pattern. */
  readonly pathParameters: Readonly<Record<string, string>>;
  /** Value of a header by its lower-case name, or "". */
  header(name: string): string;
  /** The body as received; empty for forms, whose parameters are in `form`. Valid after the handler has returned. */
  readonly body: Uint8Array;
  readonly remoteAddress: string;
}

export interface ApiResponse {
  readonly status: number;
  /** Absent where there is no body (204) or the body has no type. */
  readonly contentType?: string;
  readonly headers?: ReadonlyArray<readonly [string, string]>;
  /** Of `body` as it is; absent: the adapter compresses where the client takes it. `fixed`: nobody could have it otherwise. */
  readonly encoding?: "gzip" | "identity" | "fixed";
  /**
   * Owned by the adapter from now on: it is sent in parts, after the handler has returned. Of pieces the next is asked for
   * when the client has taken the one before; `return` is called if it goes away.
   */
  readonly body?: Uint8Array | string | AsyncIterableIterator<Uint8Array>;
  /** The body's buffer is given up once it is sent. */
  readonly isDisposable?: boolean;
}

/**
 * @param signal aborted when the client has gone away or the server closes; the answer is then not sent.
 */
export type Handler<Deps> = (
  request: ApiRequest,
  deps: Deps,
  signal: RequestSignal,
) => Promise<ApiResponse> | ApiResponse;

/** The words of `errorType` in an error's JSON. */
export type ErrorType =
  | "timeout"
  | "canceled"
  | "execution"
  | "bad_data"
  | "internal"
  | "unavailable"
  | "not_found"
  | "not_acceptable";

/** An answer that is an error; a value, since bad requests are expected. */
export interface ApiFailure {
  readonly kind: "failure";
  readonly errorType: ErrorType;
  readonly message: string;
  /** The request parameter that is to blame; some routes name it in the message. */
  readonly parameter?: string;
}

export function failure(errorType: ErrorType, message: string, parameter?: string): ApiFailure {
  return parameter === undefined
    ? { kind: "failure", errorType, message }
    : { kind: "failure", errorType, message, parameter };
}

/** A failure whose message begins with `invalid parameter "…": `, as most of Prometheus' routes word it. */
export function invalidParameter(parameter: string, reason: string): ApiFailure {
  return failure("bad_data", `invalid parameter ${JSON.stringify(parameter)}: ${reason}`);
}
