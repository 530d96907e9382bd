/** One condition on a label, as in a selector: `job=~"api.*"`. A missing label has the value "". */
import { isLegacyLabelName, quoteGo } from "./labels.js";
import { compileRegex, type Regex } from "./regex.js";

export type MatchOperator = "=" | "!=" | "=~" | "!~";

export class Matcher {
  readonly operator: MatchOperator;
  readonly name: string;
  readonly value: string;
  readonly #regex: Regex | undefined;

  /** @throws VestalError REGEX if the operator is `=~` or `!~` and the value is not an RE2 expression. */
  constructor(operator: MatchOperator, name: string, value: string) {
    this.operator = operator;
    this.name = name;
    this.value = value;
    this.#regex = operator === "=~" || operator === "!~" ? compileRegex(value) : undefined;
  }

  matches(value: string): boolean {
    switch (this.operator) {
      case "=":
        return value === this.value;
      case "!=":
        return value !== this.value;
      case "=~":
        return this.#regex!.matches(value);
      case "!~":
        return !this.#regex!.matches(value);
    }
  }

  /** True where a series without the label is selected. */
  get matchesEmpty(): boolean {
    return this.matches("");
  }

  /** The only values that can match, where the operator is `=` or the expression is a literal or an alternation of them. */
  get literals(): readonly string[] | undefined {
    return this.operator === "=" ? [this.value] : this.operator === "=~" ? this.#regex!.literals : undefined;
  }

  /** As Prometheus prints it: `job=~"api.*"`, an unusual name in quotes. */
  toString(): string {
    const name = isLegacyLabelName(this.name) ? this.name : quoteGo(this.name);
    return `${name}${this.operator}${quoteGo(this.value)}`;
  }
}
