/**
 * Live queries: who listens to what, and who is told. Equal queries (expression, step, delay, format) are one *stream*,
 * evaluated once a step however many listen; its frames name the stream, so that all listeners get the same bytes.
 *
 * A listener first gets its history in one frame, then each step. One that reads too slowly gets what it has missed in
 * one merged frame; when that has become too much, a new first frame.
 */
import { type Clock, errorMessage, type Logger, type Timers, VestalError } from "../../base/index.js";
import type { AlertListener, InstantQuery, RangeQuery, ServiceAnswer } from "../deps.js";
import type { RequestSignal } from "../request-signal.js";
import { goJson } from "../respond.js";
import { type ApiFailure, failure } from "../types.js";
import {
  type AlertsSubscription,
  errorText,
  fullText,
  type LiveFormat,
  type LiveStep,
  parseClientMessage,
  type QuerySubscription,
  stepsText,
  subscribedText,
  unsubscribedText,
} from "./protocol.js";

export interface LiveOptions {
  /** Subscriptions of one socket. */
  readonly subscriptionsMax: number;
  /** Streams, of all sockets together. */
  readonly streamsMax: number;
  /** Bytes that may wait in a socket before its frames are held back and merged. */
  readonly bufferBytesMax: number;
}

export const DEFAULT_LIVE_OPTIONS: LiveOptions = { subscriptionsMax: 100, streamsMax: 1000, bufferBytesMax: 1 << 20 };

/** Steps held back for a listener; beyond, it gets a new first frame. */
const HELD_STEPS_MAX = 120;
/** Frames sent in one turn of the event loop: other requests come in between. */
const SENDS_MAX = 500;

/** The part of a socket that the hub needs. */
export interface LiveSocket {
  readonly format: LiveFormat;
  /** Bytes that the client has not taken yet. */
  bufferedBytes(): number;
  send(frame: string | Uint8Array): void;
}

export interface LiveQueries {
  query(query: InstantQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  queryRange(query: RangeQuery, signal: RequestSignal): Promise<ServiceAnswer>;
  /** The same range as the bytes of a FlatBuffers Frame. */
  queryFrame(query: RangeQuery, signal: RequestSignal): Promise<ServiceAnswer>;
}

export interface LiveAlerts {
  /** Active alerts as JSON, and each change from then on as JSON, until closed. */
  watch(matchers: readonly string[], listener: AlertListener): () => void;
}

export interface LiveDeps {
  readonly queries: LiveQueries;
  readonly alerts: LiveAlerts;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

export interface LiveCounters {
  sockets: number;
  subscriptions: number;
  frames: number;
  /** Frames that were held back because the client did not read. */
  held: number;
  evaluations: number;
}

export class LiveHub {
  readonly counters: LiveCounters = { sockets: 0, subscriptions: 0, frames: 0, held: 0, evaluations: 0 };
  /** Told how long after its due time the frame of a step was handed to a socket. */
  onSent: (seconds: number) => void = () => {};
  readonly options: LiveOptions;
  readonly deps: LiveDeps;
  readonly #streams = new Map<string, Stream>();
  #nextStream = 1;

