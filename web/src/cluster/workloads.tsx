/** Prometheus, Alertmanager and their kin: whether they are well, what they select, how far a change has come. */
import { useState } from "preact/hooks";
import { Ago, Badge } from "../parts.js";
import { nameOf, RolloutExplanation } from "./steps.js";
import { keyOf, type Workload } from "./types.js";

export function WorkloadList({
  workloads,
  onSelect,
}: {
  workloads: readonly Workload[];
  /** Show what a workload selects of one kind, in one state. */
  onSelect: (workload: Workload, kind: string, state: string) => void;
}) {
  if (workloads.length === 0) {
    return (
      <p class="muted">
        There is no Prometheus, PrometheusAgent, Alertmanager or ThanosRuler that this operator looks after. Create one,
        or look at the operator's <code>--namespaces</code>.
      </p>
    );
  }
  return workloads.map((workload) => <WorkloadCard key={keyOf(workload)} workload={workload} onSelect={onSelect} />);
}

function WorkloadCard({
  workload,
  onSelect,
}: {
  workload: Workload;
  onSelect: (workload: Workload, kind: string, state: string) => void;
}) {
  const [isAsked, setAsked] = useState(false);
  const { kind, isPaused, isBeingDeleted, conditions, reconciliation, sets, selects } = workload;
  const available = conditions.find(({ type }) => type === "Available");
  return (
    <article class="panel" aria-label={`${kind} ${nameOf(workload)}`}>
      <h3>
        {kind} {nameOf(workload)}{" "}
        <Badge kind={available?.status === "True" ? "good" : available?.status === "Degraded" ? "warn" : "bad"}>
          {available === undefined
            ? "no status yet"
            : available.status === "True"
              ? "available"
              : `${available.status === "Degraded" ? "degraded" : "not available"}`}
        </Badge>{" "}
        {isPaused && <Badge kind="warn">paused</Badge>} {isBeingDeleted && <Badge kind="warn">being deleted</Badge>}{" "}
        {reconciliation.isWaiting && <Badge kind="plain">a change waits</Badge>}
      </h3>
      {conditions
        .filter(({ status, message }) => status !== "True" && message !== undefined && message !== "")
        .map(({ type, reason, message }) => (
          <p key={type} class="note warn">
            {type}: {reason} {message}
          </p>
        ))}
      {reconciliation.error !== undefined && (
        <p class="note error">The last reconciliation failed: {reconciliation.error}</p>
      )}
      {reconciliation.note !== undefined && <p class="note">{reconciliation.note}</p>}
      <ul class="facts">
        {sets.map((set) => (
          <li key={keyOf(set)}>
            {set.kind} {set.name}:{" "}
            {set.isThere ? (
              <Badge kind={set.ready >= set.wanted ? "good" : "bad"}>{`${set.ready} of ${set.wanted} ready`}</Badge>
            ) : (
              <Badge kind="bad">is not there</Badge>
            )}
            {set.isThere && set.updated < set.wanted && (
              <span class="muted">
                {" "}
                {set.updated} of {set.wanted} updated
              </span>
            )}
          </li>
        ))}
        {reconciliation.lastAt !== undefined && (
          <li>
            Reconciled <Ago time={reconciliation.lastAt} />
          </li>
        )}
      </ul>
      {selects.length > 0 && (
        <div class="scroll">
          <table class="stack">
            <thead>
              <tr>
                <th scope="col">Selects</th>
                <th scope="col">By labels</th>
                <th scope="col">In namespaces</th>
                <th scope="col">Found</th>
              </tr>
            </thead>
            <tbody>
              {selects.map((selection) => (
                <tr key={selection.kind}>
                  <td>{selection.kind}</td>
                  <td>
                    <SelectorText text={selection.labels} absent="none: nothing is selected" />
                  </td>
                  <td>
                    <SelectorText text={selection.namespaces} absent="its own" />
                  </td>
                  <td>
                    <button type="button" onClick={() => onSelect(workload, selection.kind, "accepted")}>
                      {selection.accepted} accepted
                    </button>{" "}
                    {selection.rejected > 0 && (
                      <button type="button" class="bad" onClick={() => onSelect(workload, selection.kind, "rejected")}>
                        {selection.rejected} rejected
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <button type="button" aria-expanded={isAsked} onClick={() => setAsked(!isAsked)}>
        Has my change arrived?
      </button>
      {isAsked && <RolloutExplanation object={workload} />}
    </article>
  );
}

function SelectorText({ text, absent }: { text: string | undefined; absent: string }) {
  if (text === undefined) return <span class="muted">{absent}</span>;
  return text === "" ? <span class="muted">all</span> : <code>{text}</code>;
}
