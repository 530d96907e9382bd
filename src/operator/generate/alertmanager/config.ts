/** Alertmanager's configuration, from a raw file or a custom resource, and the AlertmanagerConfigs added to it. */
import { parse } from "yaml";
import { formatDuration } from "../../../model/index.js";
import type { Json } from "../../kube-object.js";
import type {
  Alertmanager,
  AlertmanagerAlertmanagerConfigurationGlobal,
  AlertmanagerConfig,
  AlertmanagerConfigInhibitRule,
  AlertmanagerConfigRoute,
  Matcher,
} from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import { durationMs } from "../prometheus/sections.js";
import type { AssetStore, NamespacedStore } from "../store.js";
import { compact, nonEmpty, nonEmptyList } from "../value.js";
import type { Version } from "../version.js";
import { checkAlertmanagerConfig, checkGlobal } from "./check.js";
import { CONFIG, type Draft, decodeStruct, encodeStruct } from "./file-schema.js";
import { httpConfigOf, secretOf, tlsConfigOf } from "./http-client.js";
import { type ReceiverContext, receiverOf } from "./receivers.js";
import { childRoutes } from "./routes.js";
import { sanitizeConfig } from "./sanitize.js";
import { timeIntervalOf } from "./time-intervals.js";

/** A configuration while it is being made. */
export type ConfigDraft = Draft;

export function encodeConfig(draft: ConfigDraft): Json {
  return compact(encodeStruct(CONFIG, draft));
}

/** @throws InvalidConfigurationError if the text is no configuration. */
export function configFromText(text: string): ConfigDraft {
  const draft = decodeStruct(CONFIG, parseYaml(text));
  checkRootRoute(draft);
  checkNames(draft);
  return draft;
}

