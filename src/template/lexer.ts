/**
 * Text to tokens, as Go's text/template/parse reads it. The whole text is read at once; an error is the last token.
 * Positions are indexes in the JavaScript string; the parser turns them into bytes where a message shows them.
 */

export type TokenType =
  | "error"
  | "bool"
  | "char"
  | "charConstant"
  | "comment"
  | "complex"
  | "assign"
  | "declare"
  | "eof"
  | "field"
  | "identifier"
  | "leftDelim"
  | "leftParen"
  | "number"
  | "pipe"
  | "rawString"
  | "rightDelim"
  | "rightParen"
  | "space"
  | "string"
  | "text"
  | "variable"
  | Keyword;

export type Keyword =
  | "dot"
  | "block"
  | "break"
  | "continue"
  | "define"
  | "else"
  | "end"
  | "if"
  | "nil"
  | "range"
  | "template"
  | "with";

export interface Token {
  readonly type: TokenType;
  readonly pos: number;
  readonly text: string;
  readonly line: number;
}

const LEFT = "{{";
const RIGHT = "}}";
const LEFT_COMMENT = "/*";
const RIGHT_COMMENT = "*/";
/** A trim marker and the space beside it. */
const TRIM_LENGTH = 2;
const KEYWORDS: ReadonlySet<string> = new Set([
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
]);
const END = "";

export function isKeyword(type: TokenType): type is Keyword {
  return type === "dot" || KEYWORDS.has(type);
}

export function lex(input: string): readonly Token[] {
  return new Lexer(input).run();
}

class Lexer {
  readonly #input: string;
  readonly #tokens: Token[] = [];
  #pos = 0;
  #start = 0;
  #line = 1;
  #startLine = 1;
  #parenDepth = 0;

  constructor(input: string) {
    this.#input = input;
  }

  run(): readonly Token[] {
    let isInside = false;
    for (;;) {
      const last = this.#tokens.at(-1)?.type;
      if (last === "error" || last === "eof") return this.#tokens;
      isInside = isInside ? this.#insideAction() : this.#text();
    }
  }

