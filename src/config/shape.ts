/**
 * The language in which the schema is written: one description of each section gives decoding, defaults, types and
 * rendering. Keys are Prometheus' own; their order is the order in which Prometheus prints them.
 */

import type { PlainKind, PlainValue } from "./scalar.js";

/** `leaksFlow`: a scalar that Go writes with the mark for lists in one line, which then falls on the next list or map. */
export type Spec =
  | {
      readonly kind: "string";
      readonly goType: string;
      readonly secret?: boolean;
      readonly path?: boolean;
      readonly leaksFlow?: boolean;
    }
  | { readonly kind: "bool"; readonly isPointer?: boolean }
  | { readonly kind: "integer"; readonly goType: "int" | "int64" | "uint" | "uint64" }
  | { readonly kind: "float" }
  | { readonly kind: "duration"; readonly isPointer?: boolean }
  | { readonly kind: "bytes" }
  | { readonly kind: "url" }
  | { readonly kind: "regex" }
  | { readonly kind: "any" }
  | { readonly kind: "scalar"; readonly goType: string; readonly read: ScalarReader }
  | { readonly kind: "list"; readonly of: Shape<unknown>; readonly flow?: boolean }
  | { readonly kind: "map"; readonly of: Shape<unknown>; readonly goType: string; readonly labelNames?: boolean }
  | { readonly kind: "struct"; readonly struct: StructSpec; readonly isPointer: boolean };

/** Makes a scalar into the value by how YAML reads it; undefined where it is of a wrong type. */
export type ScalarReader = (text: string, kind: "string" | PlainKind, value: PlainValue) => unknown;

export interface StructSpec {
  /** Go's name of the type, for messages: `config.plain`. */
  readonly goType: string;
  /** Go's name of it as an item of a list, where its decoder has another name. */
  readonly goItemType?: string;
  readonly fields: ReadonlyMap<string, Field<unknown>>;
  readonly finish: ((value: unknown) => unknown) | undefined;
  /** Makes the section of a text, where it may be written as one. */
  readonly fromText?: (text: string) => unknown;
}

export interface Shape<T> {
  readonly spec: Spec;
  /** The value of a field that is absent and has no default, or is null: Go's zero value. */
  readonly zero: T;
  /** Makes one string into the value, where a string, number or boolean is written; throws the reason if it cannot. */
  readonly convert?: (text: string) => T;
}

export interface Field<T> {
  readonly shape: Shape<T>;
  readonly initial: T;
  /** Printed also when it has its zero value. */
  readonly isAlwaysShown: boolean;
  /** Newer than Prometheus 3.5: accepted, and printed only where it is not the default, as 3.5 knows nothing of it. */
  readonly isNewer: boolean;
}

export type ValueOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };
export type Fields = { readonly [key: string]: Field<never> };

export const text = (options: { readonly goType?: string } = {}): Shape<string> => ({
  spec: { kind: "string", goType: options.goType ?? "string" },
  zero: "",
});
/** A string that is never shown. */
export const secret = (): Shape<string> => ({
  spec: { kind: "string", goType: "config.plain", secret: true },
  zero: "",
});
/** A file or folder, relative to the folder of the configuration file. */
export const path = (): Shape<string> => ({ spec: { kind: "string", goType: "string", path: true }, zero: "" });
export const bool = (): Shape<boolean> => ({ spec: { kind: "bool" }, zero: false });
/** A boolean that may be absent, to inherit from elsewhere. */
export const maybeBool = (): Shape<boolean | undefined> => ({
  spec: { kind: "bool", isPointer: true },
  zero: undefined,
});
export const int = (): Shape<number> => ({ spec: { kind: "integer", goType: "int" }, zero: 0 });
export const int64 = (): Shape<number> => ({ spec: { kind: "integer", goType: "int64" }, zero: 0 });
export const uint = (): Shape<number> => ({ spec: { kind: "integer", goType: "uint" }, zero: 0 });
export const uint64 = (): Shape<number | string> => ({ spec: { kind: "integer", goType: "uint64" }, zero: 0 });
export const float = (): Shape<number> => ({ spec: { kind: "float" }, zero: 0 });
/** Milliseconds. */
export const duration = (): Shape<number> => ({ spec: { kind: "duration" }, zero: 0 });
/** Bytes, with a unit of powers of 1024. */
export const bytes = (): Shape<number> => ({ spec: { kind: "bytes" }, zero: 0 });
export const url = (): Shape<string | undefined> => ({ spec: { kind: "url" }, zero: undefined });
export const regex = (): Shape<string | undefined> => ({ spec: { kind: "regex" }, zero: "" });
export const scalar = <T>(
  goType: string,
  zero: T,
  read: (...given: Parameters<ScalarReader>) => T | undefined,
): Shape<T> => ({
  spec: { kind: "scalar", goType, read },
  zero,
});
export const any = (): Shape<unknown> => ({ spec: { kind: "any" }, zero: undefined });