  constructor(options: LiveOptions, deps: LiveDeps) {
    this.options = options;
    this.deps = deps;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  open(socket: LiveSocket): LiveSession {
    this.counters.sockets++;
    return new LiveSession(this, socket);
  }

  nextStream(): number {
    return this.#nextStream++;
  }

  /** @throws VestalError LIVE if there are too many. */
  streamOf(subscription: QuerySubscription, format: LiveFormat): Stream {
    const { expression, stepMs, delayMs } = subscription;
    const key = `${format} ${stepMs} ${delayMs} ${expression}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    if (this.#streams.size >= this.options.streamsMax) {
      throw new VestalError("LIVE", `${this.options.streamsMax} different live queries are running; try again later`);
    }
    const stream = new Stream(this, this.nextStream(), subscription, format, () => this.#streams.delete(key));
    this.#streams.set(key, stream);
    return stream;
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close();
  }
}

/** One socket. */
export class LiveSession {
  readonly hub: LiveHub;
  readonly socket: LiveSocket;
  readonly #subscriptions = new Map<string, { readonly close: () => void; readonly drain: () => void }>();
  isClosed = false;

  constructor(hub: LiveHub, socket: LiveSocket) {
    this.hub = hub;
    this.socket = socket;
  }

  get isFull(): boolean {
    return this.socket.bufferedBytes() > this.hub.options.bufferBytesMax;
  }

  send(frame: string | Uint8Array): void {
    if (this.isClosed) return;
    this.hub.counters.frames++;
    this.socket.send(frame);
  }

  receive(text: string): void {
    try {
      const message = parseClientMessage(text);
      if (message.type === "unsubscribe") this.#unsubscribe(message.id);
      else this.#subscribe(message.subscription);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      const { id } = error.details;
      this.send(errorText(typeof id === "string" ? id : undefined, failure("bad_data", error.message)));
    }
  }

  /** The client has read: what was held back can go. */
  drained(): void {
    for (const { drain } of this.#subscriptions.values()) drain();
  }

  closed(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.hub.counters.sockets--;
    for (const { close } of this.#subscriptions.values()) close();
    this.hub.counters.subscriptions -= this.#subscriptions.size;
    this.#subscriptions.clear();
  }

  #subscribe(subscription: QuerySubscription | AlertsSubscription): void {
    const { id } = subscription;
    if (this.#subscriptions.has(id)) throw new VestalError("LIVE", `there is a subscription ${id} already`, { id });
    const { subscriptionsMax } = this.hub.options;
    if (this.#subscriptions.size >= subscriptionsMax) {
      throw new VestalError("LIVE", `a connection has at most ${subscriptionsMax} subscriptions`, { id });
    }
    const end = (problem: ApiFailure): void => {
      this.send(errorText(id, problem));
      this.#drop(id);
    };
    const opened =
      subscription.kind === "query" ? this.#openQuery(subscription, end) : this.#openAlerts(subscription, end);
    this.#subscriptions.set(id, opened);
    this.hub.counters.subscriptions++;
  }

  #openQuery(subscription: QuerySubscription, end: (problem: ApiFailure) => void) {
    const stream = this.hub.streamOf(subscription, this.socket.format);
    const listener = new Listener(this, stream, subscription, end);
    this.send(subscribedText(subscription.id, stream.number));
    stream.add(listener);
    return { close: () => stream.remove(listener), drain: () => listener.drain() };
  }

  #openAlerts({ id, matchers }: AlertsSubscription, end: (problem: ApiFailure) => void) {
    const stream = this.hub.nextStream();
    this.send(subscribedText(id, stream));
    let held: string[] = [];
    const flush = (): void => {
      if (held.length === 0 || this.isFull) return;
      const changes = held.splice(0).join(",");
      this.send(`{"type":"alert-changes","id":${goJson(id)},"stream":${stream},"changes":[${changes}]}`);
    };
    const close = this.hub.deps.alerts.watch(matchers, {
      onFirst: (answer) => {
        if (answer.kind === "failure") end(answer);
        else this.send(`{"type":"alerts","id":${goJson(id)},"stream":${stream},"answer":${textOf(answer)}}`);
      },
      onChanges: (json) => {
        held.push(json);
        // A client that never reads misses the oldest changes; the history has them.
        if (held.length > HELD_STEPS_MAX) held = held.slice(-HELD_STEPS_MAX);
        flush();
      },
    });
    return { close, drain: flush };
  }

  #unsubscribe(id: string): void {
    if (!this.#subscriptions.has(id)) throw new VestalError("LIVE", `there is no subscription ${id}`, { id });
    this.#drop(id);
    this.send(unsubscribedText(id));
  }

  #drop(id: string): void {
    const known = this.#subscriptions.get(id);
    if (known === undefined) return;
    this.#subscriptions.delete(id);
    this.hub.counters.subscriptions--;
    known.close();
  }
}

/** One subscription to a query. */
class Listener {
  readonly #session: LiveSession;
  readonly #stream: Stream;
  readonly #subscription: QuerySubscription;
  readonly #end: (problem: ApiFailure) => void;
  /** Last step that it has been told; undefined until its first frame is out. */
  #toldMs: number | undefined;
  #held: StepFrame[] = [];
  #isFetching = false;
  #isClosed = false;

  constructor(
    session: LiveSession,
    stream: Stream,
    subscription: QuerySubscription,
    end: (problem: ApiFailure) => void,
  ) {
    this.#session = session;
    this.#stream = stream;
    this.#subscription = subscription;
    this.#end = end;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** History up to the last step that is due. */
  async first(): Promise<void> {
    if (this.#isFetching) return;
    this.#isFetching = true;
    const { stepMs, rangeMs, afterMs, id } = this.#subscription;
    const endMs = this.#stream.lastDueMs();
    const oldestMs = endMs - Math.floor(rangeMs / stepMs) * stepMs;
    const resumeMs = this.#toldMs ?? afterMs;
    const after = resumeMs === undefined ? undefined : (Math.floor(resumeMs / stepMs) + 1) * stepMs;
    // A client that was away for longer than an answer may be long misses what is older.
    const startMs = Math.max(after ?? oldestMs, endMs - FULL_STEPS_MAX * stepMs);
    const answer = startMs > endMs ? undefined : await this.#stream.range(startMs, endMs);
    this.#isFetching = false;
    if (this.#isClosed) return;
    if (answer?.kind === "failure") {
      this.#end(answer);
      return;
    }
    this.#toldMs = endMs;
    if (answer !== undefined) this.#session.send(this.#stream.fullFrame(id, endMs, answer));
    else if (this.#session.socket.format === "json") {
      const empty = '{"status":"success","data":{"resultType":"matrix","result":[]}}';
      this.#session.send(fullText(id, this.#stream.number, endMs, empty));
    }
    this.drain();
  }

  tell(frame: StepFrame): void {
    if (this.#toldMs === undefined || this.#isFetching || this.#held.length > 0 || this.#session.isFull) {
      this.#held.push(frame);
      if (this.#held.length > 1 || this.#session.isFull) this.#session.hub.counters.held++;
      if (this.#held.length > HELD_STEPS_MAX) this.#held.shift();
      return;
    }
    if (frame.timeMs <= this.#toldMs) return;
    this.#toldMs = frame.timeMs;
    this.#session.send(frame.bytes);
    this.#stream.sent(frame);
  }

  drain(): void {
    if (this.#toldMs === undefined || this.#isFetching || this.#session.isFull || this.#held.length === 0) return;
    const toldMs = this.#toldMs;
    const held = this.#held.splice(0).filter(({ timeMs }) => timeMs > toldMs);
    const [oldest] = held;
    if (oldest === undefined) return;
    if (oldest.timeMs > toldMs + this.#subscription.stepMs) {
      // Steps between were given up: the history has them.
      this.#stream.runFirst(this);
      return;
    }
    this.#toldMs = held.at(-1)!.timeMs;
    for (const frame of this.#stream.merged(held)) this.#session.send(frame);
  }
}

/** Of a first frame. */
const FULL_STEPS_MAX = 11_000;

interface StepFrame {
  readonly timeMs: number;
  readonly bytes: string | Uint8Array;
  /** For merging, of JSON. */
  readonly step: LiveStep | undefined;
}

/** One query that is evaluated at each step while somebody listens. */
class Stream {
  readonly number: number;
  readonly #hub: LiveHub;
  readonly #subscription: QuerySubscription;
  readonly #format: LiveFormat;
  readonly #onEmpty: () => void;
  readonly #listeners = new Set<Listener>();
  readonly #abort = new AbortController();
  /** First frames asked for at one time are the same. */
  readonly #ranges = new Map<string, Promise<ServiceAnswer>>();
  #stopTimer: (() => void) | undefined;

  constructor(hub: LiveHub, number: number, subscription: QuerySubscription, format: LiveFormat, onEmpty: () => void) {
    this.#hub = hub;
    this.number = number;
    this.#subscription = subscription;
    this.#format = format;
    this.#onEmpty = onEmpty;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#schedule(this.lastDueMs() + this.#subscription.stepMs);
    this.runFirst(listener);
  }

  remove(listener: Listener): void {
    listener.close();
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.close();
  }

  close(): void {
    this.#stopTimer?.();
    this.#abort.abort();
    this.#onEmpty();
  }

  runFirst(listener: Listener): void {
    listener.first().catch((error: unknown) => {
      this.#hub.deps.log.error("A live query's first frame failed", { err: errorMessage(error) });
    });
  }

  lastDueMs(): number {
    const { stepMs, delayMs } = this.#subscription;
    return Math.floor((this.#hub.deps.clock.nowMs() - delayMs) / stepMs) * stepMs;
  }

  range(startMs: number, endMs: number): Promise<ServiceAnswer> {
    const key = `${startMs} ${endMs}`;
    const known = this.#ranges.get(key);
    if (known !== undefined) return known;
    this.#ranges.clear();
    const query = { ...this.#common, startMs, endMs, stepMs: this.#subscription.stepMs };
    const { queries } = this.#hub.deps;
    const answer =
      this.#format === "json"
        ? queries.queryRange(query, this.#abort.signal)
        : queries.queryFrame(query, this.#abort.signal);
    this.#ranges.set(key, answer);
    return answer;
  }

  get #common() {
    return { expression: this.#subscription.expression, limit: 0, stats: "" };
  }

  fullFrame(id: string, endMs: number, answer: ServiceAnswer): string | Uint8Array {
    return this.#format === "json" ? fullText(id, this.number, endMs, textOf(answer)) : binary(this.number, answer);
  }

  /** @param frames  of consecutive steps. */
  merged(frames: readonly StepFrame[]): readonly (string | Uint8Array)[] {
    const steps = frames.flatMap(({ step }) => step ?? []);
    return steps.length === frames.length ? [stepsText(this.number, steps)] : frames.map(({ bytes }) => bytes);
  }

  #schedule(timeMs: number): void {
    const { clock, timers } = this.#hub.deps;
    const dueMs = timeMs + this.#subscription.delayMs;
    this.#stopTimer = timers.after(Math.max(0, dueMs - clock.nowMs()), () => {
      // A timer may fire a moment early.
      if (clock.nowMs() < dueMs) this.#schedule(timeMs);
      else void this.#step(timeMs); // never rejects
    });
  }

  /** The frame of a step is in a socket. */
  sent({ timeMs }: StepFrame): void {
    this.#hub.onSent((this.#hub.deps.clock.nowMs() - timeMs - this.#subscription.delayMs) / 1000);
  }

  async #step(timeMs: number): Promise<void> {
    const { log } = this.#hub.deps;
    this.#hub.counters.evaluations++;
    try {
      const frame = await this.#evaluate(timeMs);
      if (this.#abort.signal.aborted) return;
      await this.#tellAll(frame);
    } catch (error) {
      log.error("A live query failed", { err: errorMessage(error) });
    }
    if (this.#abort.signal.aborted) return;
    // A step that was missed is not made up for one by one: listeners see the gap and ask for the history.
    this.#schedule(Math.max(timeMs + this.#subscription.stepMs, this.lastDueMs()));
  }

  async #evaluate(timeMs: number): Promise<StepFrame> {
    const { queries } = this.#hub.deps;
    if (this.#format === "json") {
      const answer = await queries.query({ ...this.#common, timeMs }, this.#abort.signal);
      const step = { timeMs, answer: textOf(answer) };
      return { timeMs, bytes: stepsText(this.number, [step]), step };
    }
    const { stepMs } = this.#subscription;
    const query = { ...this.#common, startMs: timeMs, endMs: timeMs, stepMs };
    const answer = await queries.queryFrame(query, this.#abort.signal);
    if (answer.kind === "failure") {
      return { timeMs, bytes: errorText(undefined, answer), step: undefined };
    }
    return { timeMs, bytes: binary(this.number, answer), step: undefined };
  }

  async #tellAll(frame: StepFrame): Promise<void> {
    let sends = 0;
    for (const listener of [...this.#listeners]) {
      if (++sends % SENDS_MAX === 0) await new Promise((resolve) => setImmediate(resolve));
      listener.tell(frame);
    }
  }
}

/** The JSON document of an answer. */
function textOf(answer: ServiceAnswer): string {
  switch (answer.kind) {
    case "encoded":
      return Buffer.from(answer.body).toString("utf8");
    case "data":
      return goJson({ status: "success", data: answer.data });
    case "empty":
      return '{"status":"success"}';
    case "failure":
      return goJson({ status: "error", errorType: answer.errorType, error: answer.message });
  }
}

/** A binary message: the stream's number, four bytes of zero, and a FlatBuffers Frame. */
function binary(stream: number, answer: ServiceAnswer): Uint8Array {
  const body = answer.kind === "encoded" ? answer.body : new Uint8Array(0);
  const message = new Uint8Array(8 + body.length);
  new DataView(message.buffer).setUint32(0, stream, true);
  message.set(body, 8);
  return message;
}
