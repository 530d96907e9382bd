/** PagerDuty: events of API version 2, or of version 1 where a service key is given. */

import type { pagerduty } from "../config/receivers.js";
import { goDurationMs } from "../config/shapes.js";
import { goJson } from "../template-data.js";
import { failed, Poster, type RetryRule, secretText } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { expandTemplates } from "./payload.js";
import { postJson } from "./post-json.js";
import { groupHash, omitEmpty, parseJson, truncateRunes } from "./text.js";

const V1_URL = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
const EVENT_BYTES_MAX = 512_000;
const DESCRIPTION_MAX = 1024;
const TOO_LARGE = {
  error: "Custom details have been removed because the original event exceeds the maximum size of 512KB",
};

type PagerdutyConfig = typeof pagerduty.zero;

/** Only a refusal with its reasons is worth showing. */
function details(status: number, body: string): string {
  const answer = status === 400 ? parseJson(body) : undefined;
  if (answer === undefined) return "";
  const errors = Array.isArray(answer["errors"]) ? answer["errors"].join(",") : "";
  return `${String(answer["message"] ?? "")}: ${errors}`;
}

export function pagerdutyIntegration(config: PagerdutyConfig): IntegrationSpec {
  const poster = new Poster(config.http_config);
  const isV1 = config.service_key !== "" || config.service_key_file !== "";
  const rule: RetryRule = { retryCodes: [isV1 ? 403 : 429], details };
  return {
    name: "pagerduty",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: `failed to read ${isV1 ? "service" : "routing"} key from file: ` },
    badTemplate: { prefix: `failed to template PagerDuty ${isV1 ? "v1" : "v2"} message: ` },
    send: async (notification) => {
      const { context, data } = notification;
      const custom = expandTemplates(config.details ?? {}, (text) => notification.text(text)) as Readonly<
        Record<string, unknown>
      >;
      const eventType = data.status === "resolved" ? "resolve" : "trigger";
      const make = isV1 ? messageV1 : messageV2;
      let message = make(config, notification, eventType, custom);
      if (message === undefined) return failed(`${isV1 ? "service" : "routing"} key cannot be empty`);
      if (Buffer.byteLength(goJson(message)) + 1 > EVENT_BYTES_MAX) {
        message = make(config, notification, eventType, TOO_LARGE)!;
      }
      return postJson(poster, {
        url: isV1 ? V1_URL : config.url,
        payload: message,
        signal: context.signal,
        timeoutMs: goDurationMs(config.timeout),
        rule,
        noAnswerWords: { isUrlShown: true, prefix: `failed to post message to PagerDuty${isV1 ? " v1" : ""}: ` },
      });
    },
    close: () => poster.close(),
  };
}

type Details = Readonly<Record<string, unknown>>;

function messageV1(
  config: PagerdutyConfig,
  notification: Notification,
  eventType: string,
  custom: Details,
): object | undefined {
  const { text } = notification;
  const serviceKey = text(secretText(config.service_key, config.service_key_file));
  if (serviceKey === "") return undefined;
  const isTrigger = eventType === "trigger";
  const message = {
    service_key: serviceKey,
    incident_key: groupHash(notification.context.groupKey),
    event_type: eventType,
    description: truncateRunes(text(config.description), DESCRIPTION_MAX),
    event_action: "",
    payload: null,
    client: isTrigger ? text(config.client) : "",
    client_url: isTrigger ? text(config.client_url) : "",
    details: custom,
  };
  return omitEmpty(message, "description", "client", "client_url", "details");
}

function messageV2(
  config: PagerdutyConfig,
  notification: Notification,
  eventType: string,
  custom: Details,
): object | undefined {
  const { text } = notification;
  const routingKey = text(secretText(config.routing_key, config.routing_key_file));
  if (routingKey === "") return undefined;
  const payload = {
    summary: truncateRunes(text(config.description), DESCRIPTION_MAX),
    source: text(config.source),
    severity: text(config.severity === "" ? "error" : config.severity),
    class: text(config.class),
    component: text(config.component),
    group: text(config.group),
    custom_details: custom,
  };
  const message = {
    routing_key: routingKey,
    dedup_key: groupHash(notification.context.groupKey),
    event_action: eventType,
    payload: omitEmpty(payload, "class", "component", "group", "custom_details"),
    client: text(config.client),
    client_url: text(config.client_url),
    images: (config.images ?? [])
      .map(({ src, alt, href }) => ({ src: text(src), alt: text(alt), href: text(href) }))
      .filter(({ src }) => src !== ""),
    links: (config.links ?? [])
      .map(({ href, text: label }) => ({ href: text(href), text: text(label) }))
      .filter(({ href }) => href !== ""),
  };
  return omitEmpty(message, "client", "client_url", "images", "links");
}
