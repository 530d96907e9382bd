/** The templates of notifications: Alertmanager's functions, the default texts, the files of `templates`. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { errorMessage, VestalError } from "../base/index.js";
import { diskFiles, expandGlob } from "../config/index.js";
import { HtmlEscaper } from "../template/html.js";
import {
  ANY,
  Boxed,
  FunctionError,
  fn,
  formatRfc3339,
  GoDuration,
  type GoFunction,
  GoInteger,
  GoMap,
  GoSlice,
  GoString,
  GoStruct,
  GoTime,
  loadLocation,
  TemplateExecError,
  type TemplateLimits,
  TemplateSet,
  type Value,
} from "../template/index.js";
import { humanizeDuration, matchRegex, reReplaceAll, toFloat } from "../template/prometheus.js";
import { titleCase } from "../template/title.js";
import { unbox } from "../template/values.js";
import { DEFAULT_TEMPLATES, EMAIL_TEMPLATE } from "./default-templates.js";
import { dataValue, goJson, type NotificationData } from "./template-data.js";

/** Names in JSON where they are not those of Go. */
const JSON_NAMES: Readonly<Record<string, string>> = {
  Receiver: "receiver",
  Status: "status",
  Alerts: "alerts",
  NotificationReason: "notification_reason",
  GroupLabels: "groupLabels",
  CommonLabels: "commonLabels",
  CommonAnnotations: "commonAnnotations",
  ExternalURL: "externalURL",
  Labels: "labels",
  Annotations: "annotations",
  StartsAt: "startsAt",
  EndsAt: "endsAt",
  GeneratorURL: "generatorURL",
  Fingerprint: "fingerprint",
};

function plainOf(boxed: Value): unknown {
  const value = unbox(boxed);
  if (value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (value instanceof GoTime) return formatRfc3339(value);
  if (value instanceof GoInteger) return Number(value.value);
  if (value instanceof GoString) return value.value;
  if (value instanceof GoSlice) return value.items.map(plainOf);
  if (value instanceof GoMap) {
    return Object.fromEntries(
      [...value.entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, plainOf(item)]),
    );
  }
  if (value instanceof GoStruct) {
    const isPair = value.typeName === "template.Pair";
    return Object.fromEntries(
      [...value.fields].map(([key, item]) => [isPair ? key : (JSON_NAMES[key] ?? key), plainOf(item)]),
    );
  }
  throw new FunctionError(`json: unsupported type: ${value.typeName}`);
}

function anySlice(items: readonly Value[]): GoSlice {
  return new GoSlice(
    items.map((item) => new Boxed(unbox(item))),
    "[]interface {}",
  );
}

export const ALERTMANAGER_FUNCTIONS: ReadonlyMap<string, GoFunction> = new Map<string, GoFunction>([
  ["toUpper", fn(["string"], (text: string) => text.toUpperCase())],
  ["toLower", fn(["string"], (text: string) => text.toLowerCase())],
  ["title", fn(["string"], (text: string) => titleCase(text, true))],
  ["trimSpace", fn(["string"], (text: string) => text.trim())],
  [
    "join",
    fn(["string", "[]string"], (separator: string, list: GoSlice | undefined) => (list?.items ?? []).join(separator)),
  ],
  ["match", fn(["string", "string"], matchRegex)],
  ["safeHtml", fn(["string"], (text: string) => new GoString(text, "template.HTML"))],
  ["safeUrl", fn(["string"], (text: string) => new GoString(text, "template.URL"))],
  ["urlUnescape", fn(["string"], unescapeQuery)],
  ["reReplaceAll", fn(["string", "string", "string"], reReplaceAll)],
  ["stringSlice", fn(["string"], (...items: string[]) => new GoSlice(items, "[]string"), true)],
  ["date", fn(["string", "time.Time"], (layout: string, time: GoTime) => time.format(layout))],
  ["tz", fn(["string", "time.Time"], (name: string, time: GoTime) => new GoTime(time.unixNano, loadLocation(name)))],
  ["now", fn([], () => GoTime.ofMs(Date.now(), loadLocation("Local")))],
  ["since", fn(["time.Time"], (time: GoTime) => new GoDuration(BigInt(Date.now()) * 1_000_000n - time.unixNano))],
  ["humanizeDuration", fn([ANY], (value: Value) => humanizeDuration(toFloat(unbox(value))))],
  ["toJson", fn([ANY], (value: Value) => goJson(plainOf(value)))],
  ["list", fn([ANY], (...items: Value[]) => anySlice(items), true)],
  [
    "append",
    fn(
      ["[]interface {}", ANY],
      (list: GoSlice | undefined, ...items: Value[]) => anySlice([...(list?.items ?? []), ...items]),
      true,
    ),
  ],
  ["dict", fn([ANY], (...items: Value[]) => dict(items), true)],
]);

