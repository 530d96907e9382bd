/**
 * Stores scrapes in one shard. A scrape is one commit:
 *
 *   parse ─► new lines: labels, relabelling, limits ─► resolve slots ─► stale rows, report rows ─► commit
 *            (all checks before anything is made)       (own or another shard's)                    (Committer)
 *
 * Lines whose labels belong to another shard leave as rows of a foreign append after the shard's own commit.
 */
import {
  CLASSIC_SLOTS,
  DROPPED_SLOT,
  FOREIGN_SLOTS,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_DUPLICATE,
  STATUS_OK,
  STATUS_OUT_OF_BOUNDS,
  STATUS_OUT_OF_ORDER,
  STATUS_SKIPPED,
} from "../../../assembly/layout.js";
import { assert, errorMessage, type Logger, VestalError } from "../../base/index.js";
import {
  type ExemplarText,
  type ParseOutcome,
  type ScrapeParser,
  seriesRefusal,
  type TargetHandle,
} from "../../exposition/index.js";
import {
  compacted,
  type Exemplar,
  type Histogram,
  type Labels,
  limitedTo,
  METRIC_NAME,
  reducedTo,
  type SeriesMetadata,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from "../../model/index.js";
import type {
  AppendTarget,
  MetricMetadata,
  ScrapeAppender,
  ScrapeInput,
  ScrapeOutcome,
  ScrapeTargetOptions,
} from "../../storage/index.js";
import type { HistogramRow } from "../head/index.js";
import { BodyBuffers } from "./body-buffers.js";
import { ClassicConversion, type ClassicPart, type ConvertedHistogram, classicPart } from "./classic-conversion.js";
import type { CommitExtras, Committer, ExemplarRow } from "./committer.js";
import { EXTRA_METRICS, REPORT_METRICS, reportOf, reportValue } from "./report.js";
import { exemplarsOf, exposedHistogram, histogramRow, type RowParts, zeroOf } from "./row-parts.js";
import { labelLimitProblem, reportLabels, sampleLabels } from "./sample-labels.js";
import { FamilyMetadata, metadataRows } from "./scrape-metadata.js";

/** A row for another shard. The value as two words, since it may be a staleness marker. */
export interface ForeignSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly valueLow: number;
  readonly valueHigh: number;
  /** Instead of the value. */
  readonly histogram?: Histogram;
  /** At the time of creation; of a histogram an empty one. */
  readonly zero?: { readonly timestampMs: number; readonly histogram: Histogram | undefined };
  readonly exemplars?: readonly Exemplar[];
  /** For the log of the series' shard, which leaves out what it has been told. */
  readonly metadata?: SeriesMetadata;
}

/** Where lines of other shards go; undefined where there is one shard. */
export interface ForeignOutlet {
  isOwn(labels: Labels): boolean;
  /** Resolves with what was not stored, as text for the log; "" if all was. */
  send(samples: readonly ForeignSample[]): Promise<string>;
}

export interface ShardAppenderDeps {
  readonly committer: Committer;
  readonly parser: ScrapeParser;
  readonly foreign: ForeignOutlet | undefined;
  readonly log: Logger;
}

/** Rows that a staging table has beyond those expected: stale rows, report rows. */
const SPARE_ROWS = 64;
/** Most lines of other shards that one target may have. */
const FOREIGN_LINES_MAX = 2 ** 29;
/** So many lines of other shards are remembered whether they are used or not. */
const FOREIGN_LINES_KEPT = 1024;

class Target implements AppendTarget {
  readonly options: ScrapeTargetOptions;
  readonly #parser: ScrapeParser;
  handle: TargetHandle | undefined;
  /** Rows that the last scrape needed. */
  rows = 0;
  /** Labels of the lines that belong to other shards, by their number. */
  readonly foreignLines: Labels[] = [];
  /** Label key → number in `foreignLines`. */
  readonly foreignNumbers = new Map<string, number>();
  /** Of targets whose classic histograms are converted. */
  readonly conversion: ClassicConversion | undefined;
  /** Converted histograms of the scrape under way. */
  converted: ReadonlySet<string> = new Set();
  /** Slot and generation of each report series; undefined until it is first written. */
  /** `metadataVersion` of what the log was told. */
  loggedMetadata = -1;
  readonly reportSlots: ({ readonly slot: number; readonly generation: number } | undefined)[] = [];
  hasReported = false;
  #size = { entries: 0, characters: 0 };
  /** Metadata version that #size is of. */
  #sizeVersion = -1;

  constructor(options: ScrapeTargetOptions, parser: ScrapeParser, handle: TargetHandle | undefined) {
    this.options = options;
    this.#parser = parser;
    this.handle = handle;
    this.conversion = options.histograms.isConverted ? new ClassicConversion() : undefined;
  }

  metadata(): readonly MetricMetadata[] {
    return this.handle === undefined ? [] : this.#parser.metadata(this.handle);
  }

  metadataSize(): { readonly entries: number; readonly characters: number } {
    const version = this.handle === undefined ? -1 : this.#parser.metadataVersion(this.handle);
    if (version !== this.#sizeVersion) {
      this.#sizeVersion = version;
      const all = this.metadata();
      const characters = all.reduce(
        (sum, { metric, type, help, unit }) => sum + metric.length + type.length + help.length + unit.length,
        0,
      );
      this.#size = { entries: all.length, characters };
    }
    return this.#size;
  }
}

