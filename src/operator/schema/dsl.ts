/**
 * The small language in which the custom resources are described: a field is a call that says its type, its meaning
 * and its limits. From these values `crd.ts` makes OpenAPI schemas and `typescript.ts` makes types.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What an API server checks, besides the type. */
export interface Limits {
  readonly required?: boolean;
  readonly default?: Json;
  readonly oneOf?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** A list without duplicates, merged as a set by server-side apply. */
  readonly listType?: "set";
  /** A list whose items are known by these fields. */
  readonly keys?: readonly string[];
  /** Rules over several fields, in CEL. */
  readonly rules?: readonly string[];
}

export type SchemaType = "string" | "boolean" | "integer" | "object" | "array" | "map" | "intOrString" | "any";

export interface Schema {
  readonly type: SchemaType;
  readonly description: string;
  readonly limits: Limits;
  /** OpenAPI's `format`. */
  readonly format?: "int32" | "int64" | "date-time";
  /** Name of the shared shape that this is, if it is one. */
  readonly shape?: string;
  readonly fields?: Fields;
  readonly items?: Schema;
  /** Keeps what it does not describe. */
  readonly isOpen?: boolean;
  /** Replaced whole by server-side apply. */
  readonly isAtomic?: boolean;
}

export type Fields = Readonly<Record<string, Schema>>;

const NO_LIMITS: Limits = {};

const DURATION_PATTERN = "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$";
const BYTES_PATTERN = "(^0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)$";

const DECIMAL = "(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))";
const QUANTITY_PATTERN = `^(\\+|-)?${DECIMAL}(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?${DECIMAL}))?$`;

type Scalar = (description: string, limits?: Limits) => Schema;

const scalar =
  (type: SchemaType, format?: NonNullable<Schema["format"]>): Scalar =>
  (description, limits = NO_LIMITS) => ({ type, description, limits, ...(format === undefined ? {} : { format }) });

export const string: Scalar = scalar("string");
export const boolean: Scalar = scalar("boolean");
export const integer: Scalar = scalar("integer");
export const int32: Scalar = scalar("integer", "int32");
export const int64: Scalar = scalar("integer", "int64");
export const dateTime: Scalar = scalar("string", "date-time");
/** A port by name or number. */
export const intOrString: Scalar = scalar("intOrString");

/** A number with or without a unit, as Kubernetes writes amounts of resources: `0.5`, `500m`, `2Gi`. */
export const quantity: Scalar = (description, limits = NO_LIMITS) =>
  intOrString(description, { pattern: QUANTITY_PATTERN, ...limits });
/** Whatever JSON there is. */
export const anyJson: Scalar = scalar("any");

/** Prometheus' duration text: `1h30m`. */
export const duration: Scalar = (description, limits = NO_LIMITS) =>
  string(description, { pattern: DURATION_PATTERN, ...limits });

/** A size: `512MB`. */
export const bytes: Scalar = (description, limits = NO_LIMITS) =>
  string(description, { pattern: BYTES_PATTERN, ...limits });

export function object(description: string, fields: Fields, limits: Limits = NO_LIMITS): Schema {
  return { type: "object", description, limits, fields };
}

export function list(description: string, items: Schema, limits: Limits = NO_LIMITS): Schema {
  return { type: "array", description, limits, items };
}

export function map(description: string, items: Schema, limits: Limits = NO_LIMITS): Schema {
  return { type: "map", description, limits, items };
}

/** A map that server-side apply replaces whole. */
export function atomicMap(description: string, items: Schema, limits: Limits = NO_LIMITS): Schema {
  return { ...map(description, items, limits), isAtomic: true };
}

/** An object that many places use: one type in TypeScript, written out in each place of the CRD. */
export function shape(name: string, fields: Fields, options: { readonly isAtomic?: boolean } = {}) {
  return (description: string, limits: Limits = NO_LIMITS): Schema => ({
    type: "object",
    description,
    limits,
    fields,
    shape: name,
    ...options,
  });
}

/** An object of Kubernetes' own types: the API server checks it where the workload is made. */
export function open(name: string, fields: Fields = {}) {
  return (description: string, limits: Limits = NO_LIMITS): Schema => ({
    type: "object",
    description,
    limits,
    fields,
    shape: name,
    isOpen: true,
  });
}

/** The same fields without some. */
export function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
