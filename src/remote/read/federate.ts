/** `/federate`: the newest sample of each selected series as Prometheus' text format, with times and external labels. */
import { isStaleWords, type Labels, type Matcher, METRIC_NAME } from "../../model/index.js";
import { formatGeneral } from "../../model/number.js";
import type { ColumnSink, Querier } from "../../storage/index.js";

export interface FederateRequest {
  /** A list for each `match[]`. */
  readonly selectors: readonly (readonly Matcher[])[];
  readonly timeMs: number;
  readonly lookbackDeltaMs: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Names that are no words of the classic format stand in quotes; else underscores stand for what they may not have. */
  readonly allowsUtf8: boolean;
}

interface Row {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
}

/** Native histograms have no place in the format and are left out, as there. */
export async function federate(request: FederateRequest, querier: Querier, sink: ColumnSink): Promise<string> {
  const { selectors, timeMs, lookbackDeltaMs } = request;
  const minTimeMs = timeMs - lookbackDeltaMs;
  const hints = { minTimeMs, maxTimeMs: timeMs, stepMs: 0, func: "" };
  const rows = new Map<string, Row>();
  for (const set of await querier.selectAll(selectors.map((matchers) => ({ matchers, hints })))) {
    for (let series = 0; series < set.count; series++) {
      const labels = set.labels(series);
      if (rows.has(labels.key)) continue;
      const { count, timesAddr, valuesAddr, histograms } = set.samples(series, minTimeMs, timeMs, sink);
      if (count === 0 || histograms?.[count - 1] !== undefined) continue;
      const { buffer } = sink.memory;
      const words = new Uint32Array(buffer, valuesAddr + 8 * (count - 1), 2);
      if (isStaleWords(words[0]!, words[1]!)) continue;
      const timestampMs = new Float64Array(buffer, timesAddr + 8 * (count - 1), 1)[0]!;
      const value = new Float64Array(buffer, valuesAddr + 8 * (count - 1), 1)[0]!;
      rows.set(labels.key, { labels, timestampMs, value });
    }
    set.close();
  }
  const name = ({ labels }: Row): Buffer => Buffer.from(labels.get(METRIC_NAME));
  const sorted = [...rows.values()].sort((a, b) => Buffer.compare(name(a), name(b)));
  return textOf(sorted, request);
}

function textOf(rows: readonly Row[], { externalLabels, allowsUtf8 }: FederateRequest): string {
  const added = Object.entries({ instance: "", ...externalLabels }).sort(([a], [b]) => (a < b ? -1 : 1));
  const nameOf = (name: string, isMetric: boolean): string =>
    allowsUtf8 ? name : name.replace(isMetric ? /[^a-zA-Z0-9_:]/gu : /[^a-zA-Z0-9_]/gu, "_").replace(/^(?=[0-9])/, "_");
  const lines: string[] = [];
  let family = "";
  for (const { labels, timestampMs, value } of rows) {
    const name = labels.get(METRIC_NAME);
    if (name === "") continue;
    const shown = nameOf(name, true);
    const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(shown);
    if (name !== family) {
      lines.push(`# TYPE ${isPlain ? shown : quoted(shown)} untyped`);
      family = name;
    }
    const pairs = [...labels.entries()].filter(([key]) => key !== METRIC_NAME);
    const missing = added.filter(([key]) => labels.get(key) === "");
    const texts = [...pairs, ...missing].map(([key, text]) => {
      const plain = nameOf(key, false);
      return `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(plain) ? plain : quoted(plain)}=${quoted(text)}`;
    });
    if (!isPlain) texts.unshift(quoted(shown));
    const inner = texts.length === 0 ? "" : `{${texts.join(",")}}`;
    lines.push(`${isPlain ? shown : ""}${inner} ${formatGeneral(value)} ${timestampMs}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`))}"`;
}