export function parseYaml(text: string): unknown {
  try {
    return parse(text, { merge: true });
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

/** The route at the root takes every alert. */
function checkRootRoute(draft: ConfigDraft): void {
  const route = draft["route"] as Draft | undefined;
  if (route === undefined) invalid("route: missing");
  if (route["continue"] === true) invalid("route: the root route cannot continue");
  if (!route["receiver"]) invalid("route: the root route needs a receiver");
  for (const name of ["matchers", "match", "match_re", "mute_time_intervals", "active_time_intervals"]) {
    if (Object.keys((route[name] ?? {}) as object).length > 0) invalid(`route: the root route takes no ${name}`);
  }
}

/** Receivers and intervals that routes name must be there, once. */
function checkNames(draft: ConfigDraft): void {
  const namesOf = (...lists: readonly string[]) => {
    const names = new Set<unknown>();
    for (const item of lists.flatMap((list) => (draft[list] ?? []) as Draft[])) {
      if (names.has(item["name"])) invalid(`${lists[0] ?? ""}: "${String(item["name"])}" is there twice`);
      names.add(item["name"]);
    }
    return names;
  };
  const receivers = namesOf("receivers");
  const intervals = namesOf("mute_time_intervals", "time_intervals");
  const visit = (route: Draft): void => {
    const receiver = route["receiver"];
    if (receiver && !receivers.has(receiver)) invalid(`route: there is no receiver "${String(receiver)}"`);
    for (const name of [route["mute_time_intervals"], route["active_time_intervals"]].flat()) {
      if (name !== undefined && !intervals.has(name)) invalid(`route: there is no time interval "${String(name)}"`);
    }
    for (const child of (route["routes"] ?? []) as Draft[]) visit(child);
  };
  visit(draft["route"] as Draft);
}

/** The configuration of the one AlertmanagerConfig that `spec.alertmanagerConfiguration` names. */
export function configFromResource(
  global: AlertmanagerAlertmanagerConfigurationGlobal | undefined,
  config: AlertmanagerConfig,
  version: Version,
  assets: AssetStore,
): ConfigDraft {
  const store = assets.forNamespace(config.metadata?.namespace ?? "");
  checkAlertmanagerConfig(config, version, store);
  const draft: ConfigDraft = {};
  if (global !== undefined) {
    at("global", () => checkGlobal(global, version, store));
    draft["global"] = at("global", () => globalOf(global, store));
  }
  const context = contextOf(config, version, store, draft);
  const spec = config.spec ?? {};
  draft["inhibit_rules"] = spec.inhibitRules?.map((rule) => inhibitRuleOf(rule, version));
  draft["route"] = spec.route === undefined ? undefined : routeOf(context, spec.route);
  draft["receivers"] = spec.receivers?.map((receiver) => receiverOf(context, receiver));
  draft["mute_time_intervals"] = spec.muteTimeIntervals?.map((item) =>
    timeIntervalOf(item, context.qualify(item.name)),
  );
  const decoded = decodeStruct(CONFIG, draft);
  sanitizeConfig(decoded, version);
  checkRootRoute(decoded);
  return decoded;
}

/** How far the routes of an AlertmanagerConfig reach. */
export interface MatcherStrategy {
  readonly type?: string;
  readonly alertmanagerNamespace: string;
}

export function matcherStrategyOf({ metadata, spec }: Alertmanager): MatcherStrategy {
  return {
    ...(spec?.alertmanagerConfigMatcherStrategy?.type === undefined
      ? {}
      : { type: spec.alertmanagerConfigMatcherStrategy.type }),
    alertmanagerNamespace: metadata?.namespace ?? "",
  };
}

/**
 * Adds AlertmanagerConfigs, in the order of `namespace/name`, in front of the configuration's own routes. Each continues,
 * so that alerts reach those too.
 */
export function addAlertmanagerConfigs(
  draft: ConfigDraft,
  configs: readonly AlertmanagerConfig[],
  strategy: MatcherStrategy,
  version: Version,
  assets: AssetStore,
): void {
  const add = (name: string, items: readonly Draft[]) => {
    if (items.length > 0) draft[name] = [...((draft[name] ?? []) as Draft[]), ...items];
  };
  const routes: Draft[] = [];
  for (const config of configs) {
    const { namespace = "", name = "" } = config.metadata ?? {};
    const spec = config.spec ?? {};
    const context = contextOf(config, version, assets.forNamespace(namespace), draft);
    const confined = isConfined(strategy, namespace) ? namespace : undefined;
    add(
      "inhibit_rules",
      (spec.inhibitRules ?? []).map((rule) => confineRule(inhibitRuleOf(rule, version), confined, version)),
    );
    if (spec.route === undefined) continue;
    routes.push({ ...confineRoute(routeOf(context, spec.route), confined, version), continue: true });
    at(`AlertmanagerConfig ${namespace}/${name}`, () => {
      add(
        "receivers",
        (spec.receivers ?? []).map((receiver) => receiverOf(context, receiver)),
      );
      add(
        "mute_time_intervals",
        (spec.muteTimeIntervals ?? []).map((item) => timeIntervalOf(item, context.qualify(item.name))),
      );
    });
  }
  const root = (draft["route"] ?? {}) as Draft;
  draft["route"] = { ...root, routes: [...routes, ...((root["routes"] ?? []) as Draft[])] };
  sanitizeConfig(draft, version);
}

function isConfined({ type, alertmanagerNamespace }: MatcherStrategy, namespace: string): boolean {
  if (type === "None") return false;
  return type !== "OnNamespaceExceptForAlertmanagerNamespace" || namespace !== alertmanagerNamespace;
}

function contextOf(
  config: AlertmanagerConfig,
  version: Version,
  store: NamespacedStore,
  draft: ConfigDraft,
): ReceiverContext {
  const prefix = `${config.metadata?.namespace ?? ""}/${config.metadata?.name ?? ""}/`;
  return {
    store,
    version,
    global: (draft["global"] ?? {}) as Draft,
    qualify: (name) => (nonEmpty(name) === undefined ? undefined : prefix + (name ?? "")),
  };
}

function routeOf(context: ReceiverContext, route: AlertmanagerConfigRoute): Draft {
  const children = childRoutes(route).map((child) => routeOf(context, child));
  return {
    receiver: context.qualify(route.receiver),
    group_by: route.groupBy,
    ...matchersOf(route.matchers, context.version, { matchers: "matchers", match: "match", matchRegex: "match_re" }),
    continue: route.continue,
    routes: children.length === 0 ? undefined : children,
    group_wait: route.groupWait,
    group_interval: route.groupInterval,
    repeat_interval: route.repeatInterval,
    mute_time_intervals: route.muteTimeIntervals?.map((name) => context.qualify(name) ?? ""),
    active_time_intervals: route.activeTimeIntervals?.map((name) => context.qualify(name) ?? ""),
  };
}

function inhibitRuleOf(rule: AlertmanagerConfigInhibitRule, version: Version): Draft {
  return {
    ...matchersOf(rule.targetMatch, version, {
      matchers: "target_matchers",
      match: "target_match",
      matchRegex: "target_match_re",
    }),
    ...matchersOf(rule.sourceMatch, version, {
      matchers: "source_matchers",
      match: "source_match",
      matchRegex: "source_match_re",
    }),
    equal: rule.equal,
  };
}

/** First version with matchers in one text, `name="value"`. */
const MATCHERS_SINCE = "0.22.0";

interface MatcherKeys {
  readonly matchers: string;
  readonly match: string;
  readonly matchRegex: string;
}

function matchersOf(list: readonly Matcher[] | undefined, version: Version, keys: MatcherKeys): Draft {
  const matchers: string[] = [];
  const match: Record<string, string> = {};
  const matchRegex: Record<string, string> = {};
  for (const { name = "", value = "", matchType, regex } of list ?? []) {
    if (nonEmpty(matchType) !== undefined) matchers.push(matcherText(name, matchType ?? "=", value));
    else if (version.isAtLeast(MATCHERS_SINCE)) matchers.push(matcherText(name, regex ? "=~" : "=", value));
    else if (regex) matchRegex[name] = value;
    else match[name] = value;
  }
  return { [keys.matchers]: nonEmptyList(matchers), [keys.match]: match, [keys.matchRegex]: matchRegex };
}

function matcherText(name: string, operator: string, value: string): string {
  const escaped = value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
  return `${name}${operator}"${escaped}"`;
}

/** The label that says where an alert comes from. */
const NAMESPACE_LABEL = "namespace";

function confineRoute(route: Draft, namespace: string | undefined, version: Version): Draft {
  if (namespace === undefined) return route;
  if (version.isBelow(MATCHERS_SINCE)) {
    return { ...route, match: { ...(route["match"] as object), [NAMESPACE_LABEL]: namespace } };
  }
  const own = (route["matchers"] ?? []) as string[];
  return { ...route, matchers: [...own, matcherText(NAMESPACE_LABEL, "=", namespace)] };
}

function confineRule(rule: Draft, namespace: string | undefined, version: Version): Draft {
  if (namespace === undefined) return rule;
  const out = { ...rule };
  const matcher = matcherText(NAMESPACE_LABEL, "=", namespace);
  for (const side of ["source", "target"]) {
    out[`${side}_match_re`] = without(out[`${side}_match_re`]);
    if (version.isBelow(MATCHERS_SINCE)) {
      out[`${side}_match`] = { ...(out[`${side}_match`] as object), [NAMESPACE_LABEL]: namespace };
      continue;
    }
    const own = (out[`${side}_matchers`] ?? []) as string[];
    const isThere = own.some((text) => text.replaceAll(" ", "") === matcher.replaceAll(" ", ""));
    out[`${side}_matchers`] = isThere ? own : [...own, matcher];
    out[`${side}_match`] = without(out[`${side}_match`]);
  }
  return out;
}

function without(map: unknown): Record<string, string> {
  const { [NAMESPACE_LABEL]: _, ...others } = (map ?? {}) as Record<string, string>;
  return others;
}

function globalOf(global: AlertmanagerAlertmanagerConfigurationGlobal, store: NamespacedStore): Draft {
  const { smtp, telegram, jira, rocketChat, webex, wechat, victorops, mattermost } = global;
  const resolveTimeout = nonEmpty(global.resolveTimeout);
  return {
    resolve_timeout:
      resolveTimeout === undefined ? undefined : formatDuration(durationMs("resolveTimeout", resolveTimeout)),
    http_config: httpConfigOf(store, global.httpConfig),
    smtp_from: smtp?.from,
    smtp_hello: smtp?.hello,
    smtp_smarthost:
      smtp?.smartHost === undefined ? undefined : `${smtp.smartHost.host ?? ""}:${smtp.smartHost.port ?? ""}`,
    smtp_auth_username: smtp?.authUsername,
    smtp_auth_password: secretOf(store, "smtp.authPassword", smtp?.authPassword),
    smtp_auth_secret: secretOf(store, "smtp.authSecret", smtp?.authSecret),
    smtp_auth_identity: smtp?.authIdentity,
    smtp_require_tls: smtp?.requireTLS,
    smtp_tls_config: tlsConfigOf(store, smtp?.tlsConfig),
    smtp_force_implicit_tls: smtp?.forceImplicitTLS,
    slack_api_url: secretOf(store, "slackApiUrl", global.slackApiUrl),
    pagerduty_url: global.pagerdutyUrl,
    opsgenie_api_url: secretOf(store, "opsGenieApiUrl", global.opsGenieApiUrl),
    opsgenie_api_key: secretOf(store, "opsGenieApiKey", global.opsGenieApiKey),
    wechat_api_url: wechat?.apiURL,
    wechat_api_secret: secretOf(store, "wechat.apiSecret", wechat?.apiSecret),
    wechat_api_corp_id: wechat?.apiCorpID,
    victorops_api_url: victorops?.apiURL,
    victorops_api_key: secretOf(store, "victorops.apiKey", victorops?.apiKey),
    telegram_api_url: telegram?.apiURL,
    webex_api_url: webex?.apiURL,
    jira_api_url: jira?.apiURL,
    rocketchat_api_url: rocketChat?.apiURL,
    rocketchat_token: secretOf(store, "rocketChat.token", rocketChat?.token),
    rocketchat_token_id: secretOf(store, "rocketChat.tokenID", rocketChat?.tokenID),
    mattermost_webhook_url: secretOf(store, "mattermost.webhookURL", mattermost?.webhookURL),
  };
}