/** What converting the classic histograms of a scrape adds to it. */
interface Conversion {
  readonly rows: number;
  readonly parts: ReadonlyMap<number, RowParts>;
  readonly samples: number;
  readonly kept: number;
  readonly added: number;
}

interface HistogramProblem {
  /** In Prometheus' words. */
  readonly problem: string;
  readonly sample: number;
}

interface NewSeries {
  readonly index: number;
  readonly row: number;
  /** Part of a classic histogram that is converted. */
  readonly part: ClassicPart | undefined;
  /** Undefined: not stored as a series of its own. */
  readonly labels: Labels | undefined;
}

interface Refusal {
  readonly error: string;
  readonly limit: ScrapeOutcome["limit"];
  readonly samples: number;
  readonly afterRelabelling: number;
  /** Lines of the body before the one at which it failed: their series are there still. */
  readonly linesSeen: number;
}

type Staged =
  | {
      readonly status: "staged";
      readonly rows: number;
      readonly samples: number;
      readonly kept: number;
      readonly added: number;
      readonly extras: ReadonlyMap<number, RowParts>;
    }
  | ({ readonly status: "refused" } & Refusal)
  | { readonly status: "grow" };

export class ShardAppender implements ScrapeAppender {
  readonly #committer: Committer;
  readonly #parser: ScrapeParser;
  readonly #foreign: ForeignOutlet | undefined;
  readonly #log: Logger;
  readonly #bodies: BodyBuffers;

  constructor(deps: ShardAppenderDeps) {
    this.#committer = deps.committer;
    this.#parser = deps.parser;
    this.#foreign = deps.foreign;
    this.#log = deps.log;
    this.#bodies = new BodyBuffers(deps.committer.head);
  }

  openTarget(options: ScrapeTargetOptions): AppendTarget {
    return new Target(
      options,
      this.#parser,
      this.#mutate(() => this.#parser.openTarget()),
    );
  }

  bodyBuffer(slot: number, minBytes: number, keepBytes: number): Uint8Array {
    return this.#mutate(() => this.#bodies.view(slot, minBytes, keepBytes));
  }

