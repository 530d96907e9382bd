/** Joins every relative path in a value with the folder of its file; the shape knows which strings are paths. */
import { joinFolder } from "./files.js";
import type { Shape, Spec } from "./shape.js";

export function resolvePaths<T>(shape: Shape<T>, value: T, folder: string): T {
  // The value keeps its form: only strings that are paths change.
  return resolveValue(shape.spec, value, folder) as T;
}

function resolveValue(spec: Spec, value: unknown, folder: string): unknown {
  if (value === undefined) return value;
  switch (spec.kind) {
    case "string":
      return spec.path ? joinFolder(folder, String(value)) : value;
    case "list":
      return (value as readonly unknown[]).map((item) => resolveValue(spec.of.spec, item, folder));
    case "map":
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => [key, resolveValue(spec.of.spec, item, folder)]),
      );
    case "struct":
      return Object.fromEntries(
        Object.entries(value as object).map(([key, item]) => {
          const field = spec.struct.fields.get(key);
          return [key, field === undefined ? item : resolveValue(field.shape.spec, item, folder)];
        }),
      );
    default:
      return value;
  }
}
