/** Integrations of one request each: VictorOps, Pushover, Discord, Microsoft Teams, Webex, incident.io, Mattermost. */

import { quoteGo } from "../../model/index.js";
import type {
  discord,
  incidentio,
  mattermost,
  msteams,
  msteamsv2,
  pushover,
  victorops,
  webex,
} from "../config/receivers.js";
import { goDurationMs } from "../config/shapes.js";
import { webhookJson } from "../template-data.js";
import { checkResponse, constantSecret, failed, noAnswer, Poster, secretText } from "./http.js";
import { type IntegrationSpec, notificationOf } from "./integration.js";
import { postJson } from "./post-json.js";
import { groupHash, omitEmpty, parseJson, truncateBytes, truncateRunes, withPath } from "./text.js";

export function victoropsIntegration(config: typeof victorops.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "victorops",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "failed to read API key from file: " },
    badTemplate: { prefix: "templating error: ", isRetried: true },
    send: async ({ context, data, text }) => {
      const key = secretText(config.api_key, config.api_key_file);
      const url = withPath(config.api_url, `${key}/${text(config.routing_key)}`);
      const wanted = text(config.message_type);
      const firing = ["INFO", "WARNING", "CRITICAL"].includes(wanted) ? wanted : "CRITICAL";
      const message: Record<string, string> = {
        message_type: data.status === "resolved" ? "RECOVERY" : firing,
        entity_id: groupHash(context.groupKey),
        entity_display_name: text(config.entity_display_name),
        state_message: truncateRunes(text(config.state_message), 20_480),
        monitoring_tool: text(config.monitoring_tool),
      };
      for (const [name, value] of Object.entries(config.custom_fields ?? {})) message[name] = text(value);
      const payload = Object.fromEntries(Object.entries(message).sort(([a], [b]) => (a < b ? -1 : 1)));
      return postJson(poster, { url, payload, signal: context.signal });
    },
    close: () => poster.close(),
  };
}

const PUSHOVER_URL = "https://api.pushover.net/1/messages.json";

export function pushoverIntegration(config: typeof pushover.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  const seconds = (duration: string): string => String(Math.trunc(goDurationMs(duration) / 1000));
  return {
    name: "pushover",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: config.token_file === "" ? "read user_key_file: " : "read token_file: " },
    send: async ({ context, text, html }) => {
      const parameters = new Map<string, string>([
        ["token", text(secretText(config.token, config.token_file))],
        ["user", text(secretText(config.user_key, config.user_key_file))],
        ["title", truncateRunes(text(config.title), 250)],
      ]);
      if (config.html) parameters.set("html", "1");
      if (config.monospace) parameters.set("monospace", "1");
      const message = truncateRunes(config.html ? html(config.message) : text(config.message), 1024).trim();
      // An empty message is refused.
      parameters.set("message", message === "" ? "(no details)" : message);
      parameters.set("url", truncateRunes(text(config.url), 512));
      parameters.set("url_title", text(config.url_title));
      parameters.set("priority", text(config.priority));
      parameters.set("retry", seconds(config.retry));
      parameters.set("expire", seconds(config.expire));
      parameters.set("device", text(config.device));
      parameters.set("sound", text(config.sound));
      if (goDurationMs(config.ttl) >= 1000) parameters.set("ttl", seconds(config.ttl));
      const query = new URLSearchParams([...parameters].sort(([a], [b]) => (a < b ? -1 : 1)));
      try {
        const url = `${PUSHOVER_URL}?${query.toString()}`;
        return checkResponse(await poster.post({ url, contentType: "text/plain", body: "", signal: context.signal }));
      } catch (error) {
        return noAnswer(error);
      }
    },
    close: () => poster.close(),
  };
}

const DISCORD_COLORS = { firing: 0x992d22, resolved: 0x2ecc71 } as const;

export function discordIntegration(config: typeof discord.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "discord",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "read webhook_url_file: " },
    send: async ({ context, data, text }) => {
      const message = {
        content: truncateRunes(text(config.content), 2000),
        embeds: [
          {
            title: truncateRunes(text(config.title), 256),
            description: truncateRunes(text(config.message), 4096),
            color: DISCORD_COLORS[data.status],
          },
        ],
        username: config.username,
        avatar_url: config.avatar_url,
      };
      return postJson(poster, {
        url: secretText(config.webhook_url, config.webhook_url_file),
        payload: omitEmpty(message, "username", "avatar_url"),
        signal: context.signal,
      });
    },
    close: () => poster.close(),
  };
}

const TEAMS_COLORS = { firing: "8C1A1A", resolved: "2DC72D" } as const;

export function msteamsIntegration(config: typeof msteams.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "msteams",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "read webhook_url_file: " },
    send: async ({ context, data, text }) =>
      postJson(poster, {
        url: secretText(config.webhook_url, config.webhook_url_file),
        payload: {
          "@context": "http://schema.org/extensions",
          type: "MessageCard",
          title: text(config.title),
          summary: text(config.summary),
          text: text(config.text),
          themeColor: TEAMS_COLORS[data.status],
        },
        signal: context.signal,
      }),
    close: () => poster.close(),
  };
}

const CARD_COLORS = { firing: "Attention", resolved: "Good" } as const;

