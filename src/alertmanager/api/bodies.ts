/** Bodies of requests, checked as the API's schema says, with its messages. */
import { GoTime, parseRfc3339, ZERO_TIME } from "../../template/index.js";
import { fieldIs, GoJsonError, isObject, kindOf, parseGoJson } from "../go-json.js";
import type { Silence, SilenceMatcher } from "../state/silence-codec.js";
import { ApiError, type ApiRequest, coded, invalid } from "./answer.js";

export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: GoTime;
  readonly endsAt: GoTime;
  readonly generatorUrl: string;
}

function parseBody(request: ApiRequest, name: string): unknown {
  const type = mediaTypeOf(request.contentType);
  if (type !== "application/json") {
    const shown = request.contentType === "" ? "application/octet-stream" : request.contentType;
    throw invalid(415, `unsupported media type ${JSON.stringify(shown)}, only [application/json] are allowed`, 415);
  }
  if (request.body.trim() === "") throw invalid(602, `${name} in body is required`);
  return reading(name, () => parseGoJson(request.body));
}

/** @throws ApiError where Go's mime package finds no type. */
function mediaTypeOf(written: string): string {
  const type = written.split(";")[0]!.trim().toLowerCase();
  const why = /^[^\s/]*\/[^\s/]+[\s/]/.test(type)
    ? "mime: unexpected content after media subtype"
    : /^[^\s/]+\/$/.test(type)
      ? "mime: expected token after slash"
      : /^\//.test(type)
        ? "mime: no media type"
        : undefined;
  if (why === undefined) return type;
  throw new ApiError(
    coded(400, `parsing Content-Type header from ${JSON.stringify(written)} failed, because ${why}`, 400),
  );
}

/** What Go's decoder says is the body's refusal. */
function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GoJsonError)) throw error;
    throw new ApiError(coded(400, `parsing ${name} body from "" failed, because ${error.message}`, 400));
  }
}

function mismatch(value: unknown, into: string): GoJsonError {
  return new GoJsonError(`json: cannot unmarshal ${kindOf(value)} into ${into}`);
}

export function readAlerts(request: ApiRequest): PostedAlert[] {
  const body = parseBody(request, "alerts");
  if (body === null) return [];
  const items = reading("alerts", () => {
    if (!Array.isArray(body)) throw mismatch(body, "Go value of type models.PostableAlerts");
    return body.map(readAlert);
  });
  for (const [i, { labels, generatorUrl }] of items.entries()) {
    if (labels === undefined) throw invalid(602, `${i}.labels in body is required`);
    if (generatorUrl !== "" && !isUri(generatorUrl)) {
      throw invalid(601, `${i}.generatorURL in body must be of type uri: ${JSON.stringify(generatorUrl)}`);
    }
  }
  return items as PostedAlert[];
}

/** The fields stand in two structs in Go, one read after the other: the first mistake of the first is the one that is told. */
const ALERT_STRUCT =
  'struct { Annotations models.LabelSet "json:\\"annotations,omitempty\\""; EndsAt strfmt.DateTime ' +
  '"json:\\"endsAt,omitempty\\""; StartsAt strfmt.DateTime "json:\\"startsAt,omitempty\\"" }';

function readAlert(
  item: unknown,
): Omit<PostedAlert, "labels"> & { readonly labels: Record<string, string> | undefined } {
  let labels: Record<string, string> | undefined;
  let annotations: Record<string, string> = {};
  let [startsAt, endsAt] = [ZERO_TIME, ZERO_TIME] as [GoTime, GoTime];
  let generatorUrl = "";
  if (item === null) return { labels, annotations, startsAt, endsAt, generatorUrl };
  if (!isObject(item)) throw mismatch(item, `Go value of type ${ALERT_STRUCT}`);
  const fields = Object.entries(item);
  for (const [name, value] of fields) {
    if (fieldIs(name, "annotations")) annotations = { ...annotations, ...readLabels(value, ".annotations") };
    else if (fieldIs(name, "startsAt")) startsAt = readTime(value) ?? startsAt;
    else if (fieldIs(name, "endsAt")) endsAt = readTime(value) ?? endsAt;
  }
  for (const [name, value] of fields) {
    if (fieldIs(name, "labels")) labels = merged(labels, readLabels(value, "Alert.labels"));
    else if (fieldIs(name, "generatorURL") && value !== null) {
      if (typeof value !== "string") throw mismatch(value, "Go value of type string");
      generatorUrl = value;
    }
  }
  return { labels, annotations, startsAt, endsAt, generatorUrl };
}

