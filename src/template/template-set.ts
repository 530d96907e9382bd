/** Named templates that can call one another, with their functions: Go's `*template.Template`. */
import { quoteGo } from "../model/index.js";
import { BUILTINS } from "./builtins.js";
import { TemplateExecError } from "./errors.js";
import { DEFAULT_TEMPLATE_LIMITS, type Escaper, execute, type MissingKey, type TemplateLimits } from "./execute.js";
import { isEmptyList, parseTrees, type Tree } from "./parser.js";
import type { GoFunction, Value } from "./values.js";

export interface TemplateOptions {
  /** Beside the builtin ones, which they may replace. */
  readonly functions?: ReadonlyMap<string, GoFunction>;
  readonly missingKey?: MissingKey;
  readonly limits?: Partial<TemplateLimits>;
}

export class TemplateSet {
  readonly #functions: ReadonlyMap<string, GoFunction>;
  readonly #missingKey: MissingKey;
  readonly #limits: TemplateLimits;
  readonly #trees: Map<string, Tree>;

  constructor(options: TemplateOptions = {}, trees: ReadonlyMap<string, Tree> = new Map()) {
    this.#functions = options.functions ?? new Map();
    this.#missingKey = options.missingKey ?? "default";
    this.#limits = { ...DEFAULT_TEMPLATE_LIMITS, ...options.limits };
    this.#trees = new Map(trees);
  }

  clone(): TemplateSet {
    const options = { functions: this.#functions, missingKey: this.#missingKey, limits: this.#limits };
    return new TemplateSet(options, this.#trees);
  }

  /**
   * Adds the text under `name`, and each template that it defines. A later definition replaces an earlier one, unless it
   * is empty.
   * @throws TemplateParseError
   */
  parse(name: string, text: string): this {
    const isKnown = (called: string): boolean =>
      this.#functions.has(called) || BUILTINS.has(called) || called === "and" || called === "or";
    for (const [defined, tree] of parseTrees(name, text, isKnown)) {
      if (!this.#trees.has(defined) || !isEmptyList(tree.root)) this.#trees.set(defined, tree);
    }
    return this;
  }

  has(name: string): boolean {
    return this.#trees.has(name);
  }

  /** @throws TemplateExecError */
  execute(name: string, data: Value, escaper?: Escaper): string {
    const tree = this.#trees.get(name);
    if (tree === undefined) {
      throw new TemplateExecError(`template: no template ${quoteGo(name)} associated with template ${quoteGo("")}`);
    }
    const program = {
      trees: this.#trees,
      functions: this.#functions,
      missingKey: this.#missingKey,
      limits: this.#limits,
    };
    return execute(program, tree, data, escaper);
  }
}
