/** Whether an AlertmanagerConfig is accepted, and if not, why. */
import type {
  AlertmanagerAlertmanagerConfigurationGlobal,
  AlertmanagerConfig,
  AlertmanagerConfigReceiver,
  AlertmanagerConfigRoute,
  HTTPConfig,
  KeySelector,
  Matcher,
} from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import {
  checkOauth2,
  checkProxyConfig,
  checkSafeAuthorization,
  checkSafeTlsConfig,
  needAuthorization,
  needBasicAuth,
  needOauth2,
  needProxy,
  needSafeTls,
  needSigv4,
} from "../prometheus/check-http-client.js";
import { durationMs } from "../prometheus/sections.js";
import type { NamespacedStore } from "../store.js";
import { nonEmpty } from "../value.js";
import type { Version } from "../version.js";
import { VICTOROPS_RESERVED } from "./receivers.js";
import { childRoutes } from "./routes.js";
import { timeIntervalOf } from "./time-intervals.js";
import { checkOptionalTemplateUrl, checkOptionalUrl, checkTemplate, checkTemplateUrl, checkUrl } from "./urls.js";

/** Everything: what the object says, what the version knows, and whether references lead somewhere. */
export function checkAlertmanagerConfig(config: AlertmanagerConfig, version: Version, store: NamespacedStore): void {
  checkSemantics(config);
  for (const receiver of config.spec?.receivers ?? []) {
    at(`receiver "${receiver.name ?? ""}"`, () => checkReceiverFor(receiver, version, store));
  }
  if (config.spec?.route !== undefined) checkRouteFor(config.spec.route, version);
  config.spec?.inhibitRules?.forEach((rule, index) => {
    at(`inhibitRules[${index}]`, () => {
      checkMatchersFor(rule.sourceMatch, version);
      checkMatchersFor(rule.targetMatch, version);
      if (version.isBelow("0.22.0")) return;
      for (const matcher of [...(rule.sourceMatch ?? []), ...(rule.targetMatch ?? [])]) checkMatcher(matcher);
    });
  });
}

/** What can be said without a version or a Secret; an admission webhook asks only this. */
export function checkSemantics({ spec = {} }: AlertmanagerConfig): void {
  const receivers = new Set<string>();
  for (const receiver of spec.receivers ?? []) {
    const name = receiver.name ?? "";
    if (receivers.has(name)) invalid(`receiver "${name}" is there twice`);
    receivers.add(name);
    at(`receiver "${name}"`, () => checkReceiver(receiver));
  }
  const intervals = new Set<string>();
  spec.muteTimeIntervals?.forEach((interval, index) => {
    at(`muteTimeIntervals[${index}]`, () => {
      if (nonEmpty(interval.name) === undefined) invalid("a name is missing");
      timeIntervalOf(interval, interval.name);
    });
    intervals.add(interval.name ?? "");
  });
  if (spec.route !== undefined) at("route", () => checkRoute(spec.route ?? {}, receivers, intervals, true));
}

function checkRoute(
  route: AlertmanagerConfigRoute,
  receivers: ReadonlySet<string>,
  intervals: ReadonlySet<string>,
  isRoot: boolean,
): void {
  const receiver = nonEmpty(route.receiver);
  if (receiver === undefined && isRoot) invalid("the root route needs a receiver");
  if (receiver !== undefined && !receivers.has(receiver)) invalid(`there is no receiver "${receiver}"`);
  const groupBy = route.groupBy ?? [];
  if (new Set(groupBy).size < groupBy.length) invalid("groupBy: a label is there twice");
  if (groupBy.includes("...") && groupBy.length > 1) invalid('groupBy: "..." stands alone');
  for (const name of [...(route.muteTimeIntervals ?? []), ...(route.activeTimeIntervals ?? [])]) {
    if (!intervals.has(name)) invalid(`there is no time interval "${name}"`);
  }
  route.matchers?.forEach((matcher, index) => {
    at(`matchers[${index}]`, () => checkMatcher(matcher));
  });
  childRoutes(route).forEach((child, index) => {
    at(`routes[${index}]`, () => checkRoute(child, receivers, intervals, false));
  });
}

const OPERATORS: ReadonlySet<string> = new Set(["=", "!=", "=~", "!~"]);

/** The older form, without an operator, is not looked at. */
function checkMatcher({ name, matchType }: Matcher): void {
  if (nonEmpty(matchType) === undefined) return;
  if (!OPERATORS.has(matchType ?? "")) invalid(`matchType "${matchType ?? ""}" is none of =, !=, =~, !~`);
  if ((name ?? "").trim() === "") invalid("a matcher needs a name");
}

