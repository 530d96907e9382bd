/**
 * Prometheus' templates of labels and annotations: its functions, and the variables `$labels`, `$externalLabels`,
 * `$externalURL` and `$value`.
 *
 * Templates run in one go, queries do not. So the function `query` knows only results that are there: the first that is
 * missing ends the run, its result is fetched, and the template runs again from its start. Nothing in a template has an
 * effect, and time stands still for it, so the last run is what a single one would have been.
 */
import { isIP } from "node:net";
import { errorMessage, VestalError } from "../base/index.js";
import { compareBytes, compileSearch, parseDuration, quoteGo } from "../model/index.js";
import { parseGoFloat } from "../model/number.js";
import { escapeQuery } from "./builtins.js";
import { FunctionError, TemplateExecError } from "./errors.js";
import type { TemplateLimits } from "./execute.js";
import { canBackquote, formatNumber, sprintf } from "./format.js";
import { TemplateSet } from "./template-set.js";
import { GoTime } from "./time.js";
import { titleCase } from "./title.js";
import {
  ANY,
  Boxed,
  fn,
  type GoFunction,
  GoInteger,
  GoMap,
  GoOpaque,
  GoSlice,
  GoString,
  GoStruct,
  type Plain,
  stringMap,
  typeName,
  unbox,
  type Value,
} from "./values.js";

/** One element of a query's result: a histogram is given by its text. */
export interface TemplateSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | { readonly histogram: string };
}

/** Runs an instant query at the time of the evaluation; rejects with a message in Prometheus' words. */
export type TemplateQuery = (expression: string) => Promise<readonly TemplateSample[]>;

export interface AlertTemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly value: number | { readonly histogram: string };
}

export interface AlertTemplateContext {
  /** `externalURL` and, its path, `pathPrefix`. */
  readonly externalUrl: string;
  /** False: the functions of the URL fail as they do in Go without one; the variable is there. */
  readonly hasUrlFunctions?: boolean;
  readonly query: TemplateQuery;
  /** Queries of one template. */
  readonly maxQueries?: number;
  readonly limits?: Partial<TemplateLimits>;
}

/** A template with more queries than this asks by mistake, in a loop. */
const DEFAULT_MAX_QUERIES = 100;

/** What Prometheus puts before the text: messages count columns from there. */
export const ALERT_TEMPLATE_DEFINITIONS =
  "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

/**
 * Finds what is wrong with the text of a label or annotation, without running it.
 * @param name  Prometheus': `__alert_` and the alert's name.
 * @throws TemplateParseError
 */
export function checkAlertTemplate(name: string, text: string): void {
  if (!text.includes("{{")) return;
  new TemplateSet({ functions: prometheusFunctions("", () => []) }).parse(name, ALERT_TEMPLATE_DEFINITIONS + text);
}

/**
 * @throws VestalError in Prometheus' words, `error executing template NAME: …`, which go into the annotation as
 * `<error expanding template: …>`.
 */
export async function expandAlertTemplate(
  name: string,
  text: string,
  data: AlertTemplateData,
  context: AlertTemplateContext,
): Promise<string> {
  if (!text.includes("{{")) return text;
  const results = new Map<string, QueryOutcome>();
  const functionsUrl = context.hasUrlFunctions === false ? undefined : context.externalUrl;
  const functions = prometheusFunctions(functionsUrl, (expression) => {
    const known = results.get(expression);
    if (known === undefined) throw new MissingResult(expression);
    if ("error" in known) throw new FunctionError(known.error);
    return known.samples;
  });
  const limits = context.limits;
  const set = parsed(name, text, new TemplateSet({ functions, missingKey: "zero", ...(limits && { limits }) }));
  const maxQueries = context.maxQueries ?? DEFAULT_MAX_QUERIES;
  for (;;) {
    try {
      return set.execute(name, alertData(data, context.externalUrl));
    } catch (error) {
      if (error instanceof MissingResult) {
        if (results.size >= maxQueries) {
          throw new TemplateExecError(`error executing template ${name}: more than ${maxQueries} queries`);
        }
        results.set(error.expression, await ask(context.query, error.expression));
        continue;
      }
      if (!(error instanceof TemplateExecError)) throw error;
      throw new TemplateExecError(`error executing template ${name}: ${error.message}`, error);
    }
  }
}

type QueryOutcome = { readonly samples: readonly TemplateSample[] } | { readonly error: string };

async function ask(query: TemplateQuery, expression: string): Promise<QueryOutcome> {
  try {
    return { samples: await query(expression) };
  } catch (error) {
    return { error: errorMessage(error) };
  }
}

function parsed(name: string, text: string, set: TemplateSet): TemplateSet {
  try {
    return set.parse(name, ALERT_TEMPLATE_DEFINITIONS + text);
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    throw new TemplateExecError(`error parsing template ${name}: ${error.message}`, error);
  }
}

