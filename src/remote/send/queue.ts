/**
 * One endpoint: follows the log from the position that was kept, relabels, and sends in order, by several shards. A series is
 * always sent by the same shard, so its samples arrive in order. It reads no more of the log than the endpoint takes: what
 * is not sent yet waits on disk.
 *
 *   WAL ─► tail ─► series: external labels, relabelling ─► shard (ref mod shards) ─► request, again until it is taken
 *                                                                  │
 *   position on disk ◄── records of which nothing is open ◄────────┘
 */
import { join } from "node:path";
import { CorruptionError, errorCode, errorMessage, type Files, type Logger } from "../../base/index.js";
import type { HttpClientOptions } from "../../http/index.js";
import { Labels, type SeriesMetadata } from "../../model/index.js";
import { decodeLabelBytes } from "../../model/label-bytes.js";
import { type CompiledRule, compileRules, type RelabelRule, relabel } from "../../relabel/index.js";
import {
  decodeExemplars,
  decodeHistograms,
  decodeMetadata,
  decodeSamples,
  isHistogramRecord,
  type WalPosition,
} from "../../tsdb/wal/index.js";
import { encodeBatch, type Item, type Token } from "./batch.js";
import { Endpoint, sleep } from "./endpoint.js";
import { type FamilyMetadata, type MetadataOptions, MetadataSender, type MetadataStats } from "./metadata.js";
import { checkpointRefs, decodeSeries, recordsBefore, WalTail, type WalTailOptions } from "./wal-tail.js";

export interface EndpointConfig {
  readonly name: string;
  /** Equal for equal settings. */
  readonly hash: string;
  /** Names the file of the position. */
  readonly key: string;
  readonly url: string;
  readonly version: 1 | 2;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly relabelRules: readonly RelabelRule[];
  readonly sendsExemplars: boolean;
  readonly sendsHistograms: boolean;
  readonly http: HttpClientOptions;
  readonly metadata: MetadataOptions;
  readonly queue: {
    readonly capacity: number;
    readonly maxShards: number;
    readonly minShards: number;
    readonly maxSamplesPerSend: number;
    readonly batchDeadlineMs: number;
    readonly minBackoffMs: number;
    readonly maxBackoffMs: number;
    readonly retryOn429: boolean;
    /** 0: samples of any age are sent. */
    readonly sampleAgeLimitMs: number;
  };
}

export interface QueueStats {
  readonly name: string;
  readonly url: string;
  samples: number;
  histograms: number;
  exemplars: number;
  bytes: number;
  readonly failed: KindCounts;
  readonly retried: KindCounts;
  /** Seconds of requests until they were taken or given up. */
  readonly sent: { sum: number; count: number; readonly buckets: number[] };
  droppedUnknown: number;
  droppedRelabelled: number;
  droppedOld: number;
  pending: number;
  readonly pendingKinds: KindCounts;
  shards: number;
  shardsMax: number;
  shardsMin: number;
  shardsDesired: number;
  capacity: number;
  maxSamplesPerSend: number;
  highestSentMs: number;
  highestReadMs: number;
  readonly metadata: MetadataStats;
  readonly log: LogStats;
}

/** What was read of the log. */
export interface LogStats {
  segment: number;
  /** By the kind of record. */
  readonly records: Record<string, number>;
  damaged: number;
  /** Samples that were there before the start. */
  samplesBeforeStart: number;
}

export type KindCounts = Record<Item["kind"], number>;

const noKinds = (): KindCounts => ({ sample: 0, histogram: 0, exemplar: 0 });

/** Upper bounds of the seconds of a request, as Prometheus has them. */
export const SENT_SECONDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300,
];

export interface QueueDeps {
  readonly files: Files;
  readonly log: Logger;
  readonly wal: WalTailOptions;
  /** Where positions are kept. */
  readonly dir: string;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Where it begins without a kept position. */
  readonly from: WalPosition;
  readonly userAgent: string;
}

const SERIES = 1;
const SAMPLES = 2;
const EXEMPLARS = 4;
const METADATA = 6;
const IDLE_MS = 50;
const RESHARD_MS = 10_000;

