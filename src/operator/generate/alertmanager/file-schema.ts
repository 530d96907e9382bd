/**
 * Alertmanager's configuration file as a table: which fields there are, what is written for an empty value, and since
 * which version a field is known. `decode` reads a file by it, `encode` writes one, `sanitize` (sanitize.ts) fits one
 * to a version.
 */
import { formatDuration } from "../../../model/index.js";
import { at, invalid } from "../invalid.js";
import { durationMs } from "../prometheus/sections.js";
import type { Mapping, Value } from "../value.js";

export type Form =
  | "text"
  | "texts"
  | "textMap"
  | "flag"
  | "number"
  | "duration"
  | "any"
  | "headers"
  | { readonly struct: () => Struct }
  | { readonly structs: () => Struct };

export interface Field {
  readonly form: Form;
  /** First version that knows the field; an older one gets the file without it. */
  readonly since?: string;
  /** Written even if it is empty: `given` if the file has it at all, `always` in any case. */
  readonly keep?: "given" | "always";
  /** A structure that is left out if nothing is in it. */
  readonly isPlain?: boolean;
}

export interface Struct {
  readonly fields: Readonly<Record<string, Field>>;
  /** First version that knows it at all; an older one refuses the whole file. */
  readonly needs?: string;
  /** Of two fields that say the same, the first wins. */
  readonly precedence?: readonly (readonly [string, string])[];
}

type Options = Omit<Field, "form">;

const field =
  (form: Form) =>
  (options: Options = {}): Field => ({ form, ...options });

const text = field("text");
const texts = field("texts");
const textMap = field("textMap");
const flag = field("flag");
const number = field("number");
const duration = field("duration");
const any = field("any");
const struct = (of: () => Struct, options: Options = {}): Field => ({ form: { struct: of }, ...options });
const structs = (of: () => Struct, options: Options = {}): Field => ({ form: { structs: of }, ...options });

const GIVEN: Options = { keep: "given" };
const ALWAYS: Options = { keep: "always" };

const PROXY_FIELDS = {
  proxy_url: text(),
  no_proxy: text(),
  proxy_from_environment: flag(),
  proxy_connect_header: any(),
};

export const TLS_CONFIG: Struct = {
  fields: {
    ca_file: text(),
    cert_file: text(),
    key_file: text(),
    server_name: text(),
    insecure_skip_verify: flag(ALWAYS),
    min_version: text({ since: "0.25.0" }),
    max_version: text({ since: "0.25.0" }),
  },
};

export const OAUTH2: Struct = {
  fields: {
    client_id: text(ALWAYS),
    client_secret: text(ALWAYS),
    client_secret_file: text(),
    scopes: texts(),
    token_url: text(ALWAYS),
    endpoint_params: textMap(),
    ...PROXY_FIELDS,
    tls_config: struct(() => TLS_CONFIG),
  },
};

const AUTHORIZATION: Struct = { fields: { type: text(), credentials: text(), credentials_file: text() } };
const BASIC_AUTH: Struct = { fields: { username: text(), password: text(), password_file: text() } };

export const HTTP_CONFIG: Struct = {
  fields: {
    authorization: struct(() => AUTHORIZATION),
    basic_auth: struct(() => BASIC_AUTH),
    oauth2: struct(() => OAUTH2),
    bearer_token: text(),
    bearer_token_file: text(),
    tls_config: struct(() => TLS_CONFIG),
    follow_redirects: flag({ ...GIVEN, since: "0.22.0" }),
    enable_http2: flag({ ...GIVEN, since: "0.25.0" }),
    http_headers: field("headers")({ since: "0.28.0" }),
    ...PROXY_FIELDS,
  },
};

const httpConfig = struct(() => HTTP_CONFIG);
const sendResolved = flag(GIVEN);

