/** The generic webhook: the notification's data as JSON, or a payload of the user's own form. */

import type { webhook } from "../config/receivers.js";
import { goDurationMs } from "../config/shapes.js";
import { goJson, webhookJson } from "../template-data.js";
import { checkResponse, failed, noAnswer, Poster, secretText } from "./http.js";
import { type IntegrationSpec, notificationOf } from "./integration.js";
import { expandTemplates } from "./payload.js";

const URL_TROUBLE = "failed to template webhook URL: ";

export function webhookIntegration(config: typeof webhook.zero): IntegrationSpec {
  const poster = new Poster(config.http_config);
  const maxAlerts = Number(config.max_alerts);
  return {
    name: "webhook",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "read url_file: " },
    badTemplate: {
      prefix:
        config.payload === undefined || config.payload === null ? URL_TROUBLE : "failed to render custom payload: ",
    },
    send: async (whole) => {
      const { context, alerts, deps } = whole;
      const isCut = maxAlerts > 0 && alerts.length > maxAlerts;
      const shown = isCut ? alerts.slice(0, maxAlerts) : alerts;
      const notification = isCut ? notificationOf(context, shown, deps) : whole;
      const message =
        config.payload === undefined || config.payload === null
          ? webhookJson(notification.data, {
              version: "4",
              groupKey: context.groupKey,
              truncatedAlerts: alerts.length - shown.length,
            })
          : goJson(expandTemplates(config.payload, (text) => notification.text(text)));
      const url = notification.text(secretText(config.url, config.url_file));
      if (url === "") return failed("webhook URL is empty after templating");
      const request = { url, contentType: "application/json", body: `${message}\n`, signal: context.signal };
      try {
        return checkResponse(await poster.post({ ...request, timeoutMs: goDurationMs(config.timeout) }));
      } catch (error) {
        return noAnswer(error);
      }
    },
    close: () => poster.close(),
  };
}
