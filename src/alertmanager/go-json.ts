/**
 * JSON as Go's decoder takes it, for the words of its refusals: the first value of a text counts and what follows is not
 * looked at; names of fields match in any case; lone surrogates become U+FFFD.
 */

/** What Go's decoder says. */
export class GoJsonError extends Error {}

/** @throws GoJsonError */
export function parseGoJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const end = new Scanner(text).value(0);
    value = JSON.parse(text.slice(0, end));
  }
  return /\\u[dD][89a-fA-F]/.test(text) ? wellFormed(value) : value;
}

/** Unpaired halves of a character, which only an escape can bring. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string")
    return value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  if (Array.isArray(value)) return value.map(wellFormed);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [wellFormed(name), wellFormed(item)]));
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How Go's messages call the kind of a value. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (value === null) return "null";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** A field is found in any case; the last one counts. */
export function fieldIs(written: string, name: string): boolean {
  return written === name || (written.length === name.length && written.toLowerCase() === name.toLowerCase());
}

/** Of lists and maps within each other. Go takes ten times as many; no body of the API has more than five. */
const DEPTH_MAX = 1000;

/** Walks one value, to its end or to what is wrong with it. */
class Scanner {
  readonly #text: string;
  #depth = 0;
  constructor(text: string) {
    this.#text = text;
  }

  #space(at: number): number {
    let i = at;
    while (i < this.#text.length && " \t\r\n".includes(this.#text[i]!)) i++;
    return i;
  }

  #fail(at: number, where: string): never {
    if (at >= this.#text.length) throw new GoJsonError("unexpected EOF");
    const char = String.fromCodePoint(this.#text.codePointAt(at)!);
    throw new GoJsonError(`invalid character ${quoteChar(char)} ${where}`);
  }

  /** @returns the position behind the value. */
  value(from: number): number {
    const at = this.#space(from);
    const char = this.#text[at] ?? "";
    if (char === "{") return this.#list(at, "}");
    if (char === "[") return this.#list(at, "]");
    if (char === '"') return this.#string(at);
    for (const word of ["true", "false", "null"]) if (char === word[0]) return this.#word(at, word);
    if (/[-0-9]/.test(char)) return this.#number(at);
    return this.#fail(at, "looking for beginning of value");
  }

  #list(from: number, close: "}" | "]"): number {
    if (++this.#depth > DEPTH_MAX) throw new GoJsonError("exceeded max depth");
    const end = this.#members(from, close);
    this.#depth--;
    return end;
  }

  #members(from: number, close: "}" | "]"): number {
    const isMap = close === "}";
    let at = this.#space(from + 1);
    if (this.#text[at] === close) return at + 1;
    for (;;) {
      if (isMap) {
        if (this.#text[at] !== '"') this.#fail(at, "looking for beginning of object key string");
        at = this.#space(this.#string(at));
        if (this.#text[at] !== ":") this.#fail(at, "after object key");
        at++;
      }
      at = this.#space(this.value(at));
      if (this.#text[at] === close) return at + 1;
      if (this.#text[at] !== ",") this.#fail(at, isMap ? "after object key:value pair" : "after array element");
      at = this.#space(at + 1);
    }
  }

  #string(from: number): number {
    for (let at = from + 1; ; at++) {
      const char = this.#text[at];
      if (char === undefined || char < " ") this.#fail(at, "in string");
      if (char === '"') return at + 1;
      if (char !== "\\") continue;
      const escaped = this.#text[at + 1];
      if (escaped === undefined) this.#fail(at + 1, "");
      const length = escaped === "u" ? 6 : 2;
      const sequence = this.#text.slice(at, at + length);
      if (!/^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})$/.test(sequence)) {
        if (sequence.length < length && /^\\u[0-9a-fA-F]*$/.test(sequence)) this.#fail(this.#text.length, "");
        throw new GoJsonError(`invalid escape sequence \`${sequence}\` in string`);
      }
      at += length - 1;
    }
  }

  #word(from: number, word: string): number {
    for (let i = 1; i < word.length; i++) {
      if (this.#text[from + i] !== word[i]) this.#fail(from + i, `in literal ${word} (expecting '${word[i]}')`);
    }
    return from + word.length;
  }

  #number(from: number): number {
    let at = from + (this.#text[from] === "-" ? 1 : 0);
    const digits = (): void => {
      if (!/[0-9]/.test(this.#text[at] ?? "")) this.#fail(at, "in numeric literal");
      while (/[0-9]/.test(this.#text[at] ?? "")) at++;
    };
    if (this.#text[at] === "0") at++;
    else digits();
    if (this.#text[at] === ".") {
      at++;
      digits();
    }
    if (/[eE]/.test(this.#text[at] ?? "")) {
      at++;
      if (/[-+]/.test(this.#text[at] ?? "")) at++;
      digits();
    }
    return at;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "'": "\\'",
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\b": "\\b",
  "\f": "\\f",
  "\v": "\\v",
  "\x07": "\\a",
};

/** As strconv.QuoteRune. */
function quoteChar(char: string): string {
  const code = char.codePointAt(0)!;
  let shown = ESCAPES[char];
  if (shown === undefined) {
    if (code < 0x20 || code === 0x7f) shown = `\\x${code.toString(16).padStart(2, "0")}`;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) shown = char;
    else if (code > 0xffff) shown = `\\U${code.toString(16).padStart(8, "0")}`;
    else shown = `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return `'${shown}'`;
}
