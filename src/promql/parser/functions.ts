/**
 * Signatures of all functions of PromQL: those of Prometheus 3.5, and those that versions up to 3.14 added, which exist
 * only for a parser of that language.
 */
import type { ValueType } from "./ast.js";

export interface FunctionSignature {
  readonly name: string;
  /** Types of the arguments; the last one also holds for repeated ones. */
  readonly args: readonly ValueType[];
  /** 0: exactly `args`. n > 0: the last may be left out, or come up to n times. -1: any number of times, or never. */
  readonly variadic: number;
  readonly returns: ValueType;
  /** Needs promql-experimental-functions. */
  readonly experimental: boolean;
  /** Not in Prometheus 3.5. */
  readonly isNewer: boolean;
}

/** One row a signature: `names (args) → returns`. */
interface Family {
  readonly names: string;
  readonly args: readonly ValueType[];
  readonly returns?: ValueType;
  readonly variadic?: number;
  readonly experimental?: true;
  readonly isNewer?: true;
}

const FAMILIES: readonly Family[] = [
  // Each sample by itself.
  { names: "abs ceil exp floor ln log10 log2 sgn sqrt deg rad", args: ["vector"] },
  { names: "acos acosh asin asinh atan atanh cos cosh sin sinh tan tanh", args: ["vector"] },
  { names: "clamp", args: ["vector", "scalar", "scalar"] },
  { names: "clamp_max clamp_min", args: ["vector", "scalar"] },
  { names: "round", args: ["vector", "scalar"], variadic: 1 },
  { names: "timestamp", args: ["vector"] },
  { names: "start_timestamp", args: ["vector"], experimental: true, isNewer: true },
  { names: "day_of_month day_of_week day_of_year days_in_month", args: ["vector"], variadic: 1 },
  { names: "hour minute month year", args: ["vector"], variadic: 1 },
  // Each series over time.
  { names: "changes delta deriv idelta increase irate rate resets", args: ["matrix"] },
  { names: "absent_over_time avg_over_time count_over_time last_over_time max_over_time", args: ["matrix"] },
  { names: "min_over_time present_over_time stddev_over_time stdvar_over_time sum_over_time", args: ["matrix"] },
  { names: "first_over_time", args: ["matrix"], isNewer: true },
  { names: "mad_over_time", args: ["matrix"], experimental: true },
  { names: "ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time", args: ["matrix"], experimental: true },
  { names: "ts_of_first_over_time", args: ["matrix"], experimental: true, isNewer: true },
  { names: "quantile_over_time", args: ["scalar", "matrix"] },
  { names: "predict_linear", args: ["matrix", "scalar"] },
  { names: "double_exponential_smoothing", args: ["matrix", "scalar", "scalar"], experimental: true },
  // Histograms.
  { names: "histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum", args: ["vector"] },
  { names: "histogram_fraction", args: ["scalar", "scalar", "vector"] },
  { names: "histogram_quantile", args: ["scalar", "vector"] },
  {
    names: "histogram_quantiles",
    args: ["vector", "string", "scalar", "scalar"],
    variadic: 9,
    experimental: true,
    isNewer: true,
  },
  // Whole vectors and labels.
  { names: "absent sort sort_desc", args: ["vector"] },
  { names: "sort_by_label sort_by_label_desc", args: ["vector", "string"], variadic: -1, experimental: true },
  { names: "label_join", args: ["vector", "string", "string", "string"], variadic: -1 },
  { names: "label_replace", args: ["vector", "string", "string", "string", "string"] },
  { names: "info", args: ["vector", "vector"], variadic: 1, experimental: true },
  // Between scalars and vectors.
  { names: "scalar", args: ["vector"], returns: "scalar" },
  { names: "vector", args: ["scalar"] },
  { names: "pi time", args: [], returns: "scalar" },
  { names: "start end step range", args: [], returns: "scalar", experimental: true, isNewer: true },
  { names: "max_of min_of", args: ["scalar", "scalar"], returns: "scalar", experimental: true, isNewer: true },
];

/** All functions by name, newer and experimental ones included. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = new Map(
  FAMILIES.flatMap((family) =>
    family.names.split(" ").map((name): [string, FunctionSignature] => [
      name,
      {
        name,
        args: family.args,
        variadic: family.variadic ?? 0,
        returns: family.returns ?? "vector",
        experimental: family.experimental ?? false,
        isNewer: family.isNewer ?? false,
      },
    ]),
  ),
);
