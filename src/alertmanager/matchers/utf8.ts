/** The newer syntax of matchers: any name, quoted as in Go where it has reserved characters. Its columns count runes. */
import { errorMessage, VestalError } from "../../base/index.js";
import { isReserved, Matcher, type MatchType, matcherError } from "./matcher.js";
import { unquoteGo } from "./unquote.js";

type Kind = "eof" | "{" | "}" | "," | MatchType | "quoted" | "unquoted";

interface Token {
  readonly kind: Kind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const OPERATORS: readonly Kind[] = ["=", "!=", "=~", "!~"];
const NO_OPERATOR = "expected an operator such as '=', '!=', '=~' or '!~'";

export function parseUtf8Matchers(input: string): Matcher[] {
  return new Parser([...input]).parse();
}

export function parseUtf8Matcher(input: string): Matcher {
  const matchers = parseUtf8Matchers(input);
  if (matchers.length === 1) return matchers[0]!;
  throw matcherError(matchers.length === 0 ? "no matchers" : `expected 1 matcher, found ${matchers.length}`);
}

class Parser {
  readonly #runes: readonly string[];
  #at = 0;

  constructor(runes: readonly string[]) {
    this.#runes = runes;
  }

  parse(): Matcher[] {
    const matchers: Matcher[] = [];
    let isOpen = false;
    if (this.#peek().kind === "eof") return matchers;
    if (this.#peek().kind === "{") {
      this.#next();
      isOpen = true;
    }
    for (;;) {
      const { kind } = this.#peek();
      if (kind === "}" || (kind === "eof" && matchers.length === 0 && isOpen)) break;
      matchers.push(this.#matcher());
      const after = this.#peek("expected a comma or close brace");
      if (after.kind === "eof" || after.kind === "}") break;
      if (after.kind !== ",") throw this.#unexpected(after, "expected a comma or close brace");
      this.#next();
      const following = this.#peek("expected a matcher or close brace after comma");
      if (following.kind === "eof" || following.kind === "}") break;
      if (following.kind !== "quoted" && following.kind !== "unquoted") {
        throw this.#unexpected(following, "expected a matcher or close brace after comma");
      }
    }
    this.#closeBrace(isOpen);
    const rest = this.#next();
    if (rest.kind !== "eof") throw matcherError(`${rest.start}:${rest.end}: ${rest.text}: expected end of input`);
    return matchers;
  }

  #closeBrace(isOpen: boolean): void {
    const token = this.#peek();
    if (isOpen) {
      if (token.kind === "eof") throw matcherError(`0:${this.#at}: end of input: expected close brace`);
      if (token.kind !== "}") throw this.#unexpected(token, "expected close brace");
      this.#next();
    } else if (token.kind === "}") {
      this.#next();
      throw matcherError(`0:${this.#at}: }: expected opening brace`);
    }
  }

  #matcher(): Matcher {
    const name = this.#operand("expected label name");
    this.#peek(NO_OPERATOR);
    const operator = this.#next();
    if (!OPERATORS.includes(operator.kind)) throw this.#unexpected(operator, NO_OPERATOR);
    this.#peek("expected label value");
    const value = this.#operand("expected label value");
    try {
      return new Matcher(operator.kind as MatchType, name, value);
    } catch (error) {
      throw matcherError(`failed to create matcher: ${errorMessage(error)}`);
    }
  }

  #operand(expected: string): string {
    const token = this.#next();
    if (token.kind === "unquoted") return token.text;
    if (token.kind !== "quoted") throw this.#unexpected(token, expected);
    const text = unquoteGo(token.text);
    if (text === undefined) throw matcherError(`${token.start}:${token.end}: ${token.text}: invalid input`);
    return text;
  }

  #unexpected(token: Token, expected: string): Error {
    if (token.kind === "eof") return matcherError(`end of input: ${expected}`);
    return matcherError(`${token.start}:${token.end}: unexpected ${token.text}: ${expected}`);
  }

  /** @param expected  what the message of a token that cannot be read ends with. */
  #peek(expected?: string): Token {
    const at = this.#at;
    try {
      const token = this.#next();
      this.#at = at;
      return token;
    } catch (error) {
      if (expected === undefined || !(error instanceof VestalError)) throw error;
      throw matcherError(`${error.message}: ${expected}`);
    }
  }

  #next(): Token {
    while (this.#at < this.#runes.length && /\s|\u0085/u.test(this.#runes[this.#at]!)) this.#at++;
    const start = this.#at;
    const token = (kind: Kind): Token => ({
      kind,
      text: this.#runes.slice(start, this.#at).join(""),
      start,
      end: this.#at,
    });
    const rune = this.#runes[this.#at++];
    if (rune === undefined) {
      this.#at = start;
      return token("eof");
    }
    if (rune === "{" || rune === "}" || rune === ",") return token(rune);
    if (rune === "=" || rune === "!") return token(this.#operator(rune, start));
    if (rune === '"') return this.#quoted(token, start);
    if (isReserved(rune)) throw matcherError(`${start}:${this.#at}: ${rune}: invalid input`);
    while (this.#at < this.#runes.length && !isReserved(this.#runes[this.#at]!)) this.#at++;
    return token("unquoted");
  }

  #operator(first: string, start: number): MatchType {
    const second = this.#runes[this.#at];
    if (first === "=") {
      if (second !== "~") return "=";
      this.#at++;
      return "=~";
    }
    if (second === "=" || second === "~") {
      this.#at++;
      return second === "=" ? "!=" : "!~";
    }
    if (second === undefined) {
      throw matcherError(`${start}:${this.#at}: unexpected end of input, expected one of '=~'`);
    }
    throw matcherError(`${start}:${this.#at}: !: expected one of '=~'`);
  }

  #quoted(token: (kind: Kind) => Token, start: number): Token {
    for (; this.#at < this.#runes.length; this.#at++) {
      const rune = this.#runes[this.#at]!;
      if (rune === "\\") this.#at++;
      else if (rune === '"') {
        this.#at++;
        return token("quoted");
      }
    }
    this.#at = this.#runes.length;
    throw matcherError(`${start}:${this.#at}: ${this.#runes.slice(start).join("")}: missing end "`);
  }
}