/** The client of a receiver: at most one way to authenticate. */
function checkHttpConfig(config: HTTPConfig | undefined): void {
  if (config === undefined) return;
  at("httpConfig", () => {
    const used = (["authorization", "basicAuth", "oauth2", "bearerTokenSecret"] as const).filter(
      (name) => config[name] !== undefined,
    );
    if (used.length > 1) invalid(`${used.join(" and ")} exclude each other`);
    checkSafeAuthorization(config.authorization);
    checkOauth2(config.oauth2);
    checkSafeTlsConfig(config.tlsConfig);
    checkProxyConfig(config);
  });
}

const RESPONDER_TYPES = new Set(["team", "teams", "user", "escalation", "schedule"]);

function checkReceiver(receiver: AlertmanagerConfigReceiver): void {
  const each = <T extends { readonly httpConfig?: HTTPConfig }>(
    field: string,
    configs: readonly T[] | undefined,
    check: (config: T) => void = () => undefined,
  ) => {
    configs?.forEach((config, index) => {
      at(`${field}[${index}]`, () => {
        check(config);
        checkHttpConfig(config.httpConfig);
      });
    });
  };
  each("opsgenieConfigs", receiver.opsgenieConfigs, (config) => {
    for (const { id, name, username, type } of config.responders ?? []) {
      if ([id, name, username].every((text) => nonEmpty(text) === undefined)) {
        invalid("a responder needs an id, a name or a username");
      }
      if (type?.includes("{{")) checkTemplate(type);
      else if (!RESPONDER_TYPES.has((type ?? "").toLowerCase())) invalid(`responders: unknown type "${type ?? ""}"`);
    }
    checkOptionalUrl("apiURL", config.apiURL);
  });
  each("pagerdutyConfigs", receiver.pagerdutyConfigs, (config) => {
    checkOptionalUrl("url", config.url);
    checkOptionalTemplateUrl("clientURL", config.clientURL);
    if (config.routingKey === undefined && config.serviceKey === undefined)
      invalid("routingKey or serviceKey is needed");
    for (const { href } of [...(config.pagerDutyLinkConfigs ?? []), ...(config.pagerDutyImageConfigs ?? [])]) {
      checkOptionalTemplateUrl("href", href);
    }
  });
  each("discordConfigs", receiver.discordConfigs);
  each("slackConfigs", receiver.slackConfigs, (config) => {
    for (const action of config.actions ?? []) {
      needText("actions", action, "type");
      needText("actions", action, "text");
      if (nonEmpty(action.url) === undefined && nonEmpty(action.name) === undefined) {
        invalid("actions: name or url is needed");
      }
      if (action.confirm !== undefined) needText("actions.confirm", action.confirm, "text");
    }
    for (const field of config.fields ?? []) {
      needText("fields", field, "title");
      needText("fields", field, "value");
    }
  });
  each("webhookConfigs", receiver.webhookConfigs, (config) => {
    if (config.url === undefined && config.urlSecret === undefined) invalid("url or urlSecret is needed");
    checkOptionalTemplateUrl("url", config.url);
  });
  each("wechatConfigs", receiver.wechatConfigs, (config) => checkOptionalUrl("apiURL", config.apiURL));
  receiver.emailConfigs?.forEach((config, index) => {
    at(`emailConfigs[${index}]`, () => {
      needText("e-mail", config, "to");
      if (nonEmpty(config.smarthost) !== undefined) checkHostPort(config.smarthost ?? "");
      const names = (config.headers ?? []).map(({ key = "" }) => key.toLowerCase());
      if (new Set(names).size < names.length) invalid("headers: one is there twice");
    });
  });
  each("victoropsConfigs", receiver.victoropsConfigs, (config) => {
    for (const { key = "" } of config.customFields ?? []) {
      if (VICTOROPS_RESERVED.has(key)) invalid(`customFields: ${key} is a field of VictorOps itself`);
    }
    needText("VictorOps", config, "routingKey");
    checkOptionalUrl("apiUrl", config.apiUrl);
  });
  each("pushoverConfigs", receiver.pushoverConfigs, (config) => {
    if (config.userKey === undefined && config.userKeyFile === undefined) invalid("userKey or userKeyFile is needed");
    if (config.token === undefined && config.tokenFile === undefined) invalid("token or tokenFile is needed");
    if (config.html && config.monospace) invalid("html and monospace exclude each other");
    checkOptionalTemplateUrl("url", config.url);
  });
  each("snsConfigs", receiver.snsConfigs, (config) => {
    const targets = [config.targetARN, config.topicARN, config.phoneNumber];
    // As in the original, all three at once pass.
    if (targets.filter((text) => nonEmpty(text) !== undefined).length % 2 === 0) {
      invalid("one of targetARN, topicARN and phoneNumber is needed");
    }
    if (config.apiURL !== undefined) at("apiURL", () => checkTemplateUrl(config.apiURL ?? ""));
  });
  each("telegramConfigs", receiver.telegramConfigs, (config) => {
    const hasToken = config.botToken !== undefined;
    if (hasToken === (config.botTokenFile !== undefined)) invalid("one of botToken and botTokenFile is needed");
    if ((config.chatID ?? 0) === 0) invalid("chatID is needed");
    checkOptionalUrl("apiURL", config.apiURL);
  });
  each("webexConfigs", receiver.webexConfigs, (config) => checkOptionalUrl("apiURL", config.apiURL));
  each("msteamsConfigs", receiver.msteamsConfigs);
  each("msteamsv2Configs", receiver.msteamsv2Configs);
  each("rocketchatConfigs", receiver.rocketchatConfigs, (config) => {
    checkOptionalUrl("apiURL", config.apiURL);
    checkOptionalTemplateUrl("iconURL", config.iconURL);
    checkOptionalTemplateUrl("imageURL", config.imageURL);
    checkOptionalTemplateUrl("thumbURL", config.thumbURL);
    for (const { url } of config.actions ?? []) checkOptionalTemplateUrl("actions.url", url);
  });
}

