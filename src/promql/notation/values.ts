/**
 * Values of a series in the notation of Prometheus' tests: `0+1x3 _x2 stale -NaN {{count:1}}x2`, read token by token as
 * Prometheus reads them, so that the same texts are refused with the same words.
 *
 *   values  { space | item }
 *   item    "_" [ "x" count ]   |   value [ [ sign number ] "x" count ]   |   histogram [ [ sign histogram ] "x" count ]
 *   value   "stale" | [ sign ] number
 */
import { VestalError } from "../../base/index.js";
import { type Histogram, quoteGo } from "../../model/index.js";
import { parseNumber, scanNumber } from "../parser/lex-number.js";
import { describeToken, type Token, type TokenType, wordType } from "../parser/tokens.js";
import { histogramSequence, parseHistogramNotation } from "./histogram.js";

/** Undefined where there is no sample at that step. */
export type NotedValue = number | Histogram | "stale" | undefined;

/** Of one series; a test that needs more is a mistake. */
const VALUES_MAX = 5_000_000;
const WHERE = " in series values";
const WORDS = { durationFunctions: false, extendedRangeSelectors: false, fillModifiers: false };

/**
 * The values from place `from` of a line on.
 *
 * @param line  number that messages give the text
 * @throws VestalError NOTATION in Prometheus' words
 */
export function parseValues(text: string, from: number, line: number): readonly NotedValue[] {
  return new ValueParser(text, from, line).parse();
}

class ValueParser {
  readonly #text: string;
  readonly #line: number;
  readonly #values: NotedValue[] = [];
  #at: number;
  #token: Token;

  constructor(text: string, from: number, line: number) {
    this.#text = text;
    this.#line = line;
    this.#at = from;
    this.#token = this.#lex();
  }

  parse(): readonly NotedValue[] {
    while (!this.#isAtEnd) {
      if (!this.#accept(" ")) this.#refuse("");
      if (!this.#isAtEnd) this.#item();
    }
    return this.#values;
  }

  #item(): void {
    const { type, symbol, text } = this.#token;
    if (symbol === "_") {
      this.#advance();
      this.#add(Array.from({ length: this.#accept("x") ? this.#count() : 1 }, () => undefined));
    } else if (symbol === "{{") {
      this.#histograms();
    } else if (type === "identifier") {
      if (text !== "stale") this.#refuse(`${WHERE}, expected number or "stale"`);
      this.#advance();
      this.#add(["stale"]);
    } else if (type === "number" || symbol === "+" || symbol === "-") {
      this.#numbers();
    } else this.#refuse("");
  }

  #numbers(): void {
    const sign = this.#sign() ?? 1;
    const first = sign * this.#number();
    const stepSign = this.#sign();
    const step = stepSign === undefined ? undefined : stepSign * this.#number();
    if (step === undefined && this.#token.symbol !== "x") {
      this.#add([first]);
      return;
    }
    if (!this.#accept("x")) this.#refuse(WHERE);
    const count = this.#count();
    const all: number[] = [];
    let value = first;
    // One more: the first value is that of time 0.
    for (let i = 0; i <= count && all.length <= VALUES_MAX; i++) {
      all.push(value);
      if (step !== undefined) value += step;
    }
    this.#add(all);
  }

  #histograms(): void {
    const first = this.#histogram();
    const stepSign = this.#sign();
    const step = stepSign === undefined ? undefined : this.#histogram();
    if (step === undefined && this.#token.symbol !== "x") {
      this.#add(histogramSequence(first, "+", undefined, 0));
      return;
    }
    if (!this.#accept("x")) this.#refuse(WHERE);
    this.#add(histogramSequence(first, stepSign === -1 ? "-" : "+", step, this.#count()));
  }

  #histogram(): ReturnType<typeof parseHistogramNotation> {
    const { symbol, text } = this.#token;
    if (symbol !== "{{") this.#refuse(WHERE);
    this.#advance();
    return parseHistogramNotation(text);
  }

  #sign(): 1 | -1 | undefined {
    if (this.#accept("+")) return 1;
    return this.#accept("-") ? -1 : undefined;
  }

  #number(): number {
    const { type, text, start } = this.#token;
    if (type !== "number") this.#refuse(WHERE);
    this.#advance();
    try {
      return parseNumber(text);
    } catch (error) {
      throw error instanceof VestalError ? this.#error(start, error.message) : error;
    }
  }

  #count(): number {
    const { type, text, start } = this.#token;
    if (type !== "number") this.#refuse(WHERE);
    const isDigits = /^\d+$/.test(text);
    if (!isDigits || BigInt(text) >= 1n << 64n) {
      const reason = isDigits ? "value out of range" : "invalid syntax";
      const parsing = `strconv.ParseUint: parsing ${quoteGo(text)}: ${reason}`;
      throw this.#error(start, `invalid repetition${WHERE}: ${parsing}`);
    }
    this.#advance();
    const count = Number(text);
    if (count > VALUES_MAX) throw tooMany();
    return count;
  }

  #add(more: readonly NotedValue[]): void {
    if (this.#values.length + more.length > VALUES_MAX) throw tooMany();
    for (const value of more) this.#values.push(value);
  }

  // ── tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────

  get #isAtEnd(): boolean {
    return this.#token.type === "eof";
  }

  #accept(symbol: string): boolean {
    if (this.#token.symbol !== symbol) return false;
    this.#advance();
    return true;
  }

  #advance(): void {
    this.#token = this.#lex();
  }

  #lex(): Token {
    const text = this.#text;
    const start = this.#at;
    const take = (type: TokenType, end: number, symbol = ""): Token => {
      this.#at = end;
      return { type, symbol, text: text.slice(start, end), start };
    };
    const char = text[start];
    if (char === undefined) return take("eof", start);
    if (/\s/.test(char)) {
      const token = take("punctuation", start + 1, " ");
      while (/\s/.test(text[this.#at] ?? "")) this.#at++;
      return token;
    }
    if (char === "+" || char === "-") return take("operator", start + 1, char);
    if (char === "x" || char === "_") return take("punctuation", start + 1, char);
    const histogram = /^\{\{[^}]*\}\}/.exec(text.slice(start));
    if (histogram !== null) return take("punctuation", start + histogram[0].length, "{{");
    if (/^\.?\d/.test(text.slice(start, start + 2))) {
      const { ok, end } = scanNumber(text, start, true);
      if (ok) return take("number", end);
      throw this.#error(start, `bad number syntax: ${quoteGo(text.slice(start, end))}`);
    }
    const word = /^[A-Za-z_][\w:]*/.exec(text.slice(start))?.[0];
    if (word === undefined) {
      const [rune] = text.slice(start);
      throw this.#error(start, `unexpected character in series sequence: '${rune}'`);
    }
    return take(typeOfWord(word), start + word.length);
  }

  #refuse(where: string): never {
    throw this.#error(this.#token.start, `unexpected ${describeToken(this.#token)}${where}`);
  }

  #error(at: number, message: string): VestalError {
    // Columns count bytes.
    const column = Buffer.byteLength(this.#text.slice(0, at)) + 1;
    return new VestalError("NOTATION", `${this.#line}:${column}: parse error: ${message}`);
  }
}

function typeOfWord(word: string): TokenType {
  if (/^(?:inf|nan)$/i.test(word)) return "number";
  const type = wordType(word.toLowerCase(), WORDS, () => false);
  return type ?? (word.includes(":") ? "metricIdentifier" : "identifier");
}

function tooMany(): VestalError {
  return new VestalError("NOTATION", `a series has more than ${VALUES_MAX} values`);
}
