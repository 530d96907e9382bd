/** One part of a file pattern (Go's path.Match): `*`, `?`, `[a-z]`, `[^a]`, `\x`. Linear in the name for each star. */
import { VestalError } from "../base/index.js";

type Token = { readonly kind: "star" } | { readonly kind: "char"; readonly matches: (char: string) => boolean };

/** A test for names. @throws VestalError CONFIG "syntax error in pattern" */
export function globMatcher(pattern: string): (name: string) => boolean {
  const tokens = tokensOf([...pattern]);
  return (name) => matchTokens(tokens, [...name]);
}

/** Greedy with one point to come back to: the last star. */
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      star = token++;
      starAt = at;
    } else if (current?.kind === "char" && current.matches(name[at]!)) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.kind === "star") token++;
  return token === tokens.length;
}

function tokensOf(pattern: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "*") tokens.push({ kind: "star" });
    else if (char === "?") tokens.push({ kind: "char", matches: () => true });
    else if (char === "[") {
      const end = pattern.indexOf("]", i + (pattern[i + 1] === "^" ? 3 : 2));
      if (end < 0) throw badPattern(pattern);
      tokens.push({ kind: "char", matches: classOf(pattern.slice(i + 1, end)) });
      i = end;
    } else {
      const literal = char === "\\" ? pattern[++i] : char;
      if (literal === undefined) throw badPattern(pattern);
      tokens.push({ kind: "char", matches: (other) => other === literal });
    }
  }
  return tokens;
}

function classOf(body: readonly string[]): (char: string) => boolean {
  const isNegated = body[0] === "^";
  const chars = isNegated ? body.slice(1) : body;
  const ranges: [string, string][] = [];
  for (let i = 0; i < chars.length; i++) {
    const low = chars[i]!;
    if (chars[i + 1] === "-" && i + 2 < chars.length) {
      ranges.push([low, chars[i + 2]!]);
      i += 2;
    } else ranges.push([low, low]);
  }
  return (char) => ranges.some(([low, high]) => char >= low && char <= high) !== isNegated;
}

function badPattern(pattern: readonly string[]): VestalError {
  return new VestalError("CONFIG", "syntax error in pattern", { pattern: pattern.join("") });
}