function needText(place: string, object: object, field: string): void {
  const value = (object as Record<string, unknown>)[field];
  if (value === undefined || value === "") invalid(`${place}: ${field} is missing`);
}

function checkHostPort(address: string): void {
  if (!/^(?:\[[^[\]]*\]|[^:[\]]*):[^:]*$/.test(address))
    invalid(`smarthost: "${address}" is not of the form host:port`);
}

/** First versions that know an integration. */
const INTEGRATION_SINCE: Readonly<Partial<Record<keyof AlertmanagerConfigReceiver, string>>> = {
  telegramConfigs: "0.24.0",
  discordConfigs: "0.25.0",
  webexConfigs: "0.25.0",
  msteamsConfigs: "0.26.0",
  msteamsv2Configs: "0.28.0",
  rocketchatConfigs: "0.28.0",
};

/** First versions that know a field, without which the object would say something else. */
const FIELD_SINCE: Readonly<Partial<Record<keyof AlertmanagerConfigReceiver, Readonly<Record<string, string>>>>> = {
  slackConfigs: { messageText: "0.31.0", updateMessage: "0.32.0" },
  webhookConfigs: { payload: "0.32.0" },
  emailConfigs: { forceImplicitTLS: "0.31.0", threading: "0.30.0" },
  snsConfigs: { useAWSHTTPClient: "0.33.0" },
  telegramConfigs: { botTokenFile: "0.26.0" },
};

function checkReceiverFor(receiver: AlertmanagerConfigReceiver, version: Version, store: NamespacedStore): void {
  checkVersions(receiver, version);
  const need = (selector: KeySelector | undefined) => selector !== undefined && store.needSecret(selector);
  const each = <T extends { readonly httpConfig?: HTTPConfig }>(
    configs: readonly T[] | undefined,
    check: (config: T) => void,
  ) => {
    for (const config of configs ?? []) {
      checkHttpConfigFor(config.httpConfig, version, store);
      check(config);
    }
  };
  each(receiver.pagerdutyConfigs, (config) => {
    need(config.routingKey);
    need(config.serviceKey);
  });
  each(receiver.opsgenieConfigs, (config) => {
    if (version.isBelow("0.24.0") && config.responders?.some(({ type }) => type === "teams")) {
      invalid("responders of type teams need Alertmanager 0.24.0 or later");
    }
    need(config.apiKey);
  });
  each(receiver.discordConfigs, (config) => needUrl(store, config.apiURL));
  each(receiver.slackConfigs, (config) => {
    if (config.apiURL === undefined) return;
    needUrl(store, config.apiURL);
    if (config.updateMessage && store.needSecret(config.apiURL) !== SLACK_BOT_URL) {
      invalid(`updateMessage needs a bot, so that the URL must be ${SLACK_BOT_URL}`);
    }
  });
  each(receiver.webhookConfigs, (config) => {
    if (config.urlSecret !== undefined) checkTemplateUrl(store.needSecret(config.urlSecret).trim());
  });
  each(receiver.wechatConfigs, (config) => need(config.apiSecret));
  each(receiver.webexConfigs, () => undefined);
  for (const config of receiver.emailConfigs ?? []) {
    need(config.authPassword);
    need(config.authSecret);
    needSafeTls(store, config.tlsConfig);
  }
  each(receiver.victoropsConfigs, (config) => need(config.apiKey));
  each(receiver.pushoverConfigs, (config) => {
    for (const selector of [config.userKey, config.token]) {
      if (selector === undefined || store.needSecret(selector) === "") invalid("userKey and token are needed");
    }
    for (const text of [config.expire, config.retry])
      if (nonEmpty(text) !== undefined) durationMs("pushover", text ?? "");
  });
  each(receiver.snsConfigs, (config) => needSigv4(store, config.sigv4));
  each(receiver.telegramConfigs, (config) => need(config.botToken));
  each(receiver.msteamsConfigs, (config) => store.needSecret(config.webhookUrl));
  each(receiver.msteamsv2Configs, (config) => need(config.webhookURL));
  each(receiver.rocketchatConfigs, (config) => {
    store.needSecret(config.token);
    store.needSecret(config.tokenID);
  });
}

