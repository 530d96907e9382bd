/**
 * Recognises expressions that need no automaton: a literal, an alternation of literals (also factored, `api-(a|b)`), and
 * any of these with `.*` or `.+` on one or both sides. Everything it is not sure of is left to RE2.
 */

/** What may stand before or behind the literals. */
type Wild = "nothing" | "any" | "some";

export interface RegexShape {
  readonly before: Wild;
  readonly literals: readonly string[];
  readonly behind: Wild;
}

/** Alternations multiply (`(a|b)(c|d)`): a set larger than this and than the source itself is left to RE2. */
const MAX_LITERALS = 1000;
/** Characters and strings written while literals are put together, at most: `long-prefix(a|b)` writes its prefix twice. */
const MAX_WORK = 4_194_304;
/** Nested groups, at most; deeper ones are left to RE2. */
const MAX_GROUPS = 20;
/** With a wildcard each literal is tried in turn, so that only few pay off. */
const MAX_WILD_LITERALS = 16;

/** The shape of an expression that RE2 has accepted, or undefined. The dot matches all characters. */
export function shapeOf(source: string): RegexShape | undefined {
  const bare = source === "(.*)" || source === "(.+)" ? source.slice(1, -1) : source;
  const before = wildAt(bare, 0);
  let end = bare.length;
  let behind: Wild = "nothing";
  if (before === "nothing" || bare.length >= 4) {
    behind = wildAt(bare, end - 2);
    if (behind !== "nothing" && isEscaped(bare, end - 2)) return undefined;
    if (behind !== "nothing") end -= 2;
  }
  const start = before === "nothing" ? 0 : 2;
  const literals = new LiteralReader(bare.slice(start, end)).read(before !== "nothing" || behind !== "nothing");
  if (literals === undefined) return undefined;
  if (before === "nothing" && behind === "nothing") return { before, literals, behind };
  // Two wildcards with nothing between them would have to count characters, which UTF-16 does not do.
  const isVague = before !== "nothing" && behind !== "nothing" && literals.includes("");
  return isVague || literals.length > MAX_WILD_LITERALS ? undefined : { before, literals, behind };
}

export function matchesShape({ before, literals, behind }: RegexShape, text: string): boolean {
  for (const literal of literals) {
    const spare = text.length - literal.length;
    if (spare < (before === "some" ? 1 : 0) + (behind === "some" ? 1 : 0)) continue;
    if (before === "nothing") {
      if (behind === "nothing" ? text === literal : text.startsWith(literal)) return true;
    } else if (behind === "nothing") {
      if (text.endsWith(literal)) return true;
    } else {
      // The first place is the best one: it leaves most behind it.
      const at = text.indexOf(literal, before === "some" ? 1 : 0);
      if (at !== -1 && at <= spare - (behind === "some" ? 1 : 0)) return true;
    }
  }
  return false;
}

function wildAt(source: string, at: number): Wild {
  if (source[at] !== ".") return "nothing";
  return source[at + 1] === "*" ? "any" : source[at + 1] === "+" ? "some" : "nothing";
}

/** True if the character at `index` follows an odd number of backslashes. */
function isEscaped(source: string, index: number): boolean {
  let count = 0;
  while (source[index - 1 - count] === "\\") count++;
  return count % 2 === 1;
}

/** Reads alternations, groups and literal characters; gives up at anything else. */
class LiteralReader {
  readonly #source: string;
  readonly #max: number;
  #at = 0;
  #groups = 0;
  #work = 0;
  #hasBareAlternation = false;

  constructor(source: string) {
    this.#source = source;
    this.#max = Math.max(MAX_LITERALS, source.length);
  }

  /** @param isPart other things stand beside it, so that a bare `|` would split them too. */
  read(isPart: boolean): readonly string[] | undefined {
    const literals = this.#alternation();
    if (literals === undefined || this.#at < this.#source.length) return undefined;
    return isPart && this.#hasBareAlternation ? undefined : [...new Set(literals)];
  }

  #alternation(): string[] | undefined {
    const all: string[] = [];
    for (;;) {
      const branch = this.#concatenation();
      if (branch === undefined || all.length + branch.length > this.#max) return undefined;
      for (const literal of branch) all.push(literal);
      if (this.#source[this.#at] !== "|") return all;
      if (this.#groups === 0) this.#hasBareAlternation = true;
      this.#at++;
    }
  }

  #concatenation(): string[] | undefined {
    let heads = [""];
    for (;;) {
      const char = this.#source[this.#at];
      if (char === undefined || char === "|" || char === ")") return heads;
      const tails = char === "(" ? this.#group() : this.#literal();
      if (tails === undefined || "*+?{".includes(this.#source[this.#at] ?? " ")) return undefined;
      if (heads.length * tails.length > this.#max) return undefined;
      this.#work += heads.length * (weightOf(tails) + tails.length) + weightOf(heads) * tails.length;
      if (this.#work > MAX_WORK) return undefined;
      heads = heads.flatMap((head) => tails.map((tail) => head + tail));
    }
  }

  #group(): string[] | undefined {
    if (++this.#groups > MAX_GROUPS) return undefined;
    this.#at++;
    if (this.#source[this.#at] === "?") {
      if (!this.#source.startsWith("?:", this.#at)) return undefined;
      this.#at += 2;
    }
    const literals = this.#alternation();
    if (literals === undefined || this.#source[this.#at] !== ")") return undefined;
    this.#at++;
    this.#groups--;
    return literals;
  }

  /** A run of plain characters, without the last one if a repetition follows it. */
  #literal(): string[] | undefined {
    let text = "";
    for (;;) {
      const char = this.#source[this.#at];
      if (char === undefined || "|()".includes(char)) return [text];
      if (".[]{}*+?^$".includes(char)) return undefined;
      if (char === "\\") {
        const escaped = this.#source[this.#at + 1];
        if (escaped === undefined || !/^[!-/:-@[-`{-~]$/.test(escaped)) return undefined;
        text += escaped;
        this.#at += 2;
      } else {
        text += char;
        this.#at++;
      }
    }
  }
}

/** Characters of all texts together. */
function weightOf(texts: readonly string[]): number {
  let weight = 0;
  for (const text of texts) weight += text.length;
  return weight;
}
