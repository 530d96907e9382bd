/** Telegram: one message of a bot, in HTML by default. */
import { VestalError } from "../../base/index.js";
import type { telegram } from "../config/receivers.js";
import { SENT } from "../pipeline/context.js";
import { Poster, secretText } from "./http.js";
import type { IntegrationSpec } from "./integration.js";
import { postJson } from "./post-json.js";
import { joinUrl, parseJson, truncateRunes } from "./text.js";

const MESSAGE_MAX = 4096;
const TOO_LONG =
  "Alertmanager notification could not be sent: message length exceeds Telegram limits.\n\t\t\t" +
  "Please check the template used for producing the message content.";

export function telegramIntegration(config: typeof telegram.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "telegram",
    sendsResolved: config.send_resolved,
    send: async ({ context, text, html }) => {
      const isHtml = config.parse_mode === "HTML";
      // Cut HTML would be refused.
      const whole = isHtml ? html(config.message) : text(config.message);
      const message = isHtml ? ([...whole].length > MESSAGE_MAX ? TOO_LONG : whole) : truncateRunes(whole, MESSAGE_MAX);
      const token = config.bot_token_file === "" ? config.bot_token : secretText("", config.bot_token_file);
      const payload: Record<string, string> = { chat_id: chatId(config) };
      if (config.disable_notifications) payload["disable_notification"] = "true";
      payload["disable_web_page_preview"] = "true";
      if (config.message_thread_id !== 0) payload["message_thread_id"] = String(config.message_thread_id);
      if (config.parse_mode !== "") payload["parse_mode"] = config.parse_mode;
      payload["text"] = message;
      return postJson(poster, {
        url: joinUrl(config.api_url, `bot${token}/sendMessage`),
        payload,
        signal: context.signal,
        rule: { retryCodes: [400, 401, 403, 404, 409, 413, 420, 429] },
        check: (response) => {
          const answer = parseJson(response.body.toString());
          if (answer?.["ok"] === true) return SENT;
          return {
            kind: "retry",
            message: `telegram: ${String(answer?.["description"] ?? "unknown error")}`,
            reason: "other",
          };
        },
      });
    },
    close: () => poster.close(),
  };
}

function chatId(config: typeof telegram.zero): string {
  if (config.chat_id_file === "") return String(config.chat_id);
  const text = secretText("", config.chat_id_file);
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new VestalError("CONFIG", `could not parse chat_id from ${config.chat_id_file}: ${JSON.stringify(text)}`);
  }
  return text;
}