/** Names of kinds of records, as Prometheus has them; the place is the first byte. */
const RECORD_NAMES = [
  "unknown",
  "series",
  "samples",
  "tombstones",
  "exemplars",
  "mmapmarkers",
  "metadata",
  "histogram_samples",
  "float_histogram_samples",
  "custom_buckets_histogram_samples",
  "custom_buckets_float_histogram_samples",
] as const;

interface Series {
  /** Undefined: relabelling drops it. */
  readonly labels: Labels | undefined;
  metadata: SeriesMetadata | undefined;
  /** The last one of the log that names it. */
  readonly segment: number;
}

export class Queue {
  readonly stats: QueueStats;
  readonly #config: EndpointConfig;
  readonly #deps: QueueDeps;
  readonly #log: Logger;
  readonly #rules: readonly CompiledRule[];
  readonly #endpoint: Endpoint;
  readonly #metadata: MetadataSender;
  readonly #series = new Map<number, Series>();
  /** Records that were read and are not done, oldest first, each with the position in front of it. */
  readonly #open: { readonly token: Token; readonly before: WalPosition }[] = [];
  #shards: Item[][] = [];
  #running: Promise<void>[] = [];
  #stopped = new AbortController();
  /** Unlike shards, which begin anew with another number of them. */
  readonly #metadataStopped = new AbortController();
  #isDraining = false;
  /** The last answer was none, or that it is to be sent again. */
  #isFailing = false;
  #isRunning = true;
  #tail: WalTail | undefined;
  #saved = "";
  /** The newest whose series were looked at. */
  #checkpoint = -1;
  /** Samples read before it were perhaps sent by the process before: refused ones are looked at one by one. */
  #resumedUntil: WalPosition | undefined;

  constructor(config: EndpointConfig, deps: QueueDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#log = deps.log.with({ remote_name: config.name, url: withoutPassword(config.url) });
    this.#rules = compileRules(config.relabelRules);
    this.#endpoint = new Endpoint(config, deps.userAgent, this.#log);
    this.#metadata = new MetadataSender(config.metadata, this.#endpoint);
    const { minShards, maxShards, capacity, maxSamplesPerSend } = config.queue;
    this.stats = {
      name: config.name,
      url: withoutPassword(config.url),
      samples: 0,
      histograms: 0,
      exemplars: 0,
      bytes: 0,
      failed: noKinds(),
      retried: noKinds(),
      sent: { sum: 0, count: 0, buckets: SENT_SECONDS.map(() => 0) },
      droppedUnknown: 0,
      droppedRelabelled: 0,
      droppedOld: 0,
      pending: 0,
      pendingKinds: noKinds(),
      shards: 0,
      shardsMax: maxShards,
      shardsMin: minShards,
      shardsDesired: minShards,
      capacity,
      maxSamplesPerSend,
      highestSentMs: 0,
      highestReadMs: 0,
      metadata: this.#metadata.stats,
      log: { segment: 0, records: {}, damaged: 0, samplesBeforeStart: 0 },
    };
  }

  /** Until `stop`. */
  async run(): Promise<void> {
    const { wal, files } = this.#deps;
    const end = wal.end();
    const kept = this.#loadPosition();
    const from = kept ?? this.#deps.from;
    this.#resumedUntil = kept === undefined ? undefined : end;
    for (const record of recordsBefore(wal, from)) this.#learn(record, from.segment);
    const tail = new WalTail({ ...wal, files }, from);
    this.#tail = tail;
    this.#savePosition(from);
    this.#startShards(this.#config.queue.minShards);
    let lost = 0;
    let segment = from.segment;
    this.stats.log.segment = segment;
    let nextReshardMs = Date.now() + RESHARD_MS;
    while (this.#isRunning) {
      if (Date.now() >= nextReshardMs) {
        nextReshardMs = Date.now() + RESHARD_MS;
        await this.#reshard();
      }
      if (this.stats.pending >= this.#room()) {
        await sleep(IDLE_MS);
        continue;
      }
      const before = tail.position;
      let record: Uint8Array | undefined;
      try {
        record = tail.next();
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        this.#log.error("The log is damaged; sending goes on behind the segment", { err: error.message });
        this.stats.log.damaged++;
        if (!tail.skipSegment()) await sleep(1000);
        continue;
      }
      if (tail.lostSegments > lost) {
        this.#log.error("Samples were not sent in time: their log is gone", { segments: tail.lostSegments - lost });
        lost = tail.lostSegments;
      }
      if (record === undefined) {
        this.#advance();
        await sleep(IDLE_MS);
        continue;
      }
      this.#countRecord(record, before, end);
      this.#take(record, before);
      if (tail.position.segment === segment) continue;
      segment = tail.position.segment;
      this.stats.log.segment = segment;
      this.#forget();
    }
  }