export const GLOBAL: Struct = {
  fields: {
    resolve_timeout: duration(),
    http_config: httpConfig,
    smtp_from: text(),
    smtp_hello: text(),
    smtp_smarthost: text(),
    smtp_auth_username: text(),
    smtp_auth_password: text(),
    smtp_auth_password_file: text({ since: "0.25.0" }),
    smtp_auth_secret: text(),
    smtp_auth_secret_file: text({ since: "0.31.0" }),
    smtp_auth_identity: text(),
    smtp_require_tls: flag(GIVEN),
    smtp_tls_config: struct(() => TLS_CONFIG, { since: "0.28.0" }),
    smtp_force_implicit_tls: flag({ ...GIVEN, since: "0.31.0" }),
    slack_api_url: text(),
    slack_api_url_file: text({ since: "0.22.0" }),
    pagerduty_url: text(),
    hipchat_api_url: text(),
    hipchat_auth_token: text(),
    opsgenie_api_url: text(),
    opsgenie_api_key: text(),
    opsgenie_api_key_file: text({ since: "0.24.0" }),
    wechat_api_url: text(),
    wechat_api_secret: text(),
    wechat_api_corp_id: text(),
    victorops_api_url: text(),
    victorops_api_key: text(),
    victorops_api_key_file: text({ since: "0.25.0" }),
    telegram_api_url: text(),
    telegram_bot_token: text({ since: "0.31.0" }),
    telegram_bot_token_file: text({ since: "0.31.0" }),
    webex_api_url: text(),
    jira_api_url: text(),
    rocketchat_api_url: text(),
    rocketchat_token: text(),
    rocketchat_token_file: text(),
    rocketchat_token_id: text(),
    rocketchat_token_id_file: text(),
    slack_app_token: text({ since: "0.30.0" }),
    slack_app_token_file: text({ since: "0.30.0" }),
    slack_app_url: text({ since: "0.30.0" }),
    wechat_api_secret_file: text({ since: "0.31.0" }),
    mattermost_webhook_url: text({ since: "0.32.0" }),
    mattermost_webhook_url_file: text({ since: "0.32.0" }),
  },
  precedence: [
    ["slack_api_url", "slack_api_url_file"],
    ["slack_app_token", "slack_app_token_file"],
    ["smtp_auth_password", "smtp_auth_password_file"],
    ["victorops_api_key", "victorops_api_key_file"],
    ["wechat_api_secret", "wechat_api_secret_file"],
    ["telegram_bot_token", "telegram_bot_token_file"],
    ["smtp_auth_secret", "smtp_auth_secret_file"],
    ["mattermost_webhook_url", "mattermost_webhook_url_file"],
  ],
};

export const ROUTE: Struct = {
  fields: {
    receiver: text(),
    group_by: texts(),
    match: textMap(),
    match_re: textMap(),
    matchers: texts(),
    continue: flag(),
    routes: structs(() => ROUTE),
    group_wait: text(),
    group_interval: text(),
    repeat_interval: text(),
    mute_time_intervals: texts({ since: "0.22.0" }),
    active_time_intervals: texts({ since: "0.24.0" }),
  },
};

export const INHIBIT_RULE: Struct = {
  fields: {
    target_match: textMap(),
    target_match_re: textMap(),
    target_matchers: texts(),
    source_match: textMap(),
    source_match_re: textMap(),
    source_matchers: texts(),
    equal: texts(),
  },
};

const WEBHOOK: Struct = {
  fields: {
    send_resolved: sendResolved,
    url: text(),
    url_file: text({ since: "0.26.0" }),
    http_config: httpConfig,
    max_alerts: number(),
    timeout: duration({ since: "0.28.0" }),
    payload: any({ since: "0.32.0" }),
  },
  precedence: [["url", "url_file"]],
};

const PAGERDUTY: Struct = {
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    service_key: text(),
    service_key_file: text({ since: "0.25.0" }),
    routing_key: text(),
    routing_key_file: text({ since: "0.25.0" }),
    url: text(),
    client: text(),
    client_url: text(),
    description: text(),
    details: any(),
    images: structs(() => ({ fields: { src: text(), alt: text(), href: text() } })),
    links: structs(() => ({ fields: { href: text(), text: text() } })),
    severity: text(),
    class: text(),
    component: text(),
    group: text(),
    source: text({ since: "0.25.0" }),
    timeout: duration({ since: "0.30.0" }),
  },
  precedence: [
    ["service_key", "service_key_file"],
    ["routing_key", "routing_key_file"],
  ],
};

const OPSGENIE: Struct = {
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    api_key: text(),
    api_key_file: text({ since: "0.24.0" }),
    api_url: text(),
    message: text(),
    description: text(),
    source: text(),
    details: textMap(),
    responders: structs(() => ({ fields: { id: text(), name: text(), username: text(), type: text() } })),
    tags: text(),
    note: text(),
    priority: text(),
    update_alerts: flag({ ...GIVEN, since: "0.24.0" }),
    entity: text({ since: "0.24.0" }),
    actions: text({ since: "0.24.0" }),
  },
  precedence: [["api_key", "api_key_file"]],
};

const WECHAT: Struct = {
  fields: {
    send_resolved: sendResolved,
    api_secret: text(),
    api_url: text(),
    corp_id: text(),
    agent_id: text(),
    to_user: text(),
    to_party: text(),
    to_tag: text(),
    message: text(),
    message_type: text(),
    http_config: httpConfig,
    api_secret_file: text({ since: "0.31.0" }),
  },
  precedence: [["api_secret", "api_secret_file"]],
};

