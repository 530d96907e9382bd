/**
 * `convert_classic_histograms_to_nhcb`: the lines of a classic histogram (`_bucket`, `_sum`, `_count`) become one native
 * histogram with custom buckets, by the rules of Prometheus (util/convertnhcb). State of one target: which of its lines are part
 * of which histogram, and which histograms the last scrape had.
 */
import { TYPE_HISTOGRAM } from "../../../assembly/exposition/layout.js";
import type { SeriesText } from "../../exposition/index.js";
import {
  CUSTOM_BUCKETS_SCHEMA,
  compacted,
  type Histogram,
  histogramProblem,
  type Labels,
  METRIC_NAME,
} from "../../model/index.js";
import { parseGoFloat } from "../../model/number.js";

const BUCKET_LABEL = "le";
const NOTHING = new Float64Array(0);

/** What a line says of its histogram. */
export interface ClassicPart {
  readonly role: "bucket" | "sum" | "count";
  /** Of a bucket. */
  readonly bound: number;
  /** The histogram's series as exposed: its name, no `le`. */
  readonly base: SeriesText;
  readonly key: string;
}

export interface ConvertedHistogram {
  readonly key: string;
  /** After relabelling; undefined: dropped. */
  readonly labels: Labels | undefined;
  /** Of its first line in the scrape under way. */
  readonly timestampMs: number;
  /** Where the series was placed last. */
  place: { readonly slot: number; readonly generation: number } | undefined;
  /** Had by the last scrape that was stored: a staleness marker is due once it is missing. */
  isLive: boolean;
}

interface Group extends ConvertedHistogram {
  timestampMs: number;
  readonly sample: ClassicSample;
  serial: number;
}

interface Role {
  readonly group: Group;
  readonly part: ClassicPart;
  serial: number;
}

/** The part of a histogram that an exposed line is, if it is one. */
export function classicPart({ pairs, emptied }: SeriesText, type: number): ClassicPart | undefined {
  if (type !== TYPE_HISTOGRAM) return undefined;
  const name = pairs[pairs.indexOf(METRIC_NAME) + 1] ?? "";
  const suffix = /_(bucket|sum|count)$/.exec(name);
  if (suffix === null) return undefined;
  const role = suffix[1] as ClassicPart["role"];
  const base: string[] = [];
  let bound = Number.NaN;
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === METRIC_NAME) base.push(METRIC_NAME, name.slice(0, suffix.index));
    else if (pairs[i] === BUCKET_LABEL) bound = parseGoFloat(pairs[i + 1]!) ?? Number.NaN;
    else base.push(pairs[i]!, pairs[i + 1]!);
  }
  if (role === "bucket" && Number.isNaN(bound)) return undefined;
  const text = { pairs: base, emptied, duplicate: undefined, isValid: true };
  return { role, bound, base: text, key: base.join("\xff") };
}

export class ClassicConversion {
  readonly #groups = new Map<string, Group>();
  /** By slot, a real one or one of CLASSIC_SLOTS. */
  readonly #roles = new Map<number, Role>();
  #nextNumber = 0;
  #serial = 0;

  /** A number for a line that is stored as part of its histogram only. */
  nextNumber(): number {
    return this.#nextNumber++;
  }

  /** The line with this slot is such a part. @param relabel  of the histogram's exposed series, called once. */
  add(slot: number, part: ClassicPart, relabel: (base: SeriesText) => Labels | undefined): void {
    let group = this.#groups.get(part.key);
    if (group === undefined) {
      const labels = relabel(part.base);
      const sample = new ClassicSample();
      group = { key: part.key, labels, timestampMs: 0, place: undefined, isLive: false, sample, serial: 0 };
      this.#groups.set(part.key, group);
    }
    this.#roles.set(slot, { group, part, serial: 0 });
  }

  /** Begins a scrape: what the one before gave is forgotten. */
  begin(): void {
    this.#serial++;
  }

