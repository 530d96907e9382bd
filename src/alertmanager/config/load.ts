/** Text to a checked configuration, with what receivers take over from `global`. Messages are amtool's. */

import { VestalError } from "../../base/index.js";
import { resolvePaths } from "../../config/paths.js";
import { readText } from "../../config/read.js";
import { renderValue } from "../../config/render.js";
import { refuse } from "../../config/schema/http-client.js";
import { initialOf } from "../../config/shape.js";
import { quoteGo } from "../../model/index.js";
import type { MatcherSyntax } from "../matchers/parse.js";
import {
  type AlertmanagerDocument,
  documentShape,
  type GlobalSection,
  type ReceiverSection,
  type RouteSection,
} from "./document.js";

export interface AlertmanagerConfig {
  readonly global: GlobalSection;
  readonly route: RouteSection;
  readonly document: AlertmanagerDocument;
  readonly receivers: readonly ReceiverSection[];
  readonly templates: readonly string[];
  /** As the API shows it: defaults filled in, secrets hidden. */
  readonly text: string;
  /** As it was written. */
  readonly source: string;
}

/**
 * @param folder  where relative paths start.
 * @throws VestalError CONFIG
 */
export function loadAlertmanagerConfig(source: string, folder: string, syntax: MatcherSyntax): AlertmanagerConfig {
  const shape = documentShape(syntax);
  const { value } = readText(shape, source);
  if (value.route === undefined && source.replace(/#.*/g, "").trim() === "") refuse("no route provided in config");
  const global = value.global ?? initialOf(globalShapeOf(shape));
  checkGlobal(global);
  const names = new Set<string>();
  const receivers = (value.receivers ?? []).map((receiver) => {
    if (names.has(receiver.name)) refuse(`notification config name ${quoteGo(receiver.name)} is not unique`);
    const finished = inherit(receiver, global);
    names.add(receiver.name);
    return finished;
  });
  const { route } = value;
  if (route === undefined) return refuse("no routes provided");
  checkRoot(route);
  checkReceivers(route, names);
  checkTimeIntervals(route, intervalNames(value));
  if (route.continue) refuse("cannot have continue in root route");
  const document = resolvePaths(shape, { ...value, global, receivers }, folder);
  const { templates } = document;
  return {
    // Both were given above.
    global: document.global!,
    receivers: document.receivers!,
    route,
    document,
    templates: templates ?? [],
    text: renderValue(shape, document),
    source,
  };
}

function globalShapeOf(shape: ReturnType<typeof documentShape>) {
  if (shape.spec.kind !== "struct") throw new VestalError("ASSERTION", "the document is a section");
  return shape.spec.struct.fields.get("global")!.shape as Parameters<typeof initialOf<GlobalSection>>[0];
}

/** At most one of a secret and its file. */
const GLOBAL_PAIRS: readonly (readonly [keyof GlobalSection, keyof GlobalSection])[] = [
  ["opsgenie_api_key", "opsgenie_api_key_file"],
  ["victorops_api_key", "victorops_api_key_file"],
  ["telegram_bot_token", "telegram_bot_token_file"],
  ["smtp_auth_password", "smtp_auth_password_file"],
  ["rocketchat_token", "rocketchat_token_file"],
  ["rocketchat_token_id", "rocketchat_token_id_file"],
  ["smtp_auth_secret", "smtp_auth_secret_file"],
  ["wechat_api_secret", "wechat_api_secret_file"],
  ["mattermost_webhook_url", "mattermost_webhook_url_file"],
];

function checkGlobal(global: GlobalSection): void {
  if (global.slack_app_token !== "" && global.slack_app_token_file !== "") {
    refuse("at most one of slack_app_token & slack_app_token_file must be configured");
  }
  if (global.slack_api_url !== "" && global.slack_api_url_file !== "") {
    refuse("at most one of slack_api_url & slack_api_url_file must be configured");
  }
  const hasToken = global.slack_app_token !== "" || global.slack_app_token_file !== "";
  const hasUrl = global.slack_api_url !== "" || global.slack_api_url_file !== "";
  // A token and the URL that belongs to it was once the way to use a token.
  if (hasToken && hasUrl && global.slack_api_url !== global.slack_app_url) {
    refuse("at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file must be configured");
  }
  for (const [value, file] of GLOBAL_PAIRS) {
    if (global[value] !== "" && global[file] !== "") refuse(`at most one of ${value} & ${file} must be configured`);
  }
}

function checkRoot(route: RouteSection): void {
  if (route.receiver === "") refuse("root route must specify a default receiver");
  const matchers = [...Object.keys(route.match ?? {}), ...Object.keys(route.match_re ?? {}), ...(route.matchers ?? [])];
  if (matchers.length > 0) refuse("root route must not have any matchers");
  if ((route.mute_time_intervals ?? []).length > 0) refuse("root route must not have any mute time intervals");
  if ((route.active_time_intervals ?? []).length > 0) refuse("root route must not have any active time intervals");
}

export function childRoutes(route: RouteSection): readonly RouteSection[] {
  return (route.routes ?? []).filter((child) => child !== undefined);
}

function checkReceivers(route: RouteSection, names: ReadonlySet<string>): void {
  for (const child of childRoutes(route)) checkReceivers(child, names);
  if (route.receiver !== "" && !names.has(route.receiver)) {
    refuse(`undefined receiver ${quoteGo(route.receiver)} used in route`);
  }
}

function intervalNames(document: AlertmanagerDocument): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name } of document.mute_time_intervals ?? []) {
    if (names.has(name)) refuse(`mute time interval ${quoteGo(name)} is not unique`);
    names.add(name);
  }
  for (const { name } of document.time_intervals ?? []) {
    if (names.has(name)) refuse(`time interval ${quoteGo(name)} is not unique`);
    names.add(name);
  }
  return names;
}

