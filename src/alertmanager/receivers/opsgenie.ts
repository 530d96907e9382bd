/** Opsgenie: creates an alert, may update it, and closes it. */
import type { opsgenie } from "../config/receivers.js";
import { type NotifyResult, SENT } from "../pipeline/context.js";
import { goJson } from "../template-data.js";
import { checkResponse, noAnswer, Poster, secretText } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { groupHash, omitEmpty, truncateRunes, withPath } from "./text.js";

const MESSAGE_MAX = 130;
const BY_ALIAS = "?identifierType=alias";

type OpsgenieConfig = typeof opsgenie.zero;

interface Request {
  readonly method: "POST" | "PUT";
  readonly url: string;
  readonly payload: object;
}

export function opsgenieIntegration(config: OpsgenieConfig): IntegrationSpec {
  const poster = new Poster(config.http_config);
  return {
    name: "opsgenie",
    sendsResolved: config.send_resolved,
    badSecret: { prefix: "read key_file error: " },
    badTemplate: { prefix: "templating error: " },
    send: async (notification) => {
      const key = notification.text(secretText(config.api_key, config.api_key_file)).trim();
      const headers = { authorization: `GenieKey ${key}` };
      for (const { method, url, payload } of requests(config, notification)) {
        let result: NotifyResult;
        try {
          const body = `${goJson(payload)}\n`;
          const { signal } = notification.context;
          const response = await poster.post({ method, url, contentType: "application/json", headers, body, signal });
          result = checkResponse(response, { retryCodes: [429] });
        } catch (error) {
          return noAnswer(error, { isUrlShown: true });
        }
        if (result.kind !== "sent") return result;
      }
      return SENT;
    },
    close: () => poster.close(),
  };
}

function requests(config: OpsgenieConfig, { context, data, text }: Notification): Request[] {
  const alias = groupHash(context.groupKey);
  const url = (path: string): string => withPath(config.api_url, path);
  if (data.status === "resolved") {
    const path = `v2/alerts/${alias}/close${BY_ALIAS}`;
    return [{ method: "POST", url: url(path), payload: { source: text(config.source) } }];
  }
  const details = Object.fromEntries(data.commonLabels);
  for (const [name, value] of Object.entries(config.details ?? {})) details[name] = text(value);
  const message = truncateRunes(text(config.message), MESSAGE_MAX);
  const description = text(config.description);
  const created = {
    alias,
    message,
    description,
    details: sorted(details),
    source: text(config.source),
    responders: responders(config, text),
    tags: split(text(config.tags)),
    note: text(config.note),
    priority: text(config.priority),
    entity: text(config.entity),
    actions: split(text(config.actions)),
  };
  const payload = omitEmpty(created, "description", "responders", "tags", "note", "priority", "entity", "actions");
  const all: Request[] = [{ method: "POST", url: url("v2/alerts"), payload }];
  if (config.update_alerts) {
    const update = (part: string, changed: object): Request => ({
      method: "PUT",
      url: url(`v2/alerts/${alias}/${part}${BY_ALIAS}`),
      payload: changed,
    });
    all.push(update("message", omitEmpty({ message }, "message")));
    all.push(update("description", omitEmpty({ description }, "description")));
  }
  return all;
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function split(list: string): string[] {
  return list
    .trim()
    .split(",")
    .filter((item) => item !== "");
}

/** Several teams in one responder become one each; one without anything is left out. */
function responders(config: OpsgenieConfig, text: (template: string) => string): object[] {
  return (config.responders ?? []).flatMap((responder): object[] => {
    const [id, name, username, type] = [responder.id, responder.name, responder.username, responder.type].map(text) as [
      string,
      string,
      string,
      string,
    ];
    if (`${id}${name}${username}${type}` === "") return [];
    if (type === "teams") return split(name).map((team) => ({ name: text(team), type: "team" }));
    return [omitEmpty({ id, name, username, type }, "id", "name", "username")];
  });
}
