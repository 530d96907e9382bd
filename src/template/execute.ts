/** Runs a tree over data, as Go's text/template does, within limits. */
import { quoteGo } from "../model/index.js";
import { BUILTINS, callValue } from "./builtins.js";
import { byteLength } from "./bytes.js";
import { FunctionError, TemplateExecError } from "./errors.js";
import { sortedKeys, toText } from "./format.js";
import {
  type AnyNode,
  type BranchNode,
  type ChainNode,
  type CommandNode,
  type FieldNode,
  type IdentifierNode,
  type ListNode,
  type Node,
  type NumberNode,
  nodeText,
  type Operand,
  type PipeNode,
  type TemplateNode,
  type VariableNode,
} from "./nodes.js";
import type { Tree } from "./parser.js";
import {
  ANY,
  Boxed,
  GoComplex,
  type GoFunction,
  GoInteger,
  GoMap,
  GoSlice,
  GoStruct,
  GoValue,
  isAssignable,
  isTrue,
  type Plain,
  typeName,
  unbox,
  type Value,
  zeroOf,
} from "./values.js";

export interface TemplateLimits {
  /** Characters of the result. */
  readonly maxOutput: number;
  /** Nodes visited. */
  readonly maxSteps: number;
  /** Templates inside templates. */
  readonly maxDepth: number;
}

export const DEFAULT_TEMPLATE_LIMITS: TemplateLimits = {
  maxOutput: 16 * 1024 * 1024,
  maxSteps: 2_000_000,
  maxDepth: 150,
};

/** What a missing key of a map gives: its element's zero value, nothing, or an error. */
export type MissingKey = "zero" | "default" | "error";

/** Sees everything that is written, in order: where html/template escapes. */
export interface Escaper {
  text(text: string): string;
  /** @param pipe  where the value comes from: its last command may be an escaper of the template's own. */
  value(value: Plain, pipe: PipeNode): string;
  end(): void;
}

export interface Program {
  readonly trees: ReadonlyMap<string, Tree>;
  readonly functions: ReadonlyMap<string, GoFunction>;
  readonly missingKey: MissingKey;
  readonly limits: TemplateLimits;
}

/** @throws TemplateExecError */
export function execute(program: Program, tree: Tree, data: Value, escaper?: Escaper): string {
  const state = new State(program, escaper);
  try {
    state.run(tree, data);
  } catch (error) {
    if (error instanceof TemplateExecError) error.partial = state.output;
    throw error;
  }
  escaper?.end();
  return state.output;
}

const MISSING = Symbol("missing");
type Final = Value | typeof MISSING;
type Signal = "break" | "continue" | undefined;

interface Variable {
  readonly name: string;
  value: Value;
}

class State {
  output = "";
  readonly #program: Program;
  readonly #escaper: Escaper | undefined;
  #tree: Tree | undefined;
  #node: AnyNode | undefined;
  #variables: Variable[] = [];
  #depth = 0;
  #steps = 0;

  constructor(program: Program, escaper: Escaper | undefined) {
    this.#program = program;
    this.#escaper = escaper;
  }

  run(tree: Tree, data: Value): void {
    this.#tree = tree;
    this.#variables = [{ name: "$", value: data }];
    this.#list(data, tree.root);
  }

