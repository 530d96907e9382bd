/** The most common way to tell: one JSON document by POST. */
import type { HttpResponse } from "../../http/index.js";
import type { NotifyResult } from "../pipeline/context.js";
import { goJson } from "../template-data.js";
import { checkResponse, type NoAnswerWords, noAnswer, type Poster, type RetryRule } from "./http.js";

export interface PostJsonOptions {
  readonly url: string;
  readonly payload?: unknown;
  /** Instead of a payload: JSON that is written already. */
  readonly json?: string;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly rule?: RetryRule;
  /** Looks into an answer of 2xx, which may yet be a refusal. */
  readonly check?: (response: HttpResponse) => NotifyResult;
  /** What messages about an answer begin with. */
  readonly prefix?: string;
  readonly noAnswerWords?: NoAnswerWords;
}

export async function postJson(poster: Poster, options: PostJsonOptions): Promise<NotifyResult> {
  const { url, payload, json, signal, timeoutMs = 0, headers = {}, rule, check, prefix = "" } = options;
  const { noAnswerWords } = options;
  let response: HttpResponse;
  try {
    const body = `${json ?? goJson(payload)}\n`;
    response = await poster.post({ url, contentType: "application/json", headers, body, timeoutMs, signal });
  } catch (error) {
    return noAnswer(error, noAnswerWords);
  }
  let result = checkResponse(response, rule);
  if (result.kind === "sent" && check !== undefined) result = check(response);
  return result.kind === "sent" ? result : { ...result, message: prefix + result.message };
}