  commitScrape(target: AppendTarget, slot: number, input: ScrapeInput): ScrapeOutcome | Promise<ScrapeOutcome> {
    assert(target instanceof Target, "the target was opened by another appender");
    const result = this.#mutate(() => {
      try {
        return this.#commitScrape(target, slot, input);
      } finally {
        this.#bodies.done(slot);
      }
    });
    return this.#sendForeign(result.foreign, result.outcome);
  }

  commitFailure(target: AppendTarget, timestampMs: number, durationSeconds: number): void | Promise<void> {
    assert(target instanceof Target, "the target was opened by another appender");
    const foreign = this.#mutate(() => this.#commitStale(target, timestampMs, reportOf(0, durationSeconds, 0, 0, 0)));
    return this.#sendForeign(foreign, undefined);
  }

  closeTarget(target: AppendTarget, timestampMs: number, staleMarkers: boolean): void | Promise<void> {
    assert(target instanceof Target, "the target was opened by another appender");
    return this.#mutate(() => {
      try {
        const foreign = staleMarkers ? this.#commitStale(target, timestampMs, "stale") : [];
        return this.#sendForeign(foreign, undefined);
      } finally {
        if (target.handle !== undefined) this.#parser.closeTarget(target.handle);
        target.handle = undefined;
      }
    });
  }

  #mutate<T>(work: () => T): T {
    return this.#committer.mutate(work);
  }

  #commitScrape(
    target: Target,
    slot: number,
    input: ScrapeInput,
  ): { outcome: ScrapeOutcome; foreign: ForeignSample[] } {
    const handle = this.#handleOf(target);
    for (let room = target.rows + (target.rows >> 1) + SPARE_ROWS; ; room *= 2) {
      const staging = this.#committer.head.reserveStaging(room);
      const staged = this.#stageScrape(target, handle, this.#bodies.addressOf(slot), input, staging, room);
      if (staged.status === "grow") continue;
      if (staged.status === "refused") return this.#refuse(target, input, staged);
      return this.#commitStaged(target, handle, input, staged);
    }
  }

  #commitStaged(
    target: Target,
    handle: TargetHandle,
    input: ScrapeInput,
    staged: Staged & { readonly status: "staged" },
  ): { outcome: ScrapeOutcome; foreign: ForeignSample[] } {
    const report = reportOf(1, input.durationSeconds, staged.samples, staged.kept, staged.added, input.bodyBytes);
    const reported = this.#stageReport(target, staged.rows, input.timestampMs, report);
    const { zeros, extras } = this.#takeParts(target, staged.extras, reported);
    const rows = reported + zeros;
    let accepted: number;
    let isTooOld = false;
    const judge = (good: number, minValidTimeMs: number): boolean => {
      for (let row = 0; good < rows + extras.histograms.length && row < rows + extras.histograms.length; row++) {
        isTooOld ||= this.#committer.isTooOld(row, minValidTimeMs);
      }
      return !isTooOld;
    };
    try {
      const isJudged = this.#committer.outOfOrderWindowMs > 0;
      accepted = this.#committer.commit(this.#committer.head.staging, rows, isJudged ? { ...extras, judge } : extras);
    } catch (error) {
      this.#parser.reject(handle);
      throw error;
    }
    if (isTooOld) {
      // To Prometheus such a sample is no sample that it passes over, but a failure.
      this.#parser.reject(handle);
      const { samples, kept } = staged;
      const refused = { error: "too old sample", limit: undefined, samples, afterRelabelling: kept, linesSeen: 0 };
      return this.#refuse(target, input, refused);
    }
    const { staging } = this.#committer.head;
    this.#parser.accept(handle);
    target.conversion?.accept(target.converted);
    const families = this.#familiesToLog(target, handle, staged.added); // of what is accepted
    const foreign = this.#takeForeign(target, staging, rows, zeros, staged.extras, families);
    this.#forgetForeign(target, handle, foreign.length);
    target.rows = rows;
    target.hasReported = true;
    const samples = rows + extras.histograms.length;
    const counted = accepted + foreign.length < samples ? this.#countRefusals(staging, rows) : NO_REFUSALS;
    const refusals = withHistograms(counted, extras);
    const outcome: ScrapeOutcome = {
      error: undefined,
      limit: undefined,
      samplesScraped: staged.samples,
      samplesAfterRelabelling: staged.kept,
      seriesAdded: staged.added,
      ...refusals,
    };
    if (families !== undefined) this.#logMetadata(target, handle, rows, extras, families);
    return { outcome, foreign };
  }

  /** Undefined where logs need not be told of a target's metadata: it has not said anything new, and has no new series. */
  #familiesToLog(target: Target, handle: TargetHandle, added: number): FamilyMetadata | undefined {
    const isChanged = this.#parser.metadataVersion(handle) !== target.loggedMetadata;
    if (!target.options.logsMetadata || (!isChanged && added === 0)) return undefined;
    return new FamilyMetadata(this.#parser.metadata(handle));
  }

  /** Behind the samples, as a commit of its own. Rows of other shards have brought theirs with them. */
  #logMetadata(
    target: Target,
    handle: TargetHandle,
    rows: number,
    { histograms }: CommitExtras,
    families: FamilyMetadata,
  ): void {
    const version = this.#parser.metadataVersion(handle);
    const isChanged = version !== target.loggedMetadata;
    const { head, metadata } = this.#committer;
    const slots = new Set(histograms.map(({ slot }) => slot));
    for (let row = 0; row < rows; row++) {
      const { slot } = head.stagedRow(row);
      if (slot < FOREIGN_SLOTS >>> 0 && head.rowStatus(row) === STATUS_OK) slots.add(slot);
    }
    const found = metadataRows(slots, families, isChanged, { head, metadata });
    if (found.length > 0) {
      const only = { histograms: [], exemplars: [], metadata: found, isAllOrNothing: false };
      this.#committer.commit(head.staging, 0, only);
    }
    target.loggedMetadata = version;
  }

  /** Parses and resolves; stages samples and staleness markers. Nothing has happened to any series if it is refused. */
  #stageScrape(
    target: Target,
    handle: TargetHandle,
    body: number,
    input: ScrapeInput,
    staging: number,
    room: number,
  ): Staged {
    const parser = this.#parser;
    const { options } = target;
    const { isNative, isClassicToo } = options.histograms;
    const parsed = parser.parse(handle, {
      body,
      bodyBytes: input.bodyBytes,
      isOpenMetrics: input.format === "openmetrics",
      ...(input.format === "protobuf" && { protobuf: { isNative, isClassicToo } }),
      hasExemplars: this.#committer.exemplars.capacity > 0,
      hasCreated: options.histograms.hasCreatedZeros,
      timestampMs: input.timestampMs,
      honorTimestamps: options.honorTimestamps,
      trackTimestampsStaleness: options.trackTimestampsStaleness,
      staging,
      stagingRows: room - SPARE_ROWS / 2,
    });
    if (parsed.status === "too many rows") return { status: "grow" };
    if (parsed.status === "no memory") return refusal("the head's memory is full", undefined, 0, 0);
    if (parsed.status === "failed") return refusal(parsed.error, undefined, parsed.samples, parsed.samples, ALL_LINES);
    const extras = this.#rowParts(target, handle);
    if ("problem" in extras) return this.#refuseHistogram(target, handle, parsed, staging, extras);
    const series = this.#newSeries(target, handle, parsed, staging, extras);
    if (!Array.isArray(series)) return { status: "refused", ...(series as Refusal) };
    const added = this.#resolve(target, handle, series as readonly NewSeries[], staging);
    const kept =
      parsed.samples -
      parsed.dropped -
      (series as readonly NewSeries[]).filter(({ labels, part }) => isDropped(labels, part, options)).length;
    const stale = parser.collectStale(handle, input.timestampMs, staging, parsed.rows, room - SPARE_ROWS / 2);
    if (stale === "too many rows") {
      parser.reject(handle);
      return { status: "grow" };
    }
    if (stale === "no memory") {
      parser.reject(handle);
      return refusal("the head's memory is full", undefined, parsed.samples, kept);
    }
    const rows = parsed.rows + stale;
    const { conversion } = target;
    if (conversion === undefined) return { status: "staged", rows, samples: parsed.samples, kept, added, extras };
    const converted = this.#convert(target, conversion, parsed.rows, rows, extras, input.timestampMs);
    return {
      status: "staged",
      rows: rows + converted.rows,
      samples: parsed.samples + converted.samples,
      kept: kept + converted.kept,
      added: added + converted.added,
      extras: converted.parts,
    };
  }

  /** Histograms, exemplars and times of creation by staged row; or what is wrong with a histogram. */
  #rowParts(target: Target, handle: TargetHandle): ReadonlyMap<number, RowParts> | HistogramProblem {
    if (!this.#parser.hasExtras(handle)) return NO_PARTS;
    const { bucketsMax, schemaMax, hasCreatedZeros } = target.options.histograms;
    const wanted = { hasExemplars: this.#committer.exemplars.capacity > 0, hasCreated: hasCreatedZeros };
    const parts = new Map<number, RowParts>();
    for (const { row, sample, histogram, createdMs, exemplars } of this.#parser.extras(handle, wanted)) {
      let stored: Histogram | undefined;
      if (histogram !== undefined) {
        const exposed = exposedHistogram(histogram);
        if (typeof exposed === "string") return { problem: exposed, sample };
        stored = reducedTo(compacted(exposed), schemaMax);
        if (bucketsMax > 0) {
          const limited = limitedTo(stored, bucketsMax);
          if (limited === undefined) return { problem: BUCKET_LIMIT, sample };
          stored = limited;
        }
      }
      parts.set(row, { histogram: stored, createdMs, exemplars });
    }
    return parts;
  }

  #refuseHistogram(
    target: Target,
    handle: TargetHandle,
    parsed: ParseOutcome & { readonly status: "parsed" },
    staging: number,
    { problem, sample }: HistogramProblem,
  ): Staged {
    const series = this.#newSeries(target, handle, parsed, staging);
    if (!Array.isArray(series)) return { status: "refused", ...(series as Refusal) };
    // Prometheus goes on behind a histogram of too many buckets, so that it can tell how many samples there were.
    const isWhole = problem === BUCKET_LIMIT;
    let [samples, kept, linesSeen] = [0, 0, ALL_LINES];
    for (const { line, isKept } of this.#parser.samples(handle, isKeptIn(series as readonly NewSeries[]))) {
      if (!isWhole && samples++ === sample) {
        linesSeen = line;
        break;
      }
      if (isKept) kept++;
    }
    return refusal(problem, isWhole ? "bucket" : undefined, isWhole ? parsed.samples : samples, kept, linesSeen);
  }

  /** Label sets of the lines that the target did not know, or why the scrape fails. */
  #newSeries(
    target: Target,
    handle: TargetHandle,
    parsed: ParseOutcome & { readonly status: "parsed" },
    staging: number,
    extras: ReadonlyMap<number, RowParts> = NO_PARTS,
  ): readonly NewSeries[] | Refusal {
    const { options } = target;
    const series: NewSeries[] = [];
    let dropped = parsed.dropped;
    /** What Prometheus has counted and seen when it gives up at line `at`. */
    const refuse = (error: string, limit: Refusal["limit"], at: number): Refusal => {
      let [samples, afterRelabelling] = [0, 0];
      for (const { line, isKept } of this.#parser.samples(handle, isKeptIn(series))) {
        if (line <= at) samples++;
        if (line < at && isKept) afterRelabelling++;
      }
      return { error, limit, samples, afterRelabelling, linesSeen: at };
    };
    for (let index = 0; index < parsed.newLines; index++) {
      const line = this.#parser.newLine(handle, index);
      if (line.row < 0 || this.#parser.resolveRepeated(handle, index, staging)) continue;
      const text = this.#parser.seriesOf(line);
      const part = target.conversion === undefined ? undefined : classicPart(text, line.type);
      const isPartOnly = part !== undefined && !options.histograms.isClassicToo;
      const labels = isPartOnly ? undefined : sampleLabels(text, options);
      series.push({ index, row: line.row, labels, part });
      if (labels === undefined) {
        if (!isPartOnly) dropped++;
        continue;
      }
      const refusal = seriesRefusal(text, labels);
      if (refusal !== undefined) return refuse(refusal, undefined, line.line);
      const problem = labelLimitProblem(labels, options);
      if (problem !== undefined) return refuse(problem, "label", line.line);
    }
    const { sampleLimit } = options.limits;
    const afterRelabelling = parsed.samples - dropped;
    // Native histograms do not count towards it, as in Prometheus.
    const floats = afterRelabelling - keptHistograms(extras, series) - this.#countParts(target, parsed.rows, series);
    if (sampleLimit === 0 || floats <= sampleLimit) return series;
    const linesSeen = this.#lineBehind(handle, series, sampleLimit);
    return { error: "sample limit exceeded", limit: "sample", samples: parsed.samples, afterRelabelling, linesSeen };
  }

  /** Lines of the scrape under way that are only parts of histograms. */
  #countParts(target: Target, rows: number, series: readonly NewSeries[]): number {
    if (target.conversion === undefined) return 0;
    let count = series.filter(({ labels, part }) => labels === undefined && part !== undefined).length;
    for (let row = 0; row < rows; row++) {
      const slot = this.#committer.head.stagedRow(row).slot | 0;
      if (slot >= CLASSIC_SLOTS && slot < DROPPED_SLOT) count++;
    }
    return count;
  }

  /** Number of the line that holds the first kept sample behind `count` of them. */
  #lineBehind(handle: TargetHandle, series: readonly NewSeries[], count: number): number {
    let left = count;
    for (const { line, isKept } of this.#parser.samples(handle, isKeptIn(series))) {
      if (isKept && left-- === 0) return line;
    }
    return ALL_LINES;
  }

  /** Gives each new line its slot; returns how many series that adds to the target. */
  #resolve(target: Target, handle: TargetHandle, series: readonly NewSeries[], staging: number): number {
    const { head } = this.#committer;
    let added = 0;
    for (const { index, row, labels, part } of series) {
      // The same text may stand twice among the new lines: the first one has resolved it by now.
      if (this.#parser.resolveRepeated(handle, index, staging)) continue;
      const slot = labels === undefined ? this.#slotOfNone(target, part) : this.#place(target, labels);
      if (slot !== undefined && part !== undefined) {
        target.conversion?.add(slot, part, (base) => sampleLabels(base, target.options));
      }
      if (slot === undefined) {
        head.words[(staging + row * STAGED_BYTES + STAGED_SLOT) >>> 2] = DROPPED_SLOT;
        this.#committer.countRefusedForMemory();
        continue;
      }
      this.#parser.remember(handle, index, slot, staging);
      if (labels !== undefined) added++;
    }
    return added;
  }

  /** Of a line that is no series of its own. */
  #slotOfNone(target: Target, part: ClassicPart | undefined): number {
    if (part === undefined || target.conversion === undefined) return DROPPED_SLOT;
    return CLASSIC_SLOTS + target.conversion.nextNumber();
  }

  /**
   * Stages a row for each histogram that the lines of this scrape make, from row `row` on, and staleness markers of those that
   * are missing now.
   */
  #convert(
    target: Target,
    conversion: ClassicConversion,
    parsedRows: number,
    row: number,
    extras: ReadonlyMap<number, RowParts>,
    timestampMs: number,
  ): Conversion {
    const { head } = this.#committer;
    // A histogram that is exposed as a native one too is not converted.
    const natives = new Set<number>();
    for (const [native, { histogram }] of extras) if (histogram !== undefined) natives.add(head.stagedRow(native).slot);
    const exemplars = new Map<string, ExemplarText[]>();
    const exemplarRows: { readonly row: number; readonly key: string }[] = [];
    let lines = 0;
    conversion.begin();
    for (let i = 0; i < parsedRows; i++) {
      const staged = head.stagedRow(i);
      const status = head.rowStatus(i);
      if (status !== STATUS_OK && status !== STATUS_SKIPPED) continue;
      const slot = staged.slot | 0; // as `add` got it
      if (!conversion.take(slot, staged.value, staged.timestampMs)) continue;
      if (slot >= CLASSIC_SLOTS && slot < DROPPED_SLOT) lines++;
      const found = extras.get(i)?.exemplars ?? [];
      const key = conversion.groupOf(slot)!.key;
      if (found.length === 0) continue;
      exemplars.set(key, [...(exemplars.get(key) ?? []), ...found]);
      exemplarRows.push({ row: i, key });
    }
    const parts = new Map(extras);
    const seen = new Set<string>();
    let [next, histograms, kept, added] = [row, 0, 0, 0];
    const inhibited = new Set<string>();
    for (const { of, histogram } of conversion.converted()) {
      const isNew = of.place === undefined;
      const isStored = of.labels !== undefined && target.options.histograms.isNative;
      const slot = isStored ? this.#placeConverted(target, of, of.labels) : undefined;
      if (slot !== undefined && natives.has(slot >>> 0)) {
        inhibited.add(of.key);
        continue;
      }
      histograms++;
      if (!isStored) continue;
      kept++;
      if (slot === undefined) continue;
      if (isNew) added++;
      head.ensureStaging(next + 1);
      head.stageRow(next, slot, of.timestampMs, 0);
      parts.set(next++, { histogram, createdMs: 0, exemplars: exemplars.get(of.key) ?? [] });
      seen.add(of.key);
    }
    // Exemplars of buckets are those of the histogram now.
    for (const { row: bucket, key } of exemplarRows) {
      const part = parts.get(bucket);
      if (part !== undefined && !inhibited.has(key)) parts.set(bucket, { ...part, exemplars: [] });
    }
    next = this.#stageVanished(conversion, seen, next, timestampMs);
    target.converted = seen;
    return { rows: next - row, parts, samples: histograms - lines, kept: kept - lines, added };
  }

  #placeConverted(target: Target, converted: ConvertedHistogram, labels: Labels): number | undefined {
    const { head } = this.#committer;
    const known = converted.place;
    if (known !== undefined && (known.slot < 0 || head.slotGeneration(known.slot) === known.generation)) {
      return known.slot;
    }
    const slot = this.#place(target, labels);
    if (slot === undefined) {
      this.#committer.countRefusedForMemory();
      return undefined;
    }
    converted.place = { slot, generation: slot < 0 ? 0 : head.slotGeneration(slot) };
    return slot;
  }

  /** Staleness markers of converted histograms that are not in `seen`; returns the rows staged in all. */
  #stageVanished(conversion: ClassicConversion, seen: ReadonlySet<string>, row: number, timestampMs: number): number {
    const { head } = this.#committer;
    let next = row;
    for (const { place } of conversion.vanished(seen)) {
      if (place === undefined) continue;
      if (place.slot >= 0 && head.slotGeneration(place.slot) !== place.generation) continue;
      head.ensureStaging(next + 1);
      head.stageBits(next++, place.slot, timestampMs, STALE_NAN_LOW, STALE_NAN_HIGH);
    }
    return next;
  }

  /** Slot of a label set in this shard, its number among the target's foreign lines, or undefined at a ceiling. */
  #place(target: Target, labels: Labels): number | undefined {
    if (this.#foreign !== undefined && !this.#foreign.isOwn(labels)) {
      return target.foreignLines.length < FOREIGN_LINES_MAX ? this.#foreignSlot(target, labels) : undefined;
    }
    const slot = this.#committer.resolveNew(labels);
    return slot < 0 ? undefined : slot;
  }

  /** As `#place` of a series that a scrape reports itself: no budget keeps `up` away. */
  #placeReport(target: Target, labels: Labels): number | undefined {
    if (this.#foreign !== undefined && !this.#foreign.isOwn(labels)) return this.#place(target, labels);
    const slot = this.#committer.resolve(() => this.#committer.head.resolveLabels(labels));
    return slot < 0 ? undefined : slot;
  }

  /** A scrape that may not be stored: staleness markers for what it has not seen of the last one, and `up` 0. */
  #refuse(target: Target, input: ScrapeInput, refused: Refusal): { outcome: ScrapeOutcome; foreign: ForeignSample[] } {
    const { error, limit, samples, afterRelabelling } = refused;
    const report = reportOf(0, input.durationSeconds, samples, afterRelabelling, 0, input.bodyBytes);
    const foreign = this.#commitStale(target, input.timestampMs, report, refused.linesSeen);
    const outcome: ScrapeOutcome = {
      error,
      limit,
      samplesScraped: samples,
      samplesAfterRelabelling: afterRelabelling,
      seriesAdded: 0,
      outOfOrder: 0,
      duplicates: 0,
      outOfBounds: 0,
      exemplarsOutOfOrder: 0,
    };
    return { outcome, foreign };
  }

  /**
   * Ends what the last scrape had, but for series in the first `linesSeen` lines of the scrape under way, and stores a report
   * (or ends the report series too).
   */
  #commitStale(
    target: Target,
    timestampMs: number,
    report: readonly number[] | "stale",
    linesSeen = 0,
  ): ForeignSample[] {
    if (report === "stale" && !target.hasReported) return [];
    const handle = this.#handleOf(target);
    const isCut = linesSeen > 0 && this.#parser.cut(handle, linesSeen);
    for (let room = target.rows + SPARE_ROWS; ; room *= 2) {
      const staging = this.#committer.head.reserveStaging(room);
      const stale = isCut
        ? this.#parser.collectStale(handle, timestampMs, staging, 0, room - SPARE_ROWS / 2)
        : this.#parser.collectAllStale(handle, timestampMs, staging, 0, room - SPARE_ROWS / 2);
      if (stale === "too many rows") continue;
      if (stale === "no memory") throw new VestalError("HEAD_MEMORY", "the head's memory is full");
      const { conversion } = target;
      const vanished = conversion === undefined ? stale : this.#stageVanished(conversion, NO_KEYS, stale, timestampMs);
      const rows = this.#stageReport(target, vanished, timestampMs, report);
      this.#committer.commit(this.#committer.head.staging, rows, STALE_EXTRAS);
      conversion?.acceptAllStale();
      const foreign = this.#takeForeign(target, this.#committer.head.staging, rows);
      if (isCut) this.#parser.accept(handle);
      else this.#parser.acceptAllStale(handle);
      target.hasReported = report !== "stale";
      return foreign;
    }
  }

  /** Stages the report series from `row` on; returns the rows staged in all. */
  #stageReport(target: Target, row: number, timestampMs: number, report: readonly number[] | "stale"): number {
    const { head } = this.#committer;
    const extra = target.options.extraMetrics;
    const metrics = extra === undefined ? REPORT_METRICS : [...REPORT_METRICS, ...EXTRA_METRICS];
    for (const [i, metric] of metrics.entries()) {
      const slot = this.#reportSlot(target, i, metric);
      if (slot === undefined) continue;
      if (report === "stale") head.stageBits(row, slot, timestampMs, STALE_NAN_LOW, STALE_NAN_HIGH);
      else head.stageRow(row, slot, timestampMs, reportValue(metric, report[i], extra));
      row++;
    }
    return row;
  }

  #reportSlot(target: Target, index: number, metric: string): number | undefined {
    const { head } = this.#committer;
    const known = target.reportSlots[index];
    if (known !== undefined && (known.slot < 0 || head.slotGeneration(known.slot) === known.generation))
      return known.slot;
    const slot = this.#placeReport(target, reportLabels(metric, target.options.labels));
    if (slot === undefined) {
      this.#committer.countRefusedForMemory();
      return undefined;
    }
    target.reportSlots[index] = { slot, generation: slot < 0 ? 0 : head.slotGeneration(slot) };
    return slot;
  }

  /**
   * Takes histograms out of the staged rows, and puts zeros at times of creation in front of these: they are older than what
   * their series get. What rows of other shards have is left to `#takeForeign`.
   */
  #takeParts(
    target: Target,
    parts: ReadonlyMap<number, RowParts>,
    rows: number,
  ): { readonly zeros: number; readonly extras: CommitExtras } {
    const histograms: HistogramRow[] = [];
    const exemplars: ExemplarRow[] = [];
    const zeroRows: { readonly slot: number; readonly createdMs: number }[] = [];
    const { head } = this.#committer;
    for (const [row, { histogram, createdMs, exemplars: texts }] of parts) {
      const { slot, timestampMs } = head.stagedRow(row);
      if (slot >= FOREIGN_SLOTS >>> 0 || head.rowStatus(row) !== STATUS_OK) continue;
      const hasZero =
        target.options.histograms.hasCreatedZeros &&
        createdMs !== 0 &&
        createdMs < timestampMs &&
        this.#committer.isNewest(slot, createdMs);
      if (histogram !== undefined) {
        head.setRowStatus(row, STATUS_SKIPPED);
        if (hasZero) histograms.push(histogramRow(slot, createdMs, zeroOf(histogram)));
        histograms.push(histogramRow(slot, timestampMs, histogram));
      } else if (hasZero) zeroRows.push({ slot, createdMs });
      for (const exemplar of exemplarsOf(texts, timestampMs, histogram !== undefined))
        exemplars.push({ slot, exemplar });
    }
    const zeros = zeroRows.length;
    if (zeros > 0) {
      const at = head.ensureStaging(rows + zeros);
      head.bytes.copyWithin(at + zeros * STAGED_BYTES, at, at + rows * STAGED_BYTES);
      for (const [i, { slot, createdMs }] of zeroRows.entries()) head.stageRow(i, slot, createdMs, 0);
    }
    return { zeros, extras: { ...STALE_EXTRAS, histograms, exemplars } };
  }

  /**
   * The staged rows that belong to other shards.
   * @param parts  by row before `zeros` rows were put in front.
   */
  #takeForeign(
    target: Target,
    staging: number,
    rows: number,
    zeros = 0,
    parts: ReadonlyMap<number, RowParts> = NO_PARTS,
    families?: FamilyMetadata,
  ): ForeignSample[] {
    const samples: ForeignSample[] = [];
    if (target.foreignLines.length === 0) return samples;
    const { words } = this.#committer.head;
    for (let row = 0; row < rows; row++) {
      const at = (staging + row * STAGED_BYTES) >>> 2;
      const line = words[at + (STAGED_SLOT >> 2)]! - (FOREIGN_SLOTS >>> 0);
      const labels = line < 0 ? undefined : target.foreignLines[line];
      // As a row of this shard: one that was judged already (a line that stood twice, a time in the future) is not stored.
      if (labels === undefined || words[at + (STAGED_STATUS >> 2)] !== STATUS_SKIPPED) continue;
      const timestampMs = (words[at + (STAGED_TIME >> 2) + 1]! | 0) * 2 ** 32 + words[at + (STAGED_TIME >> 2)]!;
      const own = parts.get(row - zeros);
      const metadata = families?.seriesMetadata(labels.get(METRIC_NAME));
      samples.push({
        labels,
        timestampMs,
        valueLow: words[at + (STAGED_VALUE >> 2)]!,
        valueHigh: words[at + (STAGED_VALUE >> 2) + 1]!,
        ...(own !== undefined && this.#foreignParts(target, own, timestampMs)),
        ...(metadata !== undefined && { metadata }),
      });
    }
    return samples;
  }

  #foreignParts(
    target: Target,
    { histogram, createdMs, exemplars }: RowParts,
    timestampMs: number,
  ): Pick<ForeignSample, "histogram" | "zero" | "exemplars"> {
    const hasZero = target.options.histograms.hasCreatedZeros && createdMs !== 0 && createdMs < timestampMs;
    const empty = histogram === undefined ? undefined : zeroOf(histogram);
    return {
      ...(histogram !== undefined && { histogram }),
      ...(hasZero && { zero: { timestampMs: createdMs, histogram: empty } }),
      exemplars: exemplarsOf(exemplars, timestampMs, histogram !== undefined),
    };
  }

  /** Churn must not grow the list for ever: once half of it is unused, the lines of the accepted scrape are numbered anew. */
  #forgetForeign(target: Target, handle: TargetHandle, used: number): void {
    const { foreignLines, foreignNumbers, reportSlots } = target;
    if (foreignLines.length < FOREIGN_LINES_KEPT || used > foreignLines.length / 2) return;
    const old = foreignLines.splice(0);
    foreignNumbers.clear();
    const renumber = (slot: number): number => {
      const labels = old[slot - FOREIGN_SLOTS];
      return labels === undefined ? slot : this.#foreignSlot(target, labels);
    };
    this.#parser.renameSlots(handle, renumber);
    for (const [i, known] of reportSlots.entries()) {
      if (known !== undefined) reportSlots[i] = { ...known, slot: renumber(known.slot) };
    }
  }

  /** FOREIGN_SLOTS + the number of the label set among the target's lines of other shards. */
  #foreignSlot(target: Target, labels: Labels): number {
    const known = target.foreignNumbers.get(labels.key);
    if (known !== undefined) return FOREIGN_SLOTS + known;
    const number = target.foreignLines.length;
    target.foreignLines.push(labels);
    target.foreignNumbers.set(labels.key, number);
    return FOREIGN_SLOTS + number;
  }

  #handleOf(target: Target): TargetHandle {
    target.handle ??= this.#parser.openTarget();
    if (target.handle === undefined) throw new VestalError("HEAD_MEMORY", "the head has no memory for another target");
    return target.handle;
  }

  #countRefusals(staging: number, rows: number): typeof NO_REFUSALS {
    const { words } = this.#committer.head;
    let [outOfOrder, duplicates, outOfBounds] = [0, 0, 0];
    for (let row = 0; row < rows; row++) {
      const status = words[(staging + row * STAGED_BYTES + STAGED_STATUS) >>> 2];
      if (status === STATUS_OUT_OF_ORDER) outOfOrder++;
      else if (status === STATUS_DUPLICATE) duplicates++;
      else if (status === STATUS_OUT_OF_BOUNDS) outOfBounds++;
    }
    return { outOfOrder, duplicates, outOfBounds };
  }

  #sendForeign<T>(samples: readonly ForeignSample[], value: T): T | Promise<T> {
    if (samples.length === 0 || this.#foreign === undefined) return value;
    return this.#foreign.send(samples).then(
      (problem) => {
        if (problem !== "") this.#log.warn("Another shard did not store all samples of a scrape", { err: problem });
        return value;
      },
      (error: unknown) => {
        this.#log.error("Samples for another shard were lost", { samples: samples.length, err: errorMessage(error) });
        return value;
      },
    );
  }
}

