/** What goes through the stages of a notification. */
import type { Alert } from "../alert.js";
import type { LabelSet } from "../labels.js";
import type { ReceiverData } from "../state/nflog-codec.js";

/** One flush of a group. */
export interface FlushContext {
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  readonly receiver: string;
  readonly routeId: string;
  readonly nowNano: bigint;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  /** Fires at a stop, and when the flush has taken too long. */
  readonly signal: AbortSignal;
}

/** Takes a group's alerts through all stages. Rejects if any integration could not be told. */
export type Notify = (context: FlushContext, alerts: readonly Alert[]) => Promise<void>;

/** One stage: gives the alerts that go on. */
export type Stage = (context: FlushContext, alerts: readonly Alert[]) => Promise<readonly Alert[]>;

/** A flush as one integration sees it. */
export interface NotifyContext extends FlushContext {
  readonly reason: NotifyReason;
  /** What the integration kept from its last notification of the group; it may be changed. */
  readonly store: Record<string, ReceiverData[string]>;
}

export type NotifyReason =
  | "first notification"
  | "new alerts added"
  | "some alerts resolved"
  | "all alerts resolved"
  | "repeat interval elapsed";

export type FailureReason = "other" | "clientError" | "serverError" | "contextCanceled" | "contextDeadlineExceeded";

export type NotifyResult =
  | { readonly kind: "sent" }
  | { readonly kind: "retry" | "failed"; readonly message: string; readonly reason: FailureReason };

export const SENT: NotifyResult = { kind: "sent" };

/** One way to tell one receiver. */
export interface Integration {
  /** `webhook`, `email`, … */
  readonly name: string;
  /** Among those of its kind in the receiver. */
  readonly index: number;
  readonly sendsResolved: boolean;
  notify(context: NotifyContext, alerts: readonly Alert[]): Promise<NotifyResult>;
  close(): void;
}