  #fail(message: string, cause?: unknown): never {
    const tree = this.#tree!;
    const node = this.#node;
    if (node === undefined) throw new TemplateExecError(`template: ${tree.name}: ${message}`, cause);
    const before = tree.text.slice(0, node.pos);
    const lines = before.split("\n");
    const place = `${tree.parseName}:${lines.length}:${byteLength(lines.at(-1)!)}`;
    throw new TemplateExecError(
      `template: ${place}: executing ${quoteGo(tree.name)} at <${nodeText(node)}>: ${message}`,
      cause,
    );
  }

  #step(node: AnyNode): void {
    this.#node = node;
    if (++this.#steps > this.#program.limits.maxSteps) {
      this.#fail(`exceeded the limit of ${this.#program.limits.maxSteps} steps`);
    }
  }

  #write(text: string): void {
    this.output += text;
    if (this.output.length > this.#program.limits.maxOutput) {
      this.#fail(`exceeded the limit of ${this.#program.limits.maxOutput} characters of output`);
    }
  }

  #list(dot: Value, list: ListNode): Signal {
    for (const node of list.nodes) {
      const signal = this.#walk(dot, node);
      if (signal !== undefined) return signal;
    }
    return undefined;
  }

  #walk(dot: Value, node: Node): Signal {
    this.#step(node);
    switch (node.kind) {
      case "text":
        this.#write(this.#escaper === undefined ? node.text : this.#escaper.text(node.text));
        return undefined;
      case "action": {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.declared.length === 0) this.#print(node, unbox(value), node.pipe);
        return undefined;
      }
      case "if":
      case "with":
        return this.#ifOrWith(dot, node);
      case "range":
        return this.#range(dot, node);
      case "template":
        this.#call(dot, node);
        return undefined;
      case "break":
      case "continue":
        return node.kind;
    }
  }

  #print(node: AnyNode, given: Plain, pipe: PipeNode): void {
    this.#node = node;
    // An action shows what a pointer points at; functions that print show the pointer.
    const value = given instanceof GoStruct ? given.target : given;
    this.#write(
      this.#escaper === undefined
        ? value === undefined
          ? "<no value>"
          : toText(value)
        : this.#escaper.value(value, pipe),
    );
  }

  #ifOrWith(dot: Value, node: BranchNode): Signal {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    let signal: Signal;
    if (isTrue(unbox(value))) signal = this.#list(node.kind === "with" ? value : dot, node.list);
    else if (node.elseList !== undefined) signal = this.#list(dot, node.elseList);
    this.#variables.length = mark;
    return signal;
  }

  #range(dot: Value, node: BranchNode): Signal {
    const mark = this.#variables.length;
    const value = unbox(this.#pipeline(dot, node.pipe));
    const bodyMark = this.#variables.length;
    let isEmpty = true;
    for (const [key, element] of this.#elements(value, node)) {
      isEmpty = false;
      this.#setRangeVariables(node.pipe, key, element);
      const signal = this.#list(element, node.list);
      this.#variables.length = bodyMark;
      if (signal === "break") break;
      this.#step(node);
    }
    this.#variables.length = bodyMark;
    const signal = isEmpty && node.elseList !== undefined ? this.#list(dot, node.elseList) : undefined;
    this.#variables.length = mark;
    return signal;
  }

  #setRangeVariables({ declared, isAssign }: PipeNode, key: Value, element: Value): void {
    if (declared.length === 0) return;
    const values = declared.length > 1 ? [key, element] : [element];
    for (const [i, variable] of declared.entries()) {
      if (isAssign) this.#setVariable(variable.path[0]!, values[i]);
      else this.#variables[this.#variables.length - declared.length + i]!.value = values[i];
    }
  }

  *#elements(value: Plain, node: BranchNode): Generator<readonly [key: Value, element: Value]> {
    if (value === undefined) return;
    if (value instanceof GoSlice) {
      for (const [i, item] of value.items.entries()) yield [BigInt(i), item];
      return;
    }
    if (value instanceof GoMap) {
      for (const key of sortedKeys(value)) yield [key, value.entries.get(key)];
      return;
    }
    const count = typeof value === "bigint" ? value : value instanceof GoInteger ? value.value : undefined;
    if (count === undefined) this.#fail(`range can't iterate over ${toText(value)}`);
    if (node.pipe.declared.length > 1) this.#fail(`can't use ${count} to iterate over more than one variable`);
    for (let i = 0n; i < count; i++) {
      const element = typeof value === "bigint" ? i : new GoInteger(i, typeName(value));
      yield [element, element];
    }
  }

  #call(dot: Value, node: TemplateNode): void {
    const tree = this.#program.trees.get(node.name);
    if (tree === undefined) this.#fail(`template ${quoteGo(node.name)} not defined`);
    const { maxDepth } = this.#program.limits;
    if (this.#depth === maxDepth) this.#fail(`exceeded maximum template depth (${maxDepth})`);
    const argument = node.pipe === undefined ? undefined : this.#pipeline(dot, node.pipe);
    const outer = { tree: this.#tree, variables: this.#variables };
    this.#depth++;
    this.#tree = tree;
    this.#variables = [{ name: "$", value: argument }];
    this.#list(argument, tree.root);
    this.#depth--;
    this.#tree = outer.tree;
    this.#variables = outer.variables;
  }

  #setVariable(name: string, value: Value): void {
    const variable = this.#variables.findLast((known) => known.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    variable.value = value;
  }

  // Pipelines and their commands.

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#step(pipe);
    let value: Final = MISSING;
    for (const command of pipe.commands) value = unbox(this.#command(dot, command, value));
    const result = value as Value;
    for (const variable of pipe.declared) {
      if (pipe.isAssign) this.#setVariable(variable.path[0]!, result);
      else this.#variables.push({ name: variable.path[0]!, value: result });
    }
    return result;
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    const first = command.args[0]!;
    switch (first.kind) {
      case "field":
        return this.#field(dot, first, command.args, final);
      case "chain":
        return this.#chain(dot, first, command.args, final);
      case "identifier":
        return this.#function(dot, first, command, command.args, final);
      case "pipe":
        this.#notAFunction(command.args, final);
        return this.#pipeline(dot, first);
      case "variable":
        return this.#variable(dot, first, command.args, final);
    }
    this.#step(first);
    this.#notAFunction(command.args, final);
    switch (first.kind) {
      case "bool":
      case "string":
        return first.value;
      case "dot":
        return dot;
      case "nil":
        return this.#fail("nil is not a command");
      case "number":
        return this.#constant(first);
    }
  }

  #notAFunction(args: readonly Operand[], final: Final): void {
    if (args.length > 1 || final !== MISSING) this.#fail(`can't give argument to non-function ${nodeText(args[0]!)}`);
  }

  #constant(node: NumberNode): Value {
    this.#step(node);
    if (node.complex !== undefined) return new GoComplex(node.complex.re, node.complex.im);
    if (node.isFloatText && node.float !== undefined) return node.float;
    if (node.int !== undefined) return node.int;
    this.#fail(`${node.text} overflows int`);
  }

  #field(dot: Value, node: FieldNode, args: readonly Operand[], final: Final): Value {
    this.#step(node);
    return this.#path(dot, dot, node, node.path, args, final);
  }

  #chain(dot: Value, node: ChainNode, args: readonly Operand[], final: Final): Value {
    this.#step(node);
    if (node.node.kind === "nil") this.#fail(`indirection through explicit nil in ${nodeText(node)}`);
    const receiver = this.#argument(dot, "reflect.Value", node.node);
    return this.#path(dot, receiver, node, node.path, args, final);
  }

  #variable(dot: Value, node: VariableNode, args: readonly Operand[], final: Final): Value {
    this.#step(node);
    const [name, ...path] = node.path;
    const variable = this.#variables.findLast((known) => known.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    if (path.length === 0) {
      this.#notAFunction(args, final);
      return variable.value;
    }
    return this.#path(dot, variable.value, node, path, args, final);
  }

  #path(
    dot: Value,
    receiver: Value,
    node: AnyNode,
    path: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Value {
    let at = receiver;
    for (const name of path.slice(0, -1)) at = this.#member(dot, name, node, [], MISSING, at);
    return this.#member(dot, path.at(-1)!, node, args, final, at);
  }

  /** `.name` of a receiver: its method, its field, or the element of a map. */
  #member(dot: Value, name: string, node: AnyNode, args: readonly Operand[], final: Final, boxed: Value): Value {
    const receiver = unbox(boxed);
    if (receiver === undefined) {
      if (boxed instanceof Boxed) this.#fail(`nil pointer evaluating ${ANY}.${name}`);
      if (this.#program.missingKey === "error") this.#fail(`nil data; no entry for key ${quoteGo(name)}`);
      return undefined;
    }
    const type = boxed instanceof Boxed ? ANY : typeName(receiver);
    if (receiver instanceof GoValue) {
      const method = receiver.method(name);
      if (method !== undefined) return this.#invoke(dot, method, node, name, args, final);
    }
    const hasArguments = args.length > 1 || final !== MISSING;
    if (receiver instanceof GoStruct && receiver.fields.has(name)) {
      if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
      return receiver.fields.get(name);
    }
    if (receiver instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      if (receiver.entries.has(name)) return receiver.entries.get(name);
      switch (this.#program.missingKey) {
        case "zero":
          return zeroOf(receiver.elementType);
        case "default":
          return undefined;
        case "error":
          this.#fail(`map has no entry for key ${quoteGo(name)}`);
      }
    }
    this.#fail(`can't evaluate field ${name} in type ${type}`);
  }

  #function(dot: Value, node: IdentifierNode, command: AnyNode, args: readonly Operand[], final: Final): Value {
    this.#step(node);
    const own = this.#program.functions.get(node.name);
    if (own !== undefined) return this.#invoke(dot, own, command, node.name, args, final);
    if (node.name === "and" || node.name === "or") return this.#andOr(dot, node.name, args, final);
    const builtin = BUILTINS.get(node.name);
    if (builtin === undefined) this.#fail(`${quoteGo(node.name)} is not a defined function`);
    if (node.name === "call" && args.length > 1) {
      const callee = this.#argument(dot, "reflect.Value", args[1]!);
      this.#node = command;
      return this.#guard("call", () => callValue(nodeText(args[1]!), callee));
    }
    return this.#invoke(dot, builtin, command, node.name, args, final);
  }

  #andOr(dot: Value, name: "and" | "or", args: readonly Operand[], final: Final): Value {
    if (args.length <= 1 && final === MISSING) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got ${Math.max(0, args.length - 1)}`);
    }
    let value: Value;
    for (const arg of args.slice(1)) {
      value = this.#argument(dot, "reflect.Value", arg);
      if (isTrue(unbox(value)) === (name === "or")) return value;
    }
    return final === MISSING ? value : final;
  }

  /** Evaluates the arguments by the types that the function wants, and calls it. */
  #invoke(dot: Value, callee: GoFunction, node: AnyNode, name: string, args: readonly Operand[], final: Final): Value {
    const given = args.slice(1);
    const { parameters, isVariadic = false } = callee;
    const count = given.length + (final === MISSING ? 0 : 1);
    const fixed = isVariadic ? parameters.length - 1 : parameters.length;
    if (isVariadic && count < fixed) {
      this.#fail(`wrong number of args for ${name}: want at least ${fixed} got ${given.length}`);
    }
    if (!isVariadic && count !== fixed) this.#fail(`wrong number of args for ${name}: want ${fixed} got ${count}`);
    const typeAt = (i: number): string => parameters[Math.min(i, parameters.length - 1)]!;
    const values: Value[] = given.map((arg, i) => this.#argument(dot, typeAt(i), arg));
    if (final !== MISSING) values.push(this.#validate(final, typeAt(count - 1)));
    this.#node = node;
    return this.#guard(name, () => callee.call(values));
  }

  #guard(name: string, call: () => Value): Value {
    try {
      return call();
    } catch (error) {
      if (error instanceof FunctionError) this.#fail(`error calling ${name}: ${error.message}`, error);
      throw error;
    }
  }

  #argument(dot: Value, type: string, node: Operand): Value {
    this.#step(node);
    switch (node.kind) {
      case "dot":
        return this.#validate(dot, type);
      case "nil":
        if (canBeNil(type)) return type === "reflect.Value" ? undefined : new Boxed(undefined);
        return this.#fail(`cannot assign nil to ${type}`);
      case "field":
        return this.#validate(this.#field(dot, node, [node], MISSING), type);
      case "variable":
        return this.#validate(this.#variable(dot, node, [], MISSING), type);
      case "pipe":
        return this.#validate(this.#pipeline(dot, node), type);
      case "identifier":
        return this.#validate(this.#function(dot, node, node, [], MISSING), type);
      case "chain":
        return this.#validate(this.#chain(dot, node, [], MISSING), type);
    }
    switch (type) {
      case ANY:
      case "reflect.Value":
        return node.kind === "number" ? this.#constant(node) : node.value;
      case "bool":
        return node.kind === "bool" ? node.value : this.#fail(`expected bool; found ${nodeText(node)}`);
      case "string":
        return node.kind === "string" ? node.value : this.#fail(`expected string; found ${nodeText(node)}`);
      case "int":
        if (node.kind === "number" && node.int !== undefined) return node.int;
        return this.#fail(`expected integer; found ${nodeText(node)}`);
      case "float64":
        if (node.kind === "number" && node.float !== undefined) return node.float;
        return this.#fail(`expected float; found ${nodeText(node)}`);
      case "time.Duration":
        if (node.kind === "number" && node.int !== undefined) return new GoInteger(node.int, type);
        return this.#fail(`expected integer; found ${nodeText(node)}`);
    }
    this.#fail(`can't handle ${nodeText(node)} for arg of type ${type}`);
  }

  #validate(value: Value, type: string): Value {
    if (type === "reflect.Value" || type === ANY) return value;
    const plain = unbox(value);
    if (plain === undefined) {
      if (value instanceof Boxed) this.#fail(`wrong type for value; expected ${type}; got ${ANY}`);
      if (canBeNil(type)) return undefined;
      this.#fail(`invalid value; expected ${type}`);
    }
    if (!isAssignable(plain, type)) this.#fail(`wrong type for value; expected ${type}; got ${typeName(plain)}`);
    return plain;
  }
}

function canBeNil(type: string): boolean {
  return !/^(?:string|int|float64|bool|time\.(?:Time|Duration))$/.test(type);
}
