/** Bodies of requests, checked as the API's schema says, with its messages. */
import { errorMessage } from "../../base/index.js";
import { GoTime, parseRfc3339, ZERO_TIME } from "../../template/index.js";
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
  const type = request.contentType.split(";")[0]!.trim().toLowerCase();
  if (type !== "application/json") {
    throw invalid(
      415,
      `unsupported media type ${JSON.stringify(request.contentType)}, only [application/json] are allowed`,
      415,
    );
  }
  if (request.body === "") throw invalid(602, `${name} in body is required`);
  try {
    return JSON.parse(request.body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const isCut =
      /end of JSON|Unterminated|Expected .* \(line 1 column \d+\)$/.test(error.message) && !isWhole(request.body);
    throw unparsed(name, isCut ? "unexpected EOF" : errorMessage(error));
  }
}

function isWhole(body: string): boolean {
  return /[}\]"0-9a-z]\s*$/.test(body);
}

function unparsed(name: string, why: string): ApiError {
  return new ApiError(coded(400, `parsing ${name} body from "" failed, because ${why}`, 400));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function readAlerts(request: ApiRequest): PostedAlert[] {
  const body = parseBody(request, "alerts");
  if (!Array.isArray(body))
    throw unparsed("alerts", `json: cannot unmarshal ${kindOf(body)} into Go value of type models.PostableAlerts`);
  return body.map((item: unknown, i) => {
    if (!isObject(item)) throw invalid(602, `${i}.labels in body is required`);
    const labels = readLabels(item["labels"], "alerts");
    const annotations = readLabels(item["annotations"], "alerts") ?? {};
    const [startsAt, endsAt] = [readTime(item["startsAt"], "alerts"), readTime(item["endsAt"], "alerts")];
    const url = item["generatorURL"];
    const generatorUrl = typeof url === "string" ? url : "";
    if (labels === undefined) throw invalid(602, `${i}.labels in body is required`);
    if (generatorUrl !== "" && !isUri(generatorUrl)) {
      throw invalid(601, `${i}.generatorURL in body must be of type uri: ${JSON.stringify(generatorUrl)}`);
    }
    return { labels, annotations, generatorUrl, startsAt: startsAt ?? ZERO_TIME, endsAt: endsAt ?? ZERO_TIME };
  });
}

function isUri(text: string): boolean {
  return /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)/.test(text) && !/\s/u.test(text);
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "array" : value === null ? "null" : typeof value === "boolean" ? "bool" : typeof value;
}

function readLabels(value: unknown, name: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value))
    throw unparsed(name, `json: cannot unmarshal ${kindOf(value)} into Go value of type models.LabelSet`);
  const labels: Record<string, string> = {};
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") {
      throw unparsed(name, `json: cannot unmarshal ${kindOf(item)} into Go value of type string`);
    }
    labels[key] = item;
  }
  return labels;
}

/** strfmt's date-time: RFC 3339, its short forms, and "" for 1970. */
function readTime(value: unknown, name: string): GoTime | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string")
    throw unparsed(name, `json: cannot unmarshal ${kindOf(value)} into Go value of type string`);
  if (value === "") return GoTime.ofMs(0);
  const normal = value
    .replace(/([+-]\d\d)(\d\d)$/, "$1:$2")
    .replace(/^(\d{4}-\d\d-\d\d)$/, "$1T00:00:00")
    .replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)(Z?)$/, "$1:00$2")
    .replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)$/, "$1Z");
  const time = parseRfc3339(normal);
  if (time === undefined) {
    const shown = JSON.stringify(value);
    throw unparsed(name, `parsing time ${shown} as "2006-01-02": cannot parse ${shown} as "2006"`);
  }
  return time;
}

const SILENCE_FIELDS = ["comment", "createdBy", "endsAt", "matchers", "startsAt"];

export function readSilence(request: ApiRequest): Silence {
  const body = parseBody(request, "silence");
  if (!isObject(body))
    throw unparsed("silence", `json: cannot unmarshal ${kindOf(body)} into Go value of type models.PostableSilence`);
  const times = { startsAt: readTime(body["startsAt"], "silence"), endsAt: readTime(body["endsAt"], "silence") };
  const missing = SILENCE_FIELDS.find((field) => body[field] === undefined || body[field] === null);
  if (missing !== undefined) throw invalid(602, `${missing} in body is required`);
  const matchers = body["matchers"];
  if (!Array.isArray(matchers))
    throw unparsed("silence", "json: cannot unmarshal into Go value of type models.Matchers");
  if (matchers.length === 0) throw invalid(612, "matchers in body should have at least 1 items");
  const annotations = readLabels(body["annotations"], "silence") ?? {};
  return {
    id: typeof body["id"] === "string" ? body["id"] : "",
    matcherSets: [matchers.map(readMatcher)],
    startsAt: times.startsAt!.unixNano,
    endsAt: times.endsAt!.unixNano,
    updatedAt: 0n,
    createdBy: String(body["createdBy"]),
    comment: String(body["comment"]),
    annotations,
  };
}

function readMatcher(value: unknown, i: number): SilenceMatcher {
  if (!isObject(value)) throw invalid(602, `matchers.${i}.isRegex in body is required`);
  for (const field of ["isRegex", "name", "value"]) {
    if (value[field] === undefined || value[field] === null) {
      throw invalid(602, `matchers.${i}.${field} in body is required`);
    }
  }
  const isRegex = value["isRegex"] === true;
  const isEqual = value["isEqual"] !== false;
  const type = isRegex ? (isEqual ? "=~" : "!~") : isEqual ? "=" : "!=";
  return { type, name: String(value["name"]), pattern: String(value["value"]) };
}
