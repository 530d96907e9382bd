/** Tokens to a tree, as Go's text/template/parse does, with its messages. */
import { quoteGo } from "../model/index.js";
import { TemplateParseError } from "./errors.js";
import { isKeyword, lex, type Token, type TokenType } from "./lexer.js";
import { parseNumberLiteral, unquote } from "./literals.js";
import {
  type ActionNode,
  type BranchNode,
  type CommandNode,
  type ListNode,
  type Node,
  nodeText,
  type Operand,
  type PipeNode,
  type TemplateNode,
  type VariableNode,
} from "./nodes.js";

/** One named template: its tree, and the text and name it was read from, which messages show. */
export interface Tree {
  readonly name: string;
  readonly parseName: string;
  readonly text: string;
  readonly root: ListNode;
}

/** Nesting of actions and parentheses; recursion here and in the executor follows it. */
const MAX_NESTING = 200;
/** Longest text of one template file. */
export const MAX_TEMPLATE_LENGTH = 4 * 1024 * 1024;

/**
 * @param name         what messages call the text, and the name of what stands outside of every `define`.
 * @param hasFunction  whether a function of this name may be called.
 * @returns every template of the text by name, the text itself under `name`.
 * @throws TemplateParseError
 */
export function parseTrees(
  name: string,
  text: string,
  hasFunction: (name: string) => boolean,
): ReadonlyMap<string, Tree> {
  if (text.length > MAX_TEMPLATE_LENGTH) {
    throw new TemplateParseError(
      `template: ${name}: too long: ${text.length} characters, at most ${MAX_TEMPLATE_LENGTH} are allowed`,
    );
  }
  return new Parser(name, text, hasFunction).parse();
}

export function isEmptyList(list: ListNode): boolean {
  return list.nodes.every((node) => node.kind === "text" && node.text.trim() === "");
}

interface EndOrElse {
  readonly kind: "end" | "else";
  readonly pos: number;
}

const OPERANDS: ReadonlySet<TokenType> = new Set<TokenType>([
  "bool",
  "charConstant",
  "complex",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "rawString",
  "string",
  "variable",
  "leftParen",
]);

class Parser {
  readonly #name: string;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #hasFunction: (name: string) => boolean;
  readonly #trees = new Map<string, Tree>();
  #at = 0;
  /** The furthest token that was looked at: its line is the one of messages. */
  #furthest = 0;
  #actionLine = 0;
  #rangeDepth = 0;
  #nesting = 0;
  #variables: string[] = ["$"];

  constructor(name: string, text: string, hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#text = text;
    this.#tokens = lex(text);
    this.#hasFunction = hasFunction;
  }

  parse(): ReadonlyMap<string, Tree> {
    const root: ListNode = { kind: "list", pos: this.#peek().pos, nodes: [] };
    while (this.#peek().type !== "eof") {
      if (this.#peek().type === "leftDelim") {
        const before = this.#at;
        this.#next();
        if (this.#nextNonSpace().type === "define") {
          this.#definition();
          continue;
        }
        this.#at = before;
      }
      const node = this.#textOrAction();
      if (isEndOrElse(node)) this.#fail(`unexpected {{${node.kind}}}`);
      root.nodes.push(node);
    }
    this.#add(this.#name, root);
    return this.#trees;
  }

  #add(name: string, root: ListNode): void {
    const known = this.#trees.get(name);
    if (known === undefined || isEmptyList(known.root)) {
      this.#trees.set(name, { name, parseName: this.#name, text: this.#text, root });
    } else if (!isEmptyList(root)) this.#fail(`template: multiple definition of template ${quoteGo(name)}`);
  }

  #next(): Token {
    this.#furthest = Math.max(this.#furthest, this.#at);
    const token = this.#tokens[this.#at]!;
    if (this.#at < this.#tokens.length - 1) this.#at++;
    return token;
  }