/** A string that must be one of a set or have a form: `check` throws the reason. */
export const checked = (goType: string, check: (text: string) => string): Shape<string> => ({
  spec: { kind: "string", goType },
  zero: "",
  convert: check,
});

/** A section that may be written as one text. */
export function orText<T>(shape: Shape<T>, fromText: (text: string) => T): Shape<T> {
  const { spec } = shape;
  return spec.kind === "struct" ? { ...shape, spec: { ...spec, struct: { ...spec.struct, fromText } } } : shape;
}

/** A section with another name in messages about the list that it is in. */
export function asItem<T>(goItemType: string, shape: Shape<T>): Shape<T> {
  const { spec } = shape;
  return spec.kind === "struct" ? { ...shape, spec: { ...spec, struct: { ...spec.struct, goItemType } } } : shape;
}

export const list = <T>(of: Shape<T>, options: { readonly flow?: boolean } = {}): Shape<readonly T[] | undefined> => ({
  spec: { kind: "list", of, ...options },
  zero: undefined,
});

export const map = <T>(
  of: Shape<T>,
  options: { readonly goType: string; readonly labelNames?: boolean },
): Shape<Readonly<Record<string, T>> | undefined> => ({ spec: { kind: "map", of, ...options }, zero: undefined });

export const strings = (): Shape<readonly string[] | undefined> => list(text());
export const stringMap = (): Shape<Readonly<Record<string, string>> | undefined> =>
  map(text(), { goType: "map[string]string" });

/** Strings of which some are secrets and nobody knows which: none is shown. */
export const secretMap = (): Shape<Readonly<Record<string, string>> | undefined> =>
  map(secret(), { goType: "map[string]string" });

/** A field that is not printed where it has its zero value (Go's omitempty). */
export const field = <T>(shape: Shape<T>, initial: T = shape.zero): Field<T> => ({
  shape,
  initial,
  isAlwaysShown: false,
  isNewer: false,
});
export const shown = <T>(shape: Shape<T>, initial: T = shape.zero): Field<T> => ({
  ...field(shape, initial),
  isAlwaysShown: true,
});
export const newer = <T>(shape: Shape<T>, initial: T = shape.zero): Field<T> => ({
  ...field(shape, initial),
  isNewer: true,
});

/**
 * A section. `finish` checks it and may fill in what depends on several fields; it runs if the section is written and
 * none of its fields is of a wrong type. A section that is written as null has only zero values, as in Go.
 */
export function struct<F extends { readonly [key: string]: Field<unknown> }>(
  goType: string,
  fields: F,
  finish?: (value: ValueOf<F>) => ValueOf<F>,
): Shape<ValueOf<F>> {
  const spec: StructSpec = {
    goType,
    fields: new Map(Object.entries(fields)),
    // The decoder hands over exactly what it built from `fields`.
    finish: finish as StructSpec["finish"],
  };
  return { spec: { kind: "struct", struct: spec, isPointer: false }, zero: zeroOf(spec) as ValueOf<F> };
}

/** A section that may be absent: undefined then, and where it is null. */
export function pointer<T>(shape: Shape<T>): Shape<T | undefined> {
  if (shape.spec.kind !== "struct") throw new TypeError("only a section can be a pointer");
  return { spec: { ...shape.spec, isPointer: true }, zero: undefined };
}

/** The value of a section that is absent: the defaults of its fields. */
export function initialOf<T>(shape: Shape<T>): T {
  if (shape.spec.kind !== "struct") return shape.zero;
  const entries = [...shape.spec.struct.fields].map(([key, field]) => [key, field.initial]);
  return Object.fromEntries(entries) as T;
}

function zeroOf(struct: StructSpec): unknown {
  return Object.fromEntries([...struct.fields].map(([key, field]) => [key, field.shape.zero]));
}
