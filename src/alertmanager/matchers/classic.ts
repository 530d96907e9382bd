/** The older, lenient syntax of matchers: names are classic label names, values need no quotes. */
import { Matcher, type MatchType, matcherError } from "./matcher.js";

const FORM = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([\s\S]*?)\s*$/;

export function parseClassicMatchers(input: string): Matcher[] {
  const text = input.replace(/^\{/, "").replace(/\}$/, "");
  const tokens: string[] = [];
  let token = "";
  let isQuoted = false;
  let isEscaped = false;
  for (const rune of text) {
    if (rune === "," && !isQuoted) {
      tokens.push(token);
      token = "";
      continue;
    }
    if (rune === '"') {
      if (isEscaped) isEscaped = false;
      else isQuoted = !isQuoted;
    } else if (rune === "\\") isEscaped = !isEscaped;
    else if (rune !== ",") isEscaped = false;
    token += rune;
  }
  if (token.trim() !== "") tokens.push(token.trim());
  return tokens.map(parseClassicMatcher);
}

export function parseClassicMatcher(input: string): Matcher {
  const form = FORM.exec(input);
  if (form === null) throw matcherError(`bad matcher format: ${input}`);
  const [, name, type, written] = form as unknown as [string, string, MatchType, string];
  const isQuoted = written.startsWith('"');
  const raw = isQuoted ? written.slice(1) : written;
  let value = "";
  let isClosed = !isQuoted;
  for (let i = 0; i < raw.length; i++) {
    const char = raw[i]!;
    const isLast = i === raw.length - 1;
    if (char === "\\" && !isLast) {
      const next = raw[++i]!;
      value += next === "n" ? "\n" : next === '"' || next === "\\" ? next : `\\${next}`;
    } else if (char === '"') {
      if (isClosed || !isLast) throw matcherError(`matcher value contains unescaped double quote: ${written}`);
      isClosed = true;
    } else value += char;
  }
  if (!isClosed) throw matcherError(`matcher value contains unescaped double quote: ${written}`);
  return new Matcher(type, name, value);
}
