/** Expressions that were parsed and checked before: a dashboard asks the same ones at every refresh. */
import type { Expr } from "./ast.js";
import type { ParserOptions } from "./options.js";
import { parseExpr } from "./parse.js";

/** A tree takes some fifty times its text. */
const CHARS_KEPT = 100_000;
const TEXT_CHARS_MAX = 5000;

export class ParsedExpressions {
  readonly #options: ParserOptions;
  /** Oldest use first. */
  readonly #known = new Map<string, Expr>();
  #chars = 0;

  constructor(options: ParserOptions) {
    this.#options = options;
  }

  /** The tree is shared, and not to be changed. @throws VestalError PARSE */
  parse(text: string): Expr {
    const known = this.#known.get(text);
    if (known !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, known);
      return known;
    }
    const expr = parseExpr(text, this.#options);
    if (text.length > TEXT_CHARS_MAX) return expr;
    this.#known.set(text, expr);
    this.#chars += text.length;
    for (const oldest of this.#known.keys()) {
      if (this.#chars <= CHARS_KEPT) break;
      this.#known.delete(oldest);
      this.#chars -= oldest.length;
    }
    return expr;
  }
}
