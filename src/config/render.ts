/**
 * The configuration as Prometheus shows it at /api/v1/status/config: every default filled in, secrets hidden, in the
 * layout of Go's yaml.v2. What may be shown is decided by the shapes: a string is hidden where its shape says secret.
 */

import { formatBytes } from "../model/byte-size.js";
import { formatDuration } from "../model/index.js";
import { redactUrl } from "./go-url.js";
import { documentShape } from "./schema/root.js";
import { DEFAULT_SCRAPE_PROTOCOLS } from "./schema/scrape.js";
import type { Field, Shape, Spec } from "./shape.js";
import type { Config } from "./types.js";
import { compareKeys, writeYaml, type YamlValue } from "./yaml-writer.js";

export const HIDDEN = "<secret>";

export function renderConfig(config: Config): string {
  const { document } = config;
  // Prometheus 3.5 fills in the protocols of `global`; newer ones leave them to each job.
  const protocols = document.global.scrape_protocols ?? DEFAULT_SCRAPE_PROTOCOLS;
  return renderValue(documentShape, { ...document, global: { ...document.global, scrape_protocols: protocols } });
}

export function renderValue<T>(shape: Shape<T>, value: T): string {
  return writeYaml(toYaml(shape.spec, value));
}

function toYaml(spec: Spec, value: unknown): YamlValue {
  if (value === undefined || value === null) return spec.kind === "list" ? [] : null;
  switch (spec.kind) {
    case "scalar":
      return String(value);
    case "string":
      if (spec.leaksFlow) return { leaksFlow: String(value) };
      if (!spec.secret) return String(value);
      return value === "" ? null : HIDDEN;
    case "duration":
      return formatDuration(Number(value));
    case "bytes":
      return formatBytes(Number(value));
    case "url":
      return redactUrl(String(value));
    case "regex":
      return value === "" ? null : String(value);
    case "bool":
      return value === true;
    case "integer":
    case "float":
      return { number: formatNumber(value) };
    case "list": {
      const items = (value as readonly unknown[]).map((item) => toYaml(spec.of.spec, item));
      return spec.flow ? { flow: items } : items;
    }
    case "map":
      return mapOf(
        Object.keys(value as object)
          .sort(compareKeys)
          .map((key) => [key, toYaml(spec.of.spec, (value as Record<string, unknown>)[key])]),
      );
    case "struct":
      return mapOf(
        [...spec.struct.fields]
          .map(([key, field]) => ({ key, field, item: (value as Record<string, unknown>)[key] }))
          .filter(({ field, item }) => isShown(field, item))
          .map(({ key, field, item }) => [key, toYaml(field.shape.spec, item)]),
      );
    case "any":
      return freeValue(value);
  }
}

function isShown(field: Field<unknown>, value: unknown): boolean {
  if (field.isNewer && isEqual(value, field.initial)) return false;
  if (field.isAlwaysShown) return true;
  return !isZero(field.shape.spec, value);
}

/** As yaml.v2 decides what to omit: a struct if all of its fields are zero, a list or map if it is empty. */
function isZero(spec: Spec, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  switch (spec.kind) {
    case "list":
      return (value as readonly unknown[]).length === 0;
    case "map":
      return Object.keys(value as object).length === 0;
    case "struct":
      if (spec.isPointer) return false;
      return [...spec.struct.fields].every(([key, field]) =>
        isZero(field.shape.spec, (value as Record<string, unknown>)[key]),
      );
    case "url":
    case "regex":
      return false;
    case "bool":
      return value === false && spec.isPointer !== true;
    case "duration":
      return value === 0 && spec.isPointer !== true;
    default:
      return value === "" || value === 0 || value === false;
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** As strconv.FormatFloat(…, 'g', -1): an exponent from 1e21 on; a smaller number never needs one here. */
function formatNumber(value: unknown): string {
  const text = String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function freeValue(value: unknown): YamlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return { number: formatNumber(value) };
  if (Array.isArray(value)) return value.map(freeValue);
  const entries = Object.entries(value).sort(([a], [b]) => compareKeys(a, b));
  return mapOf(entries.map(([key, item]) => [key, freeValue(item)]));
}

function mapOf(entries: readonly (readonly [string, YamlValue])[]): YamlValue {
  return { entries };
}
