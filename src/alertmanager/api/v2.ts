/** The API, version 2: alerts, groups, silences, receivers, status. */
import { errorMessage, VestalError } from "../../base/index.js";
import { compileSearch } from "../../model/index.js";
import { formatMillis, GoTime } from "../../template/index.js";
import { Alert } from "../alert.js";
import type { Alerts } from "../alerts.js";
import type { AlertmanagerConfig } from "../config/load.js";
import type { AlertGroup } from "../dispatcher.js";
import { type LabelSet, labelSet } from "../labels.js";
import type { Matcher } from "../matchers/matcher.js";
import type { MatcherSyntax } from "../matchers/parse.js";
import type { NanoClock } from "../now.js";
import type { Route } from "../route.js";
import { SilenceNotFoundError, type Silences, silenceState } from "../silences.js";
import type { Silence } from "../state/silence-codec.js";
import { mapJson, stringJson } from "../template-data.js";
import { ALERTMANAGER_VERSION } from "../version.js";
import { type Answer, type ApiRequest, coded, escapeHtmlInJson, invalid, json, refused } from "./answer.js";
import { readAlerts, readSilence } from "./bodies.js";

export interface ClusterStatus {
  readonly name: string;
  readonly status: "ready" | "settling" | "disabled";
  readonly peers: readonly { readonly name: string; readonly address: string }[];
}

export interface ApiDeps {
  readonly alerts: Alerts;
  readonly silences: Silences;
  readonly now: NanoClock;
  readonly syntax: MatcherSyntax;
  readonly startedAt: GoTime;
  config(): AlertmanagerConfig;
  route(): Route;
  groups(): readonly AlertGroup[];
  inhibitedBy(labels: LabelSet, nowNano: bigint): readonly string[];
  mutedBy(routeId: string, groupKey: string): readonly string[];
  cluster(): ClusterStatus | undefined;
  onReceived(isFiring: boolean): void;
  onInvalid(): void;
}

type Handler = (request: ApiRequest, deps: ApiDeps, argument: string) => Answer;

interface Endpoint {
  readonly pattern: RegExp;
  readonly methods: Readonly<Record<string, Handler>>;
}

const ENDPOINTS: readonly Endpoint[] = [
  { pattern: /^\/status$/, methods: { GET: getStatus } },
  { pattern: /^\/receivers$/, methods: { GET: getReceivers } },
  { pattern: /^\/silences$/, methods: { POST: postSilence, GET: getSilences } },
  { pattern: /^\/silence\/([^/]+)$/, methods: { GET: getSilence, DELETE: deleteSilence } },
  { pattern: /^\/alerts$/, methods: { POST: postAlerts, GET: getAlerts } },
  { pattern: /^\/alerts\/groups$/, methods: { GET: getGroups } },
];

/** @param path  behind `/api/v2`. */
export function handleV2(path: string, request: ApiRequest, deps: ApiDeps): Answer {
  const wanted = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
  for (const { pattern, methods } of ENDPOINTS) {
    const match = pattern.exec(wanted);
    if (match === null) continue;
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (handler !== undefined) {
      if (!acceptsJson(request.accept)) {
        return coded(406, "unsupported media type requested, only [application/json] are available", 406);
      }
      return handler(request, deps, match[1] ?? "");
    }
    const allowed = Object.keys(methods).join(",");
    const answer = coded(405, `method ${request.method} is not allowed, but [${allowed}] are`, 405);
    return { ...answer, headers: { Allow: allowed } };
  }
  return coded(404, `path ${request.path} was not found`, 404);
}

function acceptsJson(accept: string): boolean {
  if (accept.trim() === "") return true;
  return accept.split(",").some((range) => /^\s*(?:\*|application)\/(?:\*|json)\s*(?:;|$)/i.test(range));
}

// Filters.

function readFilter(request: ApiRequest, deps: ApiDeps, name: string, prefix = ""): readonly Matcher[] {
  return request.query.getAll(name).map((text) => {
    try {
      return deps.syntax.matcher(text);
    } catch (error) {
      throw refused(prefix + errorMessage(error));
    }
  });
}

/** go-swagger reads these words as true and all others as false. */
function readFlag(request: ApiRequest, name: string): boolean {
  const value = request.query.get(name);
  return (
    value === null ||
    value === "" ||
    ["1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled", "true"].includes(value.toLowerCase())
  );
}

function matchesFilter(matchers: readonly Matcher[], labels: ReadonlyMap<string, string>): boolean {
  return matchers.every((matcher) => {
    const value = labels.get(matcher.name);
    const isNegative = matcher.type === "!=" || matcher.type === "!~";
    // `a=""` asks for alerts without the label, `a!=""` for those with it.
    if (matcher.value === "" && (value !== undefined) === isNegative) return true;
    return matcher.matches(value ?? "");
  });
}

