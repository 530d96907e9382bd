/** The whole file: global settings, the routing tree, inhibition, receivers, time intervals. */
import { header, refuse, tlsConfig } from "../../config/schema/http-client.js";
import {
  any,
  bool,
  duration,
  type Field,
  field,
  float,
  initialOf,
  int,
  list,
  map,
  maybeBool,
  path,
  pointer,
  type Shape,
  secret,
  shown,
  stringMap,
  strings,
  struct,
  text,
} from "../../config/shape.js";
import { isLegacyLabelName, quoteGo } from "../../model/index.js";
import { compareMatchers, Matcher } from "../matchers/matcher.js";
import type { MatcherSyntax } from "../matchers/parse.js";
import * as kinds from "./receivers.js";
import { httpConfig, httpUrl, secretUrl } from "./shapes.js";
import { timeInterval } from "./time-interval.js";

const global = struct("config.plain", {
  resolve_timeout: shown(duration(), 300_000),
  http_config: field(pointer(httpConfig), initialOf(httpConfig)),
  jira_api_url: field(httpUrl()),
  smtp_from: field(text()),
  smtp_hello: field(text(), "localhost"),
  smtp_smarthost: field(kinds.hostPort()),
  smtp_auth_username: field(text()),
  smtp_auth_password: field(secret()),
  smtp_auth_password_file: field(text()),
  smtp_auth_secret: field(secret()),
  smtp_auth_secret_file: field(text()),
  smtp_auth_identity: field(text()),
  smtp_require_tls: shown(bool(), true),
  smtp_tls_config: field(pointer(tlsConfig), initialOf(tlsConfig)),
  smtp_force_implicit_tls: field(maybeBool()),
  slack_api_url: field(secretUrl()),
  slack_api_url_file: field(text()),
  slack_app_token: field(secret()),
  slack_app_token_file: field(text()),
  slack_app_url: field(httpUrl(), kinds.SLACK_APP_URL),
  pagerduty_url: field(httpUrl(), "https://events.pagerduty.com/v2/enqueue"),
  opsgenie_api_url: field(httpUrl(), "https://api.opsgenie.com/"),
  opsgenie_api_key: field(secret()),
  opsgenie_api_key_file: field(text()),
  wechat_api_url: field(httpUrl(), "https://qyapi.weixin.qq.com/cgi-bin/"),
  wechat_api_secret: field(secret()),
  wechat_api_secret_file: field(text()),
  wechat_api_corp_id: field(text()),
  victorops_api_url: field(httpUrl(), "https://alert.victorops.com/integrations/generic/20131114/alert/"),
  victorops_api_key: field(secret()),
  victorops_api_key_file: field(text()),
  telegram_api_url: field(httpUrl(), "https://api.telegram.org"),
  telegram_bot_token: field(secret()),
  telegram_bot_token_file: field(text()),
  webex_api_url: field(httpUrl(), "https://webexapis.com/v1/messages"),
  rocketchat_api_url: field(httpUrl(), "https://open.rocket.chat/"),
  rocketchat_token: field(secret()),
  rocketchat_token_file: field(text()),
  rocketchat_token_id: field(secret()),
  rocketchat_token_id_file: field(text()),
  mattermost_webhook_url: field(secretUrl()),
  mattermost_webhook_url_file: field(text()),
});
export type GlobalSection = typeof global.zero;

export interface RouteSection {
  readonly receiver: string;
  readonly group_by: readonly string[] | undefined;
  readonly match: Readonly<Record<string, string>> | undefined;
  readonly match_re: Readonly<Record<string, string | undefined>> | undefined;
  /** As they are printed, sorted. */
  readonly matchers: readonly string[] | undefined;
  readonly mute_time_intervals: readonly string[] | undefined;
  readonly active_time_intervals: readonly string[] | undefined;
  readonly continue: boolean;
  readonly routes: readonly (RouteSection | undefined)[] | undefined;
  readonly group_wait: number | undefined;
  readonly group_interval: number | undefined;
  readonly repeat_interval: number | undefined;
}

