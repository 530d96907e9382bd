/**
 * Shared memory between the main thread and one query thread: one request at a time, and its answer. Both sides wake each other
 * with one system call each; what does not fit goes as a message of the port beside it.
 *
 *   offset  bytes   what              writer  ordering
 *   0       4       requests so far   main    atomic add AFTER the request, and notify; the thread waits on it
 *   4       4       1: stop           main    before the add
 *   8       4       bytes of the request's text; 0: it is the port's next message
 *   12      4       bytes of the answer's body  query thread, before its message
 *   16      8 × 5   its timings, as QueryTimings has them; the first is NaN where there are none
 *   64      16 Ki   the request: JSON as UTF-16
 *   16448   64 Ki   the answer's body
 *
 * Invariant: a side writes only while the other waits: the main thread before the add, the query thread before its message.
 */
import type { QueryTimings } from "./query-messages.js";

const REQUESTS = 0;
const STOP = 1;
const REQUEST_BYTES = 2;
const BODY_BYTES = 3;
const TIMINGS = 16;
const TIMING_COUNT = 5;
const REQUEST = 64;
const REQUEST_CHARS_MAX = 8 << 10;
const BODY = REQUEST + 2 * REQUEST_CHARS_MAX;
/** What is larger is moved: that costs 10 µs, two copies of so much no more. */
const BODY_BYTES_MAX = 64 << 10;
const LANE_BYTES = BODY + BODY_BYTES_MAX;

export class QueryLaneMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #timings: Float64Array;
  readonly #request: Buffer;
  readonly #body: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(LANE_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#timings = new Float64Array(buffer, TIMINGS, TIMING_COUNT);
    this.#request = Buffer.from(buffer, REQUEST, 2 * REQUEST_CHARS_MAX);
    this.#body = new Uint8Array(buffer, BODY, BODY_BYTES_MAX);
  }

  // ── main thread ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether there was room. Without: the text must be posted before `send`. */
  writeRequest(text: string): boolean {
    const fits = text.length <= REQUEST_CHARS_MAX;
    this.#words[REQUEST_BYTES] = fits ? this.#request.write(text, "utf16le") : 0;
    return fits;
  }

  /** Wakes the thread. */
  send(): void {
    Atomics.add(this.#words, REQUESTS, 1);
    Atomics.notify(this.#words, REQUESTS);
  }

  /** The thread's loop ends before its next request. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.send();
  }

  /** A copy. */
  readBody(): Uint8Array {
    return this.#body.slice(0, this.#words[BODY_BYTES]);
  }

  readTimings(): QueryTimings | undefined {
    const [queueSeconds, prepareSeconds, evaluateSeconds, resultSeconds, samples] = this.#timings as unknown as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (Number.isNaN(queueSeconds)) return undefined;
    return { queueSeconds, prepareSeconds, evaluateSeconds, resultSeconds, samples };
  }

  // ── query thread ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Waits until there are more requests than `seen`. Undefined: the loop ends; else how many there are now. */
  next(seen: number): number | undefined {
    Atomics.wait(this.#words, REQUESTS, seen);
    return Atomics.load(this.#words, STOP) === 1 ? undefined : Atomics.load(this.#words, REQUESTS);
  }

  /** Undefined: it is the port's next message. */
  readRequest(): string | undefined {
    const bytes = this.#words[REQUEST_BYTES]!;
    return bytes === 0 ? undefined : this.#request.toString("utf16le", 0, bytes);
  }

  /** False if the body does not fit. */
  writeAnswer(body: Uint8Array, timings: QueryTimings | undefined): boolean {
    if (body.length > BODY_BYTES_MAX) return false;
    this.#body.set(body);
    this.#words[BODY_BYTES] = body.length;
    const into = this.#timings;
    into[0] = timings === undefined ? Number.NaN : timings.queueSeconds;
    if (timings === undefined) return true;
    into[1] = timings.prepareSeconds;
    into[2] = timings.evaluateSeconds;
    into[3] = timings.resultSeconds;
    into[4] = timings.samples;
    return true;
  }
}