  /** Where metadata goes in requests of its own, and how often; undefined where it does not. */
  get metadataIntervalMs(): number | undefined {
    const { version, metadata } = this.#config;
    return version === 1 && metadata.isSent ? metadata.intervalMs : undefined;
  }

  /** Sends what targets say of their metrics now. */
  async sendMetadata(entries: readonly FamilyMetadata[]): Promise<void> {
    await this.#metadata.send(entries, this.#metadataStopped.signal);
  }

  #countRecord(record: Uint8Array, before: WalPosition, end: WalPosition): void {
    const { log } = this.stats;
    const name = RECORD_NAMES[record[0] ?? 0] ?? "unknown";
    log.records[name] = (log.records[name] ?? 0) + 1;
    if (record[0] === SAMPLES && isBehind(end, before)) {
      for (const _ of decodeSamples(record)) log.samplesBeforeStart++;
    }
  }

  /** Series that no part of the log names any more: a checkpoint has left them out, and no later segment brought them back. */
  #forget(): void {
    const { wal, files } = this.#deps;
    let checkpoint: ReturnType<typeof checkpointRefs>;
    try {
      checkpoint = checkpointRefs({ ...wal, files }, this.#checkpoint);
    } catch (error) {
      if (!(error instanceof CorruptionError) && errorCode(error) !== "ENOENT") throw error;
      return; // it is being replaced, or damaged: the next one tells the same
    }
    if (checkpoint === undefined) return;
    this.#checkpoint = checkpoint.number;
    for (const [ref, { segment }] of this.#series) {
      if (segment <= checkpoint.number && !checkpoint.refs.has(ref)) this.#series.delete(ref);
    }
  }

  /** Sends what was read for at most `deadlineMs`, then ends; the rest is sent after the next start. */
  async stop(deadlineMs: number): Promise<void> {
    this.#isRunning = false;
    this.#isDraining = true;
    const until = Date.now() + deadlineMs;
    while (this.stats.pending > 0 && !this.#isFailing && Date.now() < until) await sleep(IDLE_MS);
    this.#stopped.abort();
    this.#metadataStopped.abort();
    await Promise.all(this.#running);
    this.#advance();
    this.#tail?.close();
    this.#endpoint.close();
  }

  #room(): number {
    const { capacity, maxSamplesPerSend } = this.#config.queue;
    return Math.max(capacity, maxSamplesPerSend) * this.#shards.length;
  }

  // ── the log ────────────────────────────────────────────────────────────────────────────────────────────────────

  #learn(record: Uint8Array, segment: number): void {
    if (record[0] === SERIES) {
      for (const { ref, labels } of decodeSeries(record)) {
        this.#series.set(ref, {
          labels: this.#labelsOf(decodeLabelBytes(labels.slice())),
          metadata: undefined,
          segment,
        });
      }
    } else if (record[0] === METADATA) {
      for (const { ref, metadata } of decodeMetadata(record)) {
        const series = this.#series.get(ref);
        if (series !== undefined) series.metadata = metadata;
      }
    }
  }

  #labelsOf(stored: Labels): Labels | undefined {
    const labels = Labels.of({ ...this.#deps.externalLabels, ...stored.toObject() });
    const kept = relabel(labels, this.#rules).labels;
    return kept === undefined || kept.size === 0 ? undefined : kept;
  }

  #take(record: Uint8Array, before: WalPosition): void {
    const token: Token = { open: 1 };
    this.#open.push({ token, before });
    const kind = record[0]!;
    const { sendsExemplars, sendsHistograms } = this.#config;
    if (kind === SAMPLES) {
      for (const { ref, timestampMs, low, high } of decodeSamples(record)) {
        this.#enqueue(ref, timestampMs, token, (base) => ({ ...base, kind: "sample", timestampMs, low, high }));
      }
    } else if (sendsHistograms && isHistogramRecord(kind)) {
      for (const { ref, timestampMs, isFloat, bytes } of decodeHistograms(record)) {
        const own = bytes.slice();
        this.#enqueue(ref, timestampMs, token, (base) => ({
          ...base,
          kind: "histogram",
          timestampMs,
          isFloat,
          bytes: own,
        }));
      }
    } else if (sendsExemplars && kind === EXEMPLARS) {
      for (const { ref, exemplar } of decodeExemplars(record, decodeLabelBytes)) {
        this.#enqueue(ref, exemplar.timestampMs, token, (base) => ({ ...base, kind: "exemplar", exemplar }));
      }
    } else this.#learn(record, this.#tail?.position.segment ?? before.segment);
    token.open--;
    if (token.open === 0) this.#advance();
  }

  #enqueue(
    ref: number,
    timestampMs: number,
    token: Token,
    make: (base: Pick<Item, "labels" | "metadata" | "token">) => Item,
  ): void {
    const series = this.#series.get(ref);
    if (series === undefined) {
      this.stats.droppedUnknown++;
      return;
    }
    if (series.labels === undefined) {
      this.stats.droppedRelabelled++;
      return;
    }
    const { sampleAgeLimitMs } = this.#config.queue;
    if (sampleAgeLimitMs > 0 && timestampMs < Date.now() - sampleAgeLimitMs) {
      this.stats.droppedOld++;
      return;
    }
    token.open++;
    const metadata = this.#config.version === 2 ? series.metadata : undefined;
    const item = make({ labels: series.labels, metadata, token });
    this.stats.pending++;
    this.stats.pendingKinds[item.kind]++;
    this.stats.highestReadMs = Math.max(this.stats.highestReadMs, timestampMs);
    this.#shards[ref % this.#shards.length]!.push(item);
  }

  /** All before the oldest open record is done: keep that. */
  #advance(): void {
    while (this.#open[0]?.token.open === 0) this.#open.shift();
    const position = this.#open[0]?.before ?? this.#tail?.position;
    if (position !== undefined) this.#savePosition(position);
  }

  #positionFile(): string {
    return join(this.#deps.dir, `${this.#config.key}.json`);
  }

  #loadPosition(): WalPosition | undefined {
    const { files } = this.#deps;
    try {
      const file = this.#positionFile();
      const bytes = new Uint8Array(files.stat(file).bytes);
      const descriptor = files.open(file, "r");
      try {
        files.pread(descriptor, bytes, 0);
      } finally {
        files.close(descriptor);
      }
      const { segment, offset } = JSON.parse(Buffer.from(bytes).toString("utf8")) as WalPosition;
      if (Number.isInteger(segment) && Number.isInteger(offset)) return { segment, offset };
    } catch (error) {
      if (errorCode(error) !== "ENOENT")
        this.#log.warn("The position in the log is lost", { err: errorMessage(error) });
    }
    return undefined;
  }

  #savePosition({ segment, offset }: WalPosition): void {
    const text = JSON.stringify({ name: this.#config.name, segment, offset });
    if (text === this.#saved) return;
    const { files, dir } = this.#deps;
    try {
      files.mkdir(dir);
      const temporary = `${this.#positionFile()}.tmp`;
      const descriptor = files.open(temporary, "w+");
      try {
        files.pwrite(descriptor, Buffer.from(text), 0);
      } finally {
        files.close(descriptor);
      }
      files.rename(temporary, this.#positionFile());
      this.#saved = text;
    } catch (error) {
      this.#log.warn("The position in the log cannot be kept; a restart sends again from the last one", {
        err: errorMessage(error),
      });
    }
  }

  // ── shards ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #startShards(count: number): void {
    this.#shards = Array.from({ length: count }, () => []);
    this.#stopped = new AbortController();
    this.#running = this.#shards.map((items) => this.#runShard(items, this.#stopped.signal));
    this.stats.shards = count;
    this.stats.shardsDesired = count;
  }

  /** As many as keep up; changed only while nothing is on its way, so that a series stays in order. */
  async #reshard(): Promise<void> {
    const { minShards, maxShards } = this.#config.queue;
    const { length } = this.#shards;
    const load = this.stats.pending / this.#room();
    const desired =
      load > 0.8 ? Math.min(maxShards, 2 * length) : load < 0.1 ? Math.max(minShards, Math.ceil(length / 2)) : length;
    this.stats.shardsDesired = desired;
    if (desired === length) return;
    while (this.#isRunning && this.stats.pending > 0) await sleep(IDLE_MS);
    if (!this.#isRunning) return;
    this.#stopped.abort();
    await Promise.all(this.#running);
    this.#startShards(desired);
    this.#log.info("Resharding done", { numShards: desired });
  }

  async #runShard(items: Item[], signal: AbortSignal): Promise<void> {
    const { maxSamplesPerSend, batchDeadlineMs } = this.#config.queue;
    let oldestMs = 0;
    while (!signal.aborted) {
      if (items.length === 0) {
        oldestMs = 0;
        await sleep(IDLE_MS);
        continue;
      }
      oldestMs ||= Date.now();
      const isDue = items.length >= maxSamplesPerSend || Date.now() >= oldestMs + batchDeadlineMs || this.#isDraining;
      if (!isDue) {
        await sleep(IDLE_MS);
        continue;
      }
      oldestMs = 0;
      const batch = items.slice(0, maxSamplesPerSend);
      const isDone = await this.#send(batch, signal);
      if (!isDone) return;
      items.splice(0, batch.length);
      this.stats.pending -= batch.length;
      for (const { token, kind } of batch) {
        token.open--;
        this.stats.pendingKinds[kind]--;
      }
      this.#advance();
    }
  }

  /** False if it was stopped before anybody had an answer. */
  async #send(batch: readonly Item[], signal: AbortSignal): Promise<boolean> {
    const { version } = this.#config;
    const body = encodeBatch(batch, version);
    const verdict = await this.#endpoint.send(body, version, signal, {
      onAnswer: (seconds) => this.#observe(seconds),
      onFailure: () => {
        this.#isFailing = true;
      },
      onRetry: () => addKinds(this.stats.retried, batch),
    });
    if (verdict.kind === "stopped") return false;
    if (verdict.kind === "refused") return this.#giveUp(batch, verdict.status, verdict.problem, signal);
    this.#count(batch, body.length);
    this.#isFailing = false;
    return true;
  }

  /**
   * The endpoint will never take the batch. One that was read again after a restart may hold samples that it has already,
   * for which it refused all of it: halves of it are sent until what is new got through.
   */
  async #giveUp(batch: readonly Item[], status: number, problem: string, signal: AbortSignal): Promise<boolean> {
    const { position } = this.#tail!;
    const until = this.#resumedUntil;
    const isResumed =
      until !== undefined &&
      (this.#open[0] === undefined || !isBehind(this.#open[0].before, until) || !isBehind(position, until));
    if (status === 400 && isResumed && batch.length > 1) {
      const half = batch.length >> 1;
      return (await this.#send(batch.slice(0, half), signal)) && (await this.#send(batch.slice(half), signal));
    }
    this.#log.error("non-recoverable error", { failedSampleCount: batch.length, err: problem });
    addKinds(this.stats.failed, batch);
    return true;
  }

  #observe(seconds: number): void {
    const { sent } = this.stats;
    sent.sum += seconds;
    sent.count++;
    const bucket = SENT_SECONDS.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) sent.buckets[bucket]!++;
  }

  #count(batch: readonly Item[], bytes: number): void {
    this.stats.bytes += bytes;
    for (const item of batch) {
      if (item.kind === "exemplar") {
        this.stats.exemplars++;
        continue;
      }
      if (item.kind === "sample") this.stats.samples++;
      else this.stats.histograms++;
      this.stats.highestSentMs = Math.max(this.stats.highestSentMs, item.timestampMs);
    }
  }
}

function addKinds(counts: KindCounts, batch: readonly Item[]): void {
  for (const { kind } of batch) counts[kind]++;
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== "") url.password = "xxxxx";
  return url.password === "" ? text : url.href;
}

function isBehind(position: WalPosition, other: WalPosition): boolean {
  return position.segment > other.segment || (position.segment === other.segment && position.offset > other.offset);
}
