/**
 * Fits a configuration to a version of Alertmanager: fields that it does not know are left out, where that only takes
 * away comfort; where it would change which alerts reach whom, the configuration is refused.
 */
import { at, invalid } from "../invalid.js";
import { durationMs } from "../prometheus/sections.js";
import type { Version } from "../version.js";
import {
  CONFIG,
  type Draft,
  GLOBAL,
  HTTP_CONFIG,
  INHIBIT_RULE,
  INTEGRATIONS,
  isMapping,
  OAUTH2,
  ROUTE,
  SIGV4,
  type Struct,
  TLS_CONFIG,
} from "./file-schema.js";
import { checkOptionalTemplateUrl, checkOptionalUrl } from "./urls.js";

/** @throws InvalidConfigurationError if that version could not do what the configuration says. */
export function sanitizeConfig(draft: Draft, version: Version): void {
  sanitize(CONFIG, draft, version);
}

export function sanitizeRoute(draft: Draft, version: Version): void {
  sanitize(ROUTE, draft, version);
}

export function sanitizeHttpConfig(draft: Draft, version: Version): void {
  sanitize(HTTP_CONFIG, draft, version);
}

function sanitize(struct: Struct, draft: Draft, version: Version): void {
  if (struct.needs !== undefined && version.isBelow(struct.needs)) {
    invalid(`the integration needs Alertmanager ${struct.needs} or later`);
  }
  for (const [name, { form, since }] of Object.entries(struct.fields)) {
    if (since !== undefined && version.isBelow(since)) delete draft[name];
    const value = draft[name];
    if (value === undefined || typeof form !== "object") continue;
    if ("struct" in form) at(name, () => sanitize(form.struct(), value as Draft, version));
    else eachOf(name, value as Draft[], (item) => sanitize(form.structs(), item, version));
  }
  for (const [winner, loser] of struct.precedence ?? []) {
    if (isSet(draft[winner])) delete draft[loser];
  }
  CHECKS.get(struct)?.(draft, version);
}