const SLACK_BOT_URL = "https://slack.com/api/chat.postMessage";

function checkVersions(receiver: AlertmanagerConfigReceiver, version: Version): void {
  for (const [name, configs] of Object.entries(receiver)) {
    if (!Array.isArray(configs) || configs.length === 0) continue;
    const since = INTEGRATION_SINCE[name as keyof AlertmanagerConfigReceiver];
    if (since !== undefined && version.isBelow(since)) invalid(`${name} needs Alertmanager ${since} or later`);
    for (const [field, fieldSince] of Object.entries(FIELD_SINCE[name as keyof AlertmanagerConfigReceiver] ?? {})) {
      const isUsed = configs.some((config: Record<string, unknown>) => config[field] !== undefined);
      if (isUsed && version.isBelow(fieldSince)) invalid(`${name}: ${field} needs Alertmanager ${fieldSince} or later`);
    }
  }
}

function needUrl(store: NamespacedStore, selector: KeySelector | undefined): void {
  const url = store.needSecret(selector).trim();
  if (url !== "<secret>") checkUrl(url);
}

function checkHttpConfigFor(config: HTTPConfig | undefined, version: Version, store: NamespacedStore): void {
  if (config === undefined) return;
  at("httpConfig", () => {
    for (const name of ["authorization", "oauth2"] as const) {
      if (config[name] !== undefined && version.isBelow("0.22.0"))
        invalid(`${name} needs Alertmanager 0.22.0 or later`);
    }
    for (const name of ["noProxy", "proxyFromEnvironment", "proxyConnectHeader"] as const) {
      if (config[name] !== undefined && version.isBelow("0.25.0"))
        invalid(`${name} needs Alertmanager 0.25.0 or later`);
    }
    if (config.bearerTokenSecret !== undefined) store.needSecret(config.bearerTokenSecret);
    needAuthorization(store, config.authorization);
    needBasicAuth(store, config.basicAuth);
    needSafeTls(store, config.tlsConfig);
    needProxy(store, config);
    needOauth2(store, config.oauth2);
  });
}

function checkMatchersFor(matchers: readonly Matcher[] | undefined, version: Version): void {
  if (version.isBelow("0.22.0") && matchers?.some(({ matchType }) => nonEmpty(matchType) !== undefined)) {
    invalid("matchType needs Alertmanager 0.22.0 or later");
  }
}

function checkRouteFor(route: AlertmanagerConfigRoute, version: Version): void {
  checkMatchersFor(route.matchers, version);
  for (const child of childRoutes(route)) checkRouteFor(child, version);
}

/** First versions that know a part of the global section. */
const GLOBAL_SINCE: Readonly<Partial<Record<keyof AlertmanagerAlertmanagerConfigurationGlobal, string>>> = {
  telegram: "0.24.0",
  webex: "0.25.0",
  jira: "0.28.0",
  rocketChat: "0.28.0",
  mattermost: "0.32.0",
};

export function checkGlobal(
  global: AlertmanagerAlertmanagerConfigurationGlobal,
  version: Version,
  store: NamespacedStore,
): void {
  checkHttpConfig(global.httpConfig);
  for (const name of ["telegram", "jira", "victorops", "rocketChat", "webex", "wechat"] as const) {
    checkOptionalUrl(`${name}.apiURL`, global[name]?.apiURL);
  }
  for (const [name, since] of Object.entries(GLOBAL_SINCE)) {
    if (global[name as keyof typeof GLOBAL_SINCE] !== undefined && version.isBelow(since)) {
      invalid(`${name} needs Alertmanager ${since} or later`);
    }
  }
  if (global.smtp?.forceImplicitTLS !== undefined && version.isBelow("0.31.0")) {
    invalid("smtp.forceImplicitTLS needs Alertmanager 0.31.0 or later");
  }
  if (global.mattermost?.webhookURL !== undefined)
    at("mattermost.webhookURL", () => needUrl(store, global.mattermost?.webhookURL));
  if (global.httpConfig !== undefined) checkHttpReferences(global.httpConfig, store);
}

function checkHttpReferences(config: HTTPConfig, store: NamespacedStore): void {
  at("httpConfig", () => {
    needAuthorization(store, config.authorization);
    needBasicAuth(store, config.basicAuth);
    needSafeTls(store, config.tlsConfig);
    needProxy(store, config);
    needOauth2(store, config.oauth2);
  });
}
