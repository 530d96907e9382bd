/**
 * Label sets: immutable, sorted by name in the byte order of UTF-8 (Go's string order), no empty value, no name twice.
 * `pairs` is flat: name0, value0, name1, value1, …
 */

export const METRIC_NAME = "__name__";

export class Labels {
  // `this`, because TypeScript 7.0 emits a name of the class here that is not yet set.
  static readonly EMPTY: Labels = new this([]);
  readonly pairs: readonly string[];
  /** Kept for whoever answers queries with these labels: their text, which is the same each time. */
  answerText: string | undefined;
  #key: string | undefined;

  /** @param pairs flat, sorted, without empty values: callers that cannot promise this use `Labels.of`. */
  constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /** From any order; an empty value removes the label, a later entry of the same name wins. */
  static of(entries: Iterable<readonly [string, string]> | Readonly<Record<string, string>>): Labels {
    const map = new Map(Symbol.iterator in entries ? entries : Object.entries(entries));
    const names = [...map.keys()].filter((name) => map.get(name) !== "").sort(compareBytes);
    return new Labels(names.flatMap((name) => [name, map.get(name) ?? ""]));
  }

  get size(): number {
    return this.pairs.length >> 1;
  }

  /** The value, or "" where the label is missing: Prometheus makes no difference. */
  get(name: string): string {
    for (let i = 0; i < this.pairs.length; i += 2) if (this.pairs[i] === name) return this.pairs[i + 1]!;
    return "";
  }

  has(name: string): boolean {
    for (let i = 0; i < this.pairs.length; i += 2) if (this.pairs[i] === name) return true;
    return false;
  }

  /** Equal for equal label sets only; computed once. Usable as a Map key. */
  get key(): string {
    this.#key ??= keyOf(this.pairs);
    return this.#key;
  }

  without(names: ReadonlySet<string>): Labels {
    return filtered(this, (name) => !names.has(name));
  }

  only(names: ReadonlySet<string>): Labels {
    return filtered(this, (name) => names.has(name));
  }

  with(name: string, value: string): Labels {
    return Labels.of([...this.entries(), [name, value]]);
  }

  *entries(): Generator<[string, string]> {
    for (let i = 0; i < this.pairs.length; i += 2) yield [this.pairs[i]!, this.pairs[i + 1]!];
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.entries());
  }

  /** As Prometheus prints it: `{a="1", b="2"}`. */
  toString(): string {
    return `{${[...this.entries()].map(([name, value]) => `${labelName(name)}=${quoteGo(value)}`).join(", ")}}`;
  }
}

// No private method: with one that names its class, tsc 7.0 compiles `EMPTY` to code that throws.
function filtered(labels: Labels, keep: (name: string) => boolean): Labels {
  const pairs: string[] = [];
  for (let i = 0; i < labels.pairs.length; i += 2) {
    if (keep(labels.pairs[i]!)) pairs.push(labels.pairs[i]!, labels.pairs[i + 1]!);
  }
  return pairs.length === labels.pairs.length ? labels : new Labels(pairs);
}

/** Joined by U+00FF, which keeps the key in one byte a character; where a label has it, lengths tell the parts apart. */
function keyOf(pairs: readonly string[]): string {
  if (!pairs.some((part) => part.includes("\xff"))) return pairs.join("\xff");
  return `\xff${pairs.map((part) => part.length).join()}\xff${pairs.join("")}`;
}

/** Orders label sets as Prometheus' labels.Compare. */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.pairs.length, b.pairs.length);
  for (let i = 0; i < shared; i++) {
    const order = compareBytes(a.pairs[i]!, b.pairs[i]!);
    if (order !== 0) return order;
  }
  return a.pairs.length - b.pairs.length;
}

/** Orders strings by their UTF-8 bytes; JavaScript's own order differs where surrogates meet U+E000 … U+FFFF. */
export function compareBytes(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const surrogates = (x & 0xf800) === 0xd800;
    if (surrogates !== ((y & 0xf800) === 0xd800)) return surrogates ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

const LEGACY_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function isLegacyLabelName(name: string): boolean {
  return LEGACY_NAME.test(name);
}

function labelName(name: string): string {
  return isLegacyLabelName(name) ? name : quoteGo(name);
}

/** Label names may be any UTF-8 but the empty string; a lone surrogate stands for a byte that is none. */
export function isValidLabelName(name: string): boolean {
  return name !== "" && !/\p{Cs}/u.test(name);
}

/**
 * A string as Go's strconv.Quote writes it, for text that Prometheus prints. A lone surrogate U+DC80 … U+DCFF is a byte
 * that is no UTF-8 (PromQL's `"\xff"`) and prints as that byte.
 */
export function quoteGo(text: string): string {
  // Nearly all text is like this.
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (char === '"' || char === "\\") quoted += `\\${char}`;
    else if (char === "\n") quoted += "\\n";
    else if (char === "\t") quoted += "\\t";
    else if (char === "\r") quoted += "\\r";
    else if (code === 7) quoted += "\\a";
    else if (code === 8) quoted += "\\b";
    else if (code === 11) quoted += "\\v";
    else if (code === 12) quoted += "\\f";
    else if (code >= 0xdc80 && code <= 0xdcff) quoted += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (/\p{C}|\p{Zl}|\p{Zp}/u.test(char) || (/\p{Zs}/u.test(char) && char !== " ")) {
      quoted += code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
    } else quoted += char;
  }
  return `${quoted}"`;
}