function merged(
  known: Record<string, string> | undefined,
  more: Record<string, string> | undefined,
): Record<string, string> | undefined {
  return known === undefined || more === undefined ? more : { ...known, ...more };
}

/** Go's url.ParseRequestURI takes it. */
function isUri(text: string): boolean {
  if (!/^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)/.test(text) || /[\s\x7f]/u.test(text)) return false;
  if (/%(?![0-9a-fA-F]{2})/.test(text.split(/[?#]/, 1)[0]!)) return false;
  const host = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?\/\/([^/?#]*)/.exec(text)?.[1];
  return host === undefined || !host.includes("[") || host.includes("]");
}

const INTERNED_MAX = 8192;
const INTERNED_LENGTH_MAX = 64;
const internedTexts = new Map<string, string>();

/** Most values are those of many other alerts: one copy of each is kept. */
function interned(text: string): string {
  if (text.length > INTERNED_LENGTH_MAX) return text;
  const known = internedTexts.get(text);
  if (known !== undefined) return known;
  if (internedTexts.size >= INTERNED_MAX) internedTexts.clear();
  internedTexts.set(text, text);
  return text;
}

/** @param field  as Go's messages name it. */
function readLabels(value: unknown, field: string): Record<string, string> | undefined {
  if (value === null) return undefined;
  if (!isObject(value)) throw mismatch(value, `Go struct field ${field} of type models.LabelSet`);
  let isClean = true;
  for (const name in value) {
    const item = value[name];
    if (typeof item === "string") {
      (value as Record<string, string>)[name] = interned(item);
      continue;
    }
    if (item !== null) throw mismatch(item, `Go struct field ${field}.${name} of type string`);
    isClean = false;
  }
  const labels = value as Record<string, string>;
  return isClean ? labels : Object.fromEntries(Object.entries(labels).map(([name, item]) => [name, item ?? ""]));
}

/** Alerts of one evaluation have the same times: they share one object. */
let lastTime: { readonly text: string; readonly time: GoTime } = { text: "", time: ZERO_TIME };

/** strfmt's date-time: RFC 3339, its short forms, and "" for 1970. */
function readTime(value: unknown): GoTime | undefined {
  if (value === null) return undefined;
  if (typeof value !== "string") throw mismatch(value, "Go value of type string");
  if (value === "") return GoTime.ofMs(0);
  if (value === lastTime.text) return lastTime.time;
  const exact = parseRfc3339(value);
  if (exact !== undefined) {
    lastTime = { text: value, time: exact };
    return exact;
  }
  const normal = value
    .replace(/([+-]\d\d)(\d\d)$/, "$1:$2")
    .replace(/^(\d{4}-\d\d-\d\d) /, "$1T")
    .replace(/^(\d{4}-\d\d-\d\d)$/, "$1T00:00:00")
    .replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)(Z?)$/, "$1:00$2")
    .replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)$/, "$1Z");
  const time = parseRfc3339(normal);
  if (time !== undefined) return time;
  const shown = JSON.stringify(value);
  const part = outOfRange(value);
  if (part !== undefined) throw new GoJsonError(`parsing time ${shown}: ${part} out of range`);
  throw new GoJsonError(`parsing time ${shown} as "2006-01-02": cannot parse ${shown} as "2006"`);
}

/** The part of a time of the right form that no calendar has. */
function outOfRange(text: string): string | undefined {
  const parts = /^\d{4}-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?/.exec(text);
  if (parts === null) return undefined;
  const [, month, day, hour, minute, second] = parts.map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12) return "month";
  if (day < 1 || day > 31) return "day";
  if (hour > 23) return "hour";
  if (minute > 59) return "minute";
  return second > 59 ? "second" : "day";
}

