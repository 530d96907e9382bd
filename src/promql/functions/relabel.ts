/** label_replace and label_join: new labels for each series, whatever its samples are. */
import { type Labels, METRIC_NAME } from "../../model/index.js";
import { compileRegex } from "../../model/regex.js";
import { executionError } from "./errors.js";

/** Labels as changed, and whether the change gave the series a name of its own that has to stay. */
export interface Relabelled {
  readonly labels: Labels;
  readonly named: boolean;
}

/** @param args  destination, replacement, source, expression */
export function labelReplacer(args: readonly string[]): (labels: Labels) => Relabelled {
  const [destination, replacement, source, expression] = args as [string, string, string, string];
  const regex = compileOrFail(expression);
  if (!isValidLabelName(destination)) {
    throw executionError(`invalid destination label name in label_replace(): ${destination}`);
  }
  return (labels) => {
    const value = regex.expand(labels.get(source), replacement);
    if (value === undefined) return { labels, named: false };
    return { labels: labels.with(destination, value), named: destination === METRIC_NAME };
  };
}

/** @param args  destination, separator, sources … */
export function labelJoiner(args: readonly string[]): (labels: Labels) => Relabelled {
  const [destination, separator, ...sources] = args as [string, string, ...string[]];
  for (const source of sources) {
    if (!isValidLabelName(source)) throw executionError(`invalid source label name in label_join(): ${source}`);
  }
  if (!isValidLabelName(destination)) {
    throw executionError(`invalid destination label name in label_join(): ${destination}`);
  }
  return (labels) => {
    const value = sources.map((source) => labels.get(source)).join(separator);
    return { labels: labels.with(destination, value), named: destination === METRIC_NAME };
  };
}

/** Prometheus 3: any text that is valid Unicode. */
export function isValidLabelName(name: string): boolean {
  return name !== "" && !/\p{Surrogate}/u.test(name);
}

function compileOrFail(expression: string): ReturnType<typeof compileRegex> {
  try {
    return compileRegex(expression);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "REGEX") {
      throw executionError(`invalid regular expression in label_replace(): ${expression}`);
    }
    throw error;
  }
}
