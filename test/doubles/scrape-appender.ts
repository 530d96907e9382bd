/** Storage that remembers what scraping handed over, as text. */
import type {
  AppendTarget,
  MetricMetadata,
  ScrapeAppender,
  ScrapeInput,
  ScrapeOutcome,
  ScrapeTargetOptions,
} from "../../src/storage/index.js";
import { BodySlots } from "./body-slots.js";

export class RecordedTarget implements AppendTarget {
  readonly options: ScrapeTargetOptions;
  readonly bodies: { text: string; input: ScrapeInput }[] = [];
  readonly failures: { timestampMs: number; durationSeconds: number }[] = [];
  closed: { timestampMs: number; staleMarkers: boolean } | undefined;

  constructor(options: ScrapeTargetOptions) {
    this.options = options;
  }

  metadataSize(): { readonly entries: number; readonly characters: number } {
    return { entries: 0, characters: 0 };
  }

  metadata(): readonly MetricMetadata[] {
    return [];
  }
}

const GOOD: ScrapeOutcome = {
  error: undefined,
  limit: undefined,
  samplesScraped: 1,
  samplesAfterRelabelling: 1,
  seriesAdded: 0,
  outOfOrder: 0,
  duplicates: 0,
  outOfBounds: 0,
  exemplarsOutOfOrder: 0,
};

export class RecordingAppender implements ScrapeAppender {
  readonly targets: RecordedTarget[] = [];
  readonly slots = new BodySlots();
  /** What the next commits say; throw in it to fail one. */
  outcome: () => ScrapeOutcome | Promise<ScrapeOutcome> = () => GOOD;

  good(changes: Partial<ScrapeOutcome> = {}): ScrapeOutcome {
    return { ...GOOD, ...changes };
  }

  openTarget(options: ScrapeTargetOptions): RecordedTarget {
    const target = new RecordedTarget(options);
    this.targets.push(target);
    return target;
  }

  bodyBuffer(slot: number, minBytes: number, keepBytes: number): Uint8Array {
    return this.slots.bodyBuffer(slot, minBytes, keepBytes);
  }

  commitScrape(target: AppendTarget, slot: number, input: ScrapeInput): ScrapeOutcome | Promise<ScrapeOutcome> {
    (target as RecordedTarget).bodies.push({ text: this.slots.text(slot, input.bodyBytes), input });
    return this.outcome();
  }

  commitFailure(target: AppendTarget, timestampMs: number, durationSeconds: number): void {
    (target as RecordedTarget).failures.push({ timestampMs, durationSeconds });
  }

  closeTarget(target: AppendTarget, timestampMs: number, staleMarkers: boolean): void {
    (target as RecordedTarget).closed = { timestampMs, staleMarkers };
  }
}
