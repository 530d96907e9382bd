/** AlertmanagerConfigs between their versions. v1beta1 has one form of matchers, and shorter references to Secrets. */
import type { ObjectMeta } from "../../kube-object.js";
import type {
  AlertmanagerConfig,
  AlertmanagerConfigRoute,
  AlertmanagerConfigV1beta1,
  Matcher,
} from "../../schema/generated/types.js";
import { GROUP } from "../../schema/index.js";
import { at } from "../invalid.js";
import { nonEmpty } from "../value.js";
import { isMapping } from "./file-schema.js";
import { childRoutes } from "./routes.js";

/** References that v1beta1 has without `optional`, by the integration that has them. */
const SHORT_REFERENCES: Readonly<Record<string, readonly string[]>> = {
  opsgenieConfigs: ["apiKey"],
  pagerdutyConfigs: ["routingKey", "serviceKey"],
  slackConfigs: ["apiURL"],
  webhookConfigs: ["urlSecret"],
  wechatConfigs: ["apiSecret"],
  emailConfigs: ["authPassword", "authSecret"],
  victoropsConfigs: ["apiKey"],
  pushoverConfigs: ["userKey", "token"],
  telegramConfigs: ["botToken"],
};

type Fields = Record<string, unknown>;

/** @throws InvalidConfigurationError if a child route is none. */
export function toV1Beta1(config: AlertmanagerConfig): AlertmanagerConfigV1beta1 {
  const { muteTimeIntervals, route, receivers, inhibitRules } = config.spec ?? {};
  return {
    ...identity(config, "v1beta1"),
    spec: withoutEmptyLists({
      route: route === undefined ? undefined : at("route", () => convertRoute(route, explicitMatchers)),
      receivers: receivers?.map((receiver) => shortenReceiver(receiver as Fields)),
      inhibitRules: inhibitRules?.map((rule) => ({
        targetMatch: explicitMatchers(rule.targetMatch),
        sourceMatch: explicitMatchers(rule.sourceMatch),
        equal: rule.equal,
      })),
      timeIntervals: muteTimeIntervals,
    }),
  } as AlertmanagerConfigV1beta1;
}

/** @throws InvalidConfigurationError if a child route is none. */
export function toV1Alpha1(config: AlertmanagerConfigV1beta1): AlertmanagerConfig {
  const { timeIntervals, route, ...spec } = config.spec ?? {};
  return {
    ...identity(config, "v1alpha1"),
    spec: withoutEmptyLists({
      route:
        route === undefined
          ? undefined
          : at("route", () => convertRoute(route as AlertmanagerConfigRoute, (list) => list)),
      ...spec,
      muteTimeIntervals: timeIntervals,
    }),
  } as AlertmanagerConfig;
}

function identity(config: { readonly metadata?: ObjectMeta; readonly status?: unknown }, version: string): Fields {
  return {
    apiVersion: `${GROUP}/${version}`,
    kind: "AlertmanagerConfig",
    metadata: config.metadata,
    ...(config.status === undefined ? {} : { status: config.status }),
  };
}

type MatcherList = readonly Matcher[] | undefined;

function convertRoute(route: AlertmanagerConfigRoute, matchers: (list: MatcherList) => MatcherList): Fields {
  return {
    ...route,
    matchers: matchers(route.matchers),
    routes: childRoutes(route).map((child, index) => at(`routes[${index}]`, () => convertRoute(child, matchers))),
  };
}

/** `regex` and a missing operator become an operator. */
function explicitMatchers(list: MatcherList): MatcherList {
  return list?.map(({ name, value, matchType, regex }) => ({
    name: name ?? "",
    ...(nonEmpty(value) === undefined ? {} : { value: value ?? "" }),
    matchType: nonEmpty(matchType) ?? (regex ? "=~" : "="),
  }));
}

function shortenReceiver(receiver: Fields): Fields {
  return Object.fromEntries(
    Object.entries(receiver).map(([name, configs]) => [
      name,
      Array.isArray(configs) ? configs.map((config: Fields) => shortenIntegration(name, config)) : configs,
    ]),
  );
}

function shortenIntegration(name: string, config: Fields): Fields {
  const { updateAlerts: _, ...known } = config;
  const out: Fields = name === "opsgenieConfigs" ? known : { ...config };
  for (const field of SHORT_REFERENCES[name] ?? []) {
    if (out[field] !== undefined) out[field] = shortReference(out[field]);
  }
  const http = out["httpConfig"];
  if (isMapping(http) && http["bearerTokenSecret"] !== undefined) {
    out["httpConfig"] = { ...http, bearerTokenSecret: shortReference(http["bearerTokenSecret"]) };
  }
  return out;
}

function shortReference(reference: unknown): Fields {
  const { name = "", key = "" } = reference as { readonly name?: string; readonly key?: string };
  return { name, key };
}

/** An empty list is as good as none, and is not written. */
function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined && !(Array.isArray(item) && item.length === 0))
      .map(([name, item]) => [name, withoutEmptyLists(item)]),
  );
}
