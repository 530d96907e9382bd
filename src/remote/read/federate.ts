/** `/federate`: the newest sample of each selected series, with its time and the external labels, as text or protobuf. */
import { ProtoWriter } from "../../base/index.js";
import {
  type Histogram,
  isStaleWords,
  type Labels,
  type Matcher,
  METRIC_NAME,
  RESET_GAUGE,
  type Span,
} from "../../model/index.js";
import { formatGeneral } from "../../model/number.js";
import type { ColumnSink, Querier } from "../../storage/index.js";
import type { FederateFormat } from "./federate-format.js";

export interface FederateRequest {
  /** A list for each `match[]`. */
  readonly selectors: readonly (readonly Matcher[])[];
  readonly timeMs: number;
  readonly lookbackDeltaMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly format: FederateFormat;
}

interface Row {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

/** Native histograms have no place in the text format and are left out of it, as there. */
export async function federate(request: FederateRequest, querier: Querier, sink: ColumnSink): Promise<Uint8Array> {
  const { timeMs, lookbackDeltaMs, format } = request;
  const minTimeMs = timeMs - lookbackDeltaMs;
  const hints = { minTimeMs, maxTimeMs: timeMs, stepMs: 0, func: "" };
  const rows = new Map<string, Row>();
  // `{}` selects nothing there, unlike a matcher that matches everything.
  const selectors = request.selectors.filter((matchers) => matchers.length > 0);
  for (const set of await querier.selectAll(selectors.map((matchers) => ({ matchers, hints })))) {
    for (let series = 0; series < set.count; series++) {
      const labels = set.labels(series);
      if (rows.has(labels.key)) continue;
      const { count, timesAddr, valuesAddr, histograms } = set.samples(series, minTimeMs, timeMs, sink);
      if (count === 0) continue;
      const { buffer } = sink.memory;
      const words = new Uint32Array(buffer, valuesAddr + 8 * (count - 1), 2);
      if (isStaleWords(words[0]!, words[1]!)) continue;
      const histogram = histograms?.[count - 1];
      if (histogram !== undefined && format.kind === "text") continue;
      const timestampMs = new Float64Array(buffer, timesAddr + 8 * (count - 1), 1)[0]!;
      const value = new Float64Array(buffer, valuesAddr + 8 * (count - 1), 1)[0]!;
      rows.set(labels.key, { labels, timestampMs, value, histogram });
    }
    set.close();
  }
  const named = [...rows.values()].filter(({ labels }) => labels.get(METRIC_NAME) !== "");
  const name = ({ labels }: Row): Buffer => Buffer.from(labels.get(METRIC_NAME));
  const sorted = named.sort((a, b) => Buffer.compare(name(a), name(b)));
  return format.kind === "text" ? Buffer.from(textOf(sorted, request)) : messagesOf(sorted, request);
}

function nameIn(name: string, isMetric: boolean, { allowsUtf8 }: FederateFormat): string {
  if (allowsUtf8) return name;
  return name.replace(isMetric ? /[^a-zA-Z0-9_:]/gu : /[^a-zA-Z0-9_]/gu, "_").replace(/^(?=[0-9])/, "_");
}

/** A series' labels but its name, and the external ones that it does not have; `instance` is one of these, as "". */
function labelsOf({ labels }: Row, { externalLabels, format }: FederateRequest): (readonly [string, string])[] {
  const added = Object.entries({ instance: "", ...externalLabels }).sort(([a], [b]) => (a < b ? -1 : 1));
  const pairs = [...labels.entries()].filter(([key]) => key !== METRIC_NAME);
  const missing = added.filter(([key]) => labels.get(key) === "");
  return [...pairs, ...missing].map(([key, value]) => [nameIn(key, false, format), value] as const);
}

function textOf(rows: readonly Row[], request: FederateRequest): string {
  const lines: string[] = [];
  let family = "";
  for (const row of rows) {
    const name = row.labels.get(METRIC_NAME);
    const shown = nameIn(name, true, request.format);
    const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(shown);
    if (name !== family) {
      lines.push(`# TYPE ${isPlain ? shown : quoted(shown)} untyped`);
      family = name;
    }
    const texts = labelsOf(row, request).map(
      ([key, value]) => `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key) ? key : quoted(key)}=${quoted(value)}`,
    );
    if (!isPlain) texts.unshift(quoted(shown));
    const inner = texts.length === 0 ? "" : `{${texts.join(",")}}`;
    lines.push(`${isPlain ? shown : ""}${inner} ${formatGeneral(row.value)} ${row.timestampMs}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`))}"`;
}

/** Numbers of `io.prometheus.client.MetricType`. */
const UNTYPED = 3;
const HISTOGRAM = 4;
const GAUGE_HISTOGRAM = 5;

function typeOf({ histogram }: Row): number {
  if (histogram === undefined) return UNTYPED;
  return histogram.counterResetHint === RESET_GAUGE ? GAUGE_HISTOGRAM : HISTOGRAM;
}

/** Messages `io.prometheus.client.MetricFamily`, each behind its length; a name has one for each type in a row. */
function messagesOf(rows: readonly Row[], request: FederateRequest): Uint8Array {
  const out = new ProtoWriter(65_536);
  for (let from = 0; from < rows.length; ) {
    const first = rows[from]!;
    const name = first.labels.get(METRIC_NAME);
    let to = from + 1;
    while (to < rows.length && rows[to]!.labels.get(METRIC_NAME) === name && typeOf(rows[to]!) === typeOf(first)) to++;
    const family = rows.slice(from, to);
    out.delimited(() => {
      out.textAlways(1, nameIn(name, true, request.format));
      out.intAlways(3, typeOf(first));
      for (const row of family) out.message(4, () => putMetric(out, row, request));
    });
    from = to;
  }
  return out.bytes.slice();
}

function putMetric(out: ProtoWriter, row: Row, request: FederateRequest): void {
  for (const [name, value] of labelsOf(row, request)) {
    out.message(1, () => {
      out.textAlways(1, name);
      out.textAlways(2, value);
    });
  }
  const { histogram } = row;
  if (histogram === undefined) out.message(5, () => out.doubleAlways(1, row.value));
  out.intAlways(6, row.timestampMs);
  if (histogram !== undefined) out.message(7, () => putHistogram(out, histogram));
}

/** Always with float counts, as there. Fields of proto2: what is 0 is written, and lists are not packed. */
function putHistogram(out: ProtoWriter, histogram: Histogram): void {
  out.doubleAlways(2, histogram.sum);
  out.doubleAlways(4, histogram.count);
  out.sintAlways(5, histogram.schema);
  out.doubleAlways(6, histogram.zeroThreshold);
  out.doubleAlways(8, histogram.zeroCount);
  putSpans(out, 9, histogram.negativeSpans);
  for (const count of histogram.negativeBuckets) out.doubleAlways(11, count);
  putSpans(out, 12, histogram.positiveSpans);
  for (const count of histogram.positiveBuckets) out.doubleAlways(14, count);
}

function putSpans(out: ProtoWriter, field: number, spans: readonly Span[]): void {
  for (const { offset, length } of spans) {
    out.message(field, () => {
      out.sintAlways(1, offset);
      out.intAlways(2, length);
    });
  }
}