function eachOf(name: string, items: readonly Draft[], check: (item: Draft) => void): void {
  items.forEach((item, index) => {
    at(`${name}[${index}]`, () => check(item));
  });
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== "" && value !== 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

type Check = (draft: Draft, version: Version) => void;

/** Below 0.26 only `proxy_url` is known. */
function checkProxy(draft: Draft, version: Version): void {
  if (version.isBelow("0.26.0")) {
    for (const name of ["proxy_from_environment", "no_proxy", "proxy_connect_header"]) delete draft[name];
    return;
  }
  const hasUrl = isSet(draft["proxy_url"]);
  const fromEnvironment = draft["proxy_from_environment"] === true;
  const hasNoProxy = isSet(draft["no_proxy"]);
  const header = draft["proxy_connect_header"];
  if (isMapping(header) && Object.keys(header).length > 0 && !fromEnvironment && !hasUrl) {
    invalid("proxy_connect_header needs proxy_url or proxy_from_environment");
  }
  if (fromEnvironment && hasUrl) invalid("proxy_from_environment and proxy_url exclude each other");
  if (fromEnvironment && hasNoProxy) invalid("proxy_from_environment and no_proxy exclude each other");
  if (!hasUrl && hasNoProxy) invalid("no_proxy needs proxy_url");
}

/** Headers that the client sets itself. */
const RESERVED_HEADERS = new Set([
  "authorization",
  "host",
  "content-encoding",
  "content-length",
  "content-type",
  "user-agent",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "www-authenticate",
  "accept-encoding",
  "x-prometheus-remote-write-version",
  "x-prometheus-remote-read-version",
  "x-prometheus-scrape-timeout-seconds",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

function checkHttpConfig(draft: Draft, version: Version): void {
  for (const name of ["authorization", "oauth2"]) {
    if (draft[name] !== undefined && version.isBelow("0.22.0")) invalid(`${name} needs Alertmanager 0.22.0 or later`);
  }
  const headers = draft["http_headers"];
  for (const name of isMapping(headers) ? Object.keys(headers) : []) {
    if (RESERVED_HEADERS.has(name.toLowerCase())) invalid(`http_headers: ${name} is set by the client`);
  }
  checkProxy(draft, version);
}

const TLS_VERSIONS = ["", "TLS10", "TLS11", "TLS12", "TLS13"];

function checkTls(draft: Draft): void {
  const [least = 0, most = 0] = ["min_version", "max_version"].map((name) => {
    const rank = TLS_VERSIONS.indexOf(textOf(draft[name]));
    return rank < 0 ? invalid(`${name}: unknown TLS version ${textOf(draft[name])}`) : rank;
  });
  if (least > 0 && most > 0 && least > most) invalid("max_version is below min_version");
}

function checkOauth2(draft: Draft, version: Version): void {
  if (version.isAtLeast("0.25.0")) return;
  const names = ["proxy_url", "no_proxy", "proxy_connect_header"];
  if (!names.some((name) => isSet(draft[name]))) return;
  for (const name of [...names, "proxy_from_environment"]) delete draft[name];
}

function checkSigv4(draft: Draft, version: Version): void {
  if (!isSet(draft["external_id"])) return;
  if (!isSet(draft["role_arn"])) invalid("external_id needs role_arn");
  if (version.isBelow("0.33.0")) delete draft["external_id"];
}

/** Slack's app and its webhooks are two ways to the same place. */
function checkGlobal(draft: Draft): void {
  const hasApp = isSet(draft["slack_app_token"]) || isSet(draft["slack_app_token_file"]);
  const [apiUrl, appUrl] = [draft["slack_api_url"], draft["slack_app_url"]];
  if (hasApp && isSet(apiUrl) && isSet(appUrl) && apiUrl !== appUrl) {
    invalid("slack_app_token and slack_api_url exclude each other, unless slack_api_url is slack_app_url");
  }
}

function checkRoute(draft: Draft, version: Version): void {
  if (hasItems(draft["matchers"]) && version.isBelow("0.22.0")) invalid("matchers need Alertmanager 0.22.0 or later");
  const groupWait = textOf(draft["group_wait"]);
  if (groupWait !== "") durationMs("group_wait", groupWait);
  for (const name of ["group_interval", "repeat_interval"]) {
    const interval = textOf(draft[name]);
    if (interval !== "" && durationMs(name, interval) === 0) delete draft[name];
  }
}

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function checkInhibitRule(draft: Draft, version: Version): void {
  const usesMatchers = hasItems(draft["source_matchers"]) || hasItems(draft["target_matchers"]);
  if (usesMatchers && version.isBelow("0.22.0")) {
    invalid("source_matchers and target_matchers need Alertmanager 0.22.0 or later");
  }
}

function needOneOf(draft: Draft, ...names: readonly string[]): void {
  if (!names.some((name) => isSet(draft[name]))) invalid(`${names.join(" or ")} is needed`);
}

function needAtMostOneOf(draft: Draft, ...names: readonly string[]): void {
  if (names.filter((name) => isSet(draft[name])).length > 1) invalid(`${names.join(" and ")} exclude each other`);
}

const checkApiUrl: Check = (draft) => checkOptionalUrl("api_url", textOf(draft["api_url"]));

const SLACK_BOT_URL = "https://slack.com/api/chat.postMessage";

const MATTERMOST_LINKS = ["author_link", "author_icon", "title_link", "thumb_url", "footer_icon", "image_url"];

/** What each integration needs, by its key. */
const INTEGRATION_CHECKS: Readonly<Record<string, Check>> = {
  email_configs: (draft) => {
    const threading = draft["threading"];
    if (!isMapping(threading)) return;
    const byDate = threading["thread_by_date"];
    if (byDate !== "daily" && byDate !== "none") invalid("threading.thread_by_date must be daily or none");
  },
  opsgenie_configs: (draft, version) => {
    for (const responder of (draft["responders"] ?? []) as readonly Draft[]) {
      if (responder["type"] === "teams" && version.isBelow("0.24.0")) {
        invalid("responders of type teams need Alertmanager 0.24.0 or later");
      }
    }
    checkApiUrl(draft, version);
  },
  pagerduty_configs: (draft, version) => {
    const details = draft["details"];
    if (!isMapping(details) || version.isAtLeast("0.30.0")) return;
    for (const [name, value] of Object.entries(details)) {
      if (typeof value !== "string")
        invalid(`details.${name}: values other than text need Alertmanager 0.30.0 or later`);
    }
  },
  pushover_configs: (draft, version) => {
    needOneOf(draft, "user_key", "user_key_file");
    needOneOf(draft, "token", "token_file");
    if (draft["monospace"] === true && version.isBelow("0.29.0")) draft["monospace"] = false;
    if (draft["html"] === true && draft["monospace"] === true) invalid("html and monospace exclude each other");
    checkOptionalTemplateUrl("url", textOf(draft["url"]));
  },
  slack_configs: (draft) => {
    const url = textOf(draft["api_url"]);
    if (draft["update_message"] === true && url !== "" && url !== SLACK_BOT_URL) {
      invalid(`update_message needs a bot, so that api_url must be ${SLACK_BOT_URL}`);
    }
    const hasApp = isSet(draft["app_token"]) || isSet(draft["app_token_file"]);
    if (hasApp && (url !== "" || isSet(draft["api_url_file"]))) invalid("app_token and api_url exclude each other");
  },
  victorops_configs: checkApiUrl,
  webhook_configs: (draft) => checkOptionalTemplateUrl("url", textOf(draft["url"])),
  wechat_configs: checkApiUrl,
  sns_configs: (draft) => checkOptionalTemplateUrl("api_url", textOf(draft["api_url"])),
  telegram_configs: (draft, version) => {
    needOneOf(draft, "chat_id", "chat_id_file");
    if (version.isBelow("0.31.0")) needOneOf(draft, "bot_token", "bot_token_file");
    checkApiUrl(draft, version);
  },
  webex_configs: (draft, version) => {
    needOneOf(draft, "room_id");
    checkApiUrl(draft, version);
  },
  msteams_configs: (draft) => {
    needOneOf(draft, "webhook_url");
    checkOptionalUrl("webhook_url", textOf(draft["webhook_url"]));
  },
  msteamsv2_configs: (draft) => {
    needOneOf(draft, "webhook_url", "webhook_url_file");
    needAtMostOneOf(draft, "webhook_url", "webhook_url_file");
    checkOptionalUrl("webhook_url", textOf(draft["webhook_url"]));
  },
  jira_configs: (draft, version) => {
    needOneOf(draft, "project");
    needOneOf(draft, "issue_type");
    if (!["", "auto", "cloud", "datacenter"].includes(textOf(draft["api_type"]))) {
      invalid("api_type must be auto, cloud or datacenter");
    }
    checkApiUrl(draft, version);
  },
  rocketchat_configs: (draft) => {
    for (const name of ["token", "token_id"]) {
      if (draft[name] !== undefined && isSet(draft[`${name}_file`])) {
        invalid(`${name} and ${name}_file exclude each other`);
      }
    }
  },
  mattermost_configs: (draft, version) => {
    if (version.isBelow("0.32.0")) needOneOf(draft, "webhook_url", "webhook_url_file");
    checkOptionalUrl("webhook_url", textOf(draft["webhook_url"]));
    checkOptionalTemplateUrl("icon_url", textOf(draft["icon_url"]));
    for (const part of [draft, ...((draft["attachments"] ?? []) as readonly Draft[])]) {
      for (const name of MATTERMOST_LINKS) checkOptionalTemplateUrl(name, textOf(part[name]));
    }
  },
  incidentio_configs: (draft) => {
    const http = draft["http_config"];
    const hasAuthorization = isMapping(http) && http["authorization"] !== undefined;
    needOneOf(draft, "url", "url_file");
    needAtMostOneOf(draft, "url", "url_file");
    checkOptionalUrl("url", textOf(draft["url"]));
    needAtMostOneOf(draft, "alert_source_token", "alert_source_token_file");
    const hasToken = isSet(draft["alert_source_token"]) || isSet(draft["alert_source_token_file"]);
    if (hasAuthorization && hasToken) invalid("alert_source_token and http_config.authorization exclude each other");
    if (!hasAuthorization && !hasToken) invalid("alert_source_token or http_config.authorization is needed");
  },
};

const CHECKS: ReadonlyMap<Struct, Check> = new Map<Struct, Check>([
  [GLOBAL, checkGlobal],
  [HTTP_CONFIG, checkHttpConfig],
  [TLS_CONFIG, checkTls],
  [OAUTH2, checkOauth2],
  [SIGV4, checkSigv4],
  [ROUTE, checkRoute],
  [INHIBIT_RULE, checkInhibitRule],
  ...Object.entries(INTEGRATION_CHECKS).map(([name, check]): [Struct, Check] => [INTEGRATIONS[name]!, check]),
]);
