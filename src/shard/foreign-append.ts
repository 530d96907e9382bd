/**
 * The one way into a shard for all but its own scrapes. The sender splits its samples by owner, announces each owner's
 * batch over a message port, and goes on when all have answered or the deadline has passed. The owner commits batches one
 * after the other; each is atomic, all of them together are not. What does not fit an owner's queue is refused at once.
 *
 *   sender                                   owner
 *   ForeignSender.send(rows) ── announce ──► ForeignReceiver ── commitBatch ──► ForeignSink (the head)
 *                            ◄─ answer ────
 *
 * A batch's memory is used again once it was acknowledged. After a missed deadline it is left to the owner, which may
 * still read it, and to the garbage collector.
 */
import type { MessagePort } from "node:worker_threads";
import { fromPlain, type PlainError, toPlain, VestalError } from "../base/index.js";
import type { Exemplar, Histogram, Labels, SeriesMetadata } from "../model/index.js";
import { encodeLabelBytes, LabelBytesEncoder } from "../model/label-bytes.js";
import { ForeignBatchBuilder, ForeignBatchReader, ROW_IS_CREATED_ZERO } from "./foreign-batch.js";
import { shardOf } from "./shard-of.js";

/** Samples that an owner did not store, by reason. */
export interface ForeignRejections {
  readonly outOfOrder: number;
  readonly duplicates: number;
  readonly outOfBounds: number;
  /** Older than the window for out-of-order samples. */
  readonly tooOld: number;
  readonly invalid: number;
  readonly noMemory: number;
}

export interface ForeignRefusal {
  readonly reason: keyof ForeignRejections | "exemplar";
  /** In Prometheus' words. */
  readonly message: string;
  /** As Prometheus prints labels. */
  readonly series: string;
}

export interface ForeignResult extends ForeignRejections {
  /** Samples, histograms included, that are stored now or were before. */
  readonly accepted: number;
  /** Of these. */
  readonly histograms: number;
  readonly exemplars: number;
  /** Exemplars that are out of order or too long; repeated ones count as neither. */
  readonly exemplarsRefused: number;
  /** The first few. */
  readonly refusals: readonly ForeignRefusal[];
}

export interface ForeignSink {
  /**
   * Validates, logs, encodes and publishes a batch as one commit. The reader's memory is the caller's again afterwards.
   * @throws VestalError if nothing of the batch was stored.
   */
  commitBatch(reader: ForeignBatchReader): ForeignResult | Promise<ForeignResult>;
}

export interface ForeignAnnouncement {
  readonly type: "foreign-batch";
  readonly id: number;
  readonly buffer: SharedArrayBuffer;
}

export interface ForeignAnswer {
  readonly type: "foreign-answer";
  readonly id: number;
  readonly result: ForeignResult | undefined;
  readonly error: PlainError | undefined;
}

const REFUSALS_MAX = 10;

/** Of a batch of which nothing is known yet. */
export const NO_RESULT: ForeignResult = {
  accepted: 0,
  histograms: 0,
  exemplars: 0,
  exemplarsRefused: 0,
  outOfOrder: 0,
  duplicates: 0,
  outOfBounds: 0,
  tooOld: 0,
  invalid: 0,
  noMemory: 0,
  refusals: [],
};

// ── the owner's side ───────────────────────────────────────────────────────────────────────────────────────────────

export interface ForeignReceiverOptions {
  /** Batches that may wait; each is at most FOREIGN_BATCH_BYTES of the sender's. */
  readonly waitingBatchesMax: number;
  readonly waitingBytesMax: number;
}

export const DEFAULT_RECEIVER_OPTIONS: ForeignReceiverOptions = { waitingBatchesMax: 256, waitingBytesMax: 64 << 20 };

interface WaitingBatch {
  readonly buffer: SharedArrayBuffer;
  readonly answer: (result: ForeignResult | undefined, error: PlainError | undefined) => void;
}

/** Commits what other threads announce, in the order of arrival, one batch at a time. */
export class ForeignReceiver {
  readonly #sink: ForeignSink;
  readonly #options: ForeignReceiverOptions;
  readonly #waiting: WaitingBatch[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #isStopped = false;
  /** Batches refused because the queue was full. */
  refusedCount = 0;

