/** Which PromQL a parser accepts: the language version, and the features that Prometheus hides behind flags. */
import type { WordOptions } from "./tokens.js";

export interface ParserOptions {
  /** "3.5" (default) or what came up to 3.14: newer functions, `step()` and its like in durations, `</` and `>/`. */
  readonly language?: "3.5" | "3.14";
  /** promql-experimental-functions */
  readonly experimentalFunctions?: boolean;
  /** promql-duration-expr */
  readonly durationExpressions?: boolean;
  /** promql-extended-range-selectors: `anchored` and `smoothed`. */
  readonly extendedRangeSelectors?: boolean;
  /** promql-binop-fill-modifiers: `fill`, `fill_left`, `fill_right`. */
  readonly fillModifiers?: boolean;
}

/** The options with their defaults, and which words they make keywords. */
export interface ParserFeatures extends WordOptions {
  readonly isNewer: boolean;
  readonly experimentalFunctions: boolean;
  readonly durationExpressions: boolean;
}

export function featuresOf(options: ParserOptions): ParserFeatures {
  const isNewer = options.language === "3.14";
  return {
    isNewer,
    experimentalFunctions: options.experimentalFunctions ?? false,
    durationExpressions: options.durationExpressions ?? false,
    durationFunctions: isNewer,
    extendedRangeSelectors: options.extendedRangeSelectors ?? false,
    fillModifiers: options.fillModifiers ?? false,
  };
}
