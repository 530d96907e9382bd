/** The tree of a template, and each node's text as Go prints it in messages. */

export interface TextNode {
  readonly kind: "text";
  readonly pos: number;
  readonly text: string;
}
export interface ActionNode {
  readonly kind: "action";
  readonly pos: number;
  readonly pipe: PipeNode;
}
export interface BranchNode {
  readonly kind: "if" | "range" | "with";
  readonly pos: number;
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList: ListNode | undefined;
}
export interface ListNode {
  readonly kind: "list";
  readonly pos: number;
  readonly nodes: Node[];
}
export interface TemplateNode {
  readonly kind: "template";
  readonly pos: number;
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}
export interface LoopControlNode {
  readonly kind: "break" | "continue";
  readonly pos: number;
}
export interface PipeNode {
  readonly kind: "pipe";
  readonly pos: number;
  isAssign: boolean;
  readonly declared: VariableNode[];
  readonly commands: CommandNode[];
}
export interface CommandNode {
  readonly kind: "command";
  readonly pos: number;
  readonly args: Operand[];
}
export interface IdentifierNode {
  readonly kind: "identifier";
  readonly pos: number;
  readonly name: string;
}
/** `$x.A.B`: the variable's name with its `$` first. */
export interface VariableNode {
  readonly kind: "variable";
  readonly pos: number;
  readonly path: readonly string[];
}
/** `.A.B` */
export interface FieldNode {
  readonly kind: "field";
  readonly pos: number;
  readonly path: readonly string[];
}
/** `(pipe).A.B` */
export interface ChainNode {
  readonly kind: "chain";
  readonly pos: number;
  readonly node: Operand;
  readonly path: readonly string[];
}
export interface DotNode {
  readonly kind: "dot";
  readonly pos: number;
}
export interface NilNode {
  readonly kind: "nil";
  readonly pos: number;
}
export interface BoolNode {
  readonly kind: "bool";
  readonly pos: number;
  readonly value: boolean;
}
export interface StringNode {
  readonly kind: "string";
  readonly pos: number;
  readonly quoted: string;
  readonly value: string;
}
/** A literal may serve as several types: 1 is an integer and a float, 'a' both too. */
export interface NumberNode {
  readonly kind: "number";
  readonly pos: number;
  readonly text: string;
  readonly int: bigint | undefined;
  readonly uint: bigint | undefined;
  readonly float: number | undefined;
  readonly complex: { readonly re: number; readonly im: number } | undefined;
  /** The text is written as a float: with a point or an exponent. */
  readonly isFloatText: boolean;
}

export type Operand =
  | IdentifierNode
  | VariableNode
  | FieldNode
  | ChainNode
  | DotNode
  | NilNode
  | BoolNode
  | StringNode
  | NumberNode
  | PipeNode;
/** What stands in a list. `end` and `else` leave the parser's lists and never reach a tree. */
export type Node = TextNode | ActionNode | BranchNode | TemplateNode | LoopControlNode;
export type AnyNode = Node | ListNode | CommandNode | Operand;

/** Longest text of a node in a message: a list may be a whole file. */
const MAX_SHOWN = 4096;

export function nodeText(node: AnyNode): string {
  const text = textOf(node);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function textOf(node: AnyNode): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "action":
      return `{{${textOf(node.pipe)}}}`;
    case "if":
    case "range":
    case "with": {
      const otherwise = node.elseList === undefined ? "" : `{{else}}${textOf(node.elseList)}`;
      return `{{${node.kind} ${textOf(node.pipe)}}}${textOf(node.list)}${otherwise}{{end}}`;
    }
    case "list":
      return node.nodes.map(textOf).join("");
    case "template":
      return `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? "" : ` ${textOf(node.pipe)}`}}}`;
    case "break":
    case "continue":
      return `{{${node.kind}}}`;
    case "pipe": {
      const declared = node.declared.map(textOf).join(", ");
      const operator = node.declared.length === 0 ? "" : node.isAssign ? " = " : " := ";
      return `${declared}${operator}${node.commands.map(textOf).join(" | ")}`;
    }
    case "command":
      return node.args.map(argText).join(" ");
    case "identifier":
      return node.name;
    case "variable":
      return node.path.join(".");
    case "field":
      return node.path.map((name) => `.${name}`).join("");
    case "chain":
      return `${argText(node.node)}${node.path.map((name) => `.${name}`).join("")}`;
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "string":
      return node.quoted;
    case "number":
      return node.text;
  }
}

function argText(node: Operand): string {
  return node.kind === "pipe" ? `(${textOf(node)})` : textOf(node);
}
