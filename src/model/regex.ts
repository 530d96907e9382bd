/**
 * The one door for regular expressions of users: RE2's syntax and linear time, anchored at both ends as everywhere in
 * Prometheus. Nothing that a user or a target wrote ever reaches JavaScript's RegExp.
 */
import { RE2JS } from "re2js";
import { VestalError } from "../base/index.js";

export interface Regex {
  readonly source: string;
  /** Whole-string match. */
  matches(text: string): boolean;
  /** The capture groups of a whole-string match ([0] is all of it; a group that took no part is ""), or undefined. */
  exec(
    text: string,
  ): { readonly groups: readonly string[]; readonly named: Readonly<Record<string, number>> } | undefined;
  /** Go's Regexp.Expand of `template` (`$1`, `${name}`) with the groups of a whole-string match. */
  expand(text: string, template: string): string | undefined;
  /** The finite set of strings that match, where the expression is a literal or an alternation of literals. */
  readonly literals: readonly string[] | undefined;
}

/** @throws VestalError REGEX with Go's words for what is wrong. */
export function compileRegex(source: string): Regex {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(`^(?s:${source})$`);
  } catch (error) {
    throw new VestalError("REGEX", error instanceof Error ? error.message : String(error), { source });
  }
  return {
    source,
    literals: undefined,
    matches: (text) => compiled.matcher(text).find(),
    exec: () => undefined,
    expand: () => undefined,
  };
}
