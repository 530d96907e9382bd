/**
 * Splits PromQL into tokens, with the very states and messages of Prometheus' scanner: what it says about a bad
 * character depends on where it stands (braces, brackets), and this order of checks is what users see.
 *
 * Tokens are made one at a time, when the parser asks: an error of the scanner must not overtake an error of the
 * grammar before it.
 */
import { scanNumber, scanRestOfDuration } from "./lex-number.js";
import { quoteRune, scanString } from "./lex-string.js";
import { type Token, type TokenType, type WordOptions, wordType } from "./tokens.js";

type State = "statements" | "braces" | "durationExpr";

const OPERATORS: ReadonlyMap<string, string> = new Map([..."*/%+-^@"].map((char) => [char, char]));

export class Lexer {
  readonly input: string;
  readonly #options: WordOptions;
  #state: State = "statements";
  #at = 0;
  #parenDepth = 0;
  #isBraceOpen = false;
  #isBracketOpen = false;
  #gotColon = false;
  #gotDuration = false;

  constructor(input: string, options: WordOptions) {
    this.input = input;
    this.#options = options;
  }

  /** The next token that is no comment. After an error or the end of input it must not be called again. */
  next(): Token {
    for (;;) {
      const token = this.#step();
      if (token !== undefined) return token;
    }
  }