export function msteamsv2Integration(config: typeof msteamsv2.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "msteamsv2",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "read webhook_url_file: " },
    send: async ({ context, data, text }) => {
      const [title, body] = [text(config.title), text(config.text)];
      const heading = {
        weight: "Bolder",
        size: "Medium",
        wrap: true,
        style: "heading",
        color: CARD_COLORS[data.status],
      };
      const content = {
        $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        type: "AdaptiveCard",
        version: "1.2",
        body: [
          { type: "TextBlock", text: title, ...heading },
          { type: "TextBlock", text: body, wrap: true },
        ],
        msteams: { width: "full" },
      };
      const contentType = "application/vnd.microsoft.card.adaptive";
      return postJson(poster, {
        url: secretText(config.webhook_url, config.webhook_url_file),
        payload: { type: "message", attachments: [{ contentType, contentUrl: null, content }] },
        signal: context.signal,
      });
    },
    close: () => poster.close(),
  };
}

export function webexIntegration(config: typeof webex.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "webex",
    sendsResolved: config.send_resolved,
    send: async ({ context, text }) => {
      const message = { markdown: truncateBytes(text(config.message), 7439), roomId: text(config.room_id) };
      return postJson(poster, { url: config.api_url, payload: omitEmpty(message, "roomId"), signal: context.signal });
    },
    close: () => poster.close(),
  };
}

const INCIDENT_BYTES_MAX = 512 * 1024;

function incidentDetails(_: number, body: string): string {
  const answer = parseJson(body);
  if (answer === undefined) return "";
  const errors = Array.isArray(answer["errors"]) ? answer["errors"].join(", ") : "";
  return [String(answer["message"] ?? ""), String(answer["error"] ?? ""), errors]
    .filter((part) => part !== "")
    .join(": ");
}

export function incidentioIntegration(config: typeof incidentio.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  const maxAlerts = Number(config.max_alerts);
  // Read once, as the original does: a file that is missing refuses the configuration.
  const token = constantSecret(
    config.alert_source_token,
    config.alert_source_token_file,
    "failed to read alert_source_token_file: ",
  );
  return {
    name: "incidentio",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "read url_file: " },
    send: async ({ context, alerts, deps }) => {
      const shown = maxAlerts > 0 ? alerts.slice(0, maxAlerts) : alerts;
      const { data } = notificationOf(context, shown, deps);
      const message = (given: typeof data): string =>
        webhookJson(given, { version: "1", groupKey: context.groupKey, truncatedAlerts: alerts.length - shown.length });
      const whole = message(data);
      const isTooLarge = Buffer.byteLength(whole) + 1 > INCIDENT_BYTES_MAX;
      return postJson(poster, {
        url: secretText(config.url, config.url_file),
        json: isTooLarge ? message({ ...data, alerts: data.alerts.slice(0, 1) }) : whole,
        signal: context.signal,
        timeoutMs: goDurationMs(config.timeout),
        headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        rule: { retryCodes: [429], details: incidentDetails },
      });
    },
    close: () => poster.close(),
  };
}

type MattermostConfig = typeof mattermost.zero;
type MattermostParts = Pick<
  MattermostConfig,
  | "pretext"
  | "author_name"
  | "author_link"
  | "author_icon"
  | "fields"
  | "thumb_url"
  | "footer"
  | "footer_icon"
  | "image_url"
> &
  Pick<MattermostConfig, "fallback" | "color" | "text" | "title" | "title_link">;

export function mattermostIntegration(config: MattermostConfig): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "mattermost",
    sendsResolved: config.send_resolved,
    send: async ({ context, text }) => {
      const url = secretText(config.webhook_url, config.webhook_url_file);
      if (url === "") return failed("webhook url missing");
      const own = (config.attachments ?? []).filter((item) => item !== undefined);
      const attachments = (own.length > 0 ? own : [config]).map((item) => mattermostAttachment(item, text));
      const channel = text(config.channel);
      const card = config.props?.card ?? "";
      const message = {
        text: own.length > 0 ? truncateRunes(text(config.text), 16_383) : "",
        channel,
        username: text(config.username),
        icon_url: text(config.icon_url),
        icon_emoji: text(config.icon_emoji),
        attachments,
        type: text(config.type),
        props: card === "" ? undefined : { card: text(card) },
        priority: mattermostPriority(config, text),
      };
      const payload = omitEmpty(message, "text", "channel", "username", "icon_url", "icon_emoji", "type");
      return postJson(poster, { url, payload, signal: context.signal, prefix: `channel ${quoteGo(channel)}: ` });
    },
    close: () => poster.close(),
  };
}

function mattermostAttachment(item: MattermostParts, text: (template: string) => string): object {
  const shown = {
    fallback: text(item.fallback),
    color: text(item.color),
    pretext: text(item.pretext),
    text: text(item.text),
    author_name: text(item.author_name),
    author_link: text(item.author_link),
    author_icon: text(item.author_icon),
    title: text(item.title),
    title_link: text(item.title_link),
    fields: (item.fields ?? []).flatMap((field) =>
      field === undefined
        ? []
        : [omitEmpty({ title: text(field.title), value: text(field.value), short: field.short }, "title", "value")],
    ),
    thumb_url: text(item.thumb_url),
    footer: text(item.footer),
    footer_icon: text(item.footer_icon),
    image_url: text(item.image_url),
  };
  return omitEmpty(shown, ...(Object.keys(shown) as (keyof typeof shown)[]));
}

/** What the server would refuse is left out. */
function mattermostPriority(config: MattermostConfig, text: (template: string) => string): object | undefined {
  const given = config.priority;
  if (given === undefined || given.priority === "") return undefined;
  const wanted = text(given.priority).toLowerCase();
  const priority = ["urgent", "important", "standard"].includes(wanted) ? wanted : "standard";
  const shown = {
    priority,
    requested_ack: given.requested_ack && priority !== "standard",
    persistent_notifications: given.persistent_notifications && priority === "urgent",
  };
  return omitEmpty(shown, "requested_ack", "persistent_notifications");
}