  constructor(sink: ForeignSink, options: ForeignReceiverOptions = DEFAULT_RECEIVER_OPTIONS) {
    this.#sink = sink;
    this.#options = options;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Listens to one sender. */
  attach(port: MessagePort): void {
    port.on("message", (message: ForeignAnnouncement) => {
      const { type, id, buffer } = message;
      if (type !== "foreign-batch") return;
      this.push(buffer, (result, error) => port.postMessage({ type: "foreign-answer", id, result, error }));
    });
  }

  /** Of a sender in the same thread. */
  push(buffer: SharedArrayBuffer, answer: WaitingBatch["answer"]): void {
    if (this.#isStopped) {
      answer(undefined, toPlain(new VestalError("SHARD_STOPPED", "the shard is stopping and stores nothing more")));
      return;
    }
    const { waitingBatchesMax, waitingBytesMax } = this.#options;
    const bytes = buffer.byteLength;
    if (this.#waiting.length >= waitingBatchesMax || this.#waitingBytes + bytes > waitingBytesMax) {
      this.refusedCount++;
      answer(
        undefined,
        toPlain(new VestalError("SHARD_BUSY", "too many samples wait for this shard; send them again later")),
      );
      return;
    }
    this.#waiting.push({ buffer, answer });
    this.#waitingBytes += bytes;
    this.#committing ??= this.#drain();
  }

  /** Refuses what comes from now on; resolves when all that was taken in is committed and answered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#committing;
  }

  async #drain(): Promise<void> {
    for (;;) {
      const batch = this.#waiting[0];
      if (batch === undefined) break;
      await this.#commit(batch);
      this.#waiting.shift();
      this.#waitingBytes -= batch.buffer.byteLength;
    }
    this.#committing = undefined;
  }

  async #commit({ buffer, answer }: WaitingBatch): Promise<void> {
    let result: ForeignResult;
    try {
      result = await this.#sink.commitBatch(new ForeignBatchReader(buffer));
    } catch (error) {
      answer(undefined, toPlain(error));
      return;
    }
    answer(result, undefined);
  }
}

// ── the sender's side ──────────────────────────────────────────────────────────────────────────────────────────────

/** What is to be stored of one series; each part may be missing. */
export interface ForeignRow {
  readonly labels: Labels;
  readonly timestampMs: number;
  /** A float sample; undefined where there is a histogram, or no sample. */
  readonly value?: number;
  /** The staleness marker instead of `value`: a plain number cannot carry it. */
  readonly isStale?: boolean;
  readonly histogram?: Histogram;
  /** The zero at the time that the series was made, stored in front if the series has nothing as new; a histogram's is empty. */
  readonly zero?: { readonly timestampMs: number; readonly histogram: Histogram | undefined };
  readonly exemplars?: readonly Exemplar[];
  readonly metadata?: SeriesMetadata;
}

export interface ForeignOutcome extends ForeignResult {
  /** Owners that stored nothing, or whose answer did not come in time: what was sent to them may have to be sent again. */
  readonly failures: readonly { readonly shard: number; readonly error: VestalError }[];
}

export interface ForeignSenderOptions {
  /** Bytes of batches that may be on their way from this thread. */
  readonly sentBytesMax: number;
  readonly deadlineMs: number;
  /** BATCH_* of what `send` sends. */
  readonly batchFlags?: number;
}

export const DEFAULT_SENDER_OPTIONS: ForeignSenderOptions = { sentBytesMax: 64 << 20, deadlineMs: 10_000 };

/** One owner's answer to one batch: exactly one of the two is there. */
export interface BatchAnswer {
  readonly result: ForeignResult | undefined;
  readonly error: VestalError | undefined;
}

interface Sent {
  readonly shard: number;
  readonly buffer: SharedArrayBuffer;
  readonly timer: NodeJS.Timeout;
  readonly settle: (answer: BatchAnswer) => void;
}

/** Acknowledged buffers kept for the next batches. */
const SPARE_BUFFERS_MAX = 16;
/** Of a series' text in a refusal. */
const SERIES_CHARACTERS_MAX = 1000;

export class ForeignSender {
  readonly shardCount: number;
  readonly #options: ForeignSenderOptions;
  /** By shard; undefined while it has no thread. */
  readonly #encoder = new LabelBytesEncoder();
  readonly #owners: (MessagePort | ForeignReceiver | undefined)[];
  readonly #sent = new Map<number, Sent>();
  readonly #spare: SharedArrayBuffer[] = [];
  #sentBytes = 0;
  #nextId = 1;

  constructor(shardCount: number, options: ForeignSenderOptions = DEFAULT_SENDER_OPTIONS) {
    this.shardCount = shardCount;
    this.#options = options;
    this.#owners = Array.from({ length: shardCount }, () => undefined);
  }

  /** Connects a shard: by a port, or directly where it lives in this thread. Replaces the one before. */
  setOwner(shard: number, owner: MessagePort | ForeignReceiver): void {
    this.#owners[shard] = owner;
    if (owner instanceof ForeignReceiver) return;
    owner.on("message", (message: ForeignAnswer) => {
      if (message.type !== "foreign-answer") return;
      const error = message.error === undefined ? undefined : fromPlain(message.error);
      this.#settle(message.id, { result: message.result, error }, true);
    });
  }

  /** The shard's thread is gone: what was on its way fails now, what comes later at once. */
  loseOwner(shard: number, reason: string): void {
    this.#owners[shard] = undefined;
    for (const [id, sent] of this.#sent) {
      if (sent.shard === shard) this.#settle(id, { result: undefined, error: lost(shard, reason) }, false);
    }
  }

  /** A batch to fill; give it to `sendBatch`. What it held is gone. */
  newBatch(): ForeignBatchBuilder {
    return new ForeignBatchBuilder(this.#spare.pop());
  }

  /** Sends rows to their owners. Never rejects for what an owner says: see `failures`. */
  async send(rows: Iterable<ForeignRow>): Promise<ForeignOutcome> {
    const open: (ForeignBatchBuilder | undefined)[] = [];
    const answers: Promise<{ shard: number; answer: BatchAnswer }>[] = [];
    let invalid = 0;
    const refusals: ForeignRefusal[] = [];
    const post = (shard: number, batch: ForeignBatchBuilder): void => {
      answers.push(this.sendBatch(shard, batch).then((answer) => ({ shard, answer })));
    };
    for (const row of rows) {
      const { labels } = row;
      const labelBytes = this.#encoder.encode(labels);
      const shard = shardOf(labels, this.shardCount);
      for (const put of partsOf(row)) {
        let batch = open[shard];
        if (batch !== undefined && put(batch, labelBytes)) continue;
        if (batch !== undefined && batch.rowCount > 0) post(shard, batch);
        batch = this.newBatch();
        batch.setFlags(this.#options.batchFlags ?? 0);
        open[shard] = batch;
        if (put(batch, labelBytes)) continue;
        invalid++;
        if (refusals.length >= REFUSALS_MAX) continue;
        const message = `labels of ${labelBytes.length} bytes and what comes with them are too long to be stored`;
        refusals.push({ reason: "invalid", message, series: `${labels}`.slice(0, SERIES_CHARACTERS_MAX) });
      }
    }
    for (const [shard, batch] of open.entries()) {
      if (batch !== undefined && batch.rowCount > 0) post(shard, batch);
    }
    return joinAnswers(await Promise.all(answers), invalid, refusals);
  }

  /** Sends one owner's batch, which is no longer the caller's. Resolves at the latest when the deadline has passed. */
  sendBatch(shard: number, batch: ForeignBatchBuilder): Promise<BatchAnswer> {
    const owner = this.#owners[shard];
    const { buffer } = batch;
    if (owner === undefined) return Promise.resolve({ result: undefined, error: lost(shard, "it has no thread now") });
    if (this.#sentBytes + buffer.byteLength > this.#options.sentBytesMax) {
      this.#keep(buffer);
      const error = new VestalError(
        "FOREIGN_QUEUE_FULL",
        "too many samples are on their way to other shards; send them again later",
      );
      return Promise.resolve({ result: undefined, error });
    }
    return new Promise((settle) => {
      const id = this.#nextId++;
      const timer = setTimeout(
        () => this.#settle(id, { result: undefined, error: this.#late(shard) }, false),
        this.#options.deadlineMs,
      );
      this.#sent.set(id, { shard, buffer, timer, settle });
      this.#sentBytes += buffer.byteLength;
      if (owner instanceof ForeignReceiver) {
        owner.push(buffer, (result, error) => {
          this.#settle(id, { result, error: error === undefined ? undefined : fromPlain(error) }, true);
        });
      } else {
        const announcement: ForeignAnnouncement = { type: "foreign-batch", id, buffer };
        owner.postMessage(announcement);
      }
    });
  }

  /** @param isOurs  the owner has answered, and reads the batch no more. */
  #settle(id: number, answer: BatchAnswer, isOurs: boolean): void {
    const sent = this.#sent.get(id);
    if (sent === undefined) return; // answered after the deadline
    this.#sent.delete(id);
    this.#sentBytes -= sent.buffer.byteLength;
    clearTimeout(sent.timer);
    if (isOurs) this.#keep(sent.buffer);
    sent.settle(answer);
  }

  #keep(buffer: SharedArrayBuffer): void {
    if (this.#spare.length < SPARE_BUFFERS_MAX) this.#spare.push(buffer);
  }

  #late(shard: number): VestalError {
    const { deadlineMs } = this.#options;
    return new VestalError("SHARD_LATE", `shard ${shard} did not answer within ${deadlineMs} ms`, {
      shard,
      deadlineMs,
    });
  }
}

function lost(shard: number, reason: string): VestalError {
  return new VestalError("SHARD_LOST", `shard ${shard} cannot store samples: ${reason}`, { shard });
}

type PutPart = (batch: ForeignBatchBuilder, labelBytes: Uint8Array) => boolean;

/** What a row puts into batches, in this order; each part may be the one that does not fit. */
function partsOf(row: ForeignRow): PutPart[] {
  const { timestampMs, value, histogram, zero, exemplars = [], metadata } = row;
  const parts: PutPart[] = [];
  if (zero?.histogram !== undefined) {
    const empty = zero.histogram;
    parts.push((batch, labelBytes) => batch.appendHistogram(labelBytes, zero.timestampMs, empty, ROW_IS_CREATED_ZERO));
  } else if (zero !== undefined) {
    parts.push((batch, labelBytes) => batch.appendCreatedZero(labelBytes, zero.timestampMs));
  }
  if (histogram !== undefined) {
    parts.push((batch, labelBytes) => batch.appendHistogram(labelBytes, timestampMs, histogram));
  } else if (row.isStale === true) {
    parts.push((batch, labelBytes) => batch.appendStale(labelBytes, timestampMs));
  } else if (value !== undefined) {
    parts.push((batch, labelBytes) => batch.append(labelBytes, timestampMs, value));
  }
  for (const exemplar of exemplars) {
    const exemplarLabels = encodeLabelBytes(exemplar.labels);
    parts.push((batch, labelBytes) =>
      batch.appendExemplar(labelBytes, exemplar.timestampMs, exemplar.value, exemplarLabels, exemplar.isTimed),
    );
  }
  if (metadata !== undefined) parts.push((batch, labelBytes) => batch.appendMetadata(labelBytes, metadata));
  return parts;
}

function joinAnswers(
  answers: readonly { shard: number; answer: BatchAnswer }[],
  invalidAtSender: number,
  refusalsAtSender: readonly ForeignRefusal[],
): ForeignOutcome {
  let sum: ForeignResult = { ...NO_RESULT, invalid: invalidAtSender, refusals: refusalsAtSender };
  const failures: { shard: number; error: VestalError }[] = [];
  for (const { shard, answer } of answers) {
    const { result } = answer;
    if (result === undefined) failures.push({ shard, error: answer.error ?? lost(shard, "it answered nothing") });
    else sum = addResults(sum, result);
  }
  return { ...sum, failures };
}

/** The sum of two results, with the first refusals of both. */
export function addResults(a: ForeignResult, b: ForeignResult): ForeignResult {
  return {
    accepted: a.accepted + b.accepted,
    histograms: a.histograms + b.histograms,
    exemplars: a.exemplars + b.exemplars,
    exemplarsRefused: a.exemplarsRefused + b.exemplarsRefused,
    outOfOrder: a.outOfOrder + b.outOfOrder,
    duplicates: a.duplicates + b.duplicates,
    outOfBounds: a.outOfBounds + b.outOfBounds,
    tooOld: a.tooOld + b.tooOld,
    invalid: a.invalid + b.invalid,
    noMemory: a.noMemory + b.noMemory,
    refusals: [...a.refusals, ...b.refusals].slice(0, REFUSALS_MAX),
  };
}

/** Codes of failures after which the same samples may be sent again: HTTP answers them with 503. */
export function isRetryable(error: VestalError): boolean {
  return ["SHARD_BUSY", "SHARD_LOST", "SHARD_LATE", "SHARD_STOPPED", "FOREIGN_QUEUE_FULL"].includes(error.code);
}
