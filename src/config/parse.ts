/**
 * Text to a tree of plain objects, arrays, strings and `Plain` scalars. Three readers, fastest first: JSON.parse for
 * what the operator generates, js-yaml for YAML; `explain.ts` reads the text a third time when something is wrong.
 *
 * Bounds: the caller limits the size of the text; nesting is limited by the readers, and the decoder counts nodes so
 * that aliases cannot multiply them.
 */
import * as yaml from "js-yaml";
import { VestalError } from "../base/index.js";
import { Plain, resolvePlain } from "./scalar.js";

export type Node = string | Plain | null | readonly Node[] | NodeMap;
export interface NodeMap {
  readonly [key: string]: Node;
}

export interface Parsed {
  readonly root: Node;
  /** True where the text is JSON: numbers have lost the way in which they were written. */
  readonly isJson: boolean;
  /** More documents follow the first in the text; Prometheus reads the first only. */
  readonly hasMoreDocuments: boolean;
}

/** @throws if the text is neither JSON nor YAML, or has a key twice; `explain` says it with the line. */
export function parseText(text: string): Parsed {
  const json = parseJson(text);
  if (json !== undefined) return { root: json, isJson: true, hasMoreDocuments: false };
  let root: Node | undefined;
  let documents = 0;
  yaml.loadAll(
    text,
    (document) => {
      // The schema below makes nothing but nodes.
      if (documents++ === 0) root = document as Node;
    },
    { schema: SCHEMA },
  );
  return { root: root ?? null, isJson: false, hasMoreDocuments: documents > 1 };
}

/** undefined where the text is not JSON, or has a key twice, which JSON.parse hides. */
function parseJson(text: string): Node | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  let keys = 0;
  let root: Node;
  try {
    root = JSON.parse(text, (_key, value: unknown) => {
      if (typeof value === "number") {
        const isInteger = Number.isSafeInteger(value);
        return new Plain(isInteger ? "int" : "float", String(value), value);
      }
      if (typeof value === "boolean") return new Plain("bool", String(value), value);
      if (typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Plain)) {
        keys += Object.keys(value).length;
      }
      return value;
    }) as Node;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return keys === countColons(text) ? root : undefined;
}

/** Colons outside of strings: JSON has one for each key. */
function countColons(text: string): number {
  let colons = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3a) colons++;
    if (code !== 0x22) continue;
    for (i++; text.charCodeAt(i) !== 0x22 && i < text.length; i++) if (text.charCodeAt(i) === 0x5c) i++;
  }
  return colons;
}

/** Bytes as a string; those that are not UTF-8 become half surrogate pairs, which every check of a name refuses. */
export function decodeBinary(base64: string): string {
  const compact = base64.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) {
    throw new VestalError("CONFIG", "yaml: !!binary value contains invalid base64 data");
  }
  const bytes = Buffer.from(compact, "base64");
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  let escaped = "";
  for (const byte of bytes) escaped += String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
  return escaped;
}

/** js-yaml knows the merge key by this tag. */
const mergeType = new yaml.Type("tag:yaml.org,2002:merge", {
  kind: "scalar",
  resolve: (text: unknown) => text === "<<",
});
const plainType = new yaml.Type("tag:yaml.org,2002:plain", {
  kind: "scalar",
  resolve: (text: unknown) => typeof text === "string" && resolvePlain(text) !== undefined,
  construct: (text: string) => resolvePlain(text),
});
const explicit = (tag: string, kinds: readonly string[]): yaml.Type =>
  new yaml.Type(`tag:yaml.org,2002:${tag}`, {
    kind: "scalar",
    resolve: (text: unknown) => kinds.includes(resolvePlain(typeof text === "string" ? text : "")?.kind ?? "string"),
    construct: (text: string | null) => resolvePlain(text ?? ""),
  });
const SCHEMA = yaml.FAILSAFE_SCHEMA.extend({
  implicit: [mergeType, plainType],
  explicit: [
    explicit("null", ["null"]),
    explicit("bool", ["bool"]),
    explicit("int", ["int"]),
    explicit("float", ["int", "float"]),
    new yaml.Type("tag:yaml.org,2002:binary", {
      kind: "scalar",
      construct: (text: string) => decodeBinary(text ?? ""),
    }),
  ],
});
