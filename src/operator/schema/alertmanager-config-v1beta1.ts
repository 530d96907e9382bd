/** Specification of an AlertmanagerConfig as v1beta1, made from v1alpha1's and its differences. */
import { alertmanagerConfigSpec } from "./alertmanager-config.js";
import { type Fields, list, object, type Schema, shape, string, without } from "./dsl.js";

const keySelector = shape(
  "RequiredKeySelector",
  {
    key: string("key inside the Secret or ConfigMap", { required: true, minLength: 1 }),
    name: string("object name", { required: true, minLength: 1 }),
  },
  { isAtomic: true },
);

const matcher = shape("MatcherV1Beta1", {
  matchType: string("operator =, !=, =~ or !~", { oneOf: ["!=", "=", "=~", "!~"] }),
  name: string("label name", { required: true, minLength: 1 }),
  value: string("value"),
});

/** Shapes that the core of v1beta1 replaces where receivers and routes name them directly. */
const REPLACED: ReadonlyMap<string, (description: string, limits: Schema["limits"]) => Schema> = new Map([
  ["KeySelector", keySelector],
  ["Matcher", matcher],
]);

/** Integrations whose own references to Secrets have Kubernetes' form in both versions. */
const KEPT_INTEGRATIONS: ReadonlySet<string> = new Set([
  "discordConfigs",
  "msteamsConfigs",
  "msteamsv2Configs",
  "rocketchatConfigs",
]);

/** Fields of the HTTP client refer to Secrets in Kubernetes' own form in both versions. */
const KEPT: ReadonlySet<string> = new Set([
  "BasicAuth",
  "OAuth2",
  "SafeAuthorization",
  "SafeTLSConfig",
  "Sigv4",
  "SecretOrConfigMap",
]);

function rewrite(schema: Schema): Schema {
  const replacement = schema.shape === undefined ? undefined : REPLACED.get(schema.shape);
  if (replacement !== undefined) return replacement(schema.description, schema.limits);
  if (schema.shape !== undefined && KEPT.has(schema.shape)) return schema;
  return {
    ...schema,
    ...(schema.shape === undefined ? {} : { shape: `${schema.shape}V1Beta1` }),
    ...(schema.fields === undefined ? {} : { fields: rewriteFields(schema.fields) }),
    ...(schema.items === undefined ? {} : { items: rewrite(schema.items) }),
  };
}

function rewriteFields(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, rewriteField(name, schema)]));
}

function rewriteField(name: string, schema: Schema): Schema {
  const own = schema.items?.fields;
  if (name === "proxyConnectHeader" || own === undefined)
    return name === "proxyConnectHeader" ? schema : rewrite(schema);
  if (KEPT_INTEGRATIONS.has(name)) {
    const { httpConfig, ...others } = own;
    const fields = { ...others, ...(httpConfig === undefined ? {} : { httpConfig: rewrite(httpConfig) }) };
    return { ...schema, items: { ...schema.items, fields } as Schema };
  }
  const items = {
    ...schema.items,
    fields: name === "opsgenieConfigs" ? without(own, ["updateAlerts"]) : own,
  } as Schema;
  return rewrite({ ...schema, items });
}

/** A list that is replaced whole and has no least length: v1beta1 leaves those checks to the operator. */
function plainList(schema: Schema): Schema {
  return { ...schema, limits: {} };
}

function withoutLimits(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => [name, names.includes(name) ? plainList(schema) : schema]),
  );
}

const { muteTimeIntervals, ...kept } = alertmanagerConfigSpec;

export const alertmanagerConfigV1Beta1Spec: Fields = {
  ...rewriteFields(kept),
  receivers: receiverList(),
  route: object(
    alertmanagerConfigSpec.route.description,
    withoutLimits(rewriteFields(alertmanagerConfigSpec.route.fields ?? {}), [
      "activeTimeIntervals",
      "groupBy",
      "muteTimeIntervals",
    ]),
  ),
  timeIntervals: list("intervals that routes name", rewrite(muteTimeIntervals).items ?? object("", {})),
};

function receiverList(): Schema {
  const receivers = rewrite(alertmanagerConfigSpec.receivers);
  const fields = receivers.items?.fields ?? {};
  const pushover = fields["pushoverConfigs"];
  const files = ["tokenFile", "userKeyFile"];
  return list(
    receivers.description,
    object("", {
      ...fields,
      ...(pushover?.items?.fields === undefined
        ? {}
        : { pushoverConfigs: list(pushover.description, object("", withoutLimits(pushover.items.fields, files))) }),
    }),
  );
}
