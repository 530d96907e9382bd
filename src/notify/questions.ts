/** Questions to an Alertmanager besides sending alerts: its alerts and silences, for people who look at the server's pages. */
import { errorMessage, VestalError } from "../base/index.js";
import type { HttpClient } from "../http/index.js";

export type AlertmanagerQuestion =
  /** `search` is a query string that the caller has checked. */
  | { readonly kind: "alerts" | "silences"; readonly search: string }
  /** A silence as JSON. */
  | { readonly kind: "save"; readonly silence: string }
  | { readonly kind: "expire"; readonly id: string };

export type AlertmanagerReply =
  /** The answer's JSON; undefined where it has no body. */
  | { readonly kind: "answered"; readonly data: unknown }
  /** It refused, in its own words. */
  | { readonly kind: "refused"; readonly status: number; readonly message: string }
  | { readonly kind: "unreachable"; readonly message: string };

/** A silence's comment may be long, and there may be many of them. */
const ANSWER_BYTES_MAX = 32 << 20;
/** What alerts are posted to ends so. */
const ALERTS_PATH = /\/alerts$/;

/** @param alertsUrl  to which alerts are sent. Never rejects with what the Alertmanager or the network did. */
export async function askAlertmanager(
  client: HttpClient,
  alertsUrl: string,
  timeoutMs: number,
  question: AlertmanagerQuestion,
): Promise<AlertmanagerReply> {
  const { method, path, body } = requestOf(question);
  try {
    const { status, body: bytes } = await client.request({
      method,
      url: alertsUrl.replace(ALERTS_PATH, path),
      ...(body !== undefined && { headers: { "content-type": "application/json" }, body }),
      timeoutMs,
      bodyBytesMax: ANSWER_BYTES_MAX,
    });
    const data = parsed(bytes.toString("utf8"));
    if (status >= 200 && status <= 299) return { kind: "answered", data };
    return { kind: "refused", status, message: wordsOf(data) ?? `status ${status}` };
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    return { kind: "unreachable", message: errorMessage(error) };
  }
}

interface Request {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body: string | undefined;
}

function requestOf(question: AlertmanagerQuestion): Request {
  switch (question.kind) {
    case "alerts":
    case "silences":
      return { method: "GET", path: `/${question.kind}?${question.search}`, body: undefined };
    case "save":
      return { method: "POST", path: "/silences", body: question.silence };
    case "expire":
      return { method: "DELETE", path: `/silence/${encodeURIComponent(question.id)}`, body: undefined };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A proxy's page, or no body at all.
    if (error instanceof SyntaxError) return text === "" ? undefined : text.slice(0, 500);
    throw error;
  }
}

/** Alertmanager refuses with a string, its validation with an object. */
function wordsOf(data: unknown): string | undefined {
  if (typeof data === "string") return data;
  const { message } = (data ?? {}) as { readonly message?: unknown };
  return typeof message === "string" ? message : undefined;
}