function checkTimeIntervals(route: RouteSection, names: ReadonlySet<string>): void {
  for (const child of childRoutes(route)) checkTimeIntervals(child, names);
  for (const name of [...(route.active_time_intervals ?? []), ...(route.mute_time_intervals ?? [])]) {
    if (!names.has(name)) refuse(`undefined time interval ${quoteGo(name)} used in route`);
  }
}

type Section<K extends keyof ReceiverSection> = NonNullable<
  NonNullable<ReceiverSection[K]> extends readonly (infer T)[] ? T : never
>;

/** What receivers leave out and `global` says. */
function inherit(receiver: ReceiverSection, global: GlobalSection): ReceiverSection {
  const each = <K extends keyof ReceiverSection>(
    key: K,
    missing: string,
    finish: (config: Section<K>) => Section<K>,
  ) => {
    const configs = receiver[key] as readonly (Section<K> | undefined)[] | undefined;
    return { [key]: configs?.map((config) => finish(config ?? refuse(`missing ${missing} config`))) };
  };
  const http = <T extends { readonly http_config: GlobalSection["http_config"] }>(config: T): T => ({
    ...config,
    http_config: config.http_config ?? global.http_config,
  });
  const slashed = (url: string): string => url.replace(/^([^?#]*[^/?#])(?=[?#]|$)/, "$1/");
  return {
    ...receiver,
    ...each("webhook_configs", "webhook", http),
    ...each("email_configs", "email", (config) => inheritEmail(config, global)),
    ...each("slack_configs", "slack", (config) => inheritSlack(config, global)),
    ...each("pushover_configs", "pushover", http),
    ...each("pagerduty_configs", "pagerduty", (config) => ({
      ...http(config),
      url: config.url || global.pagerduty_url,
    })),
    ...each("incidentio_configs", "incidentio", http),
    ...each("opsgenie_configs", "opsgenie", (config) => {
      const [api_key, api_key_file] = [
        config.api_key || global.opsgenie_api_key,
        config.api_key_file || global.opsgenie_api_key_file,
      ];
      if (api_key === "" && api_key_file === "") refuse("no global OpsGenie API Key set either inline or in a file");
      return { ...http(config), api_key, api_key_file, api_url: slashed(config.api_url || global.opsgenie_api_url) };
    }),
    ...each("wechat_configs", "wechat", (config) => {
      const isOwn = config.api_secret !== "" || config.api_secret_file !== "";
      const api_secret = isOwn ? config.api_secret : global.wechat_api_secret;
      const api_secret_file = isOwn ? config.api_secret_file : global.wechat_api_secret_file;
      if (api_secret === "" && api_secret_file === "") {
        refuse("no global Wechat Api Secret set either inline or in a file");
      }
      const corp_id = config.corp_id || global.wechat_api_corp_id;
      if (corp_id === "") refuse("no global Wechat CorpID set");
      const api_url = slashed(config.api_url || global.wechat_api_url);
      return { ...http(config), api_secret, api_secret_file, corp_id, api_url };
    }),
    ...each("victorops_configs", "victorops", (config) => {
      const api_key = config.api_key || global.victorops_api_key;
      const api_key_file = config.api_key_file || global.victorops_api_key_file;
      if (api_key === "" && api_key_file === "") refuse("no global VictorOps API Key set");
      return { ...http(config), api_key, api_key_file, api_url: slashed(config.api_url || global.victorops_api_url) };
    }),
    ...each("sns_configs", "sns", http),
    ...each("telegram_configs", "telegram", (config) => {
      const isOwn = config.bot_token !== "" || config.bot_token_file !== "";
      const bot_token = isOwn ? config.bot_token : global.telegram_bot_token;
      const bot_token_file = isOwn ? config.bot_token_file : global.telegram_bot_token_file;
      if (bot_token === "" && bot_token_file === "") refuse("missing bot_token or bot_token_file on telegram_config");
      return { ...http(config), bot_token, bot_token_file, api_url: config.api_url || global.telegram_api_url };
    }),
    ...each("discord_configs", "discord", http),
    ...each("webex_configs", "webex", (config) => ({
      ...http(config),
      api_url: config.api_url || global.webex_api_url,
    })),
    ...each("msteams_configs", "msteams", http),
    ...each("msteamsv2_configs", "msteamsv2", http),
    ...each("jira_configs", "jira", (config) => {
      const api_url = config.api_url || global.jira_api_url;
      if (api_url === "") refuse("no global Jira Cloud URL set");
      return { ...http(config), api_url };
    }),
    ...each("rocketchat_configs", "rocketchat", (config) => {
      const token_id = config.token_id ?? global.rocketchat_token_id;
      const token_id_file = config.token_id_file || global.rocketchat_token_id_file;
      if (config.token_id === undefined && token_id === "" && token_id_file === "") {
        refuse("no global Rocketchat TokenID set either inline or in a file");
      }
      const token = config.token ?? global.rocketchat_token;
      const token_file = config.token_file || global.rocketchat_token_file;
      if (config.token === undefined && token === "" && token_file === "") {
        refuse("no global Rocketchat Token set either inline or in a file");
      }
      const api_url = config.api_url || global.rocketchat_api_url;
      return { ...http(config), api_url, token_id, token_id_file, token, token_file };
    }),
    ...each("mattermost_configs", "mattermost", (config) => {
      if (config.webhook_url !== "" || config.webhook_url_file !== "") return http(config);
      const [webhook_url, webhook_url_file] = [global.mattermost_webhook_url, global.mattermost_webhook_url_file];
      if (webhook_url === "" && webhook_url_file === "") {
        refuse("missing webhook_url or webhook_url_file on mattermost_config");
      }
      return { ...http(config), webhook_url, webhook_url_file };
    }),
  };
}

const EMAIL_SUBJECT = '{{ template "email.default.subject" . }}';

function inheritEmail(config: Section<"email_configs">, global: GlobalSection): Section<"email_configs"> {
  const smarthost = config.smarthost || global.smtp_smarthost;
  if (smarthost === "") refuse("no global SMTP smarthost set");
  const from = config.from || global.smtp_from;
  if (from === "") refuse("no global SMTP from set");
  const hasPassword = config.auth_password !== "" || config.auth_password_file !== "";
  return {
    ...config,
    smarthost,
    from,
    headers: { Subject: EMAIL_SUBJECT, To: config.to, From: from, ...config.headers },
    tls_config: config.tls_config ?? global.smtp_tls_config,
    hello: config.hello || global.smtp_hello,
    auth_username: config.auth_username || global.smtp_auth_username,
    auth_password: hasPassword ? config.auth_password : global.smtp_auth_password,
    auth_password_file: hasPassword ? config.auth_password_file : global.smtp_auth_password_file,
    auth_secret: config.auth_secret || global.smtp_auth_secret,
    auth_secret_file: config.auth_secret_file || global.smtp_auth_secret_file,
    auth_identity: config.auth_identity || global.smtp_auth_identity,
    require_tls: config.require_tls ?? global.smtp_require_tls,
    force_implicit_tls: config.force_implicit_tls ?? global.smtp_force_implicit_tls,
  };
}

function inheritSlack(config: Section<"slack_configs">, global: GlobalSection): Section<"slack_configs"> {
  const app_url = config.app_url || global.slack_app_url;
  if (app_url === "") refuse("no global Slack App URL set");
  let { app_token, app_token_file, api_url, api_url_file } = config;
  const isBare = app_token === "" && app_token_file === "" && api_url === "";
  if (isBare && config.http_config?.authorization === undefined) {
    app_token = global.slack_app_token;
    app_token_file = global.slack_app_token_file;
  }
  if (api_url === "" && api_url_file === "") {
    api_url = global.slack_api_url;
    api_url_file = global.slack_api_url_file;
  }
  const hasToken = app_token !== "" || app_token_file !== "";
  if (api_url === "" && api_url_file === "" && !hasToken) {
    refuse("no Slack API URL nor App token set either inline or in a file");
  }
  let http_config = config.http_config ?? global.http_config;
  if (hasToken) {
    if (http_config?.authorization !== undefined) {
      refuse("http authorization can't be set when using Slack App tokens");
    }
    const authorization = {
      type: "Bearer",
      credentials: app_token,
      credentials_file: app_token_file,
      credentials_ref: "",
    };
    http_config = http_config === undefined ? undefined : { ...http_config, authorization };
    api_url = app_url;
  }
  return { ...config, app_url, app_token, app_token_file, api_url, api_url_file, http_config };
}