const receiver = struct(
  "config.plain",
  {
    name: shown(text()),
    labels: field(stringMap()),
    discord_configs: field(list(pointer(kinds.discord))),
    email_configs: field(list(pointer(kinds.email))),
    incidentio_configs: field(list(pointer(kinds.incidentio))),
    pagerduty_configs: field(list(pointer(kinds.pagerduty))),
    slack_configs: field(list(pointer(kinds.slack))),
    webhook_configs: field(list(pointer(kinds.webhook))),
    opsgenie_configs: field(list(pointer(kinds.opsgenie))),
    wechat_configs: field(list(pointer(kinds.wechat))),
    pushover_configs: field(list(pointer(kinds.pushover))),
    victorops_configs: field(list(pointer(kinds.victorops))),
    sns_configs: field(list(pointer(kinds.sns))),
    telegram_configs: field(list(pointer(kinds.telegram))),
    webex_configs: field(list(pointer(kinds.webex))),
    msteams_configs: field(list(pointer(kinds.msteams))),
    msteamsv2_configs: field(list(pointer(kinds.msteamsv2))),
    jira_configs: field(list(pointer(kinds.jira))),
    rocketchat_configs: field(list(pointer(kinds.rocketchat))),
    mattermost_configs: field(list(pointer(kinds.mattermost))),
  },
  (value) => {
    if (value.name === "") refuse("missing name in receiver");
    const named = value.labels?.["name"];
    if (named !== undefined && named !== value.name) {
      refuse(`receiver label "name" must match receiver name ${quoteGo(value.name)}, got ${quoteGo(named)}`);
    }
    return { ...value, labels: { ...value.labels, name: value.name } };
  },
);
export type ReceiverSection = typeof receiver.zero;

const namedIntervals = (problem: string) =>
  struct("config.plain", { name: shown(text()), time_intervals: shown(list(timeInterval)) }, (value) =>
    value.name === "" ? refuse(problem) : value,
  );

const tracing = struct(
  "tracing.plain",
  {
    client_type: field(text()),
    endpoint: field(text()),
    sampling_fraction: field(float()),
    insecure: field(bool()),
    tls_config: field(pointer(tlsConfig)),
    headers: field(map(header, { goType: "config.Headers" })),
    compression: field(text()),
    timeout: field(duration()),
  },
  (section) => {
    const { client_type, endpoint, compression } = section;
    if (client_type !== "" && client_type !== "http" && client_type !== "grpc") {
      refuse(`expected tracing client type to be to be http or grpc, but got ${client_type}`);
    }
    if (endpoint === "") refuse("tracing endpoint must be set");
    if (compression !== "" && compression !== "gzip") {
      refuse(`invalid compression type ${compression} provided, valid options: gzip`);
    }
    return section;
  },
);

/** Checked and not used: what was notified is in the notification history here. */
const eventRecorder = struct("eventrecorder.Config", {
  file_outputs: field(
    list(
      struct("eventrecorder.plain", { path: field(text()) }, (output) => {
        if (output.path === "") refuse("event_recorder file output requires a path");
        return output;
      }),
    ),
  ),
  webhook_outputs: field(
    list(
      struct(
        "eventrecorder.plain",
        {
          url: field(secretUrl()),
          http_config: field(pointer(httpConfig)),
          timeout: field(duration()),
          workers: field(int()),
          max_retries: field(int()),
          retry_backoff: field(duration()),
        },
        (output) => {
          if (output.url === "") refuse("event_recorder webhook output requires a url");
          return output;
        },
      ),
    ),
  ),
  kafka_outputs: field(
    list(
      struct("eventrecorder.plain", {
        brokers: field(strings()),
        topic: field(text()),
        client_id: field(text()),
        acks: field(text()),
        compression: field(text()),
        format: field(text()),
        buffer_size: field(int()),
        tls_config: field(pointer(tlsConfig)),
      }),
    ),
  ),
});

