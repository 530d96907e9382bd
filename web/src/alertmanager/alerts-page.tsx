/** Alerts in the groups that receivers are told of, or grouped by labels of one's choice. */

import { useState } from "preact/hooks";
import type { Labels } from "../api.js";
import { useAsked } from "../hooks.js";
import { Ago, Badge, Filter, LabelList, Loaded, Rows } from "../parts.js";
import type { Alert, AlertGroup, AlertmanagerApi, AlertQuery } from "./api.js";
import { matchersOfLabels, matchersText, parseMatchers } from "./matchers.js";

const REFRESH_MS = 15_000;
const OPEN_GROUPS = 5;

type Held = "isSilenced" | "isInhibited" | "isMuted";
const HELD: readonly (readonly [Held, string])[] = [
  ["isSilenced", "Silenced"],
  ["isInhibited", "Inhibited"],
  ["isMuted", "Muted"],
];

export function AlertsPage({ api, search }: { api: AlertmanagerApi; search: URLSearchParams }) {
  const [text, setText] = useState(search.get("filter") ?? "");
  const [receiver, setReceiver] = useState(search.get("receiver") ?? "");
  const [by, setBy] = useState(search.get("group") ?? "");
  const [held, setHeld] = useState<Readonly<Record<Held, boolean>>>({
    isSilenced: search.get("silenced") === "true",
    isInhibited: search.get("inhibited") === "true",
    isMuted: search.get("muted") === "true",
  });
  const matchers = parseMatchers(text);
  const query: AlertQuery = { matchers: matchers ?? [], receiver: exactly(receiver), isActive: true, ...held };
  const asked = useAsked(JSON.stringify(query), (signal) => api.groups(query, signal), REFRESH_MS);
  // A view that can be sent to a colleague; no page is opened by it.
  const remember = (change: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(change)) {
      if (value === "" || value === "false") search.delete(name);
      else search.set(name, value);
    }
    history.replaceState(null, "", `${location.pathname}#/alerts${search.size > 0 ? `?${search}` : ""}`);
  };
  return (
    <>
      <h1>Alerts</h1>
      <div class="row">
        <Filter
          label="Matchers"
          value={text}
          onInput={(value) => {
            setText(value);
            remember({ filter: value });
          }}
        />
        <Filter
          label="Group by"
          value={by}
          onInput={(value) => {
            setBy(value);
            remember({ group: value });
          }}
        />
        <a class="button" href={newSilence(matchers === undefined ? "" : matchersText(matchers))}>
          New silence
        </a>
      </div>
      <div class="row">
        {HELD.map(([name, title]) => (
          <label key={name} class="check">
            <input
              type="checkbox"
              checked={held[name]}
              onChange={(event) => {
                setHeld({ ...held, [name]: event.currentTarget.checked });
                remember({ [title.toLowerCase()]: String(event.currentTarget.checked) });
              }}
            />
            <span>{title}</span>
          </label>
        ))}
        {receiver !== "" && (
          <button
            type="button"
            onClick={() => {
              setReceiver("");
              remember({ receiver: "" });
            }}
          >
            Receiver {receiver} ×
          </button>
        )}
        {matchers === undefined && <span class="error">No list of matchers, such as job="api", env!~"dev.*"</span>}
      </div>
      <Loaded asked={asked}>
        {(groups) => (
          <Groups
            groups={by.trim() === "" ? groups : regrouped(groups, by)}
            onReceiver={(name) => {
              setReceiver(name);
              remember({ receiver: name });
            }}
          />
        )}
      </Loaded>
    </>
  );
}

