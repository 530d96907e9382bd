/**
 * Tokens as the grammar reads them: one ahead, made only when looked at, so that errors come up in the order of
 * Prometheus, whose generated parser also reads a token no earlier than it has to decide on it.
 *
 * A bad token is reported with the innermost context that has words for it ("in grouping opts, expected label"); the
 * grammar sets the context around what it parses with `within`.
 */
import type { VestalError } from "../../base/index.js";
import { Lexer } from "./lexer.js";
import type { ParserFeatures } from "./options.js";
import { parseError } from "./position.js";
import { describeToken, type Token } from "./tokens.js";

/**
 * Levels of a tree, at most, so that all who walk one may recurse: a chain of operators has a level for each. Prometheus
 * has no such bound, since Go's stacks grow; generated queries chain a few hundred.
 */
export const MAX_DEPTH = 1000;

/**
 * Parentheses, calls and signs within each other, at most. One costs the parser about 1 KiB of stack: with 300 it
 * still works where half of the usual stack is in use.
 */
export const MAX_NESTING = 300;

interface Context {
  readonly where: string;
  readonly expected: string;
}

export class TokenStream {
  readonly input: string;
  readonly features: ParserFeatures;
  /** End of the last bracket or number that was read, possibly a token ahead: the end of what was modified. */
  lastClosing = 0;
  /**
   * Ends of closing parentheses which no expression has taken yet, first in first out: the end of a call is the first of
   * them. Parentheses of `on (…)` are never taken, so later ends come out too early, as they do in Prometheus 3.5, and
   * as its messages about what follows such an end show.
   */
  readonly #closingParens: number[] = [];
  readonly #lexer: Lexer;
  #ahead: Token | undefined;
  #context: Context = { where: "", expected: "" };
  #nesting = 0;

  constructor(input: string, features: ParserFeatures) {
    this.input = input;
    this.features = features;
    this.#lexer = new Lexer(input, features);
  }

  /** The next token, without taking it. */
  peek(): Token {
    if (this.#ahead === undefined) {
      const token = this.#lexer.next();
      if (token.type === "error") throw this.error(token.start, token.text);
      const end = token.start + token.text.length;
      if (token.symbol === ")") this.#closingParens.push(end);
      if (isClosing(token)) this.lastClosing = end;
      this.#ahead = token;
    }
    return this.#ahead;
  }

  take(): Token {
    const token = this.peek();
    // The end of the input stays, however often it is looked at.
    if (token.type !== "eof") this.#ahead = undefined;
    return token;
  }

  /** Takes the next token if it is this keyword, operator or bracket. */
  accept(symbol: string): Token | undefined {
    return this.peek().symbol === symbol ? this.take() : undefined;
  }

  /** Takes the next token, which must be this one. */
  expect(symbol: string): Token {
    return this.accept(symbol) ?? this.unexpected();
  }

  /** Throws away what `parse` says about a bad token's surroundings in favour of this context, unless it sets its own. */
  within<T>(where: string, expected: string, parse: () => T): T {
    const outer = this.#context;
    this.#context = { where, expected };
    const result = parse();
    this.#context = outer;
    return result;
  }

  /** Refuses the next token. */
  unexpected(): never {
    const token = this.peek();
    const { where, expected } = this.#context;
    throw this.error(
      token.start,
      `unexpected ${describeToken(token)}${where && ` in ${where}`}${expected && `, expected ${expected}`}`,
    );
  }

  error(offset: number, message: string): VestalError {
    return parseError(this.input, offset, message);
  }

  /** Runs `parse` one level deeper. */
  nested<T>(parse: () => T): T {
    if (++this.#nesting > MAX_NESTING) throw this.tooDeep(this.peek().start, MAX_NESTING);
    const result = parse();
    this.#nesting--;
    return result;
  }

  tooDeep(offset: number, limit: number): VestalError {
    return this.error(offset, `expression is nested more than ${limit} levels deep`);
  }

  takeClosingParen(): number {
    return this.#closingParens.shift() ?? this.lastClosing;
  }

  /** Skips the parenthesis of an aggregation's grouping. */
  skipClosingParen(): void {
    if (this.#closingParens.length > 1) this.#closingParens.shift();
  }
}

function isClosing(token: Token): boolean {
  return (
    token.type === "number" ||
    token.type === "duration" ||
    token.symbol === ")" ||
    token.symbol === "]" ||
    token.symbol === "}"
  );
}
