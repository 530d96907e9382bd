/** The little of XML that answers of APIs need: elements, attributes and text. Comments and instructions are skipped. */
import { VestalError } from "../../base/index.js";

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  /** Its own, without that of its children. */
  text: string;
}

const DEPTH_MAX = 64;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const TOKEN =
  /<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<[?!][^>]*>|<\/\s*([^\s>]+)\s*>|<([^\s/>]+)((?:"[^"]*"|'[^']*'|[^"'>])*)>|([^<]+)/g;

/** The root element. @throws VestalError DISCOVERY if the text has none, or its elements do not nest. */
export function parseXml(text: string): XmlElement {
  const top: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  for (const [, data, closed, opened, rest = "", plain] of text.matchAll(TOKEN)) {
    const current = open[open.length - 1] ?? top;
    if (data !== undefined) current.text += data;
    else if (plain !== undefined) current.text += decodeEntities(plain);
    else if (opened !== undefined) {
      const element = { name: localName(opened), attributes: attributesOf(rest), children: [], text: "" };
      current.children.push(element);
      if (rest.endsWith("/")) continue;
      if (open.length > DEPTH_MAX)
        throw new VestalError("DISCOVERY", `the answer nests deeper than ${DEPTH_MAX} elements`);
      open.push(element);
    } else if (closed !== undefined && open.pop()?.name !== localName(closed)) {
      throw new VestalError("DISCOVERY", `the answer is no XML: ${closed} is closed and was not open`);
    }
  }
  const [root] = top.children;
  if (root === undefined || open.length !== 1) throw new VestalError("DISCOVERY", "the answer is no XML");
  return root;
}

/** The children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

export function childAt(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

/** The text of a descendant; undefined where there is none. */
export function textOf(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  return childAt(element, ...path)?.text;
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
  return Object.fromEntries(pairs.map(([, name = "", a, b]) => [localName(name), decodeEntities(a ?? b ?? "")]));
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
