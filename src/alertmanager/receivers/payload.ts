/** Free-form payloads: every string in them is a template, whose result may itself be data written in YAML. */
import { type Node, parseText } from "../../config/parse.js";
import { Plain } from "../../config/scalar.js";

/** Alertmanager's DeepCopyWithTemplate: keys sorted, as Go's JSON has them. */
export function expandTemplates(value: unknown, expand: (template: string) => string): unknown {
  if (typeof value === "string") return inline(expand(value), expand);
  if (Array.isArray(value)) return value.map((item) => expandTemplates(item, expand));
  if (typeof value !== "object" || value === null) return value;
  return sortedObject(
    Object.entries(value).map(([key, item]) => [expand(key), expandTemplates(item, expand)] as const),
  );
}

function sortedObject(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Text that reads as YAML of another kind than text is that. */
function inline(text: string, expand: (template: string) => string): unknown {
  let root: Node;
  try {
    root = parseText(text).root;
  } catch {
    // No YAML, so it is text.
    return text;
  }
  // What it holds are templates again, and may again be YAML: as in Alertmanager 0.33.
  return typeof root === "string" ? text : expandTemplates(plain(root), expand);
}

function plain(node: Node): unknown {
  if (node === null || typeof node === "string") return node;
  if (node instanceof Plain) return typeof node.value === "bigint" ? Number(node.value) : node.value;
  if (Array.isArray(node)) return node.map((item: Node) => plain(item));
  return sortedObject(Object.entries(node).map(([key, item]) => [key, plain(item)] as const));
}