function receiverFilter(request: ApiRequest, deps: ApiDeps): (receiver: string) => boolean {
  const written = request.query.get("receiver");
  let matches = (_receiver: string): boolean => true;
  if (written !== null && written !== "") {
    try {
      const regex = compileSearch(`^(?:${written})$`);
      matches = (receiver) => regex.test(receiver);
    } catch (error) {
      throw refused(`failed to parse receiver param: ${errorMessage(error)}`);
    }
  }
  const matchers = readFilter(request, deps, "receiver_matchers", "failed to parse receiver_matchers param: ");
  if (matchers.length === 0) return matches;
  const labels = new Map(
    deps.config().receivers.map(({ name, labels: own }) => [name, new Map(Object.entries(own ?? {}))]),
  );
  return (receiver) => matches(receiver) && matchesFilter(matchers, labels.get(receiver) ?? new Map());
}

interface AlertStatus {
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
}

const ACTIVE: AlertStatus = { silencedBy: [], inhibitedBy: [] };

function statusOf(alert: Alert, deps: ApiDeps, nowNano: bigint): AlertStatus {
  const silencedBy = deps.silences.silencedBy(alert.labels, alert.fingerprint);
  const inhibitedBy = deps.inhibitedBy(alert.labels, nowNano);
  return silencedBy.length === 0 && inhibitedBy.length === 0 ? ACTIVE : { silencedBy, inhibitedBy };
}

/** The status of an alert that the request's filters let through. */
function alertFilter(request: ApiRequest, deps: ApiDeps): (alert: Alert) => AlertStatus | undefined {
  const matchers = readFilter(request, deps, "filter");
  const [wantsActive, wantsSilenced, wantsInhibited] = ["active", "silenced", "inhibited"].map((name) =>
    readFlag(request, name),
  );
  const nowNano = deps.now.nano();
  return (alert) => {
    if (!alert.endsAt.isZero && alert.endsAt.unixNano < nowNano) return undefined;
    if (!matchesFilter(matchers, alert.labels)) return undefined;
    const status = statusOf(alert, deps, nowNano);
    const isActive = status.silencedBy.length === 0 && status.inhibitedBy.length === 0;
    if (!wantsActive && isActive) return undefined;
    if (!wantsSilenced && status.silencedBy.length > 0) return undefined;
    return !wantsInhibited && status.inhibitedBy.length > 0 ? undefined : status;
  };
}

// Answers.

function escaped(value: unknown): Answer {
  const answer = json(value);
  return { ...answer, body: escapeHtmlInJson(String(answer.body)) };
}

function listJson(items: readonly string[]): string {
  return items.length === 0 ? "[]" : `[${items.map(stringJson).join(",")}]`;
}

/** In one piece of text: lists may be long. */
function alertJson(alert: Alert, status: AlertStatus, receivers: string, mutedBy: readonly string[]): string {
  const isSuppressed = status.silencedBy.length + status.inhibitedBy.length + mutedBy.length > 0;
  const url = alert.generatorUrl === "" ? "" : `"generatorURL":${stringJson(alert.generatorUrl)},`;
  return (
    `{"annotations":${mapJson(alert.annotations)},"endsAt":"${formatMillis(alert.endsAt)}",` +
    `"fingerprint":"${alert.fingerprint}","receivers":${receivers},"startsAt":"${formatMillis(alert.startsAt)}",` +
    `"status":{"inhibitedBy":${listJson(status.inhibitedBy)},"mutedBy":${listJson(mutedBy)},` +
    `"silencedBy":${listJson(status.silencedBy)},"state":"${isSuppressed ? "suppressed" : "active"}"},` +
    `"updatedAt":"${formatMillis(alert.updatedAt)}",${url}"labels":${mapJson(alert.labels)}}`
  );
}

function receiversJson(names: readonly string[]): string {
  return `[${names.map((name) => `{"name":${stringJson(name)}}`).join(",")}]`;
}

/** Characters of a long answer that are made into bytes at a time: short-lived texts cost the collector little. */
const PIECE_LENGTH = 65_536;

/** A list of JSON, made piece by piece. */
class ListWriter {
  readonly #pieces: Buffer[] = [];
  #text = "[";
  #isEmpty = true;

  add(item: string): void {
    this.#text += this.#isEmpty ? item : `,${item}`;
    this.#isEmpty = false;
    if (this.#text.length < PIECE_LENGTH) return;
    this.#pieces.push(Buffer.from(this.#text));
    this.#text = "";
  }

  answer(): Answer {
    const last = `${this.#text}]\n`;
    const body = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, Buffer.from(last)]);
    return { status: 200, type: "application/json", body };
  }
}

