/** Functions over a window of samples: which kernel code computes each, and how its result is named. */
import {
  WINDOW_AVG,
  WINDOW_CHANGES,
  WINDOW_COUNT,
  WINDOW_DELTA,
  WINDOW_DERIV,
  WINDOW_FIRST,
  WINDOW_IDELTA,
  WINDOW_INCREASE,
  WINDOW_IRATE,
  WINDOW_LAST,
  WINDOW_MAD,
  WINDOW_MAD_OR_NAN,
  WINDOW_MAX,
  WINDOW_MIN,
  WINDOW_PREDICT_LINEAR,
  WINDOW_PRESENT,
  WINDOW_QUANTILE,
  WINDOW_RATE,
  WINDOW_RESETS,
  WINDOW_SMOOTH,
  WINDOW_STDDEV,
  WINDOW_STDVAR,
  WINDOW_SUM,
  WINDOW_TIME_OF_FIRST,
  WINDOW_TIME_OF_LAST,
  WINDOW_TIME_OF_MAX,
  WINDOW_TIME_OF_MIN,
} from "../../../assembly/promql/codes.js";

export interface WindowFunction {
  readonly code: number;
  /** The result is a sample of the series itself, so it keeps the metric's name. */
  readonly keepsName: boolean;
  /** Needs scratch room for the window's values. */
  readonly sorts: boolean;
  /** A step's cost does not depend on the size of the window. */
  readonly slides: boolean;
}

const slides = { keepsName: false, sorts: false, slides: true };
const scans = { keepsName: false, sorts: false, slides: false };
const sorts = { keepsName: false, sorts: true, slides: false };
const picks = { keepsName: true, sorts: false, slides: true };

export const WINDOW_FUNCTIONS: ReadonlyMap<string, WindowFunction> = new Map([
  ["avg_over_time", { code: WINDOW_AVG, ...scans }],
  ["changes", { code: WINDOW_CHANGES, ...scans }],
  ["count_over_time", { code: WINDOW_COUNT, ...slides }],
  ["delta", { code: WINDOW_DELTA, ...slides }],
  ["deriv", { code: WINDOW_DERIV, ...scans }],
  ["double_exponential_smoothing", { code: WINDOW_SMOOTH, ...scans }],
  ["first_over_time", { code: WINDOW_FIRST, ...picks }],
  ["idelta", { code: WINDOW_IDELTA, ...slides }],
  ["increase", { code: WINDOW_INCREASE, ...slides }],
  ["irate", { code: WINDOW_IRATE, ...slides }],
  ["last_over_time", { code: WINDOW_LAST, ...picks }],
  ["mad_over_time", { code: WINDOW_MAD, ...sorts }],
  ["max_over_time", { code: WINDOW_MAX, ...scans }],
  ["min_over_time", { code: WINDOW_MIN, ...scans }],
  ["predict_linear", { code: WINDOW_PREDICT_LINEAR, ...scans }],
  ["present_over_time", { code: WINDOW_PRESENT, ...slides }],
  ["quantile_over_time", { code: WINDOW_QUANTILE, ...sorts }],
  ["rate", { code: WINDOW_RATE, ...slides }],
  ["resets", { code: WINDOW_RESETS, ...scans }],
  ["stddev_over_time", { code: WINDOW_STDDEV, ...scans }],
  ["stdvar_over_time", { code: WINDOW_STDVAR, ...scans }],
  ["mad_over_time or NaN", { code: WINDOW_MAD_OR_NAN, ...sorts }],
  ["sum_over_time", { code: WINDOW_SUM, ...scans }],
  ["ts_of_first_over_time", { code: WINDOW_TIME_OF_FIRST, ...slides }],
  ["ts_of_last_over_time", { code: WINDOW_TIME_OF_LAST, ...slides }],
  ["ts_of_max_over_time", { code: WINDOW_TIME_OF_MAX, ...scans }],
  ["ts_of_min_over_time", { code: WINDOW_TIME_OF_MIN, ...scans }],
]);
