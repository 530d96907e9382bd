/** What clients of `/api/v1/live` send and get, as text. Documented for users in docs/live.md. */
import { errorMessage, VestalError } from "../../base/index.js";
import { parseDuration } from "../../model/index.js";
import { goJson } from "../respond.js";
import type { ApiFailure } from "../types.js";

export type LiveFormat = "json" | "flatbuffers";

export interface QuerySubscription {
  readonly kind: "query";
  readonly id: string;
  readonly expression: string;
  readonly stepMs: number;
  /** A point at step t is evaluated at t + delay. */
  readonly delayMs: number;
  /** History that the first frame has. */
  readonly rangeMs: number;
  /** Instead of `rangeMs`: the first frame has what came after this time. */
  readonly afterMs: number | undefined;
}

export interface AlertsSubscription {
  readonly kind: "alerts";
  readonly id: string;
  /** Texts of selectors; an alert that one of them picks is told. None: all alerts. */
  readonly matchers: readonly string[];
}

export type ClientMessage =
  | { readonly type: "subscribe"; readonly subscription: QuerySubscription | AlertsSubscription }
  | { readonly type: "unsubscribe"; readonly id: string };

const STEP_MS_MIN = 1000;
const STEP_MS_MAX = 86_400_000;
const ID_LENGTH_MAX = 200;
/** As the API bounds range queries. */
const POINTS_MAX = 11_000;

/** @throws VestalError LIVE with the reason. */
export function parseClientMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch (error) {
    throw new VestalError("LIVE", `a message must be JSON: ${errorMessage(error)}`, {}, error);
  }
  if (!isRecord(message)) throw new VestalError("LIVE", "a message must be a JSON object");
  const id = message["id"];
  if (typeof id !== "string" || id === "" || id.length > ID_LENGTH_MAX) {
    throw new VestalError("LIVE", `"id" must be a string of 1 to ${ID_LENGTH_MAX} characters`);
  }
  if (message["type"] === "unsubscribe") return { type: "unsubscribe", id };
  if (message["type"] !== "subscribe")
    throw new VestalError("LIVE", '"type" must be "subscribe" or "unsubscribe"', { id });
  try {
    const subscription = message["kind"] === "alerts" ? alertsOf(id, message) : queryOf(id, message);
    return { type: "subscribe", subscription };
  } catch (error) {
    throw error instanceof VestalError ? new VestalError("LIVE", error.message, { id }, error) : error;
  }
}

function alertsOf(id: string, message: Readonly<Record<string, unknown>>): AlertsSubscription {
  const match = message["match"] ?? [];
  if (!Array.isArray(match) || !match.every((text): text is string => typeof text === "string")) {
    throw new VestalError("LIVE", '"match" must be a list of selectors');
  }
  return { kind: "alerts", id, matchers: match };
}

function queryOf(id: string, message: Readonly<Record<string, unknown>>): QuerySubscription {
  const kind = message["kind"];
  if (kind !== undefined && kind !== "query") throw new VestalError("LIVE", '"kind" must be "query" or "alerts"');
  const expression = message["query"];
  if (typeof expression !== "string") throw new VestalError("LIVE", '"query" must be a string');
  const stepMs = durationOf(message, "step", undefined);
  if (stepMs < STEP_MS_MIN || stepMs > STEP_MS_MAX) throw new VestalError("LIVE", '"step" must be between 1s and 1d');
  const rangeMs = durationOf(message, "range", 0);
  if (rangeMs / stepMs > POINTS_MAX) {
    const advice = "Try decreasing the query resolution (?step=XX)";
    throw new VestalError("LIVE", `exceeded maximum resolution of 11,000 points per timeseries. ${advice}`);
  }
  const after = message["after"];
  if (after !== undefined && (typeof after !== "number" || !Number.isFinite(after))) {
    throw new VestalError("LIVE", '"after" must be a time in seconds since the epoch');
  }
  return {
    kind: "query",
    id,
    expression,
    stepMs,
    rangeMs,
    delayMs: durationOf(message, "delay", 0),
    afterMs: after === undefined ? undefined : Math.round(after * 1000),
  };
}

/** A number of seconds, or a text such as `15s`. */
function durationOf(message: Readonly<Record<string, unknown>>, name: string, fallback: number | undefined): number {
  const value = message[name] ?? undefined;
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return Math.round(value * 1000);
  if (typeof value === "string") return parseDuration(value);
  throw new VestalError("LIVE", `${JSON.stringify(name)} must be a duration`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// ── frames ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export function subscribedText(id: string, stream: number): string {
  return goJson({ type: "subscribed", id, stream });
}

export function unsubscribedText(id: string): string {
  return goJson({ type: "unsubscribed", id });
}

export function errorText(id: string | undefined, { errorType, message }: Omit<ApiFailure, "kind">): string {
  return goJson({ type: "error", ...(id !== undefined && { id }), errorType, error: message });
}

/** @param answer  the whole JSON document of the API's `query_range`. */
export function fullText(id: string, stream: number, endMs: number, answer: string): string {
  return `{"type":"full","id":${goJson(id)},"stream":${stream},"end":${endMs / 1000},"answer":${answer}}`;
}

export interface LiveStep {
  readonly timeMs: number;
  /** The whole JSON document of the API's `query`. */
  readonly answer: string;
}

export function stepsText(stream: number, steps: readonly LiveStep[]): string {
  const list = steps.map(({ timeMs, answer }) => `{"time":${timeMs / 1000},"answer":${answer}}`);
  return `{"type":"steps","stream":${stream},"steps":[${list.join(",")}]}`;
}
