/**
 * How an API server takes a custom resource: fields that the schema does not know are removed, defaults are filled in,
 * and what breaks a limit is refused. Rules in CEL are not evaluated.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export interface OpenApi {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly required?: readonly string[];
  readonly items?: OpenApi;
  readonly additionalProperties?: OpenApi;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly nullable?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
}

/** A version of a kind. */
export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly schema: OpenApi;
}

export function customKindsIn(folder: string): readonly CustomKind[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => kindsOf(parse(readFileSync(join(folder, name), "utf8"))));
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: OpenApi } }[];
  };
}

function kindsOf({ spec: { group, scope, names, versions } }: Definition): CustomKind[] {
  return versions.map(({ name, schema }) => ({
    group,
    version: name,
    kind: names.kind,
    plural: names.plural,
    isNamespaced: scope === "Namespaced",
    schema: schema.openAPIV3Schema,
  }));
}

export interface Admitted {
  readonly object: unknown;
  /** Why it is refused, each with its path. */
  readonly problems: readonly string[];
  /** Paths of what was removed. */
  readonly pruned: readonly string[];
}

export function admit(schema: OpenApi, object: unknown): Admitted {
  const findings: Findings = { problems: [], pruned: [] };
  const { metadata, apiVersion, kind, ...rest } = object as Record<string, unknown>;
  const body = visit(schema, rest, "", findings) as Record<string, unknown>;
  return { object: { apiVersion, kind, metadata, ...body }, ...findings };
}

interface Findings {
  readonly problems: string[];
  readonly pruned: string[];
}

/** The value with defaults and without what is unknown. */
function visit(schema: OpenApi, value: unknown, path: string, findings: Findings): unknown {
  const refuse = (why: string): void => void findings.problems.push(`${path}: ${why}`);
  if (!hasType(schema, value)) {
    refuse(`must be ${schema["x-kubernetes-int-or-string"] ? "an integer or a string" : schema.type}`);
    return value;
  }
  for (const why of brokenLimits(schema, value)) refuse(why);
  if (Array.isArray(value)) return visitList(schema, value, path, findings);
  return isMapping(value) ? visitMapping(schema, value, path, findings) : value;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function hasType(schema: OpenApi, value: unknown): boolean {
  if (schema["x-kubernetes-int-or-string"]) return Number.isInteger(value) || typeof value === "string";
  switch (schema.type) {
    case undefined:
      return true;
    case "array":
      return Array.isArray(value);
    case "object":
      return isMapping(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === schema.type;
  }
}

function brokenLimits(schema: OpenApi, value: unknown): string[] {
  const broken: string[] = [];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    broken.push(`must be one of ${schema.enum.join(", ")}`);
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum) broken.push(`must be at least ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum) broken.push(`must be at most ${schema.maximum}`);
  }
  if (typeof value === "string") {
    if (schema.pattern !== undefined && !expression(schema.pattern).test(value)) {
      broken.push(`must match ${schema.pattern}`);
    }
    broken.push(...brokenSizes([...value].length, schema.minLength, schema.maxLength, "characters"));
  }
  if (Array.isArray(value)) broken.push(...brokenSizes(value.length, schema.minItems, schema.maxItems, "items"));
  return broken;
}

/** Go writes a flag into the expression: `^(?i)(abort|warn)?$`. */
function expression(pattern: string): RegExp {
  return new RegExp(pattern.replaceAll("(?i)", ""), pattern.includes("(?i)") ? "iu" : "u");
}

function brokenSizes(size: number, min = 0, max = Number.POSITIVE_INFINITY, what: string): string[] {
  if (size < min) return [`must have at least ${min} ${what}`];
  return size > max ? [`must have at most ${max} ${what}`] : [];
}

function visitList(schema: OpenApi, values: readonly unknown[], path: string, findings: Findings): unknown[] {
  const kept = values.map((value, i) => visit(schema.items ?? {}, value, `${path}[${i}]`, findings));
  const identities = identitiesOf(schema, kept);
  for (const [i, identity] of identities.entries()) {
    if (identities.indexOf(identity) < i) findings.problems.push(`${path}[${i}]: duplicate ${identity}`);
  }
  return kept;
}

/** By what no two items of a list may be equal; empty if they may. */
function identitiesOf(schema: OpenApi, values: readonly unknown[]): string[] {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys !== undefined) {
    return values.map((value) => JSON.stringify(keys.map((key) => (value as Record<string, unknown>)[key])));
  }
  return schema["x-kubernetes-list-type"] === "set" ? values.map((value) => JSON.stringify(value)) : [];
}

function visitMapping(schema: OpenApi, value: Record<string, unknown>, path: string, findings: Findings): unknown {
  const out: Record<string, unknown> = {};
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true;
  for (const [name, field] of Object.entries(value)) {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    // A null stands for an absent field where the schema does not allow it.
    if (field === null && known !== undefined && !known.nullable) continue;
    if (known !== undefined) out[name] = visit(known, field, `${path}.${name}`, findings);
    else if (isOpen) out[name] = field;
    else findings.pruned.push(`${path}.${name}`);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (out[name] === undefined && property.default !== undefined) {
      out[name] = visit(property, structuredClone(property.default), `${path}.${name}`, findings);
    }
  }
  for (const name of schema.required ?? []) {
    if (out[name] === undefined) findings.problems.push(`${path}.${name}: is required`);
  }
  return out;
}