/** Ends a run which needs a result that is not there yet. */
class MissingResult extends Error {
  readonly expression: string;
  constructor(expression: string) {
    super("result of a query is missing");
    this.expression = expression;
  }
}

function alertData(data: AlertTemplateData, externalUrl: string): Value {
  return new GoStruct(
    "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }",
    new Map<string, Value>([
      ["Labels", stringMap(Object.entries(data.labels))],
      ["ExternalLabels", stringMap(Object.entries(data.externalLabels))],
      ["ExternalURL", externalUrl],
      ["Value", new Boxed(sampleValue(data.value))],
    ]),
  );
}

function sampleValue(value: TemplateSample["value"]): Plain {
  return typeof value === "number" ? value : new GoOpaque("*histogram.FloatHistogram", value.histogram);
}

const SAMPLE = "*template.sample";
const RESULT = "template.queryResult";

function queryResult(samples: readonly TemplateSample[]): GoSlice {
  const items = samples.map(
    ({ labels, value }) =>
      new GoStruct(
        SAMPLE,
        new Map<string, Value>([
          ["Labels", stringMap(Object.entries(labels))],
          ["Value", new Boxed(sampleValue(value))],
        ]),
      ),
  );
  return new GoSlice(items, { typeName: RESULT, underlying: `[]${SAMPLE}` });
}

function labelOf(sample: GoStruct, name: string): string {
  return String((sample.fields.get("Labels") as GoMap).entries.get(name) ?? "");
}

/** @param externalUrl  undefined: there is none; @param query  gives the result, or throws to end the run. */
export function prometheusFunctions(
  externalUrl: string | undefined,
  query: (expression: string) => readonly TemplateSample[],
): ReadonlyMap<string, GoFunction> {
  return new Map<string, GoFunction>([
    ...COMMON_FUNCTIONS,
    ["query", fn(["string"], (expression: string) => queryResult(query(expression)))],
    ["externalURL", fn([], () => present(externalUrl))],
    ["pathPrefix", fn([], () => pathOf(present(externalUrl)))],
  ]);
}

function present(url: string | undefined): string {
  if (url === undefined) throw new FunctionError("runtime error: invalid memory address or nil pointer dereference");
  return url;
}

function pathOf(url: string): string {
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url);
  return path?.[1] ?? "";
}

const float = (convert: (value: number) => Value): GoFunction =>
  fn([ANY], (value: Value) => convert(toFloat(unbox(value))));

const COMMON_FUNCTIONS: readonly (readonly [string, GoFunction])[] = [
  [
    "first",
    fn([RESULT], (result: GoSlice | undefined) => {
      if (result === undefined || result.items.length === 0) {
        throw new FunctionError("first() called on vector with no elements");
      }
      return result.items[0];
    }),
  ],
  ["label", fn(["string", SAMPLE], (name: string, sample: GoStruct) => labelOf(sample, name))],
  ["value", fn([SAMPLE], (sample: GoStruct) => sample.fields.get("Value"))],
  ["strvalue", fn([SAMPLE], (sample: GoStruct) => labelOf(sample, "__value__"))],
  [
    "args",
    fn(
      [ANY],
      (...args: Value[]) =>
        new GoMap(new Map(args.map((arg, i) => [`arg${i}`, new Boxed(unbox(arg))])), "map[string]interface {}"),
      true,
    ),
  ],
  ["reReplaceAll", fn(["string", "string", "string"], reReplaceAll)],
  ["safeHtml", fn(["string"], (text: string) => new GoString(text, "template.HTML"))],
  ["match", fn(["string", "string"], matchRegex)],
  ["title", fn(["string"], (text: string) => titleCase(text, false))],
  ["toUpper", fn(["string"], (text: string) => text.toUpperCase())],
  ["toLower", fn(["string"], (text: string) => text.toLowerCase())],
  ["graphLink", fn(["string"], (expression: string) => `/graph?g0.expr=${escapeQuery(expression)}&g0.tab=0`)],
  ["tableLink", fn(["string"], (expression: string) => `/graph?g0.expr=${escapeQuery(expression)}&g0.tab=1`)],
  [
    "sortByLabel",
    fn(["string", RESULT], (name: string, result: GoSlice | undefined) => {
      const items = [...((result?.items ?? []) as readonly GoStruct[])];
      items.sort((a, b) => compareBytes(labelOf(a, name), labelOf(b, name)));
      return new GoSlice(items, { typeName: RESULT, underlying: `[]${SAMPLE}` });
    }),
  ],
  ["stripPort", fn(["string"], stripPort)],
  ["stripDomain", fn(["string"], stripDomain)],
  ["humanize", float(humanize)],
  ["humanize1024", float(humanize1024)],
  ["humanizeDuration", float(humanizeDuration)],
  ["humanizePercentage", float((value) => `${formatNumber(value * 100, "g", 4)}%`)],
  ["humanizeTimestamp", float(humanizeTimestamp)],
  ["toTime", float(toTime)],
  [
    "parseDuration",
    fn(["string"], (text: string) => {
      try {
        return parseDuration(text) / 1000;
      } catch (error) {
        throw new FunctionError(errorMessage(error));
      }
    }),
  ],
  ["urlQueryEscape", fn(["string"], escapeQuery)],
];