  /** The rune at the position, or "" at the end. */
  #peek(): string {
    const code = this.#input.codePointAt(this.#pos);
    return code === undefined ? END : String.fromCodePoint(code);
  }

  #next(): string {
    const rune = this.#peek();
    this.#pos += rune.length;
    return rune;
  }

  #startsWith(text: string, at = this.#pos): boolean {
    return this.#input.startsWith(text, at);
  }

  #emit(type: TokenType): void {
    const text = this.#input.slice(this.#start, this.#pos);
    this.#tokens.push({ type, pos: this.#start, text, line: this.#startLine });
    this.#ignore();
  }

  /** Goes on behind what was read, counting its lines. */
  #ignore(): void {
    this.#line += countLines(this.#input, this.#start, this.#pos);
    this.#start = this.#pos;
    this.#startLine = this.#line;
  }

  #error(message: string): false {
    this.#tokens.push({ type: "error", pos: this.#start, text: message, line: this.#startLine });
    return false;
  }

  /** @returns whether an action follows. */
  #text(): boolean {
    const at = this.#input.indexOf(LEFT, this.#pos);
    if (at < 0) {
      this.#pos = this.#input.length;
      if (this.#pos > this.#start) this.#emit("text");
      this.#emit("eof");
      return false;
    }
    if (at > this.#pos) {
      this.#pos = at;
      if (this.#hasLeftTrim(at + LEFT.length)) {
        let end = at;
        while (end > this.#start && isSpace(this.#input[end - 1]!)) end--;
        this.#pos = end;
      }
      if (this.#pos > this.#start) this.#emit("text");
      this.#pos = at;
      this.#ignore();
    }
    return this.#leftDelim();
  }

  #hasLeftTrim(at: number): boolean {
    return this.#input[at] === "-" && at + 1 < this.#input.length && isSpace(this.#input[at + 1]!);
  }

  #hasRightTrim(at: number): boolean {
    return at + 1 < this.#input.length && isSpace(this.#input[at]!) && this.#input[at + 1] === "-";
  }

  #leftDelim(): boolean {
    this.#pos += LEFT.length;
    const trimmed = this.#hasLeftTrim(this.#pos) ? TRIM_LENGTH : 0;
    if (this.#startsWith(LEFT_COMMENT, this.#pos + trimmed)) {
      this.#pos += trimmed;
      this.#ignore();
      return this.#comment();
    }
    this.#emit("leftDelim");
    this.#pos += trimmed;
    this.#ignore();
    this.#parenDepth = 0;
    return true;
  }

  #comment(): boolean {
    const end = this.#input.indexOf(RIGHT_COMMENT, this.#pos + LEFT_COMMENT.length);
    if (end < 0) return this.#error("unclosed comment");
    this.#pos = end + RIGHT_COMMENT.length;
    const delim = this.#atRightDelim();
    if (delim === undefined) return this.#error("comment ends before closing delimiter");
    this.#pos += RIGHT.length + (delim === "trimmed" ? TRIM_LENGTH : 0);
    if (delim === "trimmed") this.#skipSpace();
    this.#ignore();
    return false;
  }

  #atRightDelim(): "plain" | "trimmed" | undefined {
    if (this.#hasRightTrim(this.#pos) && this.#startsWith(RIGHT, this.#pos + TRIM_LENGTH)) return "trimmed";
    return this.#startsWith(RIGHT) ? "plain" : undefined;
  }

  #skipSpace(): void {
    while (this.#pos < this.#input.length && isSpace(this.#input[this.#pos]!)) this.#pos++;
  }

  #rightDelim(): false {
    const isTrimmed = this.#atRightDelim() === "trimmed";
    if (isTrimmed) {
      this.#pos += TRIM_LENGTH;
      this.#ignore();
    }
    this.#pos += RIGHT.length;
    this.#emit("rightDelim");
    if (isTrimmed) {
      this.#skipSpace();
      this.#ignore();
    }
    return false;
  }

  /** Reads one token. @returns whether the action goes on. */
  #insideAction(): boolean {
    if (this.#atRightDelim() !== undefined) {
      return this.#parenDepth === 0 ? this.#rightDelim() : this.#error("unclosed left paren");
    }
    const rune = this.#next();
    if (rune === END) return this.#error("unclosed action");
    if (isSpace(rune)) return this.#space();
    switch (rune) {
      case "=":
        this.#emit("assign");
        return true;
      case ":":
        if (this.#next() !== "=") return this.#error("expected :=");
        this.#emit("declare");
        return true;
      case "|":
        this.#emit("pipe");
        return true;
      case '"':
        return this.#quoted('"', "string", "unterminated quoted string");
      case "'":
        return this.#quoted("'", "charConstant", "unterminated character constant");
      case "`":
        return this.#rawString();
      case "$":
        return this.#fieldOrVariable("variable");
      case "(":
        this.#emit("leftParen");
        this.#parenDepth++;
        return true;
      case ")":
        this.#parenDepth--;
        if (this.#parenDepth < 0) return this.#error("unexpected right paren");
        this.#emit("rightParen");
        return true;
    }
    if (rune === "." && this.#pos < this.#input.length && !isDigit(this.#input[this.#pos]!)) {
      return this.#fieldOrVariable("field");
    }
    if (rune === "." || rune === "+" || rune === "-" || isDigit(rune)) {
      this.#pos -= 1;
      return this.#number();
    }
    if (isAlphaNumeric(rune)) return this.#identifier();
    if (rune > " " && rune < "\x7f") {
      this.#emit("char");
      return true;
    }
    return this.#error(`unrecognized character in action: ${unicodeOf(rune)}`);
  }

  #space(): boolean {
    let count = 1;
    while (isSpace(this.#peek())) {
      this.#pos++;
      count++;
    }
    // The last space may belong to a closing delimiter with a trim marker.
    if (this.#hasRightTrim(this.#pos - 1) && this.#startsWith(RIGHT, this.#pos - 1 + TRIM_LENGTH)) {
      this.#pos--;
      if (count === 1) return this.#rightDelim();
    }
    this.#emit("space");
    return true;
  }

  #identifier(): boolean {
    while (isAlphaNumeric(this.#peek())) this.#next();
    if (!this.#atTerminator()) return this.#error(`bad character ${unicodeOf(this.#peek())}`);
    const word = this.#input.slice(this.#start, this.#pos);
    if (KEYWORDS.has(word)) this.#emit(word as Keyword);
    else this.#emit(word === "true" || word === "false" ? "bool" : "identifier");
    return true;
  }

  #fieldOrVariable(type: "field" | "variable"): boolean {
    if (this.#atTerminator()) {
      this.#emit(type === "variable" ? "variable" : "dot");
      return true;
    }
    while (isAlphaNumeric(this.#peek())) this.#next();
    if (!this.#atTerminator()) return this.#error(`bad character ${unicodeOf(this.#peek())}`);
    this.#emit(type);
    return true;
  }

  #atTerminator(): boolean {
    const rune = this.#peek();
    return rune === END || isSpace(rune) || ".,|:)(".includes(rune) || this.#startsWith(RIGHT);
  }

  #quoted(quote: string, type: "string" | "charConstant", problem: string): boolean {
    for (;;) {
      let rune = this.#next();
      if (rune === quote) break;
      if (rune === "\\") {
        rune = this.#next();
        if (rune !== END && rune !== "\n") continue;
      }
      if (rune === END || rune === "\n") return this.#error(problem);
    }
    this.#emit(type);
    return true;
  }

  #rawString(): boolean {
    const end = this.#input.indexOf("`", this.#pos);
    if (end < 0) return this.#error("unterminated raw quoted string");
    this.#pos = end + 1;
    this.#emit("rawString");
    return true;
  }

  #number(): boolean {
    if (!this.#scanNumber()) return this.#badNumber();
    const sign = this.#peek();
    if (sign !== "+" && sign !== "-") {
      this.#emit("number");
      return true;
    }
    // Complex: 1+2i, without spaces, with an i at the end.
    if (!this.#scanNumber() || this.#input[this.#pos - 1] !== "i") return this.#badNumber();
    this.#emit("complex");
    return true;
  }

  #badNumber(): false {
    return this.#error(`bad number syntax: ${JSON.stringify(this.#input.slice(this.#start, this.#pos))}`);
  }

  #accept(valid: string): boolean {
    const rune = this.#peek();
    if (rune === END || !valid.includes(rune)) return false;
    this.#pos++;
    return true;
  }

  #acceptRun(valid: string): void {
    while (this.#accept(valid));
  }

  #scanNumber(): boolean {
    this.#accept("+-");
    let digits = "0123456789_";
    let base = 10;
    if (this.#accept("0")) {
      if (this.#accept("xX")) {
        digits = "0123456789abcdefABCDEF_";
        base = 16;
      } else if (this.#accept("oO")) {
        digits = "01234567_";
        base = 8;
      } else if (this.#accept("bB")) {
        digits = "01_";
        base = 2;
      }
    }
    this.#acceptRun(digits);
    if (this.#accept(".")) this.#acceptRun(digits);
    if ((base === 10 && this.#accept("eE")) || (base === 16 && this.#accept("pP"))) {
      this.#accept("+-");
      this.#acceptRun("0123456789_");
    }
    this.#accept("i");
    if (isAlphaNumeric(this.#peek())) {
      this.#next();
      return false;
    }
    return true;
  }
}

function isSpace(rune: string): boolean {
  return rune === " " || rune === "\t" || rune === "\r" || rune === "\n";
}

function isDigit(rune: string): boolean {
  return rune >= "0" && rune <= "9";
}

function isAlphaNumeric(rune: string): boolean {
  return rune !== END && (rune === "_" || /^[\p{L}\p{Nd}]$/u.test(rune));
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** Go's `%#U`. */
function unicodeOf(rune: string): string {
  const code = rune === END ? -1 : rune.codePointAt(0)!;
  if (code < 0) return "U+FFFFFFFFFFFFFFFF";
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(rune) ? `U+${hex}` : `U+${hex} '${rune}'`;
}