function getAlerts(request: ApiRequest, deps: ApiDeps): Answer {
  const filter = alertFilter(request, deps);
  const isReceiver = receiverFilter(request, deps);
  const route = deps.route();
  const found: { readonly alert: Alert; readonly status: AlertStatus; readonly receivers: string }[] = [];
  // Most alerts have one receiver, and there are few.
  const written = new Map<string, string>();
  for (const alert of deps.alerts.all()) {
    const routes = route.match(alert.labels);
    if (!routes.some(({ options }) => isReceiver(options.receiver))) continue;
    const status = filter(alert);
    if (status === undefined) continue;
    const names = routes.map(({ options }) => options.receiver);
    const key = names.join("\n");
    let receivers = written.get(key);
    if (receivers === undefined) {
      receivers = receiversJson(names);
      written.set(key, receivers);
    }
    found.push({ alert, status, receivers });
  }
  found.sort((a, b) => (a.alert.fingerprint < b.alert.fingerprint ? -1 : 1));
  const list = new ListWriter();
  for (const { alert, status, receivers } of found) list.add(alertJson(alert, status, receivers, []));
  return list.answer();
}

function getGroups(request: ApiRequest, deps: ApiDeps): Answer {
  const filter = alertFilter(request, deps);
  const isReceiver = receiverFilter(request, deps);
  const wantsMuted = readFlag(request, "muted");
  const receivers = new Map<string, string[]>();
  const found = deps
    .groups()
    .filter(({ route }) => isReceiver(route.options.receiver))
    .map((group) => {
      const alerts = group.alerts.flatMap((alert) => {
        const status = filter(alert);
        return status === undefined ? [] : [{ alert, status }];
      });
      for (const { alert } of alerts) {
        const known = receivers.get(alert.fingerprint);
        if (known === undefined) receivers.set(alert.fingerprint, [group.route.options.receiver]);
        else known.push(group.route.options.receiver);
      }
      return { group, alerts };
    })
    .filter(({ alerts }) => alerts.length > 0);
  for (const names of receivers.values()) names.sort();
  const shown = new ListWriter();
  for (const { group, alerts } of found) {
    const mutedBy = deps.mutedBy(group.route.id, group.key);
    if (!wantsMuted && mutedBy.length > 0) continue;
    const list = alerts.map(({ alert, status }) =>
      alertJson(alert, status, receiversJson(receivers.get(alert.fingerprint) ?? []), mutedBy),
    );
    const labels = JSON.stringify(Object.fromEntries(group.labels));
    const receiver = JSON.stringify({ name: group.route.options.receiver });
    shown.add(`{"alerts":[${list.join(",")}],"labels":${labels},"receiver":${receiver}}`);
  }
  return shown.answer();
}

function postAlerts(request: ApiRequest, deps: ApiDeps): Answer {
  const posted = readAlerts(request);
  const now = deps.now.time();
  const resolveMs = deps.config().global.resolve_timeout;
  const timeoutAt = new GoTime(now.unixNano + BigInt(Math.round(resolveMs)) * 1_000_000n);
  const problems: string[] = [];
  const valid: Alert[] = [];
  for (const item of posted) {
    const isTimeout = item.endsAt.isZero;
    const startsAt = !item.startsAt.isZero ? item.startsAt : isTimeout ? now : item.endsAt;
    const endsAt = isTimeout ? timeoutAt : item.endsAt;
    deps.onReceived(endsAt.unixNano > now.unixNano);
    const labels = labelSet(Object.entries(item.labels).filter(([, value]) => value !== ""));
    const annotations = labelSet(Object.entries(item.annotations));
    const problem = problemOf(labels, annotations, startsAt, endsAt, deps.syntax);
    if (problem !== undefined) {
      problems.push(problem);
      deps.onInvalid();
      continue;
    }
    valid.push(
      new Alert({ labels, annotations, startsAt, endsAt, updatedAt: now, generatorUrl: item.generatorUrl, isTimeout }),
    );
  }
  deps.alerts.put(valid);
  if (problems.length > 0) throw refused(problems.join("\n"));
  return { status: 200, body: "" };
}

function problemOf(
  labels: LabelSet,
  annotations: LabelSet,
  startsAt: GoTime,
  endsAt: GoTime,
  syntax: MatcherSyntax,
): string | undefined {
  if (startsAt.isZero) return "start time missing";
  if (endsAt.unixNano < startsAt.unixNano) return "start time must be before end time";
  if (labels.size === 0) return "at least one label pair required";
  for (const [set, what] of [
    [labels, "label set"],
    [annotations, "annotations"],
  ] as const) {
    for (const [name, value] of set) {
      if (!syntax.isLabelName(name)) return `invalid ${what}: invalid name ${JSON.stringify(name)}`;
      if (/\p{Cs}/u.test(value)) return `invalid ${what}: invalid value ${JSON.stringify(value)}`;
    }
  }
  return undefined;
}

