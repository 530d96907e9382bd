/** Slack: one attachment in a message of a webhook or of a bot, which may change its earlier message. */
import type { HttpResponse } from "../../http/index.js";
import { quoteGo } from "../../model/index.js";
import { TemplateExecError, TemplateParseError } from "../../template/index.js";
import type { slack } from "../config/receivers.js";
import { goDurationMs } from "../config/shapes.js";
import { type NotifyResult, SENT } from "../pipeline/context.js";
import { Poster, secretText } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { postJson } from "./post-json.js";
import { omitEmpty, parseJson, truncateRunes } from "./text.js";

const TITLE_MAX = 1024;
const UPDATE_URL = "https://slack.com/api/chat.update";
const MARKDOWN_IN = ["fallback", "pretext", "text"];

type SlackConfig = typeof slack.zero;

export function slackIntegration(config: SlackConfig): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "slack",
    sendsResolved: config.send_resolved,
    send: async (notification) => {
      const { context } = notification;
      const text = lenient(notification.text);
      const attachments = [attachment(config, text)];
      let url = secretText(config.api_url, config.api_url_file);
      const request = {
        channel: text(config.channel),
        ts: "",
        username: text(config.username),
        icon_emoji: text(config.icon_emoji),
        icon_url: text(config.icon_url),
        link_names: config.link_names,
        text: text(config.message_text),
        attachments,
      };
      const { threadTs, channelId } = context.store;
      if (config.update_message && typeof threadTs === "string" && typeof channelId === "string") {
        url = UPDATE_URL;
        request.ts = threadTs;
        request.channel = channelId;
      }
      return postJson(poster, {
        url,
        payload: omitEmpty(request, "channel", "ts", "username", "icon_emoji", "icon_url", "link_names", "text"),
        signal: context.signal,
        timeoutMs: goDurationMs(config.timeout),
        check: (response) => checkAnswer(response, config.update_message ? context.store : undefined),
        prefix: `channel ${quoteGo(request.channel)}: `,
      });
    },
    close: () => poster.close(),
  };
}

/** As Alertmanager does here: what fails leaves its text unfinished, and all that follows empty. */
function lenient(expand: Notification["text"]): Notification["text"] {
  let isFailed = false;
  return (template) => {
    if (isFailed) return "";
    try {
      return expand(template);
    } catch (error) {
      isFailed = true;
      if (error instanceof TemplateExecError) return error.partial;
      if (error instanceof TemplateParseError) return "";
      throw error;
    }
  };
}

function attachment(config: SlackConfig, text: Notification["text"]): object {
  const fields = (config.fields ?? []).flatMap((field) =>
    field === undefined
      ? []
      : [
          omitEmpty(
            { title: text(field.title), value: text(field.value), short: field.short ?? config.short_fields },
            "title",
            "value",
          ),
        ],
  );
  const actions = (config.actions ?? []).flatMap((action) => {
    if (action === undefined) return [];
    const confirm = action.confirm && {
      text: text(action.confirm.text),
      title: text(action.confirm.title),
      ok_text: text(action.confirm.ok_text),
      dismiss_text: text(action.confirm.dismiss_text),
    };
    const shown = {
      type: text(action.type),
      text: text(action.text),
      url: text(action.url),
      style: text(action.style),
      name: text(action.name),
      value: text(action.value),
      confirm: confirm && omitEmpty(confirm, "text", "title", "ok_text", "dismiss_text"),
    };
    return [omitEmpty(shown, "type", "text", "url", "style", "name", "value")];
  });
  const shown = {
    title: truncateRunes(text(config.title), TITLE_MAX),
    title_link: text(config.title_link),
    pretext: text(config.pretext),
    text: text(config.text),
    fallback: text(config.fallback),
    callback_id: text(config.callback_id),
    fields,
    actions,
    image_url: text(config.image_url),
    thumb_url: text(config.thumb_url),
    footer: text(config.footer),
    color: text(config.color),
    mrkdwn_in: (config.mrkdwn_in ?? []).length === 0 ? MARKDOWN_IN : config.mrkdwn_in,
  };
  return omitEmpty(shown, "title", "title_link", "pretext", "fields", "actions", "image_url", "thumb_url", "color");
}

/** Slack says `ok`, or why not, also with status 200. */
function checkAnswer(response: HttpResponse, store: Record<string, unknown> | undefined): NotifyResult {
  const body = response.body.toString();
  const refused = (message: string, kind: "retry" | "failed"): NotifyResult => ({
    kind,
    message,
    reason: "clientError",
  });
  if (!(response.headers["content-type"] ?? "").startsWith("application/json")) {
    return body === "ok" ? SENT : refused(`received an error response from Slack: ${body}`, "failed");
  }
  const answer = parseJson(body);
  if (answer === undefined) return refused(`could not unmarshal JSON response ${quoteGo(body)}`, "retry");
  if (answer["ok"] !== true) return refused(`error response from Slack: ${String(answer["error"] ?? "")}`, "failed");
  if (store !== undefined && typeof answer["ts"] === "string" && typeof answer["channel"] === "string") {
    store["threadTs"] = answer["ts"];
    store["channelId"] = answer["channel"];
  }
  return SENT;
}