  /** Takes the value of a row; false where its slot is part of no histogram. */
  take(slot: number, value: number, timestampMs: number): boolean {
    const role = this.#roles.get(slot);
    if (role === undefined) return false;
    role.serial = this.#serial;
    const { group, part } = role;
    if (group.serial !== this.#serial) {
      group.serial = this.#serial;
      group.sample.reset();
      group.timestampMs = timestampMs;
    }
    if (part.role === "bucket") group.sample.setBucket(part.bound, value);
    else if (part.role === "sum") group.sample.setSum(value);
    else group.sample.setCount(value);
    return true;
  }

  /** Histogram of a slot's line in the scrape under way. */
  groupOf(slot: number): ConvertedHistogram | undefined {
    return this.#roles.get(slot)?.group;
  }

  /** Histograms of the scrape under way that can be converted. */
  *converted(): Generator<{ readonly of: ConvertedHistogram; readonly histogram: Histogram }> {
    for (const group of this.#groups.values()) {
      if (group.serial !== this.#serial) continue;
      const histogram = group.sample.convert();
      if (histogram !== undefined) yield { of: group, histogram };
    }
  }

  /** Those that need a staleness marker now: all live ones but those in `seen`. */
  *vanished(seen: ReadonlySet<string>): Generator<ConvertedHistogram> {
    for (const group of this.#groups.values()) if (group.isLive && !seen.has(group.key)) yield group;
  }

  /** The scrape is stored with the histograms in `seen`. */
  accept(seen: ReadonlySet<string>): void {
    for (const [key, group] of this.#groups) {
      group.isLive = seen.has(key);
      if (group.serial !== this.#serial) this.#groups.delete(key);
    }
    for (const [slot, role] of this.#roles) if (role.serial !== this.#serial) this.#roles.delete(slot);
  }

  /** Staleness markers of all are stored. */
  acceptAllStale(): void {
    for (const group of this.#groups.values()) group.isLive = false;
  }
}

/** Collects cumulative buckets, count and sum of one classic histogram. */
class ClassicSample {
  #bounds: number[] = [];
  #counts: number[] = [];
  #count = 0;
  #sum = 0;
  #hasCount = false;
  #isWrong = false;

  reset(): void {
    this.#bounds = [];
    this.#counts = [];
    this.#count = 0;
    this.#sum = 0;
    this.#hasCount = false;
    this.#isWrong = false;
  }

  setSum(sum: number): void {
    this.#sum = sum;
  }

  setCount(count: number): void {
    if (count < 0) this.#isWrong = true;
    this.#count = count;
    this.#hasCount = true;
  }

  setBucket(bound: number, count: number): void {
    if (count < 0) this.#isWrong = true;
    const bounds = this.#bounds;
    let at = bounds.length;
    while (at > 0 && bounds[at - 1]! > bound) at--;
    if (at > 0 && bounds[at - 1] === bound) return; // the first one counts
    const isBelow = at > 0 && count < this.#counts[at - 1]!;
    const isAbove = at < bounds.length && count > this.#counts[at]!;
    if (isBelow || isAbove) this.#isWrong = true;
    bounds.splice(at, 0, bound);
    this.#counts.splice(at, 0, count);
  }

  /** Undefined where the lines make no histogram. */
  convert(): Histogram | undefined {
    if (this.#isWrong) return undefined;
    const bounds = [...this.#bounds];
    const counts = [...this.#counts];
    const count = this.#hasCount || counts.length === 0 ? this.#count : counts.at(-1)!;
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) {
      bounds.push(Number.POSITIVE_INFINITY);
      counts.push(count);
    }
    if (count !== counts.at(-1)) return undefined;
    const histogram: Histogram = {
      isFloat: !counts.every(Number.isInteger) || !Number.isInteger(count),
      counterResetHint: 0,
      schema: CUSTOM_BUCKETS_SCHEMA,
      zeroThreshold: 0,
      zeroCount: 0,
      count,
      sum: this.#sum,
      positiveSpans: [{ offset: 0, length: counts.length }],
      negativeSpans: [],
      positiveBuckets: Float64Array.from(counts, (each, i) => each - (counts[i - 1] ?? 0)),
      negativeBuckets: NOTHING,
      customValues: Float64Array.from(bounds.slice(0, -1)),
    };
    return histogramProblem(histogram) === undefined ? compacted(histogram) : undefined;
  }
}
