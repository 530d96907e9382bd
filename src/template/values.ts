/**
 * Go's values in JavaScript, as far as templates can tell them apart.
 *
 *   JavaScript          Go                         JavaScript     Go
 *   string              string                     undefined      nothing (an invalid reflect.Value), nil
 *   number              float64                    GoValue        everything else, with its type's name and methods
 *   bigint              int
 *   boolean             bool
 *
 * A `Boxed` is a value in an interface: what an element of `[]interface {}` or a field of a `map[string]interface {}` is
 * until a pipeline takes it out. It shows only in messages.
 */

export type Value = string | number | bigint | boolean | undefined | GoValue | Boxed;

export class Boxed {
  readonly value: Exclude<Value, Boxed>;
  constructor(value: Exclude<Value, Boxed>) {
    this.value = value;
  }
}

export type Plain = Exclude<Value, Boxed>;

export function unbox(value: Value): Plain {
  return value instanceof Boxed ? value.value : value;
}

export const ANY = "interface {}";

/** A function or method. Arguments come checked against `parameters`; a variadic one's last type is of each further one. */
export interface GoFunction {
  /** Names of Go's types. `interface {}` takes all. `reflect.Value` takes all and keeps a Boxed. */
  readonly parameters: readonly string[];
  readonly isVariadic?: boolean;
  /** Go's type of the result, for the interface it may be in. */
  readonly call: (args: readonly Value[]) => Value;
}

export function fn(parameters: readonly string[], call: (...args: never[]) => Value, isVariadic = false): GoFunction {
  // The executor has checked the arguments' types against `parameters`, which the compiler cannot see.
  return { parameters, isVariadic, call: (args) => (call as (...args: readonly Value[]) => Value)(...args) };
}

export abstract class GoValue {
  abstract readonly typeName: string;
  method(_name: string): GoFunction | undefined {
    return undefined;
  }
  /** Of a Stringer or error: what it prints as. */
  toText(): string | undefined {
    return undefined;
  }
}

/** Integers that are not `int`: bytes, durations, months. */
export class GoInteger extends GoValue {
  readonly value: bigint;
  readonly typeName: string;
  readonly isUnsigned: boolean;
  constructor(value: bigint, typeName: string, isUnsigned = false) {
    super();
    this.value = value;
    this.typeName = typeName;
    this.isUnsigned = isUnsigned;
  }
}

/** A string of a type of its own, such as `template.HTML`. */
export class GoString extends GoValue {
  readonly value: string;
  readonly typeName: string;
  constructor(value: string, typeName: string) {
    super();
    this.value = value;
    this.typeName = typeName;
  }
}

export class GoComplex extends GoValue {
  readonly typeName = "complex128";
  readonly re: number;
  readonly im: number;
  constructor(re: number, im: number) {
    super();
    this.re = re;
    this.im = im;
  }
}

export type Methods<T> = Readonly<Record<string, (self: T) => GoFunction>>;

export interface TypeOf<T> {
  readonly typeName: string;
  /** Of a named type: what it is made of, to which it may be assigned. */
  readonly underlying?: string;
  readonly methods?: Methods<T>;
  readonly toText?: (self: T) => string;
}

export class GoSlice extends GoValue {
  readonly items: readonly Value[];
  readonly type: TypeOf<GoSlice>;
  constructor(items: readonly Value[], type: TypeOf<GoSlice> | string) {
    super();
    this.items = items;
    this.type = typeof type === "string" ? { typeName: type } : type;
  }
  get typeName(): string {
    return this.type.typeName;
  }
  get elementType(): string {
    return (this.type.underlying ?? this.type.typeName).slice(2);
  }
  override method(name: string): GoFunction | undefined {
    const methods = this.type.methods;
    return methods !== undefined && Object.hasOwn(methods, name) ? methods[name]!(this) : undefined;
  }
  override toText(): string | undefined {
    return this.type.toText?.(this);
  }
}

