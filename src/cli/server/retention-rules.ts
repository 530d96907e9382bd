/** Retention by matcher: the configuration's selectors, parsed once. */
import { errorMessage, VestalError } from "../../base/index.js";
import type { StorageConfig } from "../../config/index.js";
import { quoteGo } from "../../model/index.js";
import { type ParserOptions, parseMetricSelector } from "../../promql/parser/index.js";
import type { PlainRetentionRule } from "./block-tasks.js";

/** @throws VestalError CONFIG with the selector that is none. */
export function plainRetentionRules(
  rules: StorageConfig["retentionRules"],
  parser: ParserOptions,
): readonly PlainRetentionRule[] {
  return rules.map(({ match, timeMs }) => {
    try {
      const selector = parseMetricSelector(match, parser).map(({ operator, name, value }) => ({
        operator,
        name,
        value,
      }));
      return { selector, retentionMs: timeMs };
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      const message = `'match' of a rule of 'storage.tsdb.retention_rules' is no selector: ${quoteGo(match)}: ${errorMessage(error)}`;
      throw new VestalError("CONFIG", message, { match }, error);
    }
  });
}
