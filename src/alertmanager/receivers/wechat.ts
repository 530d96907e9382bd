/** WeChat: a token for two hours first, then a message. */
import { VestalError } from "../../base/index.js";
import type { HttpResponse } from "../../http/index.js";
import type { wechat } from "../config/receivers.js";
import { type NotifyResult, SENT } from "../pipeline/context.js";
import { goJson } from "../template-data.js";
import { failed, jsonProblem, noAnswer, Poster, reasonOf, secretText } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { omitEmpty, parseJson, withPath } from "./text.js";

const TOKEN_MS = 2 * 3_600_000;
const TOKEN_EXPIRED = 42_001;

type WechatConfig = typeof wechat.zero;

export function wechatIntegration(config: WechatConfig): IntegrationSpec {
  const poster = new Poster(config.http_config);
  let token = "";
  let tokenAtMs = 0;
  return {
    name: "wechat",
    sendsResolved: config.send_resolved,
    badTemplate: { prefix: "templating error: " },
    send: async ({ context, text, deps }) => {
      const { signal } = context;
      try {
        if (token === "" || deps.now.ms() - tokenAtMs > TOKEN_MS) {
          const secret = config.api_secret_file === "" ? config.api_secret : secretText("", config.api_secret_file);
          const query = new URLSearchParams([
            ["corpid", text(config.corp_id)],
            ["corpsecret", text(secret)],
          ]);
          const url = `${withPath(config.api_url, "gettoken")}?${query.toString()}`;
          const written = (await poster.post({ method: "GET", url, signal })).body.toString();
          const problem = jsonProblem(written, false);
          if (problem !== undefined) return failed(problem);
          const answer = parseJson(written);
          token = String(answer?.["access_token"] ?? "");
          if (token === "") return failed(`invalid APISecret for CorpID: ${config.corp_id}`);
          tokenAtMs = deps.now.ms();
        }
        const url = `${withPath(config.api_url, "message/send")}?access_token=${encodeURIComponent(token)}`;
        const body = `${goJson(message(config, text))}\n`;
        const result = checkAnswer(await poster.post({ url, contentType: "application/json", body, signal }));
        if (result.kind === "retry") token = "";
        return result;
      } catch (error) {
        // Of a template or a secret.
        if (!(error instanceof VestalError) || !error.code.startsWith("HTTP_")) throw error;
        return noAnswer(error);
      }
    },
    close: () => poster.close(),
  };
}

function message(config: WechatConfig, text: Notification["text"]): object {
  const content = text(config.message);
  const isMarkdown = config.message_type === "markdown";
  const shown = {
    text: { content: isMarkdown ? "" : content },
    touser: text(config.to_user),
    toparty: text(config.to_party),
    totag: text(config.to_tag),
    agentid: text(config.agent_id),
    safe: "0",
    msgtype: config.message_type,
    markdown: { content: isMarkdown ? content : "" },
  };
  return omitEmpty(shown, "touser", "toparty", "totag", "agentid");
}

function checkAnswer(response: HttpResponse): NotifyResult {
  const { status } = response;
  if (status !== 200) return { kind: "retry", message: `unexpected status code ${status}`, reason: reasonOf(status) };
  const written = response.body.toString();
  const problem = jsonProblem(written, true);
  if (problem !== undefined) return { kind: "retry", message: problem, reason: "other" };
  const answer = parseJson(written) ?? {};
  const code = Number(answer["errcode"] ?? 0);
  if (code === 0) return SENT;
  const text = String(answer["errmsg"] ?? "");
  return code === TOKEN_EXPIRED ? { kind: "retry", message: text, reason: "other" } : failed(text);
}
