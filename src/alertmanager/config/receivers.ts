/** The sections of receivers: one for each kind of integration, with its defaults and checks in Alertmanager's words. */

import { refuse, tlsConfig } from "../../config/schema/http-client.js";
import { sigv4 } from "../../config/schema/remote.js";
import {
  any,
  asItem,
  bool,
  checked,
  duration,
  field,
  int,
  int64,
  list,
  map,
  maybeBool,
  orText,
  pointer,
  type Shape,
  secret,
  shown,
  stringMap,
  strings,
  struct,
  text,
  uint64,
} from "../../config/shape.js";
import { quoteGo } from "../../model/index.js";
import { goDuration, httpConfig, httpUrl, isTemplated, secretTemplateUrl, secretUrl, unitDuration } from "./shapes.js";

/** `{{ template "NAME" . }}` */
const template = (name: string): string => `{{ template "${name}" . }}`;
const common = (sendsResolved: boolean) => ({
  send_resolved: shown(bool(), sendsResolved),
  http_config: field(pointer(httpConfig)),
});
const anyMap = (): Shape<Readonly<Record<string, unknown>> | undefined> =>
  map(any(), { goType: "map[string]interface {}" });

const maybeSecret = (): Shape<string | undefined> => ({ spec: secret().spec, zero: undefined });

/** At most one of a secret and the file it may be in. */
function atMostOne(value: string, file: string, names: string): void {
  if (value !== "" && file !== "") refuse(`at most one of ${names} must be configured`);
}

export const webhook = struct(
  "webhook.plain",
  {
    ...common(true),
    url: field(secretTemplateUrl()),
    url_file: shown(text()),
    max_alerts: shown(uint64()),
    timeout: shown(goDuration()),
    payload: field(any()),
  },
  (config) => {
    if (config.url === "" && config.url_file === "") refuse("one of url or url_file must be configured");
    atMostOne(config.url, config.url_file, "url & url_file");
    return config;
  },
);

/** `host:port` */
export const hostPort = (): Shape<string> =>
  checked("string", (address) => {
    if (address === "") return "";
    const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(address);
    if (match === null) {
      const problem = /:.*:/.test(address.replace(/^\[[^\]]*\]/, ""))
        ? "too many colons in address"
        : "missing port in address";
      return refuse(`address ${address}: ${problem}`);
    }
    if (match[3] === "") refuse(`address ${quoteGo(address)}: port cannot be empty`);
    return address;
  });

const threading = struct("config.ThreadingConfig", { enabled: field(bool()), thread_by_date: field(text()) });

export const email = struct(
  "config.plain",
  {
    send_resolved: shown(bool(), false),
    to: field(text()),
    from: field(text()),
    hello: field(text()),
    smarthost: field(hostPort()),
    auth_username: field(text()),
    auth_password: field(secret()),
    auth_password_file: field(text()),
    auth_secret: field(secret()),
    auth_secret_file: field(text()),
    auth_identity: field(text()),
    headers: field(stringMap()),
    html: field(text(), template("email.default.html")),
    text: field(text()),
    require_tls: field(maybeBool()),
    tls_config: field(pointer(tlsConfig)),
    force_implicit_tls: field(maybeBool()),
    threading: field(threading),
  },
  (config) => {
    if (config.to === "") refuse("missing to address in email config");
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(config.headers ?? {})) {
      const canonical = canonicalHeader(name);
      if (Object.hasOwn(headers, canonical)) refuse(`duplicate header ${quoteGo(canonical)} in email config`);
      headers[canonical] = value;
    }
    if (config.threading.enabled) {
      for (const name of ["References", "In-Reply-To"]) {
        if (Object.hasOwn(headers, name)) {
          refuse(`conflicting configuration: threading.enabled conflicts with custom ${name} header`);
        }
      }
      if (!["none", "daily"].includes(config.threading.thread_by_date)) {
        refuse("threading.thread_by_date must be either 'none' or 'daily'");
      }
    }
    return { ...config, headers };
  },
);

