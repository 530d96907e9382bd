/** The frame of every integration: data and templates for a notification, and errors of templates and secrets as results. */
import { errorMessage, VestalError } from "../../base/index.js";
import type { Alert } from "../alert.js";
import type { NotificationTemplates } from "../notification-templates.js";
import type { NanoClock } from "../now.js";
import type { Integration, NotifyContext, NotifyResult } from "../pipeline/context.js";
import { type NotificationData, notificationData } from "../template-data.js";
import { Gate } from "./gate.js";

/** Of one integration at a time; as many as it may have connections. */
const NOTIFICATIONS_MAX = 256;

export interface IntegrationDeps {
  readonly templates: NotificationTemplates;
  readonly externalUrl: string;
  readonly now: NanoClock;
}

/** One notification, as an integration makes it. */
export interface Notification {
  readonly context: NotifyContext;
  readonly alerts: readonly Alert[];
  readonly data: NotificationData;
  readonly deps: IntegrationDeps;
  /** Expands a template as text. */
  text(template: string): string;
  html(template: string): string;
}

/** What an integration says where it cannot even ask, and whether it tries again. */
export interface Trouble {
  /** Before the words of the error. */
  readonly prefix?: string;
  readonly isRetried?: boolean;
}

export interface IntegrationSpec {
  readonly name: string;
  readonly sendsResolved: boolean;
  /** A template that fails. */
  readonly badTemplate?: Trouble;
  /** A secret whose file cannot be read. */
  readonly badSecret?: Trouble;
  /** 0: all. */
  readonly maxAlerts?: number;
  send(notification: Notification): Promise<NotifyResult>;
  close(): void;
}

export function notificationOf(context: NotifyContext, alerts: readonly Alert[], deps: IntegrationDeps): Notification {
  const { receiver, groupLabels, reason, nowNano } = context;
  const data = notificationData(receiver, groupLabels, reason, deps.externalUrl, alerts, nowNano);
  return {
    context,
    alerts,
    data,
    deps,
    // A text without actions is itself.
    text: (template) => (template.includes("{{") ? deps.templates.text(template, data) : template),
    html: (template) => deps.templates.html(template, data),
  };
}

export function integration(spec: IntegrationSpec, index: number, deps: IntegrationDeps): Integration {
  const { name, sendsResolved, maxAlerts = 0 } = spec;
  const gate = new Gate(NOTIFICATIONS_MAX);
  return {
    name,
    index,
    sendsResolved,
    notify: async (context, alerts) => {
      const shown = maxAlerts > 0 ? alerts.slice(0, maxAlerts) : alerts;
      try {
        return await gate.run(context.signal, () => spec.send(notificationOf(context, shown, deps)));
      } catch (error) {
        // Anything else is our own mistake.
        if (!(error instanceof VestalError)) throw error;
        const { prefix = "", isRetried = false } =
          (error.code === "SECRET_FILE" ? spec.badSecret : spec.badTemplate) ?? {};
        return { kind: isRetried ? "retry" : "failed", message: prefix + errorMessage(error), reason: "other" };
      }
    },
    close: () => spec.close(),
  };
}
