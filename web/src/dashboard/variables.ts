/** Values of a dashboard's variables: their options from the server, in the order in which they depend on each other. */
import { type get as ask, type Labels, reasonText, type VectorSample } from "../api.js";
import { metricText } from "../format.js";
import type { Variable } from "./grafana.js";
import {
  interpolate,
  interpolateQuery,
  plainValue,
  referencesOf,
  type Scope,
  type VariableValue,
} from "./interpolate.js";
import type { TimeRange } from "./time.js";
import { regexOf } from "./transform.js";

export const ALL = "$__all";
/** A list that nobody can read, and that takes a browser seconds. */
const OPTIONS_MAX = 5000;

export interface Option {
  readonly text: string;
  readonly value: string;
}

export interface Resolved {
  readonly variable: Variable;
  readonly options: readonly Option[];
  /** Chosen, `[ALL]` for all of them. */
  readonly chosen: readonly string[];
  readonly error: string | undefined;
}

export interface VariableDeps {
  readonly get: typeof ask;
  readonly range: TimeRange;
  readonly signal: AbortSignal;
}

/**
 * @param chosen what the address says, by name.
 * @param base   built-in variables.
 */
export async function resolveVariables(
  variables: readonly Variable[],
  chosen: ReadonlyMap<string, readonly string[]>,
  base: Scope,
  deps: VariableDeps,
): Promise<readonly Resolved[]> {
  const done = new Map<string, Resolved>();
  let waiting = [...variables];
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name));
    const ready = waiting.filter((each) => dependencies(each).every((name) => name === each.name || !names.has(name)));
    // A circle: they are asked in the order in which they stand.
    const round = ready.length > 0 ? ready : waiting.slice(0, 1);
    const scope = scopeOf([...done.values()], base);
    for (const resolved of await Promise.all(round.map((each) => resolve(each, chosen.get(each.name), scope, deps)))) {
      done.set(resolved.variable.name, resolved);
    }
    waiting = waiting.filter((each) => !round.includes(each));
  }
  return variables.flatMap(({ name }) => done.get(name) ?? []);
}

function dependencies({ query, regex }: Variable): readonly string[] {
  return referencesOf(`${query} ${regex}`);
}

export function scopeOf(resolved: readonly Resolved[], base: Scope): Scope {
  return new Map([...base, ...resolved.map((each) => [each.variable.name, variableValue(each)] as const)]);
}

function variableValue({ variable, options, chosen }: Resolved): VariableValue {
  const isAll = chosen.includes(ALL);
  const taken = isAll ? options.filter(({ value }) => value !== ALL) : [];
  const values = isAll ? taken.map(({ value }) => value) : chosen;
  const textOfValue = (value: string): string => options.find((option) => option.value === value)?.text ?? value;
  return {
    values,
    texts: isAll ? ["All"] : values.map(textOfValue),
    isMulti: variable.isMulti || variable.hasAll,
    isAll,
    allValue: variable.allValue,
  };
}

async function resolve(
  variable: Variable,
  wanted: readonly string[] | undefined,
  scope: Scope,
  deps: VariableDeps,
): Promise<Resolved> {
  let options: readonly Option[];
  let error: string | undefined;
  try {
    options = await optionsOf(variable, scope, deps);
  } catch (reason) {
    if (deps.signal.aborted) throw reason;
    options = [];
    error = reasonText(reason);
  }
  if (options.length > OPTIONS_MAX) {
    error = `${options.length} values; the first ${OPTIONS_MAX} are listed`;
    options = options.slice(0, OPTIONS_MAX);
  }
  const withAll = variable.hasAll ? [{ text: "All", value: ALL }, ...options] : options;
  return { variable, options: withAll, chosen: choice(variable, wanted ?? [], withAll), error };
}

/** What is wished, else what was saved, as far as it exists; else the first. */
function choice(variable: Variable, wanted: readonly string[], options: readonly Option[]): readonly string[] {
  if (variable.type === "textbox" || variable.type === "constant")
    return [wanted[0] ?? variable.current[0] ?? variable.query];
  const isKnown = (value: string): boolean => options.some((option) => option.value === value);
  // A link may name a value that has no samples in the range: it is kept.
  if (wanted.length > 0 && (variable.isMulti || wanted.length === 1))
    return normal(wanted.map((each) => (each === "All" && variable.hasAll ? ALL : each)));
  const saved = variable.current.filter(isKnown);
  if (saved.length > 0) return normal(variable.isMulti ? saved : saved.slice(0, 1));
  const [first] = options;
  return first === undefined ? [""] : [first.value];
}

function normal(values: readonly string[]): readonly string[] {
  return values.includes(ALL) ? [ALL] : values;
}

