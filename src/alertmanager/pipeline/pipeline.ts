/** The stages in their order: what mutes a group first, then for each integration whether, and how, it is told. */
import type { Logger } from "../../base/index.js";
import type { Alert } from "../alert.js";
import type { NotificationLog } from "../nflog.js";
import type { NflogReceiver, ReceiverData } from "../state/nflog-codec.js";
import type { FlushContext, Integration, Notify, NotifyContext, NotifyReason, Stage } from "./context.js";
import { reasonToNotify } from "./dedup.js";
import { inhibitStage, type MuteOptions, silenceStage, timeActiveStage, timeMuteStage } from "./mute-stages.js";
import { NotifyError, retry, sleep } from "./retry.js";

/** What other instances of a cluster have to do with a notification. */
export interface ClusterSide {
  /** Resolves when the cluster has settled, or the signal fires. */
  settled(signal: AbortSignal): Promise<void>;
  /** How long the instances before this one in order may take. */
  waitMs(): number;
  /** Resolves when no other instance says that it is sending the same. */
  othersDone(groupKey: string, receiver: NflogReceiver, signal: AbortSignal): Promise<void>;
  /** Tells the others that this instance sends, until the result is called. */
  sending(groupKey: string, receiver: NflogReceiver): () => void;
}

export interface AttemptRecord {
  readonly receiver: NflogReceiver;
  readonly groupKey: string;
  readonly reason: NotifyReason;
  readonly alerts: readonly Alert[];
  readonly attempt: number;
}

export interface PipelineObserver {
  onNotification(integration: Integration): void;
  onAttempt(integration: Integration, seconds: number, isFailed: boolean): void;
  onFailed(integration: Integration, error: NotifyError): void;
  /** Before an attempt begins, and with its result: written to disk before anything else happens. */
  beforeAttempt(record: AttemptRecord): void;
  afterAttempt(record: AttemptRecord, result: string): void;
}

export interface PipelineOptions extends MuteOptions {
  readonly integrations: ReadonlyMap<string, readonly Integration[]>;
  readonly nflog: NotificationLog;
  readonly cluster: ClusterSide;
  readonly observer: PipelineObserver;
  readonly log: Logger;
  readonly random: () => number;
}

export function pipeline(options: PipelineOptions): Notify {
  const stages: readonly Stage[] = [
    async ({ signal }, alerts) => {
      await options.cluster.settled(signal);
      return alerts;
    },
    inhibitStage(options),
    timeActiveStage(options),
    timeMuteStage(options),
    silenceStage(options),
  ];
  return async (context, given) => {
    let alerts = given;
    for (const stage of stages) {
      if (alerts.length === 0) return;
      alerts = await stage(context, alerts);
    }
    if (alerts.length === 0) return;
    const integrations = options.integrations.get(context.receiver) ?? [];
    const results = await Promise.allSettled(
      integrations.map((integration) => tell(options, integration, context, alerts)),
    );
    const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (errors.length === 1) throw errors[0]!;
    if (errors.length > 1) throw new NotifyError(errors.map((error) => error.message).join("\n"), "other");
  };
}

/** One integration: wait for the instances before this one, look into the log, send, write the log. */
async function tell(
  options: PipelineOptions,
  integration: Integration,
  context: FlushContext,
  alerts: readonly Alert[],
): Promise<void> {
  const { cluster, nflog, observer } = options;
  const { groupKey, signal, repeatIntervalMs, nowNano } = context;
  const receiver = { groupName: context.receiver, integration: integration.name, index: integration.index };
  await sleep(cluster.waitMs(), signal);
  if (signal.aborted) throw new NotifyError("context canceled", "contextCanceled");
  await cluster.othersDone(groupKey, receiver, signal);
  const isResolved = (alert: Alert): boolean => alert.resolvedAt(nowNano);
  const firing = alerts.filter((alert) => !isResolved(alert)).map(({ hash }) => hash);
  const resolved = alerts.filter(isResolved).map(({ hash }) => hash);
  const entry = nflog.get(groupKey, receiver);
  const reason = reasonToNotify(entry, { firing, resolved }, integration.sendsResolved, repeatIntervalMs, nowNano);
  if (reason === undefined) return;
  const store: Record<string, ReceiverData[string]> = reason === "first notification" ? {} : { ...entry?.data };
  observer.onNotification(integration);
  const sent = integration.sendsResolved ? alerts : alerts.filter((alert) => !isResolved(alert));
  // Nothing to say where all is resolved and that is not sent; the log still forgets the firing ones.
  const isDone = cluster.sending(groupKey, receiver);
  try {
    if (sent.length > 0) await send(options, integration, { ...context, reason, store }, receiver, sent);
    // Others hear of the entry before they hear that this is done.
    nflog.log(receiver, groupKey, { firing, resolved, data: store }, 2 * repeatIntervalMs);
  } finally {
    isDone();
  }
}

async function send(
  { observer, log, random }: PipelineOptions,
  integration: Integration,
  context: NotifyContext,
  receiver: NflogReceiver,
  alerts: readonly Alert[],
): Promise<void> {
  const title = `${integration.name}[${integration.index}]`;
  const fields = {
    component: "dispatcher",
    receiver: context.receiver,
    integration: title,
    aggrGroup: context.groupKey,
  };
  let attempt = 0;
  const once = async () => {
    attempt++;
    const record = { receiver, groupKey: context.groupKey, reason: context.reason, alerts, attempt };
    observer.beforeAttempt(record);
    const began = performance.now();
    const result = await integration.notify(context, alerts);
    observer.onAttempt(integration, (performance.now() - began) / 1000, result.kind !== "sent");
    observer.afterAttempt(record, result.kind === "sent" ? "sent" : `${result.kind}: ${result.message}`);
    return result;
  };
  try {
    await retry(once, {
      name: `${context.receiver}/${title}`,
      signal: context.signal,
      random,
      onRetry: (attempts, err) => log.warn("Notify attempt failed, will retry later", { ...fields, attempts, err }),
    });
  } catch (error) {
    if (error instanceof NotifyError) observer.onFailed(integration, error);
    throw error;
  }
}
