/** Histograms of the log on their way back into a head. */
import { STATUS_OK } from "../../../assembly/layout.js";
import { type Head, type HistogramChunks, type HistogramRow, histogramHash } from "../head/index.js";
import type { ReplayHead } from "../wal/index.js";

/** Judges and appends the histograms of one log record as a commit of its own; those that are out of order are dropped. */
export function replayHistograms(
  head: Head,
  histograms: HistogramChunks,
  rows: Parameters<NonNullable<ReplayHead["appendHistograms"]>>[0],
): void {
  head.reserveStaging(rows.length);
  const wanted = rows.map(({ slot, entry }, row): HistogramRow => {
    const { timestampMs, isFloat, bytes } = entry;
    const { low, high } = histogramHash(bytes, isFloat);
    head.stageBits(row, slot, timestampMs, low, high);
    return { slot, timestampMs, isFloat, bytes, status: STATUS_OK };
  });
  head.validate(rows.length, Number.NEGATIVE_INFINITY);
  for (const [i, row] of wanted.entries()) {
    if (head.rowStatus(i) === STATUS_OK) histograms.append(row, head.nextCommit);
  }
  head.publish();
}