// Silences.

const MATCH_TYPES = { "=": [true, false], "!=": [false, false], "=~": [true, true], "!~": [false, true] } as const;

function silenceJson(silence: Silence, nowNano: bigint): object {
  const time = (nano: bigint): string => formatMillis(new GoTime(nano));
  return {
    id: silence.id,
    status: { state: silenceState(silence, nowNano) },
    updatedAt: time(silence.updatedAt),
    ...(Object.keys(silence.annotations).length > 0 && { annotations: silence.annotations }),
    comment: silence.comment,
    createdBy: silence.createdBy,
    endsAt: time(silence.endsAt),
    matchers: (silence.matcherSets[0] ?? []).map(({ type, name, pattern }) => {
      const [isEqual, isRegex] = MATCH_TYPES[type];
      return { isEqual, isRegex, name, value: pattern };
    }),
    startsAt: time(silence.startsAt),
  };
}

const STATE_ORDER = { active: 1, pending: 2, expired: 3 } as const;

function getSilences(request: ApiRequest, deps: ApiDeps): Answer {
  const matchers = readFilter(request, deps, "filter");
  const nowNano = deps.now.nano();
  const found = [...deps.silences.all()]
    .map(({ silence }) => ({ silence, state: silenceState(silence, nowNano) }))
    .filter(({ silence }) =>
      silence.matcherSets.some((set) =>
        matchers.every((wanted) =>
          set.some(
            ({ type, name, pattern }) => type === wanted.type && name === wanted.name && pattern === wanted.value,
          ),
        ),
      ),
    );
  found.sort((a, b) => {
    if (a.state !== b.state) return STATE_ORDER[a.state] - STATE_ORDER[b.state];
    const [x, y] = [a.silence, b.silence];
    if (a.state === "active") return Number(x.endsAt - y.endsAt);
    return a.state === "pending" ? Number(x.startsAt - y.startsAt) : Number(y.endsAt - x.endsAt);
  });
  return escaped(found.map(({ silence }) => silenceJson(silence, nowNano)));
}

const UUID = /^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/;

function checkUuid(id: string): string {
  if (!UUID.test(id)) throw invalid(601, `silenceID in path must be of type uuid: ${JSON.stringify(id)}`);
  return id;
}

function getSilence(_: ApiRequest, deps: ApiDeps, id: string): Answer {
  const silence = deps.silences.get(checkUuid(id));
  if (silence === undefined) return { status: 404, body: "" };
  return escaped(silenceJson(silence, deps.now.nano()));
}

function deleteSilence(_: ApiRequest, deps: ApiDeps, id: string): Answer {
  try {
    deps.silences.expire(checkUuid(id));
  } catch (error) {
    if (error instanceof SilenceNotFoundError) return { status: 404, body: "" };
    throw error;
  }
  return { status: 200, body: "" };
}

function postSilence(request: ApiRequest, deps: ApiDeps): Answer {
  const silence = readSilence(request);
  if (silence.startsAt >= silence.endsAt) throw refused("Failed to create silence: start time must be before end time");
  if (silence.endsAt < deps.now.nano()) throw refused("Failed to create silence: end time can't be in the past");
  try {
    return json({ silenceID: deps.silences.set(silence) });
  } catch (error) {
    if (error instanceof SilenceNotFoundError) throw refused(error.message, 404);
    if (error instanceof VestalError) throw refused(error.message);
    throw error;
  }
}

// The rest.

function getReceivers(request: ApiRequest, deps: ApiDeps): Answer {
  const matchers = readFilter(request, deps, "receiver_matchers", "failed to parse receiver_matchers param: ");
  const found = deps
    .config()
    .receivers.filter(({ labels }) => matchesFilter(matchers, new Map(Object.entries(labels ?? {}))));
  return json(
    found.map(({ name, labels }) => ({ labels: Object.fromEntries(labelSet(Object.entries(labels ?? {}))), name })),
  );
}

function getStatus(_: ApiRequest, deps: ApiDeps): Answer {
  const cluster = deps.cluster();
  return json({
    cluster:
      cluster === undefined
        ? { peers: [], status: "disabled" }
        : {
            name: cluster.name,
            peers: cluster.peers.map(({ address, name }) => ({ address, name })),
            status: cluster.status,
          },
    config: { original: deps.config().text },
    uptime: formatMillis(deps.startedAt),
    versionInfo: {
      branch: "vestal",
      buildDate: "",
      buildUser: "vestal",
      goVersion: `node${process.versions.node}`,
      revision: "vestal",
      version: ALERTMANAGER_VERSION,
    },
  });
}
