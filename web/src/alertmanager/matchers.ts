/** Matchers as Alertmanager's addresses and forms have them: `{name="value", other=~"expression"}`. */
import type { Labels } from "../api.js";

export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

export const OPERATORS = ["=", "!=", "=~", "!~"] as const;
export type Operator = (typeof OPERATORS)[number];

export function operatorOf({ isRegex, isEqual }: Matcher): Operator {
  if (isRegex) return isEqual ? "=~" : "!~";
  return isEqual ? "=" : "!=";
}

export function matcherOf(name: string, operator: Operator, value: string): Matcher {
  return { name, value, isRegex: operator.endsWith("~"), isEqual: !operator.startsWith("!") };
}

export function matcherText(matcher: Matcher): string {
  const { name, value } = matcher;
  const shown = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
  return `${shown}${operatorOf(matcher)}${JSON.stringify(value)}`;
}

export function matchersText(matchers: readonly Matcher[]): string {
  return `{${matchers.map(matcherText).join(", ")}}`;
}

/** Those that only alerts with all of these labels match. */
export function matchersOfLabels(labels: Labels): readonly Matcher[] {
  return Object.entries(labels).map(([name, value]) => matcherOf(name, "=", value));
}

const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
const ONE = new RegExp(
  String.raw`^\s*(${QUOTED}|[^\s"{}!=~,\\]+)\s*(=~|!~|!=|=)\s*(${QUOTED}|[^\s"{}!=~,\\]+)?\s*(,|$)`,
);

/** @returns undefined where the text is no list of matchers. */
export function parseMatchers(text: string): readonly Matcher[] | undefined {
  let rest = text
    .trim()
    .replace(/^\{(.*)\}$/s, "$1")
    .trim();
  const matchers: Matcher[] = [];
  while (rest !== "") {
    const found = ONE.exec(rest);
    if (found === null) return undefined;
    const [whole, name = "", operator = "=", value = ""] = found;
    const [plainName, plainValue] = [unquoted(name), unquoted(value)];
    if (plainName === undefined || plainValue === undefined) return undefined;
    matchers.push(matcherOf(plainName, operator as Operator, plainValue));
    rest = rest.slice(whole.length).trim();
  }
  return matchers;
}

function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