function Groups({ groups, onReceiver }: { groups: readonly AlertGroup[]; onReceiver: (name: string) => void }) {
  const [shown, setShown] = useState(100);
  if (groups.length === 0) return <p class="muted">No alerts.</p>;
  return (
    <>
      {groups.slice(0, shown).map((group, i) => (
        <details key={`${group.receiver.name} ${JSON.stringify(group.labels)}`} open={i < OPEN_GROUPS}>
          <summary>
            {Object.keys(group.labels).length === 0 ? "Not grouped" : <LabelList labels={group.labels} />}{" "}
            <Badge kind="plain">{group.alerts.length}</Badge>
          </summary>
          {group.receiver.name !== "" && (
            <p class="row">
              <button type="button" onClick={() => onReceiver(group.receiver.name)}>
                Receiver {group.receiver.name}
              </button>
              <a href={newSilence(matchersText(matchersOfLabels(group.labels)))}>Silence the group</a>
            </p>
          )}
          <div class="scroll">
            <table class="stack">
              <thead>
                <tr>
                  <th scope="col">Alert</th>
                  <th scope="col">State</th>
                  <th scope="col">Since</th>
                  <th scope="col">Links</th>
                </tr>
              </thead>
              <tbody>
                <Rows items={group.alerts} row={(alert) => <AlertRow key={alert.fingerprint} alert={alert} />} />
              </tbody>
            </table>
          </div>
        </details>
      ))}
      {groups.length > shown && (
        <button type="button" onClick={() => setShown(shown + 500)}>
          Show more groups ({groups.length - shown} are left)
        </button>
      )}
    </>
  );
}

function AlertRow({ alert }: { alert: Alert }) {
  const { labels, annotations, startsAt, generatorURL = "", status } = alert;
  const by = [
    ...status.inhibitedBy.map((id) => ["inhibited by", id, undefined] as const),
    ...status.mutedBy.map((name) => ["muted by", name, undefined] as const),
    ...status.silencedBy.map((id) => ["silenced by", id.slice(0, 8), `#/silences/${id}`] as const),
  ];
  return (
    <tr>
      <td>
        <LabelList labels={labels} />
        {Object.entries(annotations).map(([name, value]) => (
          <div key={name} class="prose">
            <span class="muted">{name}:</span> {isWebAddress(value) ? <a href={value}>{value}</a> : value}
          </div>
        ))}
      </td>
      <td>
        <Badge kind={status.state === "active" ? "bad" : "plain"}>{status.state}</Badge>
        {by.map(([how, name, href]) => (
          <div key={`${how} ${name}`} class="prose">
            {how} {href === undefined ? <code>{name}</code> : <a href={href}>{name}</a>}
          </div>
        ))}
      </td>
      <td>
        <Ago time={startsAt} />
      </td>
      <td>
        {isWebAddress(generatorURL) && <a href={generatorURL}>Source</a>}{" "}
        <a
          href={newSilence(matchersText(matchersOfLabels(labels)))}
          aria-label={`Silence ${labels["alertname"] ?? "the alert"}`}
        >
          Silence
        </a>
      </td>
    </tr>
  );
}

function newSilence(filter: string): string {
  return filter === "" || filter === "{}" ? "#/silences/new" : `#/silences/new?filter=${encodeURIComponent(filter)}`;
}

/** Nothing else becomes a link: who posts an alert may be a stranger. */
function isWebAddress(text: string): boolean {
  return /^https?:\/\/\S+$/.test(text);
}

/** The API takes a regular expression. */
function exactly(name: string): string {
  return name === "" ? "" : `^(?:${name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")})$`;
}

/** Each alert once, under those of its labels that `by` names. */
function regrouped(groups: readonly AlertGroup[], by: string): readonly AlertGroup[] {
  const names = by.split(/[\s,]+/).filter((name) => name !== "");
  const alerts = new Map(groups.flatMap((group) => group.alerts).map((alert) => [alert.fingerprint, alert]));
  const found = new Map<string, { labels: Labels; alerts: Alert[] }>();
  for (const alert of alerts.values()) {
    const labels = Object.fromEntries(
      names.flatMap((name) => {
        const value = alert.labels[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const key = JSON.stringify(labels);
    const group = found.get(key) ?? { labels, alerts: [] };
    found.set(key, group);
    group.alerts.push(alert);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => ({ ...group, receiver: { name: "" } }));
}
