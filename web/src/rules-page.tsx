/** Rules: their state, how long they take, what went wrong. */
import { useState } from "preact/hooks";
import type { Labels } from "./api.js";
import { backtestLink } from "./backtest-link.js";
import { formatDuration, secondsText } from "./format.js";
import { useApi } from "./hooks.js";
import { Ago, Badge, Filter, LabelList, Loaded } from "./parts.js";

interface Alert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: "pending" | "firing" | "inactive";
  readonly activeAt?: string;
  readonly value: string;
}

export interface Rule {
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

export interface Groups {
  readonly groups: readonly {
    readonly name: string;
    readonly file: string;
    readonly interval: number;
    readonly rules: readonly Rule[];
    readonly evaluationTime: number;
    readonly lastEvaluation: string;
  }[];
}

export function queryLink(expr: string): string {
  return `query?${new URLSearchParams({ "g0.expr": expr, "g0.tab": "graph" })}`;
}

export function stateKind(state: string | undefined): "good" | "bad" | "warn" | "plain" {
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
                              {rule.type === "alerting" && <a href={backtestLink(rule)}>Back-test</a>}{" "}
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
