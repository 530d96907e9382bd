/**
 * Keeps one job, namespace or metric from filling a shard's head: who makes series faster than its budget gets no new ones
 * until the window is over. Series that exist go on. What is refused is remembered by job and metric, with the label whose
 * values differ most, which is nearly always the one to drop.
 */
import type { Clock, Logger } from "../../base/index.js";
import { type Labels, METRIC_NAME } from "../../model/index.js";

/** Labels whose every value has a budget of its own. */
const GUARDED_LABELS = ["job", "namespace", METRIC_NAME] as const;
/** Values of a label, and offenders, that are remembered: what a flood of job names may cost. */
const KEYS_MAX = 10_000;
const OFFENDERS_MAX = 1000;
/** Refused series of an offender whose labels are looked at. */
const SAMPLED_MAX = 1000;

export interface CardinalityGuardOptions {
  /** New series that each job, namespace and metric may make in this shard in a window; 0 = no limit. */
  readonly budget: number;
  readonly windowMs: number;
}

/** Whose series were refused in the window that ended last, or is under way. */
export interface RefusedSeries {
  readonly job: string;
  readonly metric: string;
  /** The label with the most values among those refused. */
  readonly label: string;
  readonly count: number;
}

interface Offender {
  readonly job: string;
  readonly metric: string;
  count: number;
  readonly values: Map<string, Set<string>>;
}

export class CardinalityGuard {
  readonly #options: CardinalityGuardOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  /** New series of this window by value, a table for each guarded label. */
  readonly #made = GUARDED_LABELS.map((name) => ({ name, counts: new Map<string, number>() }));
  #offenders = new Map<string, Offender>();
  #before = new Map<string, Offender>();
  /** Since the start. */
  refusedCount = 0;

  constructor(options: CardinalityGuardOptions, clock: Clock, log: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
  }

  get isActive(): boolean {
    return this.#options.budget > 0;
  }

  /** Whether a series that the head does not have yet may be made; counts it if so, and what is refused too. */
  admits(labels: Labels): boolean {
    if (!this.isActive) return true;
    if (!this.hasRoom(labels)) {
      this.#refuse(labels);
      return false;
    }
    this.count(labels);
    return true;
  }

  /** Whether the budgets of a series would let it be made now. */
  hasRoom(labels: Labels): boolean {
    this.#turn();
    const { budget } = this.#options;
    // A series without the label finds nothing here: "" is never counted.
    return this.#made.every(({ name, counts }) => (counts.get(labels.get(name)) ?? 0) < budget);
  }

  /** A series was made. */
  count(labels: Labels): void {
    for (const { name, counts } of this.#made) {
      const value = labels.get(name);
      const count = counts.get(value);
      if (count !== undefined) counts.set(value, count + 1);
      else if (value !== "" && counts.size < KEYS_MAX) counts.set(value, 1);
    }
  }

  /** The most refused first. */
  refused(): RefusedSeries[] {
    this.#turn();
    const offenders = this.#offenders.size > 0 ? this.#offenders : this.#before;
    return [...offenders.values()]
      .map(({ job, metric, count, values }) => ({ job, metric, label: mostValues(values), count }))
      .sort((a, b) => b.count - a.count);
  }

  #turn(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowStartMs < this.#options.windowMs) return;
    this.#windowStartMs = nowMs;
    for (const { counts } of this.#made) counts.clear();
    this.#before = this.#offenders;
    this.#offenders = new Map();
  }

  #refuse(labels: Labels): void {
    this.refusedCount++;
    const job = labels.get("job");
    const metric = labels.get(METRIC_NAME);
    const key = `${job}\xff${metric}`;
    let offender = this.#offenders.get(key);
    if (offender === undefined) {
      if (this.#offenders.size >= OFFENDERS_MAX) return;
      offender = { job, metric, count: 0, values: new Map() };
      this.#offenders.set(key, offender);
      const { budget, windowMs } = this.#options;
      this.#log.warn("New series are refused: they come faster than the budget", {
        job,
        metric,
        budget,
        window: `${windowMs / 1000}s`,
        series: `${labels}`.slice(0, 500),
      });
    }
    offender.count++;
    if (offender.count > SAMPLED_MAX) return;
    for (const [name, value] of labels.entries()) {
      if (name === METRIC_NAME) continue;
      let values = offender.values.get(name);
      if (values === undefined) {
        values = new Set();
        offender.values.set(name, values);
      }
      values.add(value);
    }
  }
}

function mostValues(values: ReadonlyMap<string, ReadonlySet<string>>): string {
  let most = "";
  let size = 0;
  for (const [name, set] of values) {
    if (set.size <= size) continue;
    most = name;
    size = set.size;
  }
  return most;
}