const SLACK_ACTION: Struct = {
  fields: {
    type: text(),
    text: text(),
    url: text(),
    style: text(),
    name: text(),
    value: text(),
    confirm: struct(() => ({ fields: { text: text(), title: text(), ok_text: text(), dismiss_text: text() } })),
  },
};

const SHORT_FIELD: Struct = { fields: { title: text(), value: text(), short: flag() } };

const SLACK: Struct = {
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    api_url: text(),
    api_url_file: text({ since: "0.22.0" }),
    app_token: text({ since: "0.30.0" }),
    app_token_file: text({ since: "0.30.0" }),
    app_url: text({ since: "0.30.0" }),
    channel: text(),
    username: text(),
    color: text(),
    title: text(),
    title_link: text(),
    pretext: text(),
    text: text(),
    fields: structs(() => SHORT_FIELD),
    short_fields: flag(),
    footer: text(),
    fallback: text(),
    callback_id: text(),
    icon_emoji: text(),
    icon_url: text(),
    image_url: text(),
    thumb_url: text(),
    link_names: flag(),
    mrkdwn_in: texts(),
    actions: structs(() => SLACK_ACTION),
    timeout: duration({ since: "0.30.0" }),
    message_text: text({ since: "0.31.0" }),
    update_message: flag({ ...GIVEN, since: "0.32.0" }),
  },
  precedence: [
    ["api_url", "api_url_file"],
    ["app_token", "app_token_file"],
  ],
};

const EMAIL: Struct = {
  fields: {
    send_resolved: sendResolved,
    to: text(),
    from: text(),
    hello: text(),
    smarthost: text(),
    auth_username: text(),
    auth_password: text(),
    auth_password_file: text({ since: "0.25.0" }),
    auth_secret: text(),
    auth_secret_file: text({ since: "0.31.0" }),
    auth_identity: text(),
    headers: textMap(),
    html: text(GIVEN),
    text: text(GIVEN),
    require_tls: flag(GIVEN),
    tls_config: struct(() => TLS_CONFIG),
    force_implicit_tls: flag({ ...GIVEN, since: "0.31.0" }),
    threading: struct(() => ({ fields: { enabled: flag(GIVEN), thread_by_date: text() } }), { since: "0.30.0" }),
  },
  precedence: [
    ["auth_password", "auth_password_file"],
    ["auth_secret", "auth_secret_file"],
  ],
};

const PUSHOVER: Struct = {
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    user_key: text(),
    user_key_file: text({ since: "0.26.0" }),
    token: text(),
    token_file: text({ since: "0.26.0" }),
    title: text(),
    message: text(),
    url: text(),
    url_title: text(),
    ttl: text({ since: "0.27.0" }),
    device: text({ since: "0.26.0" }),
    sound: text(),
    priority: text(),
    retry: duration(),
    expire: duration(),
    html: flag(GIVEN),
    monospace: flag(GIVEN),
  },
  precedence: [
    ["user_key", "user_key_file"],
    ["token", "token_file"],
  ],
};

export const SIGV4: Struct = {
  fields: {
    region: text(),
    access_key: text(),
    secret_key: text(),
    profile: text(),
    role_arn: text(),
    external_id: text(),
  },
};

const SNS: Struct = {
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    api_url: text(),
    sigv4: struct(() => SIGV4, { isPlain: true }),
    topic_arn: text(),
    phone_number: text(),
    target_arn: text(),
    subject: text(),
    message: text(),
    attributes: textMap(),
    use_aws_http_client: flag({ since: "0.33.0" }),
  },
};

const TELEGRAM: Struct = {
  needs: "0.24.0",
  fields: {
    send_resolved: sendResolved,
    api_url: text(),
    bot_token: text(),
    bot_token_file: text({ since: "0.26.0" }),
    chat_id: number(),
    chat_id_file: text({ since: "0.31.0" }),
    message_thread_id: number({ since: "0.26.0" }),
    message: text(),
    disable_notifications: flag(),
    parse_mode: text(),
    http_config: httpConfig,
  },
  precedence: [
    ["chat_id", "chat_id_file"],
    ["bot_token", "bot_token_file"],
  ],
};

const DISCORD: Struct = {
  needs: "0.25.0",
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    webhook_url: text(),
    title: text(),
    message: text(),
    content: text({ since: "0.28.0" }),
    username: text({ since: "0.28.0" }),
    avatar_url: text({ since: "0.28.0" }),
  },
};

