/** As much of `helm template` as the project's chart needs: values laid over each other, helpers, and six functions of sprig. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load, loadAll } from "js-yaml";
import {
  ANY,
  Boxed,
  fn,
  fromJson,
  type GoFunction,
  GoMap,
  GoSlice,
  TemplateSet,
  toText,
  type Value,
} from "../../src/template/index.js";

type Plain = { readonly [key: string]: unknown };

/** @throws Error with the text of `required` where a value is missing. */
export function renderChart(folder: string, values: Plain, namespace: string): readonly Plain[] {
  const chart = load(readFileSync(join(folder, "Chart.yaml"), "utf8")) as { readonly appVersion: string };
  const defaults = load(readFileSync(join(folder, "values.yaml"), "utf8")) as Plain;
  const data = fromJson({
    Values: layered(defaults, values),
    Release: { Namespace: namespace, Name: "vestal" },
    Chart: { AppVersion: chart.appVersion },
  });
  const set: TemplateSet = new TemplateSet({ functions: functionsOf(() => set) });
  const templates = join(folder, "templates");
  const names = readdirSync(templates).sort();
  for (const name of names) set.parse(name, readFileSync(join(templates, name), "utf8"));
  return names
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => loadAll(set.execute(name, data)) as (Plain | null)[])
    .filter((each) => each !== null && each !== undefined);
}

/** Maps are merged, anything else is replaced. */
function layered(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  const isMap = (value: unknown): value is Plain =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isMap(below) || !isMap(above)) return above;
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries([...keys].map((key) => [key, layered(below[key], above[key])]));
}

function functionsOf(set: () => TemplateSet): ReadonlyMap<string, GoFunction> {
  return new Map<string, GoFunction>([
    ["toYaml", fn([ANY], (value: Value) => dump(plainOf(value), { lineWidth: -1 }).trimEnd())],
    [
      "nindent",
      fn(
        ["int", "string"],
        (count: Value, text: string) => `\n${text.replace(/^/gm, " ".repeat(Number(String(count))))}`,
      ),
    ],
    ["quote", fn([ANY], (value: Value) => JSON.stringify(String(plainOf(value) ?? "")))],
    ["default", fn([ANY, ANY], (initial: Value, value: Value) => (isEmpty(plainOf(value)) ? initial : value))],
    [
      "required",
      fn(["string", ANY], (message: string, value: Value) => {
        if (isEmpty(plainOf(value))) throw new Error(message);
        return value;
      }),
    ],
    ["include", fn(["string", ANY], (name: string, value: Value) => set().execute(name, value))],
  ]);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false || value === 0;
}

function plainOf(value: Value): unknown {
  if (value instanceof Boxed) return plainOf(value.value);
  if (value instanceof GoSlice) return value.items.map((item) => plainOf(item));
  if (value instanceof GoMap)
    return Object.fromEntries([...value.entries].map(([key, item]) => [String(key), plainOf(item)]));
  return typeof value === "object" ? toText(value) : value;
}
