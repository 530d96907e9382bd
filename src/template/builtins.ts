/** The functions that every template has: comparison, index, slice, len, printf and its family, escaping. */
import { compareBytes } from "../model/index.js";
import { fromBytes, toBytes } from "./bytes.js";
import { FunctionError } from "./errors.js";
import { sprint, sprintf, sprintln, toText } from "./format.js";
import {
  ANY,
  Boxed,
  fn,
  GoComplex,
  type GoFunction,
  GoInteger,
  GoMap,
  GoSlice,
  GoString,
  GoStruct,
  GoValue,
  isTrue,
  type Plain,
  typeName,
  unbox,
  type Value,
  zeroOf,
} from "./values.js";

const REFLECT = "reflect.Value";

/** `and` and `or` are missing: the executor evaluates their arguments one by one. */
export const BUILTINS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ["call", fn([ANY, ANY], () => undefined, true)],
  ["html", fn([ANY], (...args: Value[]) => escapeHtml(textOf(args)), true)],
  ["index", fn([REFLECT, REFLECT], (item: Value, ...indexes: Value[]) => index(item, indexes), true)],
  ["js", fn([ANY], (...args: Value[]) => escapeJs(textOf(args)), true)],
  ["len", fn([REFLECT], length)],
  ["not", fn([REFLECT], (value: Value) => !isTrue(unbox(value)))],
  ["print", fn([ANY], (...args: Value[]) => sprint(args), true)],
  ["printf", fn(["string", ANY], (format: string, ...args: Value[]) => sprintf(format, args), true)],
  ["println", fn([ANY], (...args: Value[]) => sprintln(args), true)],
  ["slice", fn([REFLECT, REFLECT], (item: Value, ...indexes: Value[]) => slice(item, indexes), true)],
  ["urlquery", fn([ANY], (...args: Value[]) => escapeQuery(textOf(args)), true)],
  ["eq", fn([REFLECT, REFLECT], (first: Value, ...others: Value[]) => equalsAny(unbox(first), others), true)],
  ["ge", fn([REFLECT, REFLECT], (a: Value, b: Value) => !isLess(unbox(a), unbox(b)))],
  ["gt", fn([REFLECT, REFLECT], (a: Value, b: Value) => !isLessOrEqual(unbox(a), unbox(b)))],
  ["le", fn([REFLECT, REFLECT], (a: Value, b: Value) => isLessOrEqual(unbox(a), unbox(b)))],
  ["lt", fn([REFLECT, REFLECT], (a: Value, b: Value) => isLess(unbox(a), unbox(b)))],
  ["ne", fn([REFLECT, REFLECT], (a: Value, b: Value) => !equalsAny(unbox(a), [b]))],
]);

function textOf(args: readonly Value[]): string {
  const first = args.length === 1 ? unbox(args[0]) : undefined;
  if (typeof first === "string") return first;
  return sprint(args.map((arg) => (unbox(arg) === undefined ? "<no value>" : arg)));
}

// Indexing.

function index(item: Value, indexes: readonly Value[]): Value {
  let at = unbox(item);
  if (at === undefined) throw new FunctionError("index of untyped nil");
  let result: Value = item;
  for (const raw of indexes) {
    const key = unbox(raw);
    if (at === undefined) throw new FunctionError("index of nil pointer");
    if (at instanceof GoSlice) {
      const position = indexArgument(key, at.items.length);
      if (position === at.items.length) throw new FunctionError("reflect: slice index out of range");
      result = at.items[position];
    } else if (typeof at === "string" || at instanceof GoString) {
      const bytes = toBytes(typeof at === "string" ? at : at.value);
      const position = indexArgument(key, bytes.length);
      if (position === bytes.length) throw new FunctionError("reflect: string index out of range");
      result = new GoInteger(BigInt(bytes[position]!), "uint8", true);
    } else if (at instanceof GoMap) {
      if (key === undefined) throw new FunctionError("value is nil; should be of type string");
      if (typeof key !== "string") throw new FunctionError(`value has type ${typeName(key)}; should be string`);
      result = at.entries.has(key) ? at.entries.get(key) : zeroOf(at.elementType);
    } else throw new FunctionError(`can't index item of type ${typeName(at)}`);
    at = unbox(result);
  }
  return result;
}

function indexArgument(key: Plain, cap: number): number {
  if (key === undefined) throw new FunctionError("cannot index slice/array with nil");
  const position = typeof key === "bigint" ? key : key instanceof GoInteger ? key.value : undefined;
  if (position === undefined) throw new FunctionError(`cannot index slice/array with type ${typeName(key)}`);
  if (position < 0n || position > BigInt(cap)) throw new FunctionError(`index out of range: ${position}`);
  return Number(position);
}

