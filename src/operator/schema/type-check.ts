/** Whether a value has the types that a kind describes, as a program that reads it into a structure would find. */
import type { Fields, Schema } from "./dsl.js";

/** The first place where it has not; undefined if it fits. Unknown fields and limits are not looked at. */
export function typeProblem(fields: Fields, value: unknown, path = ""): string | undefined {
  if (!isMapping(value)) return `${path || "value"}: expected an object`;
  for (const [name, item] of Object.entries(value)) {
    const schema = fields[name];
    if (schema === undefined || item === null) continue;
    const problem = itemProblem(schema, item, path === "" ? name : `${path}.${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function itemProblem(schema: Schema, value: unknown, path: string): string | undefined {
  switch (schema.type) {
    case "any":
      return undefined;
    case "string":
    case "boolean":
      return typeof value === schema.type ? undefined : `${path}: expected a ${schema.type}`;
    case "integer":
      return Number.isInteger(value) ? undefined : `${path}: expected an integer`;
    case "intOrString":
      return typeof value === "string" || Number.isInteger(value)
        ? undefined
        : `${path}: expected an integer or a string`;
    case "object":
      return typeProblem(schema.fields ?? {}, value, path);
    case "map":
      if (!isMapping(value)) return `${path}: expected an object`;
      return firstProblem(Object.entries(value), schema, path);
    case "array":
      if (!Array.isArray(value)) return `${path}: expected a list`;
      return firstProblem([...value.entries()], schema, path);
  }
}

function firstProblem(
  items: readonly (readonly [string | number, unknown])[],
  { items: schema }: Schema,
  path: string,
): string | undefined {
  for (const [key, item] of items) {
    const problem = schema === undefined || item === null ? undefined : itemProblem(schema, item, `${path}[${key}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
