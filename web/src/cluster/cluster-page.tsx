/**
 * The cluster, served by the operator: its workloads, and the monitors, probes, rules and configurations of people, each with who selects
 * it and why not. The address holds what is filtered and which object is explained.
 */
import { useEffect, useState } from "preact/hooks";
import { useApi } from "../hooks.js";
import { Badge, Filter, LabelList, Loaded } from "../parts.js";
import { nameOf, ScrapeExplanation } from "./steps.js";
import { keyOf, type ObjectsAnswer, type SelectedObject, type Workload } from "./types.js";
import { WorkloadList } from "./workloads.js";

const KINDS = ["ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig", "PrometheusRule", "AlertmanagerConfig"];
/** Of which the operator can say why they are scraped or not. */
const EXPLAINED = new Set(["ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig"]);
const STATES = ["accepted", "rejected", "pending", "unselected"] as const;
const PAGE = 200;
const EVERY_MS = 15_000;

interface Filters {
  readonly q: string;
  readonly kind: string;
  readonly state: string;
  readonly workload: string;
  /** The object that is explained, as `Kind/namespace/name`. */
  readonly why: string;
}

const NAMES = ["q", "kind", "state", "workload", "why"] as const;

function readFilters(search: string): Filters {
  const params = new URLSearchParams(search);
  const of = (name: string): string => params.get(name) ?? "";
  return { q: of("q"), kind: of("kind"), state: of("state"), workload: of("workload"), why: of("why") };
}

function writeFilters(filters: Filters): string {
  const params = new URLSearchParams();
  for (const name of NAMES) if (filters[name] !== "") params.set(name, filters[name]);
  const text = params.toString();
  return text === "" ? "cluster" : `cluster?${text}`;
}

export function ClusterPage() {
  const [filters, setFilters] = useState(() => readFilters(location.search));
  const workloads = useApi<{ readonly version: string; readonly workloads: readonly Workload[] }>(
    "cluster/workloads",
    {},
    EVERY_MS,
  );
  useEffect(() => {
    const address = writeFilters(filters);
    // A bare address stays as it was asked for.
    if (address !== "cluster" || location.search !== "") history.replaceState(null, "", address);
  }, [filters]);
  const change = (part: Partial<Filters>): void => setFilters((last) => ({ ...last, ...part }));
  return (
    <>
      <h1>Cluster</h1>
      <p>
        <a href="cluster#objects">Why is my app not scraped?</a> Find its monitor below and ask.
      </p>
      <h2>Workloads</h2>
      <Loaded asked={workloads}>
        {(data) => (
          <WorkloadList
            workloads={data.workloads}
            onSelect={(workload, kind, state) => {
              change({ workload: keyOf(workload), kind, state, q: "" });
              document.querySelector("#objects")?.scrollIntoView();
            }}
          />
        )}
      </Loaded>
      <h2 id="objects">Monitors, rules and configurations</h2>
      <Objects filters={filters} onChange={change} />
    </>
  );
}

function Objects({ filters, onChange }: { filters: Filters; onChange: (part: Partial<Filters>) => void }) {
  const [count, setCount] = useState(PAGE);
  const { q, kind, state, workload, why } = filters;
  const asked = useApi<ObjectsAnswer>(
    "cluster/objects",
    {
      limit: count,
      ...(q.trim() !== "" && { q: q.trim() }),
      ...(kind !== "" && { kind }),
      ...(state !== "" && { state }),
      ...(workload !== "" && { workload }),
    },
    EVERY_MS,
  );
  const counts = asked.answer?.data.counts ?? {};
  return (
    <>
      <div class="row">
        <Filter label="Part of namespace/name" value={q} onInput={(text) => onChange({ q: text })} />
        <label>
          <span>Kind</span>
          <select value={kind} onChange={(event) => onChange({ kind: event.currentTarget.value })}>
            <option value="">All</option>
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>State</span>
          <select value={state} onChange={(event) => onChange({ state: event.currentTarget.value })}>
            <option value="">All</option>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {each} ({counts[each] ?? 0})
              </option>
            ))}
          </select>
        </label>
        {workload !== "" && (
          <button type="button" onClick={() => onChange({ workload: "" })}>
            Selected by {workload} ×
          </button>
        )}
      </div>
      <Loaded asked={asked}>
        {({ objects, total }) =>
          objects.length === 0 ? (
            <Nothing q={q} />
          ) : (
            <>
              <div class="scroll">
                <table class="stack">
                  <thead>
                    <tr>
                      <th scope="col">Object</th>
                      <th scope="col">State</th>
                      <th scope="col">Selected by</th>
                    </tr>
                  </thead>
                  <tbody>
                    {objects.map((object) => (
                      <ObjectRow
                        key={keyOf(object)}
                        object={object}
                        isOpen={why === keyOf(object)}
                        onWhy={() => onChange({ why: why === keyOf(object) ? "" : keyOf(object) })}
                      />
                    ))}
                  </tbody>
                </table>
              </div>
              {total > objects.length && (
                <button type="button" onClick={() => setCount(count + 5 * PAGE)}>
                  Show more ({total - objects.length} are left)
                </button>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Nothing({ q }: { q: string }) {
  return (
    <p class="muted">
      Nothing like that.{" "}
      {q !== "" &&
        "An app is scraped when a ServiceMonitor, PodMonitor, Probe or ScrapeConfig names it: if there is none, create one; if there is, look whether the operator may see its namespace."}
    </p>
  );
}

const KIND_OF_STATE = { accepted: "good", rejected: "bad", pending: "warn", unselected: "warn" } as const;

function ObjectRow({ object, isOpen, onWhy }: { object: SelectedObject; isOpen: boolean; onWhy: () => void }) {
  return (
    <tr>
      <td>
        <span class="muted">{object.kind}</span> <strong>{nameOf(object)}</strong>
        <div>
          <LabelList labels={object.labels} />
        </div>
        {isOpen && <ScrapeExplanation object={{ kind: object.kind, namespace: object.namespace, name: object.name }} />}
      </td>
      <td>
        <Badge kind={KIND_OF_STATE[object.state]}>{object.state}</Badge>
        {EXPLAINED.has(object.kind) && (
          <div>
            <button
              type="button"
              aria-expanded={isOpen}
              aria-label={`Why is ${nameOf(object)} scraped or not?`}
              onClick={onWhy}
            >
              Why?
            </button>
          </div>
        )}
      </td>
      <td>
        {object.workloads.length === 0 && (
          <span class="muted">nobody: no selector matches its labels and namespace</span>
        )}
        {object.workloads.map((workload) => (
          <div key={keyOf(workload)}>
            {workload.kind} {nameOf(workload)} <Badge kind={KIND_OF_STATE[workload.state]}>{workload.state}</Badge>
            {workload.reason !== undefined && <div class="error">{workload.reason}</div>}
          </div>
        ))}
      </td>
    </tr>
  );
}
