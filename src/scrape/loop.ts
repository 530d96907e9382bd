/**
 * The life of one target: waiting for its place, scraping, reporting, and after its removal the end of its series.
 *
 * Ticks lie at the first place plus whole intervals. A tick that passes during a scrape is made up for once, right after
 * it; more of them are dropped. Timestamps stay on the ticks' grid as long as the scrape begins within the tolerance, which
 * lets chunks compress; the grid moves where it does not.
 */
import { errorMessage } from "../base/index.js";
import { Labels } from "../model/index.js";
import type {
  AppendTarget,
  HistogramOptions,
  MetricMetadata,
  ScrapeOutcome,
  ScrapeTargetOptions,
} from "../storage/index.js";
import { chooseFormat, type FormatChoice } from "./content-type.js";
import type { Fetcher, LoopContext, LoopJob } from "./engine.js";
import type { FetchResult } from "./http/client.js";
import { type ScrapeUrl, scrapeUrl } from "./http/request.js";
import { type Due, firstDelayMs } from "./schedule.js";
import type { TargetHealth, TargetSpec, TargetStatus } from "./target.js";

/** Phases after a removal; the two ticks are those that Prometheus waits for, so that a successor may speak first. */
const LIVE = 0;
const AWAITS_STALE_TIME = 1;
const AWAITS_CLOSE = 2;
const ENDED = 3;

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

/** Part of the interval that a removed target's successor gets on top of its tick. */
const STALE_SLACK = 0.1;

export class TargetLoop implements Due {
  readonly key: string;
  dueMs = 0;
  heapIndex = -1;
  #spec: TargetSpec;
  #job: LoopJob;
  readonly #context: LoopContext;
  #fetcher: Fetcher | undefined;
  /** Why there is no fetcher: the target's every scrape fails with it. */
  #fetcherError = "";
  #url: ScrapeUrl | undefined;
  #target: AppendTarget;
  #isScraping = false;
  /** What the change of a job needs, done between two scrapes. */
  #pendingReopen = false;
  #pendingFetcher = false;
  #phase = LIVE;
  #nextTickMs = 0;
  #staleTimeMs = 0;
  #alignedMs = 0;
  #lastStartMs = Number.NaN;
  #health: TargetHealth = "unknown";
  #lastError = "";
  #lastScrapeMs = 0;
  #lastDurationSeconds = 0;
  #contentType: string | undefined;
  #formatChoice: FormatChoice | undefined;

  constructor(job: LoopJob, spec: TargetSpec, context: LoopContext) {
    this.key = spec.key;
    this.#spec = spec;
    this.#job = job;
    this.#context = context;
    this.#openFetcher();
    this.#target = context.appender.openTarget(this.#targetOptions());
    this.#scheduleFirst();
  }

  get spec(): TargetSpec {
    return this.#spec;
  }

  get jobName(): string {
    return this.#spec.jobName;
  }

  get isRemoved(): boolean {
    return this.#phase !== LIVE;
  }

  metadata(): readonly MetricMetadata[] {
    return this.#target.metadata();
  }

  metadataSize(): { readonly entries: number; readonly characters: number } {
    return this.#target.metadataSize();
  }

  status(): TargetStatus {
    return {
      key: this.key,
      scrapeUrl: this.#url?.href ?? "",
      health: this.#health,
      lastError: this.#lastError,
      lastScrapeMs: this.#lastScrapeMs,
      lastScrapeDurationSeconds: this.#lastDurationSeconds,
    };
  }