const WEBEX: Struct = {
  needs: "0.25.0",
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    api_url: text(),
    message: text(),
    room_id: text(ALWAYS),
  },
};

const VICTOROPS: Struct = {
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    api_key: text(),
    api_key_file: text({ since: "0.25.0" }),
    api_url: text(),
    routing_key: text(),
    message_type: text(),
    state_message: text(),
    entity_display_name: text(),
    monitoring_tool: text(),
    custom_fields: textMap(),
  },
  precedence: [["api_key", "api_key_file"]],
};

const MSTEAMS: Struct = {
  needs: "0.26.0",
  fields: {
    send_resolved: sendResolved,
    webhook_url: text(ALWAYS),
    title: text(),
    summary: text({ since: "0.27.0" }),
    text: text(),
    http_config: httpConfig,
  },
};

const MSTEAMS_V2: Struct = {
  needs: "0.28.0",
  fields: {
    send_resolved: sendResolved,
    webhook_url: text(),
    webhook_url_file: text(),
    title: text(),
    text: text(),
    http_config: httpConfig,
  },
};

const JIRA: Struct = {
  needs: "0.28.0",
  fields: {
    http_config: httpConfig,
    send_resolved: sendResolved,
    api_url: text(),
    project: text(),
    summary: text(),
    description: text(),
    labels: texts(),
    priority: text(),
    issue_type: text(),
    reopen_transition: text(),
    resolve_transition: text(),
    wont_fix_resolution: text(),
    reopen_duration: duration(),
    fields: any(),
    api_type: text({ since: "0.29.0" }),
  },
};

const ROCKETCHAT_ACTION: Struct = {
  fields: {
    type: text(),
    text: text(),
    url: text(),
    image_url: text(),
    is_webview: flag(ALWAYS),
    webview_height_ratio: text(),
    msg: text(),
    msg_in_chat_window: flag(ALWAYS),
    msg_processing_type: text(),
  },
};

const ROCKETCHAT: Struct = {
  needs: "0.28.0",
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    api_url: text(),
    token_id: text(GIVEN),
    token_id_file: text(),
    token: text(GIVEN),
    token_file: text(),
    channel: text(),
    color: text(),
    title: text(),
    title_link: text(),
    text: text(),
    fields: structs(() => ({ fields: { short: any(ALWAYS), title: text(), value: text() } })),
    short_fields: flag(ALWAYS),
    emoji: text(),
    icon_url: text(),
    image_url: text(),
    thumb_url: text(),
    link_names: flag(ALWAYS),
    actions: structs(() => ROCKETCHAT_ACTION),
  },
};

const attachmentFields = (options: Options) => ({
  fallback: text(options),
  color: text(options),
  pretext: text(options),
  author_name: text(options),
  author_link: text(options),
  author_icon: text(options),
  title: text(options),
  title_link: text(options),
  fields: structs(() => SHORT_FIELD, options),
  thumb_url: text(options),
  footer: text(options),
  footer_icon: text(options),
  image_url: text(options),
});

const MATTERMOST: Struct = {
  needs: "0.30.0",
  fields: {
    send_resolved: sendResolved,
    webhook_url: text(),
    webhook_url_file: text(),
    channel: text(),
    username: text(),
    text: text(),
    icon_url: text(),
    icon_emoji: text(),
    attachments: structs(() => ({ fields: { ...attachmentFields({}), text: text() } })),
    props: struct(() => ({ fields: { card: text(GIVEN) } })),
    priority: struct(() => ({
      fields: { priority: text(), requested_ack: flag(GIVEN), persistent_notifications: flag(GIVEN) },
    })),
    ...attachmentFields({ since: "0.32.0" }),
    http_config: httpConfig,
  },
  precedence: [["webhook_url", "webhook_url_file"]],
};

const INCIDENTIO: Struct = {
  needs: "0.29.0",
  fields: {
    send_resolved: sendResolved,
    http_config: httpConfig,
    url: text(),
    url_file: text(),
    alert_source_token: text(),
    alert_source_token_file: text(),
    max_alerts: number(GIVEN),
    timeout: duration(),
  },
};

/** The integrations of a receiver, by their keys. */
export const INTEGRATIONS: Readonly<Record<string, Struct>> = {
  opsgenie_configs: OPSGENIE,
  pagerduty_configs: PAGERDUTY,
  slack_configs: SLACK,
  webhook_configs: WEBHOOK,
  wechat_configs: WECHAT,
  email_configs: EMAIL,
  pushover_configs: PUSHOVER,
  victorops_configs: VICTOROPS,
  sns_configs: SNS,
  telegram_configs: TELEGRAM,
  discord_configs: DISCORD,
  webex_configs: WEBEX,
  msteams_configs: MSTEAMS,
  msteamsv2_configs: MSTEAMS_V2,
  jira_configs: JIRA,
  rocketchat_configs: ROCKETCHAT,
  mattermost_configs: MATTERMOST,
  incidentio_configs: INCIDENTIO,
};

