/** Tokens of PromQL, and how Prometheus names them in its messages. */
import { quoteGo } from "../../model/index.js";

export type TokenType =
  | "error"
  | "eof"
  | "identifier"
  | "metricIdentifier"
  | "number"
  | "duration"
  | "string"
  | "keyword"
  | "aggregator"
  | "preprocessor"
  | "operator"
  | "punctuation";

export interface Token {
  readonly type: TokenType;
  /** What the grammar looks at: the lower-case keyword, the operator, the bracket; "" for all other types. */
  readonly symbol: string;
  /** As written; of an error its message. */
  readonly text: string;
  readonly start: number;
}

/** `[operators, aggregators, keywords, preprocessors]`: words with a meaning, in any case. */
const WORDS: ReadonlyMap<string, TokenType> = new Map(
  (
    [
      ["operator", "and or unless atan2"],
      ["aggregator", "sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio"],
      ["keyword", "offset by without on ignoring group_left group_right bool"],
      ["preprocessor", "start end"],
      ["number", "inf nan"],
    ] as const
  ).flatMap(([type, words]) => words.split(" ").map((word): [string, TokenType] => [word, type])),
);

/** Words that only some languages or features know; elsewhere they are plain identifiers. */
export interface WordOptions {
  /** `step`, `range`, `min_of`, `max_of` (language 3.14). */
  readonly durationFunctions: boolean;
  /** `anchored`, `smoothed`. */
  readonly extendedRangeSelectors: boolean;
  /** `fill`, `fill_left`, `fill_right`, where a parenthesis follows. */
  readonly fillModifiers: boolean;
}

/** The type of a word outside braces. */
export function wordType(lower: string, options: WordOptions, parenFollows: () => boolean): TokenType | undefined {
  const type = WORDS.get(lower);
  if (type !== undefined) return type;
  switch (lower) {
    case "step":
    case "range":
    case "min_of":
    case "max_of":
      return options.durationFunctions ? "preprocessor" : undefined;
    case "anchored":
    case "smoothed":
      return options.extendedRangeSelectors ? "keyword" : undefined;
    case "fill":
    case "fill_left":
    case "fill_right":
      return options.fillModifiers && parenFollows() ? "keyword" : undefined;
    default:
      return undefined;
  }
}

/** Prometheus has no name for `@` among its tokens and prints this number, which users have seen since 3.5. */
const AT_SYMBOL_NAME = '"<Item 57400>" <op:@>';

/** A token as messages speak of it: `identifier "foo"`, `<op:+>`, `end of input`. */
export function describeToken(token: Token): string {
  switch (token.type) {
    case "error":
      return `error ${token.text}`;
    case "eof":
      return "end of input";
    case "identifier":
      return `identifier ${quoteGo(token.text)}`;
    case "metricIdentifier":
      return `metric identifier ${quoteGo(token.text)}`;
    case "number":
    case "duration":
    case "string":
      return `${token.type} ${shortened(token.text)}`;
    case "keyword":
      return `<${token.text}>`;
    case "operator":
      return token.symbol === "@" ? AT_SYMBOL_NAME : `<op:${token.text}>`;
    case "aggregator":
      return `<aggr:${token.text}>`;
    case "preprocessor":
    case "punctuation":
      return shortened(token.text);
  }
}

/** Quoted; of more than ten bytes the first ten characters. */
function shortened(text: string): string {
  if (Buffer.byteLength(text) <= 10) return quoteGo(text);
  return `${quoteGo([...text].slice(0, 10).join(""))}...`;
}
