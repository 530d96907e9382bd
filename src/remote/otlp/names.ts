/**
 * Names of metrics and labels as Prometheus makes them from OpenTelemetry's: characters that are none of Prometheus' become
 * underscores, units and types become suffixes.
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */

export type OtlpMetricType = "gauge" | "counter" | "other";

export interface NameOptions {
  readonly withSuffixes: boolean;
  readonly allowUtf8: boolean;
}

const UNITS: Readonly<Record<string, string>> = {
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tibibytes",
  KBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "1": "",
  "%": "percent",
};

const PER_UNITS: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};

export function metricName(name: string, unit: string, type: OtlpMetricType, options: NameOptions): string {
  const { withSuffixes, allowUtf8 } = options;
  if (allowUtf8) return withSuffixes ? suffixedName(name, unit, type) : name;
  const plain = withSuffixes
    ? tokens(name, unit, type).join("_")
    : name
        .split(/[^a-zA-Z0-9:_]+/u)
        .filter(Boolean)
        .join("_");
  return /^\p{Nd}/u.test(plain) ? `_${plain}` : plain;
}

export function labelName(name: string, { allowUtf8 }: Pick<NameOptions, "allowUtf8">): string {
  if (allowUtf8 || name === "") return name;
  const plain = name.replace(/[^a-zA-Z0-9]/gu, "_");
  if (/^[0-9]/.test(plain)) return `key_${plain}`;
  return plain.startsWith("_") && !plain.startsWith("__") ? `key${plain}` : plain;
}

function suffixedName(name: string, unit: string, type: OtlpMetricType): string {
  const { main, per } = unitSuffixes(unit);
  const suffixes = [main, per].filter(Boolean);
  if (type === "counter") suffixes.push("total");
  if (unit === "1" && type === "gauge") suffixes.push("ratio");
  return [name, ...suffixes].join("_");
}

function tokens(name: string, unit: string, type: OtlpMetricType): string[] {
  let all = name.split(/[^a-zA-Z0-9:]+/u).filter(Boolean);
  const suffixes = unitSuffixes(unit);
  let main = cleanUnit(suffixes.main);
  let per = cleanUnit(suffixes.per);
  if (all.includes(main)) main = "";
  per = per === "per_" ? "" : per.replace(/_$/, "");
  if (all.includes(per)) per = "";
  if (per !== "") main = main.replace(/_$/, "");
  all.push(...[main, per].filter(Boolean));
  const atEnd = (token: string): string[] => [...all.filter((other) => other !== token), token];
  if (type === "counter") all = atEnd("total");
  if (unit === "1" && type === "gauge") all = atEnd("ratio");
  return all;
}

function cleanUnit(unit: string): string {
  return unit
    .replace(/[^a-zA-Z0-9:]/gu, "_")
    .replace(/__+/g, "_")
    .replace(/^_/, "");
}

function unitSuffixes(unit: string): { readonly main: string; readonly per: string } {
  const slash = unit.indexOf("/");
  const [first, second] = slash < 0 ? [unit, ""] : [unit.slice(0, slash), unit.slice(slash + 1)];
  const [mainUnit, perUnit] = [first.trim(), second.trim()];
  const main = /[{}]/.test(mainUnit) ? "" : (UNITS[mainUnit] ?? mainUnit);
  const per = /[{}]/.test(perUnit) ? "" : (PER_UNITS[perUnit] ?? perUnit);
  return { main, per: per === "" ? "" : `per_${per}` };
}