/** textproto.CanonicalMIMEHeaderKey */
export function canonicalHeader(name: string): string {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return name;
  return name.toLowerCase().replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

const PAGERDUTY_DETAILS: Readonly<Record<string, string>> = {
  firing: "{{ .Alerts.Firing | toJson }}",
  num_firing: "{{ .Alerts.Firing | len }}",
  num_resolved: "{{ .Alerts.Resolved | len }}",
  resolved: "{{ .Alerts.Resolved | toJson }}",
};

export const pagerduty = struct(
  "config.plain",
  {
    ...common(true),
    service_key: field(secret()),
    service_key_file: field(text()),
    routing_key: field(secret()),
    routing_key_file: field(text()),
    url: field(httpUrl()),
    client: field(text(), template("pagerduty.default.client")),
    client_url: field(text(), template("pagerduty.default.clientURL")),
    description: field(text(), '{{ template "pagerduty.default.description" .}}'),
    details: field(anyMap()),
    images: field(
      list(struct("config.PagerdutyImage", { src: field(text()), alt: field(text()), href: field(text()) })),
    ),
    links: field(list(struct("config.PagerdutyLink", { href: field(text()), text: field(text()) }))),
    source: field(text()),
    severity: field(text()),
    class: field(text()),
    component: field(text()),
    group: field(text()),
    timeout: shown(goDuration()),
  },
  (config) => {
    const { routing_key, routing_key_file, service_key, service_key_file } = config;
    if (`${routing_key}${service_key}${routing_key_file}${service_key_file}` === "") {
      refuse("missing service or routing key in PagerDuty config");
    }
    atMostOne(routing_key, routing_key_file, "routing_key & routing_key_file");
    atMostOne(service_key, service_key_file, "service_key & service_key_file");
    const details = { ...PAGERDUTY_DETAILS, ...config.details };
    return { ...config, details, source: config.source === "" ? config.client : config.source };
  },
);

const slackConfirm = struct(
  "config.plain",
  { text: field(text()), title: field(text()), ok_text: field(text()), dismiss_text: field(text()) },
  (confirm) => (confirm.text === "" ? refuse("missing text in Slack confirmation configuration") : confirm),
);

const slackAction = struct(
  "config.plain",
  {
    type: field(text()),
    text: field(text()),
    url: field(text()),
    style: field(text()),
    name: field(text()),
    value: field(text()),
    confirm: field(pointer(slackConfirm)),
  },
  (action) => {
    if (action.type === "") refuse("missing type in Slack action configuration");
    if (action.text === "") refuse("missing text in Slack action configuration");
    if (action.url !== "") return { ...action, name: "", value: "", confirm: undefined };
    if (action.name === "") refuse("missing name or url in Slack action configuration");
    return action;
  },
);

const slackField = struct(
  "config.plain",
  { title: field(text()), value: field(text()), short: field(maybeBool()) },
  (item) => {
    if (item.title === "") refuse("missing title in Slack field configuration");
    if (item.value === "") refuse("missing value in Slack field configuration");
    return item;
  },
);

export const SLACK_APP_URL = "https://slack.com/api/chat.postMessage";

export const slack = struct(
  "config.plain",
  {
    ...common(false),
    api_url: field(secretUrl()),
    api_url_file: field(text()),
    app_token: field(secret()),
    app_token_file: field(text()),
    app_url: field(httpUrl()),
    channel: field(text()),
    username: field(text(), template("slack.default.username")),
    color: field(text(), template("slack.default.color")),
    title: field(text(), template("slack.default.title")),
    title_link: field(text(), template("slack.default.titlelink")),
    pretext: field(text(), template("slack.default.pretext")),
    text: field(text(), template("slack.default.text")),
    message_text: field(text()),
    fields: field(list(pointer(asItem("config.SlackField", slackField)))),
    short_fields: shown(bool()),
    footer: field(text(), template("slack.default.footer")),
    fallback: field(text(), template("slack.default.fallback")),
    callback_id: field(text(), template("slack.default.callbackid")),
    icon_emoji: field(text(), template("slack.default.iconemoji")),
    icon_url: field(text(), template("slack.default.iconurl")),
    image_url: field(text()),
    thumb_url: field(text()),
    link_names: shown(bool()),
    mrkdwn_in: field(strings()),
    actions: field(list(pointer(asItem("config.SlackAction", slackAction)))),
    update_message: shown(bool()),
    timeout: shown(goDuration()),
  },
  (config) => {
    atMostOne(config.api_url, config.api_url_file, "api_url & api_url_file");
    atMostOne(config.app_token, config.app_token_file, "app_token & app_token_file");
    const hasUrl = config.api_url !== "" || config.api_url_file !== "";
    if (hasUrl && (config.app_token !== "" || config.app_token_file !== "")) {
      refuse("at most one of api_url/api_url_file & app_token/app_token_file must be configured");
    }
    if (config.update_message && config.api_url !== SLACK_APP_URL) {
      refuse(`update_message can only be used with bot tokens. api_url must be set to ${SLACK_APP_URL}`);
    }
    return config;
  },
);

export const wechat = struct(
  "config.plain",
  {
    ...common(false),
    api_secret: field(secret()),
    api_secret_file: field(text()),
    corp_id: field(text()),
    message: field(text(), template("wechat.default.message")),
    api_url: field(httpUrl()),
    to_user: field(text(), template("wechat.default.to_user")),
    to_party: field(text(), template("wechat.default.to_party")),
    to_tag: field(text(), template("wechat.default.to_tag")),
    agent_id: field(text(), template("wechat.default.agent_id")),
    message_type: field(text()),
  },
  (config) => {
    const message_type = config.message_type === "" ? "text" : config.message_type;
    if (message_type !== "text" && message_type !== "markdown") {
      refuse(`weChat message type ${quoteGo(message_type)} does not match valid options ^(text|markdown)$`);
    }
    atMostOne(config.api_secret, config.api_secret_file, "api_secret & api_secret_file");
    return { ...config, message_type };
  },
);

const OPSGENIE_TYPES = "^(team|teams|user|escalation|schedule)$";

export const opsgenie = struct(
  "config.plain",
  {
    ...common(true),
    api_key: field(secret()),
    api_key_file: field(text()),
    api_url: field(httpUrl()),
    message: field(text(), template("opsgenie.default.message")),
    description: field(text(), template("opsgenie.default.description")),
    source: field(text(), template("opsgenie.default.source")),
    details: field(stringMap()),
    entity: field(text()),
    responders: field(
      list(
        struct("config.OpsGenieConfigResponder", {
          id: field(text()),
          name: field(text()),
          username: field(text()),
          type: field(text()),
        }),
      ),
    ),
    actions: field(text()),
    tags: field(text()),
    note: field(text()),
    priority: field(text()),
    update_alerts: field(bool()),
  },
  (config) => {
    atMostOne(config.api_key, config.api_key_file, "api_key & api_key_file");
    for (const { id, name, username, type } of config.responders ?? []) {
      const shownResponder = `{${id} ${name} ${username} ${type}}`;
      if (id === "" && username === "" && name === "") {
        refuse(`opsGenieConfig responder ${shownResponder} has to have at least one of id, username or name specified`);
      }
      const prefix = `opsGenieConfig responder ${shownResponder} type contains invalid template syntax: `;
      const types = ["team", "teams", "user", "escalation", "schedule"];
      if (!isTemplated(type, prefix) && !types.includes(type.toLowerCase())) {
        const lower = `{${id} ${name} ${username} ${type.toLowerCase()}}`;
        refuse(`opsGenieConfig responder ${lower} type does not match valid options ${OPSGENIE_TYPES}`);
      }
    }
    return config;
  },
);

const VICTOROPS_FIELDS = [
  "routing_key",
  "message_type",
  "state_message",
  "entity_display_name",
  "monitoring_tool",
  "entity_id",
  "entity_state",
];

export const victorops = struct(
  "config.plain",
  {
    ...common(true),
    api_key: field(secret()),
    api_key_file: field(text()),
    api_url: shown(httpUrl()),
    routing_key: shown(text()),
    message_type: shown(text(), "CRITICAL"),
    state_message: shown(text(), template("victorops.default.state_message")),
    entity_display_name: shown(text(), template("victorops.default.entity_display_name")),
    monitoring_tool: shown(text(), template("victorops.default.monitoring_tool")),
    custom_fields: field(stringMap()),
  },
  (config) => {
    if (config.routing_key === "") refuse("missing Routing key in VictorOps config");
    atMostOne(config.api_key, config.api_key_file, "api_key & api_key_file");
    for (const name of VICTOROPS_FIELDS) {
      if (!Object.hasOwn(config.custom_fields ?? {}, name)) continue;
      refuse(
        `victorOps config contains custom field ${name} which cannot be used as it conflicts with the fixed/static fields`,
      );
    }
    return config;
  },
);

export const pushover = struct(
  "config.plain",
  {
    ...common(true),
    user_key: field(secret()),
    user_key_file: field(text()),
    token: field(secret()),
    token_file: field(text()),
    title: field(text(), template("pushover.default.title")),
    message: field(text(), template("pushover.default.message")),
    url: field(text(), template("pushover.default.url")),
    url_title: field(text()),
    device: field(text()),
    sound: field(text()),
    priority: field(text(), '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
    retry: field(unitDuration(), "1m0s"),
    expire: field(unitDuration(), "1h0m0s"),
    ttl: field(unitDuration(), ""),
    html: field(bool()),
    monospace: field(bool()),
  },
  (config) => {
    if (config.user_key === "" && config.user_key_file === "") {
      refuse("one of user_key or user_key_file must be configured");
    }
    atMostOne(config.user_key, config.user_key_file, "user_key & user_key_file");
    if (config.token === "" && config.token_file === "") refuse("one of token or token_file must be configured");
    atMostOne(config.token, config.token_file, "token & token_file");
    if (config.html && config.monospace) refuse("at most one of monospace & html must be configured");
    return config;
  },
);

export const sns = struct(
  "config.plain",
  {
    ...common(true),
    api_url: field(text()),
    sigv4: shown(sigv4),
    topic_arn: field(text()),
    phone_number: field(text()),
    target_arn: field(text()),
    subject: field(text(), template("sns.default.subject")),
    message: field(text(), template("sns.default.message")),
    attributes: field(stringMap()),
    use_aws_http_client: field(bool()),
  },
  (config) => {
    const [target, topic, phone] = [config.target_arn === "", config.topic_arn === "", config.phone_number === ""];
    if ((target !== topic) !== phone) {
      refuse("must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
    }
    return config;
  },
);

export const telegram = struct(
  "config.plain",
  {
    ...common(true),
    api_url: shown(httpUrl()),
    bot_token: field(secret()),
    bot_token_file: field(text()),
    chat_id: field(int64()),
    chat_id_file: field(text()),
    message_thread_id: field(int()),
    message: field(text(), template("telegram.default.message")),
    disable_notifications: field(bool()),
    parse_mode: field(text(), "HTML"),
  },
  (config) => {
    atMostOne(config.bot_token, config.bot_token_file, "bot_token & bot_token_file");
    if (config.chat_id === 0 && config.chat_id_file === "") {
      refuse("missing chat_id or chat_id_file on telegram_config");
    }
    if (config.chat_id !== 0 && config.chat_id_file !== "") {
      refuse("at most one of chat_id & chat_id_file must be configured");
    }
    if (!["", "Markdown", "MarkdownV2", "HTML"].includes(config.parse_mode)) {
      refuse("unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or empty string");
    }
    return config;
  },
);

export const webex = struct(
  "config.plain",
  {
    ...common(true),
    api_url: field(httpUrl()),
    message: field(text(), template("webex.default.message")),
    room_id: shown(text()),
  },
  (config) => {
    if (config.room_id === "") refuse("missing room_id on webex_config");
    if (config.http_config?.authorization === undefined) refuse("missing webex_configs.http_config.authorization");
    return config;
  },
);

function checkWebhookUrl<T extends { readonly webhook_url: string; readonly webhook_url_file: string }>(config: T): T {
  if (config.webhook_url === "" && config.webhook_url_file === "") {
    refuse("one of webhook_url or webhook_url_file must be configured");
  }
  atMostOne(config.webhook_url, config.webhook_url_file, "webhook_url & webhook_url_file");
  return config;
}

const webhookUrl = { webhook_url: field(secretUrl()), webhook_url_file: field(text()) };

export const discord = struct(
  "discord.plain",
  {
    ...common(true),
    ...webhookUrl,
    content: field(text()),
    title: field(text(), template("discord.default.title")),
    message: field(text(), template("discord.default.message")),
    username: field(text()),
    avatar_url: field(text()),
  },
  checkWebhookUrl,
);

export const msteams = struct(
  "msteams.plain",
  {
    ...common(true),
    ...webhookUrl,
    title: field(text(), template("msteams.default.title")),
    summary: field(text(), template("msteams.default.summary")),
    text: field(text(), template("msteams.default.text")),
  },
  checkWebhookUrl,
);

export const msteamsv2 = struct(
  "config.plain",
  {
    ...common(true),
    ...webhookUrl,
    title: field(text(), template("msteamsv2.default.title")),
    text: field(text(), template("msteamsv2.default.text")),
  },
  checkWebhookUrl,
);

/** A template, or a section with one. */
const jiraText = struct("jira.plain", { template: field(text()), enable_update: field(maybeBool()) });
const jiraField = (initial: string) =>
  field(
    orText(jiraText, (written) => ({ template: written, enable_update: undefined })),
    { template: initial, enable_update: undefined },
  );

export const jira = struct(
  "jira.plain",
  {
    ...common(true),
    api_url: field(httpUrl()),
    api_type: field(text(), "auto"),
    project: field(text()),
    summary: jiraField(template("jira.default.summary")),
    description: jiraField(template("jira.default.description")),
    labels: field(strings()),
    priority: field(text(), template("jira.default.priority")),
    issue_type: field(text()),
    reopen_transition: field(text()),
    resolve_transition: field(text()),
    wont_fix_resolution: field(text()),
    reopen_duration: field(duration()),
    fields: field(anyMap()),
  },
  (config) => {
    if (config.project === "") refuse("missing project in jira_config");
    if (config.issue_type === "") refuse("missing issue_type in jira_config");
    if (!["auto", "cloud", "datacenter"].includes(config.api_type)) {
      refuse("unknown api_type on jira_config, must be auto, cloud or datacenter");
    }
    return config;
  },
);

const rocketchatField = struct("config.RocketchatAttachmentField", {
  short: shown(maybeBool()),
  title: shown(text()),
  value: shown(text()),
});
/** Without names of their own in YAML: Go's are the fields' in small letters. */
const rocketchatAction = struct("config.RocketchatAttachmentAction", {
  type: shown(text()),
  text: shown(text()),
  url: shown(text()),
  imageurl: shown(text()),
  iswebview: shown(bool()),
  webviewheightratio: shown(text()),
  msg: shown(text()),
  msginchatwindow: shown(bool()),
  msgprocessingtype: shown(text()),
});

export const rocketchat = struct(
  "config.plain",
  {
    ...common(false),
    api_url: field(httpUrl()),
    token_id: field(maybeSecret()),
    token_id_file: field(text()),
    token: field(maybeSecret()),
    token_file: field(text()),
    channel: field(text()),
    color: field(text(), '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'),
    title: field(text(), template("rocketchat.default.title")),
    title_link: field(text(), template("rocketchat.default.titlelink")),
    text: field(text(), template("rocketchat.default.text")),
    fields: field(list(pointer(rocketchatField))),
    short_fields: shown(bool()),
    emoji: field(text(), template("rocketchat.default.emoji")),
    icon_url: field(text(), template("rocketchat.default.iconurl")),
    image_url: field(text()),
    thumb_url: field(text()),
    link_names: shown(bool()),
    actions: field(list(pointer(rocketchatAction))),
  },
  (config) => {
    // An empty one is one.
    for (const name of ["token", "token_id"] as const) {
      const file = config[`${name}_file`];
      if (config[name] !== undefined && file !== "") refuse(`at most one of ${name} & ${name}_file must be configured`);
    }
    return config;
  },
);

const mattermostField = struct(
  "mattermost.plain",
  { title: field(text()), value: field(text()), short: field(maybeBool()) },
  (item) => {
    if (item.title === "") refuse("missing title in Mattermost field configuration");
    if (item.value === "") refuse("missing value in Mattermost field configuration");
    return item;
  },
);

const mattermostParts = {
  pretext: field(text()),
  author_name: field(text()),
  author_link: field(text()),
  author_icon: field(text()),
  fields: field(list(pointer(asItem("mattermost.MattermostField", mattermostField)))),
  thumb_url: field(text()),
  footer: field(text()),
  footer_icon: field(text()),
  image_url: field(text()),
};

export const mattermost = struct(
  "mattermost.plain",
  {
    ...common(true),
    ...webhookUrl,
    channel: field(text()),
    username: field(text(), template("mattermost.default.username")),
    text: field(text(), template("mattermost.default.text")),
    fallback: field(text(), template("mattermost.default.fallback")),
    color: field(text(), template("mattermost.default.color")),
    title: field(text(), template("mattermost.default.title")),
    title_link: field(text(), template("mattermost.default.titlelink")),
    ...mattermostParts,
    icon_url: field(text()),
    icon_emoji: field(text()),
    attachments: field(
      list(
        pointer(
          struct("mattermost.MattermostAttachment", {
            fallback: field(text()),
            color: field(text()),
            pretext: mattermostParts.pretext,
            text: field(text()),
            author_name: mattermostParts.author_name,
            author_link: mattermostParts.author_link,
            author_icon: mattermostParts.author_icon,
            title: field(text()),
            title_link: field(text()),
            fields: mattermostParts.fields,
            thumb_url: mattermostParts.thumb_url,
            footer: mattermostParts.footer,
            footer_icon: mattermostParts.footer_icon,
            image_url: mattermostParts.image_url,
          }),
        ),
      ),
    ),
    type: field(text()),
    props: field(pointer(struct("mattermost.MattermostProps", { card: field(text()) }))),
    priority: field(
      pointer(
        struct("mattermost.MattermostPriority", {
          priority: field(text()),
          requested_ack: field(bool()),
          persistent_notifications: field(bool()),
        }),
      ),
    ),
  },
  (config) => {
    atMostOne(config.webhook_url, config.webhook_url_file, "webhook_url & webhook_url_file");
    return config;
  },
);

export const incidentio = struct(
  "incidentio.plain",
  {
    ...common(true),
    url: shown(httpUrl()),
    url_file: shown(text()),
    alert_source_token: field(secret()),
    alert_source_token_file: field(text()),
    max_alerts: shown(uint64()),
    timeout: shown(goDuration()),
  },
  (config) => {
    if (config.url === "" && config.url_file === "") refuse("one of url or url_file must be configured");
    atMostOne(config.url, config.url_file, "url & url_file");
    atMostOne(
      config.alert_source_token,
      config.alert_source_token_file,
      "alert_source_token & alert_source_token_file",
    );
    const hasToken = config.alert_source_token !== "" || config.alert_source_token_file !== "";
    if (config.http_config?.authorization !== undefined && hasToken) {
      refuse("cannot specify alert_source_token or alert_source_token_file when using http_config.authorization");
    }
    if (config.http_config !== undefined && config.http_config.authorization === undefined && !hasToken) {
      refuse(
        "at least one of alert_source_token, alert_source_token_file or http_config.authorization must be configured",
      );
    }
    return config;
  },
);