export function readSilence(request: ApiRequest): Silence {
  const body = parseBody(request, "silence");
  const given = reading("silence", () => readSilenceFields(body));
  for (const field of ["comment", "createdBy", "endsAt"] as const) required(given[field], field);
  const matchers = required(given.matchers, "matchers");
  if (matchers.length === 0) throw invalid(612, "matchers in body should have at least 1 items");
  const pairs = matchers.map((matcher, i) => {
    for (const field of ["isRegex", "name", "value"] as const) required(matcher[field], `matchers.${i}.${field}`);
    const { isRegex, isEqual } = matcher;
    const type = isRegex === true ? (isEqual === false ? "!~" : "=~") : isEqual === false ? "!=" : "=";
    return { type, name: matcher.name!, pattern: matcher.value! } satisfies SilenceMatcher;
  });
  return {
    id: given.id,
    matcherSets: [pairs],
    startsAt: required(given.startsAt, "startsAt").unixNano,
    endsAt: given.endsAt!.unixNano,
    updatedAt: 0n,
    createdBy: given.createdBy!,
    comment: given.comment!,
    annotations: given.annotations,
  };
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw invalid(602, `${name} in body is required`);
  return value;
}

interface GivenSilence {
  id: string;
  comment?: string;
  createdBy?: string;
  endsAt?: GoTime;
  startsAt?: GoTime;
  matchers?: readonly GivenMatcher[];
  annotations: Record<string, string>;
}

interface GivenMatcher {
  isRegex?: boolean;
  isEqual?: boolean;
  name?: string;
  value?: string;
}

function readSilenceFields(body: unknown): GivenSilence {
  const given: GivenSilence = { id: "", annotations: {} };
  if (body === null) return given;
  if (!isObject(body)) throw mismatch(body, 'Go value of type struct { ID string "json:\\"id,omitempty\\"" }');
  const fields = Object.entries(body).filter(([, value]) => value !== null);
  for (const [name, value] of fields) if (fieldIs(name, "id")) given.id = asString(value, ".id");
  for (const [name, value] of fields) {
    if (fieldIs(name, "comment")) given.comment = asString(value, "Silence.comment");
    else if (fieldIs(name, "createdBy")) given.createdBy = asString(value, "Silence.createdBy");
    else if (fieldIs(name, "endsAt")) given.endsAt = readTime(value)!;
    else if (fieldIs(name, "startsAt")) given.startsAt = readTime(value)!;
    else if (fieldIs(name, "annotations")) given.annotations = readLabels(value, "Silence.annotations")!;
    else if (fieldIs(name, "matchers")) {
      if (!Array.isArray(value)) throw mismatch(value, "Go struct field Silence.matchers of type models.Matchers");
      given.matchers = value.map(readMatcher);
    }
  }
  return given;
}

function readMatcher(value: unknown, i: number): GivenMatcher {
  const matcher: GivenMatcher = {};
  if (value === null) return matcher;
  if (!isObject(value)) throw mismatch(value, `Silence.matchers.${i} of type models.Matcher`);
  for (const [name, item] of Object.entries(value)) {
    if (item === null) continue;
    for (const field of ["isRegex", "isEqual"] as const) {
      if (!fieldIs(name, field)) continue;
      if (typeof item !== "boolean")
        throw mismatch(item, `Go struct field Silence.matchers.${i}.${field} of type bool`);
      matcher[field] = item;
    }
    for (const field of ["name", "value"] as const) {
      if (fieldIs(name, field)) matcher[field] = asString(item, `Silence.matchers.${i}.${field}`);
    }
  }
  return matcher;
}

function asString(value: unknown, field: string): string {
  if (typeof value !== "string") throw mismatch(value, `Go struct field ${field} of type string`);
  return value;
}
