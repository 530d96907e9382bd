/**
 * The one strict decoder: a tree of nodes and a shape give a value, or Prometheus' words for what is wrong.
 *
 * As in Go's yaml.v2, wrong types and unknown fields are collected and reported together, while a value that a check
 * refuses ends the decoding at once; a section with a wrong type inside is not checked.
 */
import { errorMessage, VestalError } from "../base/index.js";
import { parseBytes } from "../model/byte-size.js";
import { compileRegex, parseDuration, quoteGo } from "../model/index.js";
import { parseUrl } from "./go-url.js";
import type { Node, NodeMap } from "./parse.js";
import { Plain } from "./scalar.js";
import type { Shape, Spec, StructSpec } from "./shape.js";

export type Path = readonly (string | number)[];

/** One thing that is wrong. `expected` are the fields or the kind of value allowed there. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly expected: string;
  /** Collected with others under Go's heading "yaml: unmarshal errors:". */
  readonly isTypeError: boolean;
}

export class DecodeError extends VestalError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super("CONFIG", problems.map((problem) => problem.message).join("; "));
    this.problems = problems;
  }
}

/** A number where a string is wanted, in JSON: how it was written is lost, so the text must be read as YAML. */
export class TextNeededError extends Error {}

export interface DecodeOptions {
  readonly isJson: boolean;
  /** Nodes to visit before the document counts as an alias bomb. */
  readonly nodesMax: number;
  /** Keys that are written twice, by the place of the mapping, where the reader knows. */
  readonly duplicates?: ReadonlyMap<string, readonly string[]>;
  /** Fields that the schema does not know are passed over. */
  readonly allowsUnknown?: boolean;
}

/** @throws DecodeError, TextNeededError */
export function decode<T>(shape: Shape<T>, root: Node, options: DecodeOptions): T {
  const decoder = new Decoder(options);
  const value = decoder.decode(shape, root);
  if (decoder.problems.length > 0) throw new DecodeError(decoder.problems);
  return value;
}

export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

class Decoder {
  readonly problems: Problem[] = [];
  readonly #options: DecodeOptions;
  readonly #path: (string | number)[] = [];
  #nodes = 0;

  constructor(options: DecodeOptions) {
    this.#options = options;
  }

  /** The recursion is as deep as the schema, whatever the text holds; only free-form values follow the text. */
  decode<T>(shape: Shape<T>, node: Node): T {
    this.#countNode();
    if (isNull(node)) return shape.zero;
    // Each branch gives what the shape's constructor in shape.ts has promised for its kind.
    return this.#value(shape, node) as T;
  }

  #value(shape: Shape<unknown>, node: Exclude<Node, null>): unknown {
    const { spec } = shape;
    switch (spec.kind) {
      case "struct":
        return this.#struct(spec.struct, shape, node);
      case "list": {
        if (!Array.isArray(node)) return this.#mismatch(node, `[]${goTypeOf(spec.of.spec)}`, shape);
        return node.map((item: Node, i) => this.#within(i, () => this.decode(spec.of, item)));
      }
      case "map":
        return this.#map(spec, shape, node);
      case "bool":
        return node instanceof Plain && node.kind === "bool" ? node.value : this.#mismatch(node, "bool", shape);
      case "integer":
      case "float":
        return this.#number(spec, shape, node);
      case "any":
        return this.#free(node);
      case "scalar": {
        if (!(node instanceof Plain) && typeof node !== "string") return this.#mismatch(node, spec.goType, shape);
        const isText = typeof node === "string";
        const text = this.#text(node) ?? "";
        const value = this.#checked(() => spec.read(text, isText ? "string" : node.kind, isText ? null : node.value));
        return value === undefined ? this.#mismatch(node, spec.goType, shape) : value;
      }
      default: {
        const goType = spec.kind === "string" ? spec.goType : "string";
        const text = this.#text(node);
        if (text === undefined) return this.#mismatch(node, goType, shape);
        return this.#checked(() => convert(shape, text));
      }
    }
  }

