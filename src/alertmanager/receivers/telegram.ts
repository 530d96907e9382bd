/** Telegram: one message of a bot, in HTML by default. */
import { VestalError } from "../../base/index.js";
import type { HttpResponse } from "../../http/index.js";
import type { telegram } from "../config/receivers.js";
import { type NotifyResult, SENT } from "../pipeline/context.js";
import { goJson } from "../template-data.js";
import { jsonProblem, noAnswer, Poster, secretText } from "./http.js";
import type { IntegrationSpec } from "./integration.js";
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
    badSecret: {
      isRetried: true,
      prefix: `could not read ${config.bot_token_file === "" ? config.chat_id_file : config.bot_token_file}: `,
    },
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
      const url = joinUrl(config.api_url, `bot${token}/sendMessage`);
      const { signal } = context;
      let response: HttpResponse;
      try {
        response = await poster.post({ url, contentType: "application/json", body: `${goJson(payload)}\n`, signal });
      } catch (error) {
        return noAnswer(error, { isUrlShown: true, prefix: "telebot: " });
      }
      return checkAnswer(response.body.toString());
    },
    close: () => poster.close(),
  };
}

/** What the bot's library makes of an answer, whatever its status: only what it says counts. */
function checkAnswer(body: string): NotifyResult {
  const problem = jsonProblem(body, true);
  if (problem !== undefined) return { kind: "retry", message: `telebot: ${problem}`, reason: "other" };
  const answer = parseJson(body);
  if (answer?.["ok"] === true) return SENT;
  const message = `telegram: ${String(answer?.["description"] ?? "")} (${String(answer?.["error_code"] ?? 0)})`;
  return { kind: "retry", message, reason: "other" };
}

function chatId(config: typeof telegram.zero): string {
  if (config.chat_id_file === "") return String(config.chat_id);
  const text = secretText("", config.chat_id_file);
  if (!/^[+-]?[0-9]+$/.test(text)) {
    throw new VestalError("CONFIG", `could not parse chat_id from ${config.chat_id_file}: ${JSON.stringify(text)}`);
  }
  return text;
}