export const RECEIVER: Struct = {
  fields: {
    name: text(ALWAYS),
    ...Object.fromEntries(Object.entries(INTEGRATIONS).map(([name, of]) => [name, structs(() => of)])),
  },
};

const TIME_INTERVAL: Struct = {
  fields: {
    name: text(ALWAYS),
    time_intervals: structs(
      () => ({
        fields: {
          times: structs(() => ({ fields: { start_time: text(), end_time: text() } })),
          weekdays: texts(),
          days_of_month: texts(),
          months: texts(),
          years: texts(),
          location: text({ since: "0.25.0" }),
        },
      }),
      ALWAYS,
    ),
  },
};

export const CONFIG: Struct = {
  fields: {
    global: struct(() => GLOBAL),
    route: struct(() => ROUTE),
    inhibit_rules: structs(() => INHIBIT_RULE),
    receivers: structs(() => RECEIVER),
    mute_time_intervals: structs(() => TIME_INTERVAL, { since: "0.22.0" }),
    time_intervals: structs(() => TIME_INTERVAL, { since: "0.24.0" }),
    templates: texts(ALWAYS),
  },
};

/** A configuration while it is being made: changed in place, until it is encoded. */
export type Draft = { [key: string]: unknown };

/** Reads a value of a file. @throws InvalidConfigurationError for an unknown field or a value of the wrong form. */
export function decodeStruct(struct: Struct, value: unknown): Draft {
  if (value === null || value === undefined) return {};
  if (!isMapping(value)) return invalid("expected a mapping");
  const out: Draft = {};
  for (const [name, item] of Object.entries(value)) {
    const known = struct.fields[name];
    if (known === undefined) return invalid(`unknown field ${name}`);
    if (item !== null && item !== undefined) out[name] = at(name, () => decodeValue(known.form, item));
  }
  return out;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decodeValue(form: Form, value: unknown): unknown {
  if (typeof form === "object") {
    return "struct" in form
      ? decodeStruct(form.struct(), value)
      : listOf(value).map((item) => decodeStruct(form.structs(), item));
  }
  switch (form) {
    case "text":
      return scalarText(value);
    case "texts":
      return listOf(value).map(scalarText);
    case "textMap":
      if (!isMapping(value)) return invalid("expected a mapping");
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scalarText(item)]));
    case "flag":
      return flagOf(value);
    case "number":
      return typeof value === "number" ? value : invalid("expected a number");
    case "duration":
      return formatDuration(durationMs("duration", scalarText(value)));
    case "any":
    case "headers":
      return value;
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : invalid("expected a list");
}

function scalarText(value: unknown): string {
  if (typeof value === "object") return invalid("expected text");
  return String(value);
}

const YAML_FLAGS: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  y: true,
  true: true,
  no: false,
  off: false,
  n: false,
  false: false,
};

function flagOf(value: unknown): boolean {
  return YAML_FLAGS[String(value).toLowerCase()] ?? invalid("expected true or false");
}

/** What is written: fields in the order of the table, without those which are empty and need not be said. */
export function encodeStruct(struct: Struct, draft: Draft): Mapping {
  const out: { [key: string]: Value } = {};
  for (const [name, known] of Object.entries(struct.fields)) {
    const value = draft[name];
    if (value === undefined) {
      if (known.keep === "always") out[name] = emptyOf(known.form);
      continue;
    }
    const encoded = encodeValue(known.form, value);
    if (known.keep !== undefined || !isEmpty(known, encoded)) out[name] = encoded;
  }
  return out;
}

function encodeValue(form: Form, value: unknown): Value {
  if (typeof form !== "object") return value as Value;
  if ("struct" in form) return encodeStruct(form.struct(), value as Draft);
  return (value as Draft[]).map((item) => encodeStruct(form.structs(), item));
}

function emptyOf(form: Form): Value {
  if (form === "text") return "";
  if (form === "flag") return false;
  if (form === "texts" || typeof form === "object") return [];
  return null;
}

/** A structure that was given is written even if nothing is in it, other than a map. */
function isEmpty({ form, isPlain }: Field, value: Value): boolean {
  if (form === "textMap" || form === "any" || isPlain)
    return value === null || (isMapping(value) && Object.keys(value).length === 0);
  return value === "" || value === false || value === 0 || (Array.isArray(value) && value.length === 0);
}