  #struct(struct: StructSpec, shape: Shape<unknown>, node: Exclude<Node, null>): unknown {
    if (!isMap(node)) {
      const text = struct.fromText === undefined ? undefined : this.#text(node);
      if (text !== undefined) return struct.fromText!(text);
      const name = struct.goItemType === undefined ? goTypeOf(shape.spec).replace(/^\*/, "") : struct.goType;
      return this.#mismatch(node, name, shape);
    }
    const problemsBefore = this.problems.length;
    const values = new Map<string, unknown>();
    for (const key of Object.keys(node)) {
      const field = struct.fields.get(key);
      this.#within(key, () => {
        if (field === undefined) {
          if (this.#options.allowsUnknown === true) return;
          const allowed = `one of ${[...struct.fields.keys()].join(", ")}`;
          this.#report(`field ${key} not found in type ${struct.goType}`, allowed);
        } else values.set(key, this.decode(field.shape, node[key] ?? null));
      });
    }
    for (const key of this.#duplicates()) {
      this.#within(key, () => this.#report(`field ${key} already set in type ${struct.goType}`, "each field once"));
    }
    const value: Record<string, unknown> = {};
    for (const [key, field] of struct.fields) value[key] = values.has(key) ? values.get(key) : field.initial;
    if (struct.finish === undefined || this.problems.length > problemsBefore) return value;
    const { finish } = struct;
    return this.#checked(() => finish(value));
  }

  #map(spec: Extract<Spec, { kind: "map" }>, shape: Shape<unknown>, node: Exclude<Node, null>): unknown {
    if (!isMap(node)) return this.#mismatch(node, spec.goType, shape);
    const entries = Object.keys(node).map((key) =>
      this.#within(key, (): [string, unknown] => {
        if (spec.labelNames && (key === "" || /\p{Cs}/u.test(key))) {
          this.#refuse(`${quoteBytes(key)} is not a valid label name`);
        }
        return [key, this.decode(spec.of, node[key] ?? null)];
      }),
    );
    for (const key of this.#duplicates()) {
      this.#within(key, () => this.#report(`key ${quoteGo(key)} already set in map`, "each key once"));
    }
    return Object.fromEntries(entries);
  }

  #number(spec: Extract<Spec, { kind: "integer" | "float" }>, shape: Shape<unknown>, node: Exclude<Node, null>) {
    const goType = spec.kind === "float" ? "float64" : spec.goType;
    if (!(node instanceof Plain) || (node.kind !== "int" && node.kind !== "float")) {
      return this.#mismatch(node, goType, shape);
    }
    // `kind` says that it is a number.
    const value = node.value as number | bigint;
    if (spec.kind === "float") return Number(value);
    const whole = typeof value === "bigint" ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
    const isUnsigned = goType === "uint" || goType === "uint64";
    const [min, end] = isUnsigned ? [0n, 2n ** 64n] : [-(2n ** 63n), 2n ** 63n];
    if (whole === undefined || whole < min || whole >= end) return this.#mismatch(node, goType, shape);
    // Only a modulus can need more than 53 bits, and it is kept as text.
    return goType === "uint64" && whole > BigInt(Number.MAX_SAFE_INTEGER) ? String(whole) : Number(whole);
  }

  /** A value of no fixed form (claims of a token), as plain data. */
  #free(node: Node): unknown {
    this.#countNode();
    if (node === null || typeof node === "string") return node;
    if (node instanceof Plain) return typeof node.value === "bigint" ? Number(node.value) : node.value;
    if (isList(node)) return node.map((item) => this.#free(item));
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, this.#free(value)]));
  }

  #text(node: Node): string | undefined {
    if (typeof node === "string") return node;
    if (!(node instanceof Plain)) return undefined;
    if (this.#options.isJson && node.kind !== "bool" && !/^(?:0|-?[1-9][0-9]*)$/.test(node.text)) {
      throw new TextNeededError();
    }
    return node.text;
  }

  #checked<T>(convertValue: () => T): T {
    try {
      return convertValue();
    } catch (error) {
      // Checks throw VestalError in Prometheus' words; anything else is our own mistake.
      if (error instanceof DecodeError || !(error instanceof VestalError)) throw error;
      return this.#refuse(errorMessage(error));
    }
  }

  #refuse(message: string): never {
    throw new DecodeError([{ path: [...this.#path], message, expected: "", isTypeError: false }]);
  }

  #mismatch(node: Exclude<Node, null>, goType: string, shape: Shape<unknown>): unknown {
    this.#report(`cannot unmarshal ${describe(node)} into ${goType}`, goType);
    return shape.zero;
  }

  #report(message: string, expected: string): void {
    this.problems.push({ path: [...this.#path], message, expected, isTypeError: true });
  }

  #within<T>(key: string | number, step: () => T): T {
    this.#path.push(key);
    const value = step();
    this.#path.pop();
    return value;
  }

  #duplicates(): readonly string[] {
    return this.#options.duplicates?.get(pathKey(this.#path)) ?? [];
  }

  #countNode(): void {
    if (++this.#nodes > this.#options.nodesMax) {
      throw new VestalError("CONFIG", "yaml: document contains excessive aliasing");
    }
  }
}

/** A string as the field wants it. @throws VestalError with the reason. */
function convert(shape: Shape<unknown>, text: string): unknown {
  if (shape.convert !== undefined) return shape.convert(text);
  switch (shape.spec.kind) {
    case "duration":
      return parseDuration(text);
    case "bytes":
      return parseBytes(text);
    case "url":
      return parseUrl(text).text;
    case "regex":
      compileRegex(text);
      return text;
    default:
      return text;
  }
}

function goTypeOf(spec: Spec): string {
  switch (spec.kind) {
    case "struct": {
      // Go names a rule by its own type in a list, and by the type that hides its decoder elsewhere.
      const name = spec.struct.goItemType ?? spec.struct.goType.replace("relabel.plain", "relabel.Config");
      return `${spec.isPointer ? "*" : ""}${name}`;
    }
    case "list":
      return `[]${goTypeOf(spec.of.spec)}`;
    case "string":
    case "integer":
    case "map":
    case "scalar":
      return spec.goType;
    case "float":
      return "float64";
    case "any":
      return "interface {}";
    case "duration":
      return "model.Duration";
    default:
      return spec.kind;
  }
}

/** The value as Go's message shows it: its tag, and up to ten bytes of a scalar. */
function describe(node: Exclude<Node, null>): string {
  if (typeof node === "string") return `!!str ${shortened(node)}`;
  if (node instanceof Plain) return `!!${node.kind} ${shortened(node.text)}`;
  return isList(node) ? "!!seq" : "!!map";
}

function shortened(text: string): string {
  return `\`${text.length > 10 ? `${text.slice(0, 7)}...` : text}\``;
}

/** As quoteGo, with bytes that are not UTF-8 (see decodeBinary) as `\xff`. */
export function quoteBytes(text: string): string {
  return quoteGo(text).replace(/\\udc([89a-f][0-9a-f])/g, "\\x$1");
}

function isNull(node: Node): node is null {
  return node === null || (node instanceof Plain && node.kind === "null");
}

function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}

function isMap(node: Node): node is NodeMap {
  return typeof node === "object" && node !== null && !Array.isArray(node) && !(node instanceof Plain);
}