/** @throws FunctionError in Go's words for a bad expression, as its MustCompile panics. */
export function reReplaceAll(pattern: string, replacement: string, text: string): string {
  return searchFor(pattern, (message) => `regexp: Compile(${quoteRegex(pattern)}): ${message}`).replaceAll(
    text,
    replacement,
  );
}

export function matchRegex(pattern: string, text: string): boolean {
  return searchFor(pattern, (message) => message).test(text);
}

function searchFor(pattern: string, describe: (message: string) => string): ReturnType<typeof compileSearch> {
  try {
    return compileSearch(pattern);
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    throw new FunctionError(describe(error.message));
  }
}

/** strconv's backquotes where they do, as regexp's own messages. */
function quoteRegex(text: string): string {
  return canBackquote(text) ? `\`${text}\`` : quoteGo(text);
}

export function toFloat(value: Plain): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") {
    const number = parseGoFloat(value);
    if (number === undefined) throw new FunctionError(`strconv.ParseFloat: parsing ${quoteGo(value)}: invalid syntax`);
    return number;
  }
  if (value instanceof GoInteger)
    return value.typeName === "time.Duration" ? Number(value.value) / 1e9 : Number(value.value);
  throw new FunctionError(`can't convert ${typeName(value)} to float`);
}

function splitHostPort(text: string): { readonly host: string; readonly port: string } | undefined {
  const bracketed = /^\[([^[\]]*)\]:([^:[\]]*)$/.exec(text);
  const plain = bracketed ?? /^([^:[\]]*):([^:[\]]*)$/.exec(text);
  return plain === null ? undefined : { host: plain[1]!, port: plain[2]! };
}

function stripPort(text: string): string {
  return splitHostPort(text)?.host ?? text;
}

function stripDomain(text: string): string {
  const split = splitHostPort(text);
  const host = split?.host ?? text;
  if (isIP(host) !== 0 && !host.includes("%")) return text;
  const first = host.split(".")[0]!;
  return split === undefined || split.port === ""
    ? first
    : `${first.includes(":") ? `[${first}]` : first}:${split.port}`;
}

const LARGE = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const SMALL = ["m", "u", "n", "p", "f", "a", "z", "y"];
const BINARY = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const four = (value: number): string => formatNumber(value, "g", 4);

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return four(value);
  return Math.abs(value) >= 1 ? scaledDown(value, 1000, LARGE) : scaledUp(value);
}

function scaledDown(value: number, base: number, prefixes: readonly string[]): string {
  let [rest, prefix] = [value, ""];
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break;
    prefix = next;
    rest /= base;
  }
  return four(rest) + prefix;
}

function scaledUp(value: number): string {
  let [rest, prefix] = [value, ""];
  for (const next of SMALL) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return four(rest) + prefix;
}

function humanize1024(value: number): string {
  return Math.abs(value) <= 1 || !Number.isFinite(value) ? four(value) : scaledDown(value, 1024, BINARY);
}

export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return four(value);
  if (value === 0) return `${four(value)}s`;
  if (Math.abs(value) < 1) return `${scaledUp(value)}s`;
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  const whole = Math.trunc(size);
  const [seconds, minutes] = [whole % 60, Math.trunc(whole / 60) % 60];
  const [hours, days] = [Math.trunc(whole / 3600) % 24, Math.trunc(whole / 86_400)];
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes !== 0) return `${sign}${minutes}m ${seconds}s`;
  return `${sign}${four(size)}s`;
}

function timeOf(value: number): GoTime {
  const nanos = value * 1e9;
  if (nanos > 2 ** 63 || nanos < -(2 ** 63)) {
    throw new FunctionError(
      sprintf("%v cannot be represented as a nanoseconds timestamp since it overflows int64", [value]),
    );
  }
  return new GoTime((BigInt(Math.trunc(nanos)) / 1_000_000n) * 1_000_000n);
}

function humanizeTimestamp(value: number): string {
  return Number.isFinite(value) ? timeOf(value).toText() : four(value);
}

function toTime(value: number): Value {
  if (!Number.isFinite(value)) throw new FunctionError("value is NaN or Inf");
  return timeOf(value);
}