function dict(items: readonly Value[]): GoMap {
  if (items.length % 2 !== 0) throw new FunctionError("dict requires an even number of arguments");
  const entries = new Map<string, Value>();
  for (let i = 0; i < items.length; i += 2) {
    const key = unbox(items[i]);
    if (typeof key !== "string") throw new FunctionError("dict keys must be strings");
    entries.set(key, new Boxed(unbox(items[i + 1])));
  }
  return new GoMap(entries, "map[string]interface {}");
}

function unescapeQuery(text: string): string {
  const bad = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text)?.[0];
  if (bad !== undefined) throw new FunctionError(`invalid URL escape ${JSON.stringify(bad)}`);
  const bytes = text
    .replaceAll("+", " ")
    .replace(/%([0-9a-fA-F]{2})|[^%]+/g, (part, hex?: string) => hex ?? Buffer.from(part).toString("hex"));
  return Buffer.from(bytes, "hex").toString();
}

export interface TemplateSource {
  readonly name: string;
  readonly text: string;
}

const NOT_DEFINED = /^template: (.*?:\d+:\d+): executing .*: template ("(?:[^"\\]|\\.)*") not defined$/s;

export class NotificationTemplates {
  readonly #set: TemplateSet;

  /** @throws TemplateParseError */
  constructor(sources: readonly TemplateSource[], limits: Partial<TemplateLimits> = {}) {
    this.#set = new TemplateSet({ functions: ALERTMANAGER_FUNCTIONS, missingKey: "zero", limits });
    this.#set.parse("", DEFAULT_TEMPLATES).parse("", EMAIL_TEMPLATE);
    for (const { name, text } of sources) this.#set.parse(name, text);
  }

  /** @throws TemplateParseError, TemplateExecError */
  text(template: string, data: NotificationData): string {
    if (template === "" || !template.includes("{{")) return template;
    return this.#set.clone().parse("", template).execute("", dataValue(data));
  }

  /** As `text`, with html/template's escaping. */
  html(template: string, data: NotificationData): string {
    if (template === "") return "";
    try {
      return this.#set.clone().parse("", template).execute("", dataValue(data), new HtmlEscaper());
    } catch (error) {
      const missing = error instanceof TemplateExecError && NOT_DEFINED.exec(error.message);
      // What escapes looks for templates before any is executed, and has words of its own.
      throw missing
        ? new TemplateExecError(`html/template:${missing[1]}: no such template ${missing[2]}`, error)
        : error;
    }
  }
}

/** Reads the files that the globs name; none is no error, since they may be filled later. @throws VestalError CONFIG */
export function readTemplates(globs: readonly string[]): TemplateSource[] {
  return globs.flatMap((glob) =>
    expandGlob(glob, diskFiles).map((file) => {
      try {
        return { name: basename(file), text: readFileSync(file, "utf8") };
      } catch (error) {
        throw new VestalError("CONFIG", errorMessage(error), { file }, error);
      }
    }),
  );
}
