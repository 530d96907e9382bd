/** `check metrics`: the conventions of metric names, as promtool's lint knows them. */
import { VestalError } from "../../base/index.js";
import { compareBytes } from "../../model/index.js";
import { EXIT_FAILURE, EXIT_LINT, EXIT_SUCCESS, type ToolIo } from "./io.js";
import { type MetricFamily, parseFamilies } from "./metrics-text.js";

export function checkMetrics(io: ToolIo, isExtended: boolean): number {
  let families: ReadonlyMap<string, MetricFamily>;
  try {
    families = parseFamilies(io.readInput());
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    io.err(`error while linting: ${error.message}\n`);
    return EXIT_FAILURE;
  }
  const problems = [...families.values()]
    .flatMap((family) => lint(family).map((text) => ({ name: family.name, text })))
    .sort((a, b) => compareBytes(a.name, b.name) || compareBytes(a.text, b.text));
  for (const { name, text } of problems) io.err(`${name} ${text}\n`);
  if (isExtended) io.out(cardinality([...families.values()]));
  return problems.length > 0 ? EXIT_LINT : EXIT_SUCCESS;
}

function cardinality(families: readonly MetricFamily[]): string {
  const counted = families.map(({ name, seriesCount }) => ({ name, count: seriesCount }));
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  const rows = counted
    .toSorted((a, b) => b.count - a.count)
    .map(({ name, count }) => [name, String(count), `${((count / total) * 100).toFixed(2)}%`]);
  const table = [["Metric", "Cardinality", "Percentage"], ...rows, ["Total", String(total), "100%"]];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)) + 4);
  return table.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column]!)).join("")}\n`).join("");
}

function lint(family: MetricFamily): string[] {
  const { name } = family;
  const problems: string[] = [];
  if (family.help === undefined) problems.push("no help text");
  for (let i = 0; i < family.duplicates; i++) problems.push("metric not unique");
  const unit = unitOf(name);
  if (unit !== undefined && unit.unit !== unit.base) {
    problems.push(`use base unit "${unit.base}" instead of "${unit.unit}"`);
  }
  problems.push(...lintSuffixes(family), ...lintLabels(family));
  for (const word of TYPE_WORDS) {
    const n = name.toLowerCase();
    if (family.type === word && (n.includes(`_${word}_`) || n.endsWith(`_${word}`))) {
      problems.push(`metric name should not include type '${word}'`);
    }
  }
  if (name.includes(":")) problems.push("metric names should not contain ':'");
  if (CAMEL_CASE.test(name)) problems.push("metric names should be written in 'snake_case' not 'camelCase'");
  const n = name.toLowerCase();
  for (const abbreviation of ABBREVIATIONS) {
    if (n.includes(`_${abbreviation}_`) || n.endsWith(`_${abbreviation}`)) {
      problems.push("metric names should not contain abbreviated units");
    }
  }
  return problems;
}

function lintSuffixes({ name, type }: MetricFamily): string[] {
  const problems: string[] = [];
  const isCounter = type === "counter";
  if (isCounter && !name.endsWith("_total")) problems.push('counter metrics should have "_total" suffix');
  if (!isCounter && type !== "untyped" && name.endsWith("_total")) {
    problems.push('non-counter metrics should not have "_total" suffix');
  }
  // The type of an untyped metric is unknown, so that nothing can be said of it.
  if (type === "untyped") return problems;
  if (type !== "histogram" && name.endsWith("_bucket")) {
    problems.push('non-histogram metrics should not have "_bucket" suffix');
  }
  for (const suffix of ["_count", "_sum"]) {
    if (type !== "histogram" && type !== "summary" && name.endsWith(suffix)) {
      problems.push(`non-histogram and non-summary metrics should not have "${suffix}" suffix`);
    }
  }
  return problems;
}

function lintLabels({ type, metrics }: MetricFamily): string[] {
  const problems: string[] = [];
  for (const labels of metrics.values()) {
    for (const label of labels.keys()) {
      if (CAMEL_CASE.test(label)) problems.push("label names should be written in 'snake_case' not 'camelCase'");
      if (type === "untyped") continue;
      if (type !== "histogram" && label === "le") problems.push('non-histogram metrics should not have "le" label');
      if (type !== "summary" && label === "quantile") {
        problems.push('non-summary metrics should not have "quantile" label');
      }
    }
  }
  return problems;
}

const CAMEL_CASE = /[a-z][A-Z]/;
const TYPE_WORDS = ["counter", "gauge", "histogram", "summary"] as const;

const UNITS: Readonly<Record<string, string>> = {
  amperes: "amperes",
  bytes: "bytes",
  celsius: "celsius",
  grams: "grams",
  joules: "joules",
  kelvin: "kelvin",
  meters: "meters",
  metres: "metres",
  moles: "moles",
  seconds: "seconds",
  volts: "volts",
  minutes: "seconds",
  hours: "seconds",
  days: "seconds",
  weeks: "seconds",
  kelvins: "kelvin",
  fahrenheit: "celsius",
  rankine: "celsius",
  inches: "meters",
  yards: "meters",
  miles: "meters",
  bits: "bytes",
  calories: "joules",
  pounds: "grams",
  ounces: "grams",
};
const PREFIXES = [
  "pico",
  "nano",
  "micro",
  "milli",
  "centi",
  "deci",
  "deca",
  "hecto",
  "kilo",
  "kibi",
  "mega",
  "mibi",
  "giga",
  "gibi",
  "tera",
  "tebi",
  "peta",
  "pebi",
];
const ABBREVIATIONS = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/** The first unit in a name, and its base. */
function unitOf(name: string): { readonly unit: string; readonly base: string } | undefined {
  for (const word of name.split("_")) {
    const base = UNITS[word];
    if (base !== undefined) return { unit: word, base };
    for (const prefix of PREFIXES) {
      const rest = word.startsWith(prefix) ? UNITS[word.slice(prefix.length)] : undefined;
      if (rest !== undefined) return { unit: word, base: rest };
    }
  }
  return undefined;
}