  /** One step: a token, or undefined where only space or a comment was passed. */
  #step(): Token | undefined {
    if (this.#state === "durationExpr") return this.#durationExpr();
    if (this.#isBraceOpen) return this.#insideBraces();
    return this.#statements();
  }

  #statements(): Token | undefined {
    const start = this.#at;
    const char = this.#peek();
    if (char === "#") return this.#comment();
    if (char === "") {
      if (this.#parenDepth !== 0) return this.#error(start, "unclosed left parenthesis");
      if (this.#isBracketOpen) return this.#error(start, "unclosed left bracket");
      return { type: "eof", symbol: "", text: "", start };
    }
    if (isSpace(char)) return this.#spaces();
    if (isDigit(char) || (char === "." && isDigit(this.#charAt(start + 1)))) return this.#number();
    if (char === '"' || char === "'" || char === "`") return this.#string();
    if (isAlpha(char) || char === ":") return this.#isBracketOpen ? this.#colon(char) : this.#word();
    const operator = OPERATORS.get(char);
    if (operator !== undefined) return this.#emit("operator", operator, 1);
    switch (char) {
      case "=":
      case "!":
      case "<":
      case ">":
        return this.#comparison(char);
      case ",":
        return this.#emit("punctuation", ",", 1);
      case "(":
      case ")":
        return this.#paren(char);
      case "{":
        this.#isBraceOpen = true;
        return this.#emit("punctuation", "{", 1);
      case "[":
        return this.#openBracket();
      case "]":
        if (!this.#isBracketOpen) return this.#error(start, "unexpected right bracket ']'");
        this.#isBracketOpen = false;
        return this.#emit("punctuation", "]", 1);
      default:
        return this.#error(start, `unexpected character: ${quoteRune(char)}`);
    }
  }

  #comparison(char: string): Token {
    const start = this.#at;
    const following = this.#charAt(start + 1);
    if (following === "=") return this.#emit("operator", `${char}=`, 2);
    if (char === "!") return this.#error(start, `unexpected character after '!': ${quoteRune(following)}`);
    if (char !== "=") {
      const isTrim = following === "/" && this.#options.durationFunctions;
      return this.#emit("operator", isTrim ? `${char}/` : char, isTrim ? 2 : 1);
    }
    if (following === "~") return this.#error(start, "unexpected character after '=': '~'");
    return this.#emit("punctuation", "=", 1);
  }

  #paren(char: "(" | ")"): Token {
    this.#parenDepth += char === "(" ? 1 : -1;
    const token = this.#emit("punctuation", char, 1);
    // Reported behind the parenthesis, as there.
    return this.#parenDepth < 0 ? this.#error(this.#at, "unexpected right parenthesis ')'") : token;
  }

  #openBracket(): Token {
    if (this.#isBracketOpen) return this.#error(this.#at, "unexpected left bracket '['");
    this.#gotColon = false;
    this.#isBracketOpen = true;
    this.#state = "durationExpr";
    const token = this.#emit("punctuation", "[", 1);
    this.#spaces();
    return token;
  }

  /** In brackets, behind the first number, any letter stands for the colon of a subquery, as it does there. */
  #colon(char: string): Token {
    if (char !== ":" && this.#options.durationFunctions) {
      return this.#durationWord() ?? this.#error(this.#at, `unexpected character: ${quoteRune(char)}, expected ':'`);
    }
    if (this.#gotColon) return this.#error(this.#at, `unexpected colon ${quoteRune(char)}`);
    this.#gotColon = true;
    const start = this.#at++;
    return { type: "punctuation", symbol: ":", text: char, start };
  }

  #insideBraces(): Token | undefined {
    const start = this.#at;
    const char = this.#peek();
    if (char === "") return this.#error(start, "unexpected end of input inside braces");
    if (char === "#") return this.#comment();
    if (isSpace(char)) return this.#spaces();
    if (isAlpha(char)) return this.#identifier();
    if (char === '"' || char === "'" || char === "`") return this.#string();
    const following = this.#charAt(start + 1);
    switch (char) {
      case ",":
        return this.#emit("punctuation", ",", 1);
      case "=":
        return following === "~" ? this.#emit("operator", "=~", 2) : this.#emit("punctuation", "=", 1);
      case "!":
        if (following === "~" || following === "=") return this.#emit("operator", `!${following}`, 2);
        return this.#error(start, `unexpected character after '!' inside braces: ${quoteRune(following)}`);
      case "{":
        return this.#error(start, "unexpected left brace '{'");
      case "}":
        this.#isBraceOpen = false;
        return this.#emit("punctuation", "}", 1);
      default:
        return this.#error(start, `unexpected character inside braces: ${quoteRune(char)}`);
    }
  }

  /** Behind `[`, up to and including the first number. */
  #durationExpr(): Token | undefined {
    const start = this.#at;
    const char = this.#peek();
    if (char === "") return this.#error(start, "unexpected end of input in duration expression");
    if (isSpace(char)) return this.#spaces();
    if (isDigit(char) || (char === "." && isDigit(this.#charAt(start + 1)))) {
      this.#gotDuration = true;
      this.#state = "statements";
      return this.#number();
    }
    switch (char) {
      case "]":
        this.#isBracketOpen = false;
        this.#gotColon = false;
        this.#state = "statements";
        return this.#emit("punctuation", "]", 1);
      case ":": {
        const token = this.#emit("punctuation", ":", 1);
        if (!this.#gotDuration) {
          return this.#error(this.#at, "unexpected colon before duration in duration expression");
        }
        if (this.#gotColon) return this.#error(this.#at, "unexpected repeated colon in duration expression");
        this.#gotColon = true;
        return token;
      }
      case "(":
      case ")":
        return this.#paren(char);
      case ",":
        if (this.#options.durationFunctions) return this.#emit("punctuation", ",", 1);
        break;
      default:
        if (char !== "@" && OPERATORS.has(char)) return this.#emit("operator", char, 1);
        if (this.#options.durationFunctions && isAlpha(char)) {
          const word = this.#durationWord();
          if (word !== undefined) this.#gotDuration = true;
          if (word !== undefined) return word;
        }
    }
    return this.#error(start, `unexpected character in duration expression: ${quoteRune(char)}`);
  }

  #durationWord(): Token | undefined {
    const start = this.#at;
    let end = start;
    while (isAlpha(this.#charAt(end))) end++;
    const symbol = this.input.slice(start, end).toLowerCase();
    if (symbol !== "step" && symbol !== "range" && symbol !== "min_of" && symbol !== "max_of") return undefined;
    return this.#emit("preprocessor", symbol, end - start);
  }

  /** A keyword, an identifier, or, with a colon in it, a metric's name. */
  #word(): Token {
    const start = this.#at;
    let end = start;
    while (isAlphaNumeric(this.#charAt(end)) || this.input[end] === ":") end++;
    const text = this.input.slice(start, end);
    const lower = text.toLowerCase();
    this.#at = end;
    const type = wordType(lower, this.#options, () => this.#isParenNext());
    if (type !== undefined) return { type, symbol: type === "number" ? "" : lower, text, start };
    return { type: text.includes(":") ? "metricIdentifier" : "identifier", symbol: "", text, start };
  }

  #identifier(): Token {
    const start = this.#at;
    while (isAlphaNumeric(this.#peek())) this.#at++;
    return { type: "identifier", symbol: "", text: this.input.slice(start, this.#at), start };
  }

  #number(): Token {
    const start = this.#at;
    const number = scanNumber(this.input, start);
    if (number.ok) return this.#emit("number", "", number.end - start);
    const duration = scanRestOfDuration(this.input, number.end);
    if (duration.ok) return this.#emit("duration", "", duration.end - start);
    return this.#error(start, `bad number or duration syntax: "${this.input.slice(start, duration.end)}"`);
  }

  #string(): Token {
    const start = this.#at;
    const scanned = scanString(this.input, start);
    if (scanned.error !== undefined) return this.#error(start, scanned.error);
    return this.#emit("string", "", scanned.end - start);
  }

  #comment(): undefined {
    while (this.#peek() !== "" && this.#peek() !== "\n" && this.#peek() !== "\r") this.#at++;
  }

  #spaces(): undefined {
    while (isSpace(this.#peek())) this.#at++;
  }

  #isParenNext(): boolean {
    let at = this.#at;
    while (isSpace(this.#charAt(at))) at++;
    return this.input[at] === "(";
  }

  #emit(type: TokenType, symbol: string, length: number): Token {
    const start = this.#at;
    this.#at += length;
    return { type, symbol, text: this.input.slice(start, this.#at), start };
  }

  #error(start: number, message: string): Token {
    return { type: "error", symbol: "", text: message, start };
  }

  #peek(): string {
    return this.#charAt(this.#at);
  }

  /** The whole character at `index`, "" at the end. */
  #charAt(index: number): string {
    const code = this.input.codePointAt(index);
    return code === undefined ? "" : code < 0x80 ? this.input[index]! : String.fromCodePoint(code);
  }
}

export function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function isDigit(char: string): boolean {
  return char >= "0" && char <= "9" && char.length === 1;
}

function isAlpha(char: string): boolean {
  return char.length === 1 && ((char >= "a" && char <= "z") || (char >= "A" && char <= "Z") || char === "_");
}

function isAlphaNumeric(char: string): boolean {
  return isAlpha(char) || isDigit(char);
}
