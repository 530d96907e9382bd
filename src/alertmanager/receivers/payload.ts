/** Free-form payloads: every string in them is a template, whose result may itself be data written in YAML. */
import { type Node, type Parsed, parseText } from "../../config/parse.js";
import { Plain, resolvePlain } from "../../config/scalar.js";

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
  const { root, isJson } = readInline(text);
  // What it holds are templates again, and may again be YAML: as in Alertmanager 0.33.
  return root === undefined || typeof root === "string" ? text : expandTemplates(plain(root, isJson), expand);
}

/** The root is undefined where the text is no YAML, or not such as yaml.v2 takes. */
function readInline(text: string): { readonly root: Node | undefined; readonly isJson: boolean } {
  let parsed: Parsed;
  try {
    parsed = parseText(text);
  } catch {
    return { root: leadingCollection(text), isJson: false };
  }
  const { root, isJson } = parsed;
  if (isJson || typeof root !== "object" || root === null || root instanceof Plain) return parsed;
  const isList = Array.isArray(root);
  // A key that is a list or a map itself is refused.
  if ((/^\s*\[/.test(text) && !isList) || (!isList && Object.hasOwn(root, "[object Object]"))) {
    return { root: undefined, isJson };
  }
  return parsed;
}

/** Of closing brackets that are tried; each costs the reading of what is before it. */
const ENDS_MAX = 64;

/**
 * A list or map in brackets at the text's start. Alertmanager's reader is done with it and looks at what follows in its line only
 * for tokens, so that `[FIRING:1] High` is a list of one item.
 */
function leadingCollection(text: string): Node | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  let ends = 0;
  for (const { index } of text.matchAll(/[\]}]/g)) {
    if (++ends > ENDS_MAX) return undefined;
    let root: Node;
    try {
      root = parseText(text.slice(0, index + 1)).root;
    } catch {
      // Not closed yet.
      continue;
    }
    const isInOneLine = !text.slice(0, index).trimStart().includes("\n");
    return hasTokens(text.slice(index + 1), isInOneLine) ? root : undefined;
  }
  return undefined;
}

const QUOTED = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/s;

/**
 * Whether a text behind a collection falls into tokens: all of its line where the collection might yet be a key, else the first one,
 * and always the first one of the next line.
 */
function hasTokens(text: string, isWholeLine: boolean): boolean {
  let rest = text;
  let depth = 0;
  let isFirstOfLine = false;
  for (;;) {
    const space = /^[ \t]*(?:(?<=[ \t])#[^\n]*)?/.exec(rest)?.[0] ?? "";
    rest = rest.slice(space.length);
    if (rest === "") return true;
    if (rest.startsWith("\n")) {
      rest = rest.replace(/^\s*(?:#[^\n]*\s*)*/, "");
      isFirstOfLine = true;
      if (rest === "") return true;
    }
    const isPlainPlace = depth === 0 && !isFirstOfLine;
    if (/^[@`%]/.test(rest) || (isPlainPlace && /^[-?:](?:\s|$)/.test(rest))) return false;
    if (depth === 0 && /^[|>]/.test(rest)) return /^[|>][-+0-9]{0,2}[ \t]*(?:#[^\n]*)?(?:\n|$)/.test(rest);
    let length = 1;
    if (/^["']/.test(rest)) {
      const quoted = QUOTED.exec(rest)?.[0];
      if (quoted === undefined) return false;
      length = quoted.length;
    } else if (/^[[{]/.test(rest)) depth++;
    else if (/^[\]}]/.test(rest)) depth = Math.max(0, depth - 1);
    else if (!/^[,?:-](?:\s|$)|^,/.test(rest)) {
      const end = depth > 0 ? /:(?=\s|$|[,?[\]{}])|[,?[\]{}]| #|\n/ : /:(?=\s|$)| #|\n/;
      const at = rest.search(end);
      length = at < 0 ? rest.length : Math.max(at, 1);
    }
    rest = rest.slice(length);
    if (isFirstOfLine || !isWholeLine) return true;
  }
}

function plain(node: Node, isJson: boolean): unknown {
  if (node === null || typeof node === "string") return node;
  if (node instanceof Plain) return typeof node.value === "bigint" ? Number(node.value) : node.value;
  if (Array.isArray(node)) return node.map((item: Node) => plain(item, isJson));
  // Keys that are no text are left out.
  const texts = Object.entries(node).filter(([key]) => isJson || resolvePlain(key) === undefined);
  return sortedObject(texts.map(([key, item]) => [key, plain(item, isJson)] as const));
}