/** @param syntax  how matchers are read. */
export function documentShape(syntax: MatcherSyntax) {
  const readMatchers = (lines: readonly string[] | undefined): readonly string[] | undefined =>
    lines
      ?.flatMap((line) => syntax.matchers(line))
      .sort(compareMatchers)
      .map(String);
  const route = routeShape(syntax, readMatchers);
  const inhibitRule = struct(
    "common.plain",
    {
      name: field(text()),
      source_match: field(stringMap()),
      source_match_re: field(regexMap()),
      source_matchers: field(strings()),
      target_match: field(stringMap()),
      target_match_re: field(regexMap()),
      target_matchers: field(strings()),
      equal: field(strings()),
    },
    (rule) => {
      checkMatch(rule.source_match, rule.source_match_re);
      checkMatch(rule.target_match, rule.target_match_re);
      for (const name of rule.equal ?? []) {
        if (!syntax.isLabelName(name)) refuse(`invalid label name ${quoteGo(name)} in equal list`);
      }
      const [source_matchers, target_matchers] = [
        readMatchers(rule.source_matchers),
        readMatchers(rule.target_matchers),
      ];
      return { ...rule, source_matchers, target_matchers };
    },
  );
  return struct("config.plain", {
    global: field(pointer(global)),
    route: field(pointer(route)),
    inhibit_rules: field(list(inhibitRule)),
    receivers: field(list(receiver)),
    templates: shown(list(path())),
    mute_time_intervals: field(list(namedIntervals("missing name in mute time interval"))),
    time_intervals: field(list(namedIntervals("missing name in time interval"))),
    tracing: field(pointer(tracing)),
    event_recorder: field(pointer(eventRecorder)),
  });
}
export type AlertmanagerDocument = ReturnType<typeof documentShape>["zero"];
export type InhibitRuleSection = NonNullable<AlertmanagerDocument["inhibit_rules"]>[number];

const regexMap = () => map<string | undefined>({ spec: text().spec, zero: undefined }, { goType: "common.plain" });

function checkMatch(
  match: Readonly<Record<string, string>> | undefined,
  matchRe: Readonly<Record<string, string | undefined>> | undefined,
): void {
  for (const name of [...Object.keys(match ?? {}), ...Object.keys(matchRe ?? {})]) {
    if (!isLegacyLabelName(name)) refuse(`invalid label name ${quoteGo(name)}`);
  }
  for (const [name, value] of Object.entries(matchRe ?? {})) {
    if (value === undefined) refuse(`invalid regexp value for ${quoteGo(name)}`);
    new Matcher("=~", name, value);
  }
}

const maybeDuration = (): Shape<number | undefined> => ({
  spec: { kind: "duration", isPointer: true },
  zero: undefined,
});

function routeShape(
  syntax: MatcherSyntax,
  readMatchers: (lines: readonly string[] | undefined) => readonly string[] | undefined,
): Shape<RouteSection> {
  const shape = struct(
    "config.plain",
    {
      receiver: field(text()),
      group_by: field(strings()),
      match: field(stringMap()),
      match_re: field(regexMap()),
      matchers: field(strings()),
      mute_time_intervals: field(strings()),
      active_time_intervals: field(strings()),
      continue: shown(bool()),
      // Set below: a route holds routes.
      routes: field(any()),
      group_wait: field(maybeDuration()),
      group_interval: field(maybeDuration()),
      repeat_interval: field(maybeDuration()),
    },
    (value) => {
      checkMatch(value.match, value.match_re);
      checkGroupBy(value.group_by ?? [], syntax);
      if (value.group_interval === 0) refuse("group_interval cannot be zero");
      if (value.repeat_interval === 0) refuse("repeat_interval cannot be zero");
      return { ...value, matchers: readMatchers(value.matchers) };
    },
  ) as unknown as Shape<RouteSection>;
  if (shape.spec.kind === "struct") {
    const fields = shape.spec.struct.fields as Map<string, Field<unknown>>;
    fields.set("routes", field(list(pointer(shape))));
  }
  return shape;
}

function checkGroupBy(names: readonly string[], syntax: MatcherSyntax): void {
  const labels = names.filter((name) => name !== "...");
  for (const name of labels) {
    if (!syntax.isLabelName(name)) refuse(`invalid label name ${quoteGo(name)} in group_by list`);
  }
  if (labels.length > 0 && labels.length < names.length) {
    refuse("cannot have wildcard group_by (`...`) and other labels at the same time");
  }
  for (const [i, name] of labels.entries()) {
    if (labels.indexOf(name) !== i) refuse(`duplicated label ${quoteGo(name)} in group_by`);
  }
}