async function optionsOf(variable: Variable, scope: Scope, deps: VariableDeps): Promise<readonly Option[]> {
  switch (variable.type) {
    case "query":
      return sorted(
        filtered(await queryOptions(variable, scope, deps), interpolate(variable.regex, scope)),
        variable.sort,
      );
    case "custom":
      return customOptions(interpolate(variable.query, scope));
    case "interval":
      return interpolate(variable.query, scope)
        .split(",")
        .map((text) => text.trim())
        .filter((text) => text !== "")
        .map((text) => ({ text, value: text }));
    case "datasource":
      return [{ text: "this server", value: "default" }];
    case "textbox":
    case "constant":
      return [];
    default:
      throw new Error(`a variable of the type ${JSON.stringify(variable.type)} is not supported`);
  }
}

/** `a,b : c,d\,e`: values, or texts with their values. */
function customOptions(text: string): readonly Option[] {
  return [...text.matchAll(/(?:\\,|[^,])+/g)].map(([item]) => {
    const plain = item.trim().replaceAll("\\,", ",");
    const pair = /^\s*(.+?)\s+:\s+(.+?)\s*$/.exec(plain);
    return pair === null ? { text: plain, value: plain } : { text: pair[1] ?? plain, value: pair[2] ?? plain };
  });
}

async function queryOptions(variable: Variable, scope: Scope, deps: VariableDeps): Promise<readonly string[]> {
  const { get, range, signal } = deps;
  const time = { start: range.fromMs / 1000, end: range.toMs / 1000 };
  const query = interpolateQuery(variable.query, scope).trim();
  const values = /^label_values\(\s*(?:([\s\S]+?)\s*,\s*)?([a-zA-Z_][\w.]*)\s*\)$/.exec(query);
  if (values !== null) {
    const [, selector, label = ""] = values;
    const path = `label/${encodeURIComponent(label)}/values`;
    const { data } = await get<readonly string[]>(
      path,
      { ...time, ...(selector !== undefined && { "match[]": selector }) },
      signal,
    );
    return data;
  }
  const names = /^label_names\(\s*(.*)\s*\)$/.exec(query);
  if (names !== null) {
    const { data } = await get<readonly string[]>("labels", time, signal);
    return onlyMatching(data, names[1] ?? "");
  }
  const metrics = /^metrics\(\s*(.*)\s*\)$/.exec(query);
  if (metrics !== null) {
    const { data } = await get<readonly string[]>("label/__name__/values", time, signal);
    return onlyMatching(data, metrics[1] ?? "");
  }
  const result = /^query_result\(([\s\S]*)\)$/.exec(query);
  if (result !== null) {
    const { data } = await get<{ readonly result: readonly VectorSample[] }>(
      "query",
      { query: result[1] ?? "", time: range.toMs / 1000 },
      signal,
    );
    return Array.isArray(data.result)
      ? data.result.map(
          ({ metric, value }) => `${metricText(metric)} ${value?.[1] ?? ""} ${Math.round((value?.[0] ?? 0) * 1000)}`,
        )
      : [];
  }
  if (query === "") return [];
  const { data } = await get<readonly Labels[]>("series", { ...time, "match[]": query }, signal);
  return data.map(metricText);
}

function onlyMatching(names: readonly string[], pattern: string): readonly string[] {
  const regex = pattern === "" ? undefined : regexOf(pattern);
  return regex === undefined ? names : names.filter((name) => regex.test(name));
}

/** The variable's regular expression: what matches stays, its group (or the groups `text` and `value`) is the option. */
function filtered(values: readonly string[], pattern: string): readonly Option[] {
  const regex = pattern === "" ? undefined : regexOf(pattern);
  const found = new Map<string, Option>();
  for (const value of values) {
    const match = regex?.exec(value);
    if (regex !== undefined && match == null) continue;
    const taken = match?.groups?.["value"] ?? match?.[1] ?? value;
    if (!found.has(taken)) found.set(taken, { text: match?.groups?.["text"] ?? taken, value: taken });
  }
  return [...found.values()];
}

function sorted(options: readonly Option[], sort: number): readonly Option[] {
  if (sort === 0) return options;
  const sign = sort % 2 === 0 ? -1 : 1;
  const number = ({ text }: Option): number => Number(/\d+/.exec(text)?.[0] ?? -1);
  const by: (a: Option, b: Option) => number =
    sort <= 2
      ? (a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)
      : sort <= 4
        ? (a, b) => number(a) - number(b)
        : (a, b) => a.text.localeCompare(b.text, undefined, { sensitivity: "base", numeric: sort > 6 });
  return [...options].sort((a, b) => sign * by(a, b));
}

/** Variables which every text of a dashboard may use. */
export function builtIns(title: string, uid: string, { fromMs, toMs }: TimeRange, timezone: string): Scope {
  const seconds = Math.max(1, Math.round((toMs - fromMs) / 1000));
  const values: Readonly<Record<string, string>> = {
    __dashboard: title,
    "__dashboard.uid": uid,
    __from: String(fromMs),
    __to: String(toMs),
    __range: `${seconds}s`,
    __range_s: String(seconds),
    __range_ms: String(toMs - fromMs),
    __timezone: timezone,
    __org: "1",
    __user: "",
    timeFilter: "",
  };
  return new Map(Object.entries(values).map(([name, value]) => [name, plainValue(value)] as const));
}