/** Whether relabelling kept a NEW line that was looked at already. */
function isKeptIn(series: readonly NewSeries[]): (index: number) => boolean {
  const kept = new Set(series.filter(({ labels }) => labels !== undefined).map(({ index }) => index));
  return (index) => kept.has(index);
}

/** A target that comes back finds the samples that it stored elsewhere meanwhile: no marker is put between them. */
const STALE_EXTRAS: CommitExtras = {
  histograms: [],
  exemplars: [],
  metadata: [],
  isAllOrNothing: false,
  refusesOutOfOrder: "markers",
};
const ALL_LINES = 2 ** 31 - 1;
const NO_REFUSALS = { outOfOrder: 0, duplicates: 0, outOfBounds: 0 };
const NO_KEYS: ReadonlySet<string> = new Set();
const NO_PARTS: ReadonlyMap<number, RowParts> = new Map();
/** As Prometheus says it. */
const BUCKET_LIMIT = "histogram bucket limit exceeded";

/** Whether relabelling drops a new line; one that is only a part of a histogram is none to drop. */
function isDropped(labels: Labels | undefined, part: ClassicPart | undefined, options: ScrapeTargetOptions): boolean {
  return labels === undefined && (part === undefined || options.histograms.isClassicToo);
}

/** Histograms of staged rows that relabelling keeps. */
function keptHistograms(extras: ReadonlyMap<number, RowParts>, series: readonly NewSeries[]): number {
  let kept = 0;
  for (const { histogram } of extras.values()) if (histogram !== undefined) kept++;
  for (const { row, labels } of series) {
    if (labels === undefined && extras.get(row)?.histogram !== undefined) kept--;
  }
  return kept;
}

