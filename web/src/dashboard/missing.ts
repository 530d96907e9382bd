/** Why a panel is empty, in words: which metric the server does not have, or which labels match no series of it. */
import { get, type Labels } from "../api.js";
import { isObject, type Json, listOf, textOf } from "./json.js";
import type { TimeRange } from "./time.js";

const SELECTORS_MAX = 12;
const known = new Map<string, Promise<boolean>>();

/** Asked once a page for each selector and range. */
function exists(selector: string, { fromMs, toMs }: TimeRange): Promise<boolean> {
  const key = `${selector} ${Math.round(toMs / 60_000)}`;
  let answer = known.get(key);
  if (answer === undefined) {
    answer = get<readonly Labels[]>("series", {
      "match[]": selector,
      start: fromMs / 1000,
      end: toMs / 1000,
      limit: 1,
    }).then(({ data }) => data.length > 0);
    if (known.size > 2000) known.clear();
    known.set(key, answer);
  }
  return answer;
}

export async function whyEmpty(queries: readonly string[], range: TimeRange): Promise<readonly string[]> {
  const selectors = new Map<string, string>();
  for (const query of new Set(queries)) {
    const { data } = await get<unknown>("parse_query", { query });
    for (const { name, text } of selectorsOf(data)) if (selectors.size < SELECTORS_MAX) selectors.set(text, name);
  }
  const lines = await Promise.all(
    [...selectors].map(async ([text, name]) => {
      if (name !== "" && !(await exists(JSON.stringify({ name }).replace(/^\{"name":(.*)\}$/, "{$1}"), range))) {
        return `The server has no series of ${name} in this range.`;
      }
      return (await exists(text, range)) ? undefined : `No series matches ${text}.`;
    }),
  );
  const found = [...new Set(lines.filter((line) => line !== undefined))];
  return found.length > 0 ? found : ["The series are there, but the expression has no result in this range."];
}

/** Vector selectors of a parsed expression, written without range, offset and `@`. */
function selectorsOf(node: unknown): readonly { readonly name: string; readonly text: string }[] {
  if (Array.isArray(node)) return node.flatMap(selectorsOf);
  if (!isObject(node)) return [];
  const inner = Object.values(node).flatMap(selectorsOf);
  if (node["type"] !== "vectorSelector" && node["type"] !== "matrixSelector") return inner;
  return [selectorText(node), ...inner];
}

function selectorText(node: Json): { readonly name: string; readonly text: string } {
  const matchers = listOf(node["matchers"]).filter(isObject);
  const pairs = matchers.map(
    (each) => `${quoted(textOf(each["name"]))}${textOf(each["type"], "=")}${JSON.stringify(textOf(each["value"]))}`,
  );
  const named = matchers.find((each) => each["name"] === "__name__" && each["type"] === "=");
  const name = textOf(node["name"]) || textOf(named?.["value"]);
  const others = pairs.filter((pair) => !pair.startsWith("__name__="));
  const plain = /^[a-zA-Z_:][\w:]*$/.test(name);
  return { name, text: plain ? `${name}{${others.join(", ")}}` : `{${pairs.join(", ")}}` };
}

function quoted(name: string): string {
  return /^[a-zA-Z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
