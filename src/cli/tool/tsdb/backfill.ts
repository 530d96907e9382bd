/**
 * `tsdb create-blocks-from openmetrics`: samples of a file, with times, as blocks of two hours or more. Chunks are cut as a head
 * cuts them. The file is read once; encoded samples of all blocks wait in memory, about two bytes each.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { TYPE_HISTOGRAM, TYPE_NONE, TYPE_SUMMARY } from "../../../../assembly/exposition/layout.js";
import { errorMessage, systemFiles, VestalError } from "../../../base/index.js";
import { parseSeriesText } from "../../../exposition/series-text.js";
import { Labels } from "../../../model/index.js";
import { parseGoFloat } from "../../../model/number.js";
import { BATCH_SAMPLES, GrowingSeries, writeBlock } from "./growing-series.js";

export const DEFAULT_BLOCK_MS = 7_200_000;
const LEVELS = 10;
const READ_BYTES = 1 << 20;
const LINE_BYTES_MAX = 1 << 26;

export interface BackfillOptions {
  readonly outputDir: string;
  readonly maxBlockMs: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The largest of 2 h, 6 h, 18 h … that is not above `maxBlockMs`; at least 2 h. */
export function compatibleBlockMs(maxBlockMs: number): number {
  let blockMs = DEFAULT_BLOCK_MS;
  for (let i = 1; i < LEVELS && blockMs * 3 <= maxBlockMs; i++) blockMs *= 3;
  return blockMs;
}

/**
 * @param onBlock  told of each block's folder, in order of time.
 * @throws VestalError BACKFILL
 */
export function backfill(path: string, options: BackfillOptions, onBlock: (dir: string) => void): void {
  const blockMs = compatibleBlockMs(options.maxBlockMs);
  const ranges = new Map<number, Map<string, GrowingSeries>>();
  const samples = new Map<number, number>();
  readSamples(path, (text, type, timeMs, value) => {
    const range = Math.floor(timeMs / blockMs);
    let series = ranges.get(range);
    if (series === undefined) {
      series = new Map();
      ranges.set(range, series);
    }
    let one = series.get(text);
    if (one === undefined) {
      one = seriesFor(series, { text, type }, options.labels, 2 * blockMs);
      series.set(text, one);
    }
    const count = samples.get(range) ?? 0;
    samples.set(range, count + 1);
    one.append(timeMs, value, Math.floor(count / BATCH_SAMPLES));
  });
  systemFiles.mkdir(options.outputDir);
  for (const range of [...ranges.keys()].sort((a, b) => a - b)) {
    onBlock(writeBlock(options.outputDir, ranges.get(range)!.values()));
    ranges.delete(range);
  }
}

/** Two texts may name one label set. */
function seriesFor(
  known: ReadonlyMap<string, GrowingSeries>,
  { text, type }: { readonly text: string; readonly type: number },
  more: Readonly<Record<string, string>>,
  chunkRangeMs: number,
): GrowingSeries {
  const { pairs, duplicate } = parseSeriesText(Buffer.from(text), type);
  if (duplicate !== undefined) throw problem(`label name "${duplicate}" is not unique: invalid sample`);
  const entries: [string, string][] = [];
  for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i]!, pairs[i + 1]!]);
  const labels = Labels.of([...entries, ...Object.entries(more)]);
  const same = [...(known.size < 1000 ? known.values() : [])].find((one) => one.labels.key === labels.key);
  return same ?? new GrowingSeries(labels, chunkRangeMs, "block creation: process blocks: add sample");
}

// ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param type  TYPE_* of the TYPE line before it, as far as it matters for a label's text. */
type OnSample = (series: string, type: number, timeMs: number, value: number) => void;

function readSamples(path: string, onSample: OnSample): void {
  let type = TYPE_NONE;
  let number = 0;
  let isEnded = false;
  for (const line of linesOf(path)) {
    number++;
    if (isEnded) throw parseProblem(`unexpected data after # EOF in line ${number}`);
    if (line === "# EOF") isEnded = true;
    else if (line.startsWith("# TYPE ")) type = TYPES[line.slice(line.lastIndexOf(" ") + 1)] ?? TYPE_NONE;
    else if (!line.startsWith("#")) readLine(line, number, type, onSample);
  }
  if (!isEnded) throw parseProblem("data does not end with # EOF");
}

const TYPES: Readonly<Record<string, number>> = { histogram: TYPE_HISTOGRAM, summary: TYPE_SUMMARY };

function readLine(line: string, number: number, type: number, onSample: OnSample): void {
  const end = seriesEnd(line);
  const series = line.slice(0, end);
  if (end <= 0 || line[end] !== " ") throw parseProblem(`line ${number} is no sample: ${JSON.stringify(line)}`);
  const [valueText = "", timeText, sharp] = line.slice(end + 1).split(" ");
  const value = parseGoFloat(valueText);
  if (value === undefined) throw parseProblem(`the value ${JSON.stringify(valueText)} in line ${number} is no number`);
  if (timeText === undefined || timeText === "#") {
    throw problem("getting min and max timestamp: expected timestamp for series got none");
  }
  const seconds = parseGoFloat(timeText);
  if (seconds === undefined || !Number.isFinite(seconds) || (sharp !== undefined && sharp !== "#")) {
    throw parseProblem(`the time ${JSON.stringify(timeText)} in line ${number} is no time in seconds`);
  }
  // As there: the product is cut, not rounded.
  onSample(series, type, Math.trunc(seconds * 1000), value);
}

/** Where the name and the labels of a line end. */
function seriesEnd(line: string): number {
  const brace = line.indexOf("{");
  const blank = line.indexOf(" ");
  if (brace < 0 || (blank >= 0 && blank < brace)) return blank;
  let isQuoted = false;
  for (let i = brace + 1; i < line.length; i++) {
    const char = line[i];
    if (char === "\\" && isQuoted) i++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === "}" && !isQuoted) return i + 1;
  }
  return -1;
}

function* linesOf(path: string): Generator<string> {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw new VestalError("BACKFILL", errorMessage(error), { path }, error);
  }
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const piece = Buffer.alloc(READ_BYTES);
      const read = readSync(descriptor, piece, 0, READ_BYTES, null);
      const bytes = Buffer.concat([rest, piece.subarray(0, read)]);
      let from = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        yield bytes.toString("utf8", from, end);
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (rest.length > LINE_BYTES_MAX) throw parseProblem(`a line is longer than ${LINE_BYTES_MAX} bytes`);
      if (read > 0) continue;
      if (rest.length > 0) yield rest.toString("utf8");
      return;
    }
  } finally {
    closeSync(descriptor);
  }
}

function parseProblem(message: string): VestalError {
  return problem(`getting min and max timestamp: next: ${message}`);
}

function problem(message: string): VestalError {
  const isBefore = message.startsWith("getting");
  return new VestalError("BACKFILL", isBefore ? message : `block creation: process blocks: ${message}`);
}