  #peek(): Token {
    this.#furthest = Math.max(this.#furthest, this.#at);
    return this.#tokens[this.#at]!;
  }

  #nextNonSpace(): Token {
    while (this.#peek().type === "space") this.#next();
    return this.#next();
  }

  #peekNonSpace(): Token {
    while (this.#peek().type === "space") this.#next();
    return this.#peek();
  }

  #fail(message: string): never {
    throw new TemplateParseError(`template: ${this.#name}:${this.#tokens[this.#furthest]!.line}: ${message}`);
  }

  #unexpected(token: Token, context: string): never {
    if (token.type === "error") {
      let extra = "";
      if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
        extra = ` in action started at ${this.#name}:${this.#actionLine}`;
        if (token.text.endsWith(" action")) extra = extra.slice(" in action".length);
      }
      this.#fail(`${token.text}${extra}`);
    }
    this.#fail(`unexpected ${tokenText(token)} in ${context}`);
  }

  #expect(type: TokenType, context: string): Token {
    const token = this.#nextNonSpace();
    if (token.type !== type) this.#unexpected(token, context);
    return token;
  }

  #unquote(token: Token): string {
    const text = unquote(token.text);
    if (text === undefined) this.#fail("invalid syntax");
    return text;
  }

  /** Recursion is bounded: one level for each open action or parenthesis. */
  #nested<T>(read: () => T): T {
    if (++this.#nesting > MAX_NESTING) this.#fail(`nested deeper than ${MAX_NESTING} levels`);
    const result = read();
    this.#nesting--;
    return result;
  }

  #definition(): void {
    const context = "define clause";
    const token = this.#nextNonSpace();
    if (token.type !== "string" && token.type !== "rawString") this.#unexpected(token, context);
    const name = this.#unquote(token);
    this.#expect("rightDelim", context);
    this.#add(name, this.#separateList(context));
  }

  /** The body of a `define` or `block`, which sees no variable from outside. */
  #separateList(context: string): ListNode {
    const { variables, rangeDepth } = { variables: this.#variables, rangeDepth: this.#rangeDepth };
    this.#variables = ["$"];
    this.#rangeDepth = 0;
    const { list, end } = this.#itemList();
    if (end.kind !== "end") this.#fail(`unexpected {{${end.kind}}} in ${context}`);
    this.#variables = variables;
    this.#rangeDepth = rangeDepth;
    return list;
  }

  #itemList(): { readonly list: ListNode; readonly end: EndOrElse } {
    const list: ListNode = { kind: "list", pos: this.#peekNonSpace().pos, nodes: [] };
    while (this.#peekNonSpace().type !== "eof") {
      const node = this.#textOrAction();
      if (isEndOrElse(node)) return { list, end: node };
      list.nodes.push(node);
    }
    this.#fail("unexpected EOF");
  }

  #textOrAction(): Node | EndOrElse {
    const token = this.#nextNonSpace();
    if (token.type === "text") return { kind: "text", pos: token.pos, text: token.text };
    if (token.type !== "leftDelim") this.#unexpected(token, "input");
    this.#actionLine = token.line;
    const node = this.#nested(() => this.#action());
    this.#actionLine = 0;
    return node;
  }

  #action(): Node | EndOrElse {
    const before = this.#at;
    const token = this.#nextNonSpace();
    switch (token.type) {
      case "block":
        return this.#block();
      case "break":
      case "continue":
        return this.#loopControl(token, token.type);
      case "else":
        return this.#else();
      case "end":
        return { kind: "end", pos: this.#expect("rightDelim", "end").pos };
      case "if":
      case "range":
      case "with":
        return this.#control(token.type);
      case "template":
        return this.#template();
    }
    this.#at = before;
    const first = this.#peekNonSpace();
    return { kind: "action", pos: first.pos, pipe: this.#pipeline("command", "rightDelim") } satisfies ActionNode;
  }

  #loopControl(token: Token, kind: "break" | "continue"): Node {
    const next = this.#nextNonSpace();
    if (next.type !== "rightDelim") this.#unexpected(next, `{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, pos: token.pos };
  }

  #else(): EndOrElse {
    const next = this.#peekNonSpace();
    // `{{else if …}}`: the rest is read by the control which the else belongs to.
    if (next.type === "if" || next.type === "with") return { kind: "else", pos: next.pos };
    return { kind: "else", pos: this.#expect("rightDelim", "else").pos };
  }

  #control(kind: "if" | "range" | "with"): BranchNode {
    const variableCount = this.#variables.length;
    const pipe = this.#pipeline(kind, "rightDelim");
    if (kind === "range") this.#rangeDepth++;
    const { list, end } = this.#itemList();
    if (kind === "range") this.#rangeDepth--;
    let elseList: ListNode | undefined;
    if (end.kind === "else") elseList = this.#elseList(kind, end);
    this.#variables.length = variableCount;
    return { kind, pos: pipe.pos, pipe, list, elseList };
  }

  #elseList(kind: "if" | "range" | "with", end: EndOrElse): ListNode {
    if (kind !== "range" && this.#peek().type === kind) {
      this.#next();
      return { kind: "list", pos: end.pos, nodes: [this.#nested(() => this.#control(kind))] };
    }
    const { list, end: last } = this.#itemList();
    if (last.kind !== "end") this.#fail(`expected end; found {{${last.kind}}}`);
    return list;
  }

  #block(): TemplateNode {
    const context = "block clause";
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, "rightDelim");
    this.#add(name, this.#separateList(context));
    return { kind: "template", pos: token.pos, name, pipe };
  }

  #template(): TemplateNode {
    const context = "template clause";
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    let pipe: PipeNode | undefined;
    const before = this.#at;
    if (this.#nextNonSpace().type !== "rightDelim") {
      this.#at = before;
      pipe = this.#pipeline(context, "rightDelim");
    }
    return { kind: "template", pos: token.pos, name, pipe };
  }

  #templateName(token: Token, context: string): string {
    if (token.type !== "string" && token.type !== "rawString") this.#unexpected(token, context);
    return this.#unquote(token);
  }

  #pipeline(context: string, end: "rightDelim" | "rightParen"): PipeNode {
    const pipe: PipeNode = { kind: "pipe", pos: this.#peekNonSpace().pos, isAssign: false, declared: [], commands: [] };
    this.#declarations(pipe, context);
    for (;;) {
      const before = this.#at;
      const token = this.#nextNonSpace();
      if (token.type === end) {
        this.#checkPipeline(pipe, context);
        return pipe;
      }
      if (!OPERANDS.has(token.type)) this.#unexpected(token, context);
      this.#at = before;
      pipe.commands.push(this.#command());
    }
  }

  /** `$x :=`, `$x =`, or in a range `$i, $x :=`. */
  #declarations(pipe: PipeNode, context: string): void {
    for (;;) {
      const variable = this.#peekNonSpace();
      if (variable.type !== "variable") return;
      const before = this.#at;
      this.#next();
      const next = this.#peekNonSpace();
      const isComma = next.type === "char" && next.text === ",";
      if (!isComma && next.type !== "assign" && next.type !== "declare") {
        this.#at = before;
        return;
      }
      this.#nextNonSpace();
      pipe.declared.push(variableNode(variable));
      this.#variables.push(variable.text);
      if (!isComma) {
        pipe.isAssign = next.type === "assign";
        return;
      }
      if (context !== "range" || pipe.declared.length >= 2) this.#fail(`too many declarations in ${context}`);
      const following = this.#peekNonSpace().type;
      if (following !== "variable" && following !== "rightDelim" && following !== "rightParen") {
        this.#fail("range can only initialize variables");
      }
    }
  }

  #checkPipeline(pipe: PipeNode, context: string): void {
    if (pipe.commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [i, command] of pipe.commands.entries()) {
      if (i > 0 && ["bool", "dot", "nil", "number", "string"].includes(command.args[0]!.kind)) {
        this.#fail(`non executable command in pipeline stage ${i + 1}`);
      }
    }
  }

  #command(): CommandNode {
    const command: CommandNode = { kind: "command", pos: this.#peekNonSpace().pos, args: [] };
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) command.args.push(operand);
      const before = this.#at;
      const token = this.#next();
      if (token.type === "space") continue;
      if (token.type === "rightDelim" || token.type === "rightParen") this.#at = before;
      else if (token.type !== "pipe") this.#unexpected(token, "operand");
      break;
    }
    if (command.args.length === 0) this.#fail("empty command");
    return command;
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (node === undefined || this.#peek().type !== "field") return node;
    const pos = this.#peek().pos;
    const path: string[] = [];
    while (this.#peek().type === "field") path.push(this.#next().text.slice(1));
    switch (node.kind) {
      case "field":
        return { kind: "field", pos, path: [...node.path, ...path] };
      case "variable":
        return { kind: "variable", pos, path: [...node.path, ...path] };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot":
        return this.#fail(`unexpected . after term ${quoteGo(nodeText(node))}`);
    }
    return { kind: "chain", pos, node, path };
  }

  #term(): Operand | undefined {
    const before = this.#at;
    const token = this.#nextNonSpace();
    const { pos, text } = token;
    switch (token.type) {
      case "identifier":
        if (!this.#hasFunction(text)) this.#fail(`function ${quoteGo(text)} not defined`);
        return { kind: "identifier", pos, name: text };
      case "dot":
      case "nil":
        return { kind: token.type, pos };
      case "variable": {
        const node = variableNode(token);
        if (!this.#variables.includes(node.path[0]!)) this.#fail(`undefined variable ${quoteGo(node.path[0]!)}`);
        return node;
      }
      case "field":
        return { kind: "field", pos, path: [text.slice(1)] };
      case "bool":
        return { kind: "bool", pos, value: text === "true" };
      case "charConstant":
      case "complex":
      case "number": {
        const number = parseNumberLiteral(pos, text, token.type);
        return typeof number === "string" ? this.#fail(number) : number;
      }
      case "leftParen":
        return this.#nested(() => this.#pipeline("parenthesized pipeline", "rightParen"));
      case "string":
      case "rawString":
        return { kind: "string", pos, quoted: text, value: this.#unquote(token) };
    }
    this.#at = before;
    return undefined;
  }
}

function isEndOrElse(node: Node | EndOrElse): node is EndOrElse {
  return node.kind === "end" || node.kind === "else";
}

function variableNode(token: Token): VariableNode {
  return { kind: "variable", pos: token.pos, path: [token.text] };
}

function tokenText(token: Token): string {
  if (token.type === "eof") return "EOF";
  if (token.type === "error") return token.text;
  if (isKeyword(token.type)) return `<${token.text}>`;
  const runes = [...token.text];
  return runes.length > 10 ? `${quoteGo(runes.slice(0, 10).join(""))}...` : quoteGo(token.text);
}