  /** Takes new settings over; a target that was being removed lives on with its series. */
  update(job: LoopJob, spec: TargetSpec): void {
    const wasRemoved = this.#phase !== LIVE;
    const isNewJob = job !== this.#job;
    const isNewInterval = spec.intervalMs !== this.#spec.intervalMs;
    const isNewTimeout = spec.timeoutMs !== this.#spec.timeoutMs;
    const isNewTransport = isNewJob && JSON.stringify(job.job.transport) !== JSON.stringify(this.#job.job.transport);
    const isNewStorage = (isNewJob && storageText(job) !== storageText(this.#job)) || this.#isExtraChanged(spec, job);
    this.#job = job;
    this.#spec = spec;
    this.#phase = LIVE;
    if (isNewTransport) this.#formatChoice = undefined;
    if (isNewTransport || isNewTimeout || this.#fetcher === undefined) {
      if (this.#isScraping) this.#pendingFetcher = true;
      else this.#openFetcher();
    }
    if (isNewStorage) {
      if (this.#isScraping) this.#pendingReopen = true;
      else this.#reopen();
    }
    if ((wasRemoved || isNewInterval) && !this.#isScraping) this.#scheduleFirst();
    else if (isNewInterval) this.#restartTicks();
  }

  /** Ends scraping; series are closed with staleness markers later, see `onDue`. */
  remove(): void {
    if (this.#phase !== LIVE) return;
    this.#phase = AWAITS_STALE_TIME;
    if (this.#isScraping) return;
    this.#context.heap.remove(this);
    this.#awaitStaleTime();
  }

  /** The process stops: what is under way fails now. */
  interrupt(): void {
    this.#phase = ENDED;
    this.#fetcher?.close();
  }

  /** Frees the target's state; nothing is under way. */
  async free(): Promise<void> {
    await this.#context.appender.closeTarget(this.#target, this.#context.clock.nowMs(), false);
  }

  onDue(nowMs: number): void {
    if (this.#phase === LIVE) {
      this.#isScraping = true;
      this.#context.queue.push((slot) => this.#scrape(slot));
    } else if (this.#phase === AWAITS_STALE_TIME) {
      this.#staleTimeMs = this.#context.clock.nowMs();
      this.#phase = AWAITS_CLOSE;
      this.#context.heap.put(this, nowMs + this.#spec.intervalMs * (1 + STALE_SLACK));
    } else if (this.#phase === AWAITS_CLOSE) {
      this.#end(this.#staleTimeMs, true);
    }
  }

  #openFetcher(): void {
    this.#pendingFetcher = false;
    this.#fetcher?.close();
    this.#fetcher = undefined;
    this.#fetcherError = "";
    const { scheme, address, metricsPath, params, timeoutMs } = this.#spec;
    try {
      this.#url = scrapeUrl(scheme, address, metricsPath, params);
      this.#fetcher = this.#context.createFetcher(this.#url, this.#job.job.transport, timeoutMs);
    } catch (error) {
      // An address without a valid port, a header that would break the request: a failed scrape says so.
      this.#fetcherError = errorMessage(error);
    }
  }

  #targetOptions(): ScrapeTargetOptions {
    const { job, relabel } = this.#job;
    return {
      labels: new Labels(this.#spec.labelPairs),
      honorLabels: job.honorLabels,
      honorTimestamps: job.honorTimestamps,
      trackTimestampsStaleness: job.trackTimestampsStaleness,
      limits: job.limits,
      histograms: this.#histogramOptions(),
      relabelMetric: relabel,
      logsMetadata: this.#context.options.logsMetadata,
      extraMetrics: this.#context.options.extraMetrics
        ? { timeoutSeconds: this.#spec.timeoutMs / 1000, sampleLimit: job.limits.sampleLimit }
        : undefined,
    };
  }

  #histogramOptions(): HistogramOptions {
    const { nativeHistograms, createdZeros } = this.#context.options;
    const { histograms } = this.#job.job;
    return {
      isNative: nativeHistograms || histograms.isNative,
      isClassicToo: histograms.isClassicToo,
      isConverted: histograms.isConverted,
      bucketsMax: histograms.bucketsMax,
      schemaMax: schemaOf(histograms.bucketFactorMin),
      hasCreatedZeros: createdZeros,
    };
  }

  #isExtraChanged(spec: TargetSpec, job: LoopJob): boolean {
    if (!this.#context.options.extraMetrics) return false;
    return spec.timeoutMs !== this.#spec.timeoutMs || job.job.limits.sampleLimit !== this.#job.job.limits.sampleLimit;
  }

  /** Other options for the same series: as in Prometheus, what the new rules drop ends without staleness markers. */
  #reopen(): void {
    this.#pendingReopen = false;
    const old = this.#target;
    const { appender, clock } = this.#context;
    this.#target = appender.openTarget(this.#targetOptions());
    this.#report(appender.closeTarget(old, clock.nowMs(), false), "Closing a target failed");
  }

  #restartTicks(): void {
    const { clock, options } = this.#context;
    const delayMs = firstDelayMs(this.key, options.offsetSeed, this.#spec.intervalMs, clock.nowMs());
    this.#nextTickMs = clock.monotonicMs() + delayMs;
    this.#alignedMs = 0;
  }

  #scheduleFirst(): void {
    this.#restartTicks();
    this.#context.heap.put(this, this.#nextTickMs);
  }

  #awaitStaleTime(): void {
    if (Number.isNaN(this.#lastStartMs)) this.#end(0, false);
    else this.#context.heap.put(this, Math.max(this.#nextTickMs, this.#context.clock.monotonicMs()));
  }

  #end(timestampMs: number, staleMarkers: boolean): void {
    this.#phase = ENDED;
    this.#fetcher?.close();
    this.#fetcher = undefined;
    this.#report(
      this.#context.appender.closeTarget(this.#target, timestampMs, staleMarkers),
      "Closing a target failed",
    );
    this.#context.onEnded(this);
  }

  async #scrape(slot: number): Promise<void> {
    const { clock, counters, heap, log } = this.#context;
    const startMs = clock.monotonicMs();
    if (this.#phase === LIVE) {
      this.#advanceTick(startMs);
      try {
        await this.#scrapeOnce(slot, startMs);
      } catch (error) {
        // Storage could not keep the scrape; it says why, and the next one tries again.
        counters.failedCommits++;
        this.#settleStatus("down", errorMessage(error), startMs);
        log.error("Scrape commit failed", {
          scrape_pool: this.jobName,
          target: this.#url?.href,
          err: errorMessage(error),
        });
      }
    }
    this.#isScraping = false;
    if (this.#phase === LIVE) {
      if (this.#pendingFetcher) this.#openFetcher();
      if (this.#pendingReopen) this.#reopen();
      heap.put(this, this.#nextTickMs);
    } else if (this.#phase === AWAITS_STALE_TIME) {
      this.#awaitStaleTime();
    }
  }

  /** The next tick is the first one that has not passed yet; those between are missed. */
  #advanceTick(nowMs: number): void {
    const { intervalMs } = this.#spec;
    const passed = Math.max(0, Math.floor((nowMs - this.#nextTickMs) / intervalMs));
    this.#context.counters.missedTicks += passed;
    this.#nextTickMs += (passed + 1) * intervalMs;
  }

  async #scrapeOnce(slot: number, startMs: number): Promise<void> {
    const { appender, clock, counters, intervals } = this.#context;
    const wallMs = clock.nowMs();
    const timestampMs = this.#timestamp(wallMs);
    if (!Number.isNaN(this.#lastStartMs)) {
      intervals.observe(this.#spec.intervalMs, (startMs - this.#lastStartMs) / 1000);
    }
    this.#lastStartMs = startMs;
    this.#lastScrapeMs = wallMs;
    counters.scrapes++;

    const target = this.#target;
    const fetched = await this.#fetch(slot);
    if (this.#phase === ENDED) return;
    const choice = fetched.error === undefined ? this.#chooseFormat(fetched.contentType) : undefined;
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    const { format } = choice ?? {};
    if (fetched.isBodyTooLarge) counters.exceededBodySizeLimit++;
    if (format === undefined) {
      await appender.commitFailure(target, timestampMs, durationSeconds);
      this.#settleStatus("down", fetched.error ?? choice?.problem ?? "", startMs);
      return;
    }
    const input = { bodyBytes: fetched.bodyBytes, format, timestampMs, durationSeconds };
    const outcome = await appender.commitScrape(target, slot, input);
    this.#count(outcome);
    this.#settleStatus(outcome.error === undefined ? "up" : "down", outcome.error ?? "", startMs);
  }

  #fetch(slot: number): Promise<FetchResult> | FetchResult {
    if (this.#fetcher !== undefined) return this.#fetcher.fetch(slot);
    return { error: this.#fetcherError, isBodyTooLarge: false, bodyBytes: 0, contentType: "" };
  }

  /** Remembers the answer: a target says the same with each response. */
  #chooseFormat(contentType: string): FormatChoice {
    if (this.#formatChoice === undefined || contentType !== this.#contentType) {
      this.#contentType = contentType;
      this.#formatChoice = chooseFormat(contentType, this.#job.job.transport.fallbackScrapeProtocol);
      const { format, problem } = this.#formatChoice;
      if (problem !== undefined) {
        const fields = { scrape_pool: this.jobName, target: this.#url?.href, content_type: contentType, err: problem };
        if (format === undefined) this.#context.log.error("Failed to determine correct type of scrape target.", fields);
        else this.#context.log.debug("Scrape target's Content-Type was replaced by the fallback", fields);
      }
    }
    return this.#formatChoice;
  }

  #timestamp(wallMs: number): number {
    const { adjustTimestamps, timestampToleranceMs } = this.#context.options;
    const { intervalMs } = this.#spec;
    if (this.#alignedMs === 0) this.#alignedMs = wallMs;
    if (!adjustTimestamps) return wallMs;
    const toleranceMs = Math.min(intervalMs / 100, timestampToleranceMs);
    if (wallMs < this.#alignedMs) this.#alignedMs = wallMs; // the wall clock was set back
    this.#alignedMs += Math.floor((wallMs - this.#alignedMs) / intervalMs) * intervalMs;
    return wallMs - this.#alignedMs <= toleranceMs ? this.#alignedMs : wallMs;
  }

  #count(outcome: ScrapeOutcome): void {
    const { counters } = this.#context;
    if (outcome.limit === "sample") counters.exceededSampleLimit++;
    if (outcome.limit === "label") counters.exceededLabelLimits++;
    if (outcome.limit === "bucket") counters.exceededBucketLimit++;
    counters.exemplarsOutOfOrder += outcome.exemplarsOutOfOrder;
    counters.sampleOutOfOrder += outcome.outOfOrder;
    counters.sampleDuplicateTimestamp += outcome.duplicates;
    counters.sampleOutOfBounds += outcome.outOfBounds;
  }

  #settleStatus(health: TargetHealth, error: string, startMs: number): void {
    this.#health = health;
    this.#lastError = error;
    this.#lastDurationSeconds = (this.#context.clock.monotonicMs() - startMs) / 1000;
  }

  #report(work: void | Promise<void>, message: string): void {
    work?.catch((error: unknown) => {
      this.#context.log.error(message, { target: this.#url?.href, err: errorMessage(error) });
    });
  }
}

/** What of a job the appender is told at `openTarget`. */
function storageText({ job }: LoopJob): string {
  const { honorLabels, honorTimestamps, trackTimestampsStaleness, limits, histograms, metricRelabelConfigs } = job;
  return JSON.stringify([
    honorLabels,
    honorTimestamps,
    trackTimestampsStaleness,
    limits,
    histograms,
    metricRelabelConfigs,
  ]);
}

/** The finest schema whose buckets grow by at least `factor`, as Prometheus picks it; 8 where the factor is 1 or less. */
function schemaOf(factor: number): number {
  if (factor <= 1) return SCHEMA_MAX;
  return Math.min(SCHEMA_MAX, Math.max(SCHEMA_MIN, Math.floor(-Math.log2(Math.log2(factor)))));
}