/** Refusals of floats and histograms; exemplars count where none of their series was in order. */
function withHistograms(
  floats: typeof NO_REFUSALS,
  { histograms, exemplars }: CommitExtras,
): typeof NO_REFUSALS & { readonly exemplarsOutOfOrder: number } {
  const counts = { ...floats };
  for (const { status } of histograms) {
    if (status === STATUS_OUT_OF_ORDER) counts.outOfOrder++;
    else if (status === STATUS_DUPLICATE) counts.duplicates++;
    else if (status === STATUS_OUT_OF_BOUNDS) counts.outOfBounds++;
  }
  let exemplarsOutOfOrder = 0;
  for (let first = 0; first < exemplars.length; ) {
    let next = first;
    let refused = 0;
    for (; next < exemplars.length && exemplars[next]!.slot === exemplars[first]!.slot; next++) {
      if (exemplars[next]!.refusal === "out of order") refused++;
    }
    if (refused === next - first) exemplarsOutOfOrder += refused;
    first = next;
  }
  return { ...counts, exemplarsOutOfOrder };
}

function refusal(
  error: string,
  limit: Refusal["limit"],
  samples: number,
  afterRelabelling: number,
  linesSeen = 0,
): Staged {
  return { status: "refused", error, limit, samples, afterRelabelling, linesSeen };
}