/** A map from strings. */
export class GoMap extends GoValue {
  readonly entries: ReadonlyMap<string, Value>;
  readonly type: TypeOf<GoMap>;
  constructor(entries: ReadonlyMap<string, Value>, type: TypeOf<GoMap> | string) {
    super();
    this.entries = entries;
    this.type = typeof type === "string" ? { typeName: type } : type;
  }
  get typeName(): string {
    return this.type.typeName;
  }
  get elementType(): string {
    return (this.type.underlying ?? this.type.typeName).slice("map[string]".length);
  }
  override method(name: string): GoFunction | undefined {
    const methods = this.type.methods;
    return methods !== undefined && Object.hasOwn(methods, name) ? methods[name]!(this) : undefined;
  }
  override toText(): string | undefined {
    return this.type.toText?.(this);
  }
}

/** A struct, or a pointer to one. */
export class GoStruct extends GoValue {
  readonly typeName: string;
  readonly isPointer: boolean;
  /** In their order. A field of an interface type holds a Boxed. */
  readonly fields: ReadonlyMap<string, Value>;
  readonly #methods: Readonly<Record<string, GoFunction>>;
  /** @param typeName  with its package and, of a pointer, the star: `*template.Data`. */
  constructor(
    typeName: string,
    fields: ReadonlyMap<string, Value>,
    methods: Readonly<Record<string, GoFunction>> = {},
  ) {
    super();
    this.typeName = typeName;
    this.isPointer = typeName.startsWith("*");
    this.fields = fields;
    this.#methods = methods;
  }
  override method(name: string): GoFunction | undefined {
    return Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
  }
  /** What a pointer points at; itself where it is none. */
  get target(): GoStruct {
    return this.isPointer ? new GoStruct(this.typeName.slice(1), this.fields, this.#methods) : this;
  }
}

/** A value that templates can only print, such as a histogram. */
export class GoOpaque extends GoValue {
  readonly typeName: string;
  readonly #text: string;
  constructor(typeName: string, text: string) {
    super();
    this.typeName = typeName;
    this.#text = text;
  }
  override toText(): string {
    return this.#text;
  }
}

export function typeName(value: Plain): string {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "float64";
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    case "undefined":
      return "<nil>";
    default:
      return value.typeName;
  }
}

export function isNumeric(value: Plain): boolean {
  return typeof value === "number" || typeof value === "bigint" || value instanceof GoInteger;
}

/** As `if` sees it. */
export function isTrue(value: Plain): boolean {
  if (value instanceof GoInteger) return value.value !== 0n;
  if (value instanceof GoString) return value.value !== "";
  if (value instanceof GoSlice) return value.items.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoComplex) return value.re !== 0 || value.im !== 0;
  if (value instanceof GoValue) return true;
  return typeof value === "number" ? value !== 0 : Boolean(value);
}

/** The zero of a type, as a map gives it for a key it has not. */
export function zeroOf(type: string): Value {
  if (type === "string") return "";
  if (type === "float64") return 0;
  if (type === "int") return 0n;
  if (type === "bool") return false;
  return new Boxed(undefined);
}

export function isAssignable(value: Plain, type: string): boolean {
  if (type === ANY || type === "reflect.Value") return true;
  if (typeName(value) === type) return true;
  if (value instanceof GoSlice || value instanceof GoMap) return value.type.underlying === type;
  return false;
}

/** Data of JSON as Go's `interface {}` holds it: objects are `map[string]interface {}`, numbers float64. */
export function fromJson(data: unknown): Plain {
  if (data === null || data === undefined) return undefined;
  if (typeof data === "string" || typeof data === "number" || typeof data === "boolean" || typeof data === "bigint") {
    return data;
  }
  if (data instanceof GoValue) return data;
  if (Array.isArray(data))
    return new GoSlice(
      data.map((item) => new Boxed(fromJson(item))),
      "[]interface {}",
    );
  return new GoMap(
    new Map(Object.entries(data).map(([key, item]) => [key, new Boxed(fromJson(item))])),
    "map[string]interface {}",
  );
}

export function stringMap(entries: Iterable<readonly [string, string]>): GoMap {
  return new GoMap(new Map(entries), "map[string]string");
}
