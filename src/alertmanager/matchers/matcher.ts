/** One condition on a label: as Alertmanager's pkg/labels, whose regular expressions are anchored and whose dot stops at a line's end. */
import { VestalError } from "../../base/index.js";
import { compareBytes, compileRegex, compileSearch, quoteGo, type Regex, type SearchRegex } from "../../model/index.js";
import type { LabelSet } from "../labels.js";

export type MatchType = "=" | "!=" | "=~" | "!~";

/** The order in which Go's constants stand, by which matchers are sorted. */
const TYPE_ORDER: readonly MatchType[] = ["=", "!=", "=~", "!~"];

export class Matcher {
  readonly type: MatchType;
  readonly name: string;
  readonly value: string;
  readonly #search: SearchRegex | undefined;
  readonly #regex: Regex | undefined;

  /** @throws VestalError REGEX */
  constructor(type: MatchType, name: string, value: string) {
    this.type = type;
    this.name = name;
    this.value = value;
    if (type === "=~" || type === "!~") {
      this.#search = compileSearch(`^(?:${value})$`);
      this.#regex = compileRegex(value);
    }
  }

  matches(text: string): boolean {
    switch (this.type) {
      case "=":
        return text === this.value;
      case "!=":
        return text !== this.value;
      case "=~":
        return this.#test(text);
      case "!~":
        return !this.#test(text);
    }
  }

  /** The fast way differs only in that its dot matches the end of a line. */
  #test(text: string): boolean {
    return text.includes("\n") ? this.#search!.test(text) : this.#regex!.matches(text);
  }

  get isRegex(): boolean {
    return this.#regex !== undefined;
  }

  toString(): string {
    if ([...this.name].some(isReserved)) return quoteGo(this.name) + this.type + quoteGo(this.value);
    const escaped = this.value.replace(/[\\\n"]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
    return `${this.name}${this.type}"${escaped}"`;
  }

  equals(other: Matcher): boolean {
    return this.type === other.type && this.name === other.name && this.value === other.value;
  }
}

/** What stands in matchers for itself, and must be quoted in names and values. */
export function isReserved(rune: string): boolean {
  return /\s|\u0085/u.test(rune) || "{}!=~,\\\"'`".includes(rune);
}

export function compareMatchers(a: Matcher, b: Matcher): number {
  const order = compareBytes(a.name, b.name) || compareBytes(a.value, b.value);
  return order || TYPE_ORDER.indexOf(a.type) - TYPE_ORDER.indexOf(b.type);
}

export function allMatch(matchers: readonly Matcher[], labels: LabelSet): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name) ?? ""));
}

export function matchersText(matchers: readonly Matcher[]): string {
  return `{${matchers.map(String).join(",")}}`;
}

export function matcherError(message: string): VestalError {
  return new VestalError("MATCHER", message);
}
