/** Rocket.Chat: one message with one attachment; a refusal may come with status 200. */
import type { HttpResponse } from "../../http/index.js";
import { quoteGo } from "../../model/index.js";
import type { rocketchat } from "../config/receivers.js";
import { type NotifyResult, SENT } from "../pipeline/context.js";
import { constantSecret, jsonProblem, Poster } from "./http.js";
import type { IntegrationSpec } from "./integration.js";
import { postJson } from "./post-json.js";
import { joinUrl, omitEmpty, parseJson, truncateRunes } from "./text.js";

const TITLE_MAX = 1024;

export function rocketchatIntegration(config: typeof rocketchat.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  // Read once, as the original does: a file that is missing refuses the configuration.
  const secret = (value: string, file: string): string => constantSecret(value, file, `could not read ${file}: `);
  const token = secret(config.token ?? "", config.token_file);
  const tokenId = secret(config.token_id ?? "", config.token_id_file);
  return {
    name: "rocketchat",
    sendsResolved: config.send_resolved,
    send: async ({ context, text }) => {
      const shown = {
        title: truncateRunes(text(config.title), TITLE_MAX),
        title_link: text(config.title_link),
        text: text(config.text),
        image_url: text(config.image_url),
        thumb_url: text(config.thumb_url),
        color: text(config.color),
        fields: (config.fields ?? []).flatMap((field) =>
          field === undefined
            ? []
            : [
                omitEmpty(
                  { short: field.short ?? config.short_fields, title: text(field.title), value: text(field.value) },
                  "title",
                  "value",
                ),
              ],
        ),
        actions: (config.actions ?? []).flatMap((action) =>
          action === undefined
            ? []
            : [
                omitEmpty(
                  {
                    type: "button",
                    text: text(action.text),
                    url: text(action.url),
                    is_webview: false,
                    msg: text(action.msg),
                    msg_in_chat_window: false,
                  },
                  "text",
                  "url",
                  "msg",
                ),
              ],
        ),
      };
      const attachment = omitEmpty(shown, ...(Object.keys(shown) as (keyof typeof shown)[]));
      const channel = text(config.channel);
      const message = { channel, emoji: text(config.emoji), avatar: text(config.icon_url), attachments: [attachment] };
      return postJson(poster, {
        url: joinUrl(config.api_url, "api/v1/chat.postMessage"),
        payload: omitEmpty(message, "channel", "emoji", "avatar"),
        signal: context.signal,
        headers: {
          "X-Auth-Token": token,
          "X-User-Id": tokenId,
        },
        check: checkAnswer,
        prefix: `channel ${quoteGo(channel)}: `,
      });
    },
    close: () => poster.close(),
  };
}

function checkAnswer(response: HttpResponse): NotifyResult {
  const body = response.body.toString();
  const problem = jsonProblem(body, true);
  if (problem !== undefined) {
    const message = `could not unmarshal JSON response ${quoteGo(body)}: ${problem}`;
    return { kind: "retry", message, reason: "clientError" };
  }
  const answer = parseJson(body) ?? {};
  if (answer["success"] === true) return SENT;
  const message = `error response from Rocketchat: ${String(answer["error"] ?? "")}`;
  return { kind: "failed", message, reason: "clientError" };
}
