/** Which syntax of matchers counts: the newer one, with the classic one where only that, or both differently, reads the text. */
import { VestalError } from "../../base/index.js";
import { isLegacyLabelName, isValidLabelName } from "../../model/index.js";
import { parseClassicMatcher, parseClassicMatchers } from "./classic.js";
import { type Matcher, matcherError } from "./matcher.js";
import { parseUtf8Matcher, parseUtf8Matchers } from "./utf8.js";

/** `--enable-feature`: `classic-mode`, `utf8-strict-mode`, or neither. */
export type MatcherMode = "fallback" | "classic" | "utf8";

export interface MatcherSyntax {
  /** @throws VestalError MATCHER or REGEX in Alertmanager's words. */
  matcher(input: string): Matcher;
  matchers(input: string): readonly Matcher[];
  isLabelName(name: string): boolean;
}

export function matcherSyntax(mode: MatcherMode): MatcherSyntax {
  return {
    matcher: (input) => parseOne(mode, input),
    matchers: (input) =>
      parseBy(
        mode,
        () => parseUtf8Matchers(input),
        () => parseClassicMatchers(input),
      ),
    isLabelName: (name) => (mode === "classic" ? isLegacyLabelName(name) : isValidLabelName(name)),
  };
}

function parseOne(mode: MatcherMode, input: string): Matcher {
  if (mode === "classic") return parseClassicMatcher(input);
  if (input.startsWith("{") || input.endsWith("}")) throw matcherError(`unexpected open or close brace: ${input}`);
  return parseBy(
    mode,
    () => [parseUtf8Matcher(input)],
    () => [parseClassicMatcher(input)],
  )[0]!;
}

function parseBy(mode: MatcherMode, utf8: () => Matcher[], classic: () => Matcher[]): readonly Matcher[] {
  if (mode === "classic") return classic();
  if (mode === "utf8") return utf8();
  const newer = attempt(utf8);
  const older = attempt(classic);
  if (older instanceof VestalError) {
    if (newer instanceof VestalError) throw older;
    return newer;
  }
  if (newer instanceof VestalError) return older;
  const isSame = newer.length === older.length && newer.every((matcher, i) => matcher.equals(older[i]!));
  return isSame ? newer : older;
}

function attempt(parse: () => Matcher[]): Matcher[] | VestalError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof VestalError) return error;
    throw error;
  }
}