function slice(raw: Value, indexes: readonly Value[]): Value {
  const item = unbox(raw);
  if (item === undefined) throw new FunctionError("slice of untyped nil");
  if (indexes.length > 3) throw new FunctionError(`too many slice indexes: ${indexes.length}`);
  const isString = typeof item === "string" || item instanceof GoString;
  if (isString && indexes.length === 3) throw new FunctionError("cannot 3-index slice a string");
  if (!isString && !(item instanceof GoSlice)) {
    throw new FunctionError(`can't slice item of type ${typeName(item)}`);
  }
  const bytes = item instanceof GoSlice ? undefined : toBytes(item instanceof GoString ? item.value : item);
  const cap = item instanceof GoSlice ? item.items.length : bytes!.length;
  const bounds = [0, cap];
  for (const [i, bound] of indexes.entries()) bounds[i] = indexArgument(unbox(bound), cap);
  for (let i = 1; i < bounds.length; i++) {
    if (bounds[i - 1]! > bounds[i]!) {
      throw new FunctionError(`invalid slice index: ${bounds[i - 1]} > ${bounds[i]}`);
    }
  }
  if (item instanceof GoSlice) return new GoSlice(item.items.slice(bounds[0], bounds[1]), item.type);
  const text = fromBytes(bytes!.subarray(bounds[0], bounds[1]));
  return item instanceof GoString ? new GoString(text, item.typeName) : text;
}

function length(raw: Value): Value {
  const item = unbox(raw);
  if (item === undefined) {
    const isNilInterface = raw instanceof Boxed;
    throw new FunctionError(
      isNilInterface ? "len of nil pointer" : "reflect: call of reflect.Value.Type on zero Value",
    );
  }
  if (typeof item === "string") return BigInt(toBytes(item).length);
  if (item instanceof GoString) return BigInt(toBytes(item.value).length);
  if (item instanceof GoSlice) return BigInt(item.items.length);
  if (item instanceof GoMap) return BigInt(item.entries.size);
  throw new FunctionError(`len of type ${typeName(item)}`);
}

// Comparison.

type Kind = "bool" | "complex" | "int" | "float" | "string" | "uint" | undefined;

function kindOf(value: Plain): Kind {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "float";
  if (typeof value === "bigint") return "int";
  if (value instanceof GoInteger) return value.isUnsigned ? "uint" : "int";
  if (typeof value === "string" || value instanceof GoString) return "string";
  return value instanceof GoComplex ? "complex" : undefined;
}

function scalarOf(value: Plain): string | number | bigint | boolean | undefined {
  if (value instanceof GoInteger || value instanceof GoString) return value.value;
  return value instanceof GoValue ? undefined : value;
}

function isWholeNumber(kind: Kind): boolean {
  return kind === "int" || kind === "uint";
}

function equalsAny(first: Plain, others: readonly Value[]): boolean {
  if (others.length === 0) throw new FunctionError("missing argument for comparison");
  return others.some((other) => equals(first, unbox(other)));
}

function equals(a: Plain, b: Plain): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (kindA !== kindB) {
    if (isWholeNumber(kindA) && isWholeNumber(kindB)) return scalarOf(a) === scalarOf(b);
    if (a !== undefined && b !== undefined) throw incompatible(a, b);
    return false;
  }
  if (a instanceof GoComplex && b instanceof GoComplex) return a.re === b.re && a.im === b.im;
  if (kindA !== undefined) return scalarOf(a) === scalarOf(b);
  for (const value of [a, b]) {
    if (value instanceof GoSlice || value instanceof GoMap) {
      const shown = value instanceof GoSlice ? sprintf("%s", [value]) : sprintf("%s", [value]);
      // Only a nil is comparable with them.
      if (a !== undefined && b !== undefined) {
        throw new FunctionError(`non-comparable type ${shown}: ${typeName(value)}`);
      }
      return false;
    }
  }
  if (a instanceof GoStruct && b instanceof GoStruct && !a.isPointer) {
    if (a.typeName !== b.typeName) throw incompatible(a, b);
    return toText(a) === toText(b);
  }
  return a === b;
}

function incompatible(a: Plain, b: Plain): FunctionError {
  return new FunctionError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function isLess(a: Plain, b: Plain): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (kindA === undefined || kindB === undefined) throw new FunctionError("invalid type for comparison");
  if (kindA !== kindB && !(isWholeNumber(kindA) && isWholeNumber(kindB))) throw incompatible(a, b);
  if (kindA === "bool" || kindA === "complex") throw new FunctionError("invalid type for comparison");
  const [x, y] = [scalarOf(a)!, scalarOf(b)!];
  return typeof x === "string" ? compareBytes(x, String(y)) < 0 : x < y;
}

function isLessOrEqual(a: Plain, b: Plain): boolean {
  return isLess(a, b) || equals(a, b);
}

// `call`, for the executor, which knows the text of the function's node.

export function callValue(name: string, raw: Value): never {
  const callee = unbox(raw);
  if (callee === undefined) throw new FunctionError("call of nil");
  // No value of ours is a function: methods are called by their name.
  throw new FunctionError(`non-function ${name} of type ${typeName(callee)}`);
}

// Escaping.

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\0": "\ufffd",
};

export function escapeHtml(text: string): string {
  return text.replace(/["'&<>]|\p{Cc}/gu, (char) => HTML_ESCAPES[char] ?? char);
}

const JS_ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=]|\p{Cc}|\P{ASCII}/gu, (char) => {
    const simple = JS_ESCAPES[char];
    if (simple !== undefined) return simple;
    const code = char.codePointAt(0)!;
    if (code === 0x7f) return char;
    const isPrintable = code >= 0x80 && !/[\p{C}\p{Zl}\p{Zp}\p{Zs}]/u.test(char);
    return isPrintable ? char : `\\u${code.toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

/** url.QueryEscape: all but letters, digits and `-_.~`, with + for a space. */
export function escapeQuery(text: string): string {
  let escaped = "";
  for (const byte of toBytes(text)) {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(char)) escaped += char;
    else escaped += char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}
