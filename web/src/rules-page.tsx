/** Rules and alerts: their state, how long they take, what went wrong. */
import { useState } from "preact/hooks";
import type { Labels } from "./api.js";
import { formatDuration, secondsText, valueText } from "./format.js";
import { useApi } from "./hooks.js";
import { Ago, Badge, Filter, LabelList, Loaded } from "./parts.js";

interface Alert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: "pending" | "firing" | "inactive";
  readonly activeAt?: string;
  readonly value: string;
}

interface Rule {
  readonly type: "alerting" | "recording";
  readonly name: string;
  readonly query: string;
  readonly duration?: number;
  readonly keepFiringFor?: number;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly alerts?: readonly Alert[];
  readonly state?: "pending" | "firing" | "inactive" | "unknown";
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  readonly evaluationTime: number;
  readonly lastEvaluation: string;
}

interface Groups {
  readonly groups: readonly {
    readonly name: string;
    readonly file: string;
    readonly interval: number;
    readonly rules: readonly Rule[];
    readonly evaluationTime: number;
    readonly lastEvaluation: string;
  }[];
}

function queryLink(expr: string): string {
  return `query?${new URLSearchParams({ "g0.expr": expr, "g0.tab": "graph" })}`;
}

function stateKind(state: string | undefined): "good" | "bad" | "warn" | "plain" {
  return state === "firing" ? "bad" : state === "pending" ? "warn" : state === "inactive" ? "good" : "plain";
}

export function RulesPage() {
  const asked = useApi<Groups>("rules", {}, 15_000);
  const [text, setText] = useState("");
  const wanted = text.toLowerCase();
  return (
    <>
      <h1>Rules</h1>
      <div class="row">
        <Filter label="Filter by name or expression" value={text} onInput={setText} />
      </div>
      <Loaded asked={asked}>
        {({ groups }) =>
          groups.length === 0 ? (
            <p class="muted">No rules are configured.</p>
          ) : (
            groups.map((group) => {
              const rules = group.rules.filter(({ name, query }) => `${name} ${query}`.toLowerCase().includes(wanted));
              if (rules.length === 0) return null;
              const failed = group.rules.filter(({ health }) => health === "err").length;
              return (
                <details key={`${group.file} ${group.name}`} open={groups.length < 10 || wanted !== ""}>
                  <summary>
                    <h2>{group.name}</h2> <span class="muted">{group.file}</span>{" "}
                    <span class="muted">
                      every {formatDuration(group.interval * 1000)}, took {secondsText(group.evaluationTime)},{" "}
                      <Ago time={group.lastEvaluation} />
                    </span>{" "}
                    {failed > 0 && <Badge kind="bad">{`${failed} failed`}</Badge>}
                  </summary>
                  <div class="scroll">
                    <table class="stack">
                      <thead>
                        <tr>
                          <th scope="col">Rule</th>
                          <th scope="col">State</th>
                          <th scope="col">Evaluation</th>
                        </tr>
                      </thead>
                      <tbody>
                        {rules.map((rule, i) => (
                          <tr key={`${rule.name} ${i}`}>
                            <td>
                              <strong>{rule.name}</strong>{" "}
                              {rule.type === "recording" && <span class="muted">recording</span>}
                              {rule.duration !== undefined && rule.duration > 0 && (
                                <span class="muted"> for {formatDuration(rule.duration * 1000)}</span>
                              )}
                              <div>
                                <a href={queryLink(rule.query)}>
                                  <code>{rule.query}</code>
                                </a>
                              </div>
                              {rule.labels !== undefined && <LabelList labels={rule.labels} />}
                              {rule.annotations !== undefined && <LabelList labels={rule.annotations} />}
                              {rule.lastError !== undefined && rule.lastError !== "" && (
                                <div class="error">{rule.lastError}</div>
                              )}
                            </td>
                            <td>
                              {rule.type === "alerting" && (
                                <Badge
                                  kind={stateKind(rule.state)}
                                >{`${rule.state}${(rule.alerts?.length ?? 0) > 0 ? ` (${rule.alerts?.length})` : ""}`}</Badge>
                              )}{" "}
                              {rule.health === "err" && <Badge kind="bad">failed</Badge>}
                            </td>
                            <td>
                              {secondsText(rule.evaluationTime)}, <Ago time={rule.lastEvaluation} />
                            </td>
                          </tr>
                        ))}
                      </tbody>
                    </table>
                  </div>
                </details>
              );
            })
          )
        }
      </Loaded>
    </>
  );
}

export function AlertsPage() {
  const asked = useApi<Groups>("rules", { type: "alert" }, 10_000);
  const [text, setText] = useState("");
  const [isInactiveShown, setInactiveShown] = useState(false);
  const wanted = text.toLowerCase();
  return (
    <>
      <h1>Alerts</h1>
      <div class="row">
        <Filter label="Filter by name or label" value={text} onInput={setText} />
        <label class="check">
          <input
            type="checkbox"
            checked={isInactiveShown}
            onChange={(event) => setInactiveShown(event.currentTarget.checked)}
          />
          <span>Inactive too</span>
        </label>
      </div>
      <Loaded asked={asked}>
        {({ groups }) => {
          const rules = groups
            .flatMap((group) => group.rules)
            .filter(({ state }) => isInactiveShown || state !== "inactive")
            .filter(
              ({ name, alerts = [] }) =>
                name.toLowerCase().includes(wanted) ||
                alerts.some(({ labels }) => JSON.stringify(labels).toLowerCase().includes(wanted)),
            );
          if (rules.length === 0) return <p class="muted">No alerts.</p>;
          return rules.map((rule, i) => (
            <details key={`${rule.name} ${i}`} open={rule.state === "firing"}>
              <summary>
                <h2>{rule.name}</h2> <Badge kind={stateKind(rule.state)}>{`${rule.state}`}</Badge>{" "}
                <span class="muted">{rule.alerts?.length ?? 0}</span>
              </summary>
              <p>
                <a href={queryLink(rule.query)}>
                  <code>{rule.query}</code>
                </a>
              </p>
              <div class="scroll">
                <table class="stack">
                  <thead>
                    <tr>
                      <th scope="col">Labels</th>
                      <th scope="col">State</th>
                      <th scope="col">Since</th>
                      <th scope="col">Value</th>
                    </tr>
                  </thead>
                  <tbody>
                    {(rule.alerts ?? []).map((alert) => (
                      <tr key={JSON.stringify(alert.labels)}>
                        <td>
                          <LabelList labels={alert.labels} />
                          {Object.entries(alert.annotations).map(([name, value]) => (
                            <div key={name}>
                              <span class="muted">{name}:</span> {value}
                            </div>
                          ))}
                        </td>
                        <td>
                          <Badge kind={stateKind(alert.state)}>{alert.state}</Badge>
                        </td>
                        <td>{alert.activeAt !== undefined && <Ago time={alert.activeAt} />}</td>
                        <td class="number">{valueText(alert.value)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </details>
          ));
        }}
      </Loaded>
    </>
  );
}
