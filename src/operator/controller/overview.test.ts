import { expect, test } from "vitest";
import type { Verdicts } from "./bindings.js";
import { type OverviewSources, selectedViews, workloadViews } from "./overview.js";
import { PROMETHEUS, SERVICE_MONITOR } from "./resources.js";

const prometheus = (name: string, labels: Readonly<Record<string, string>> | undefined, more: object = {}) => ({
  metadata: { name, namespace: "monitoring", generation: 3, annotations: {} },
  spec: { paused: false, serviceMonitorSelector: labels === undefined ? undefined : { matchLabels: labels } },
  ...more,
});
const monitor = (namespace: string, name: string, labels: Readonly<Record<string, string>>) => ({
  metadata: { name, namespace, labels, generation: 1 },
});

/** Two namespaces, `shop` labelled; each Prometheus looks into labelled ones. */
function sources(
  objects: readonly ReturnType<typeof prometheus>[],
  monitors: readonly ReturnType<typeof monitor>[],
  verdicts: Readonly<Record<string, Verdicts>>,
  run?: object,
): OverviewSources {
  const namespaces = new Map([
    ["shop", { metadata: { name: "shop", labels: { scrape: "yes" } } }],
    ["back", { metadata: { name: "back", labels: {} } }],
  ]);
  const set = {
    metadata: { name: "prometheus-main" },
    spec: { replicas: 2 },
    status: { readyReplicas: 1, updatedReplicas: 2 },
  };
  return {
    namespaces: { get: (name: string) => namespaces.get(name) } as never,
    bindings: {
      verdictsOf: ({ name }) =>
        verdicts[name] === undefined ? undefined : new Map([[SERVICE_MONITOR.plural, verdicts[name]]]),
    },
    views: [
      {
        isWaiting: (key) => key === "monitoring/main",
        isOurs: ({ metadata }) => metadata?.name !== "foreign",
        controller: {
          resource: PROMETHEUS,
          isComplete: true,
          objects: { list: () => objects } as never,
          selected: [{ of: SERVICE_MONITOR, cache: { list: () => monitors } as never }],
          selectors: ({ spec }) =>
            new Map([
              [
                SERVICE_MONITOR.plural,
                {
                  labels: (spec as { readonly serviceMonitorSelector?: object }).serviceMonitorSelector,
                  namespaces: { matchLabels: { scrape: "yes" } },
                },
              ],
            ]),
          setsOf: () => [{ kind: "StatefulSet", key: "monitoring/prometheus-main", set: set as never }],
          reconciler: { lastRun: () => run } as never,
        },
      },
    ],
  };
}

test("a workload tells what it selects, how its pods are and how its last reconciliation ended", () => {
  const verdicts = new Map([
    ["shop/good", undefined],
    ["shop/bad", "endpoints[0]: there is no secret"],
  ]);
  const run = { error: "quota", note: undefined, generation: 2, atMs: Date.parse("2026-01-02T03:04:05Z") };
  const objects = [prometheus("main", { team: "a" }), prometheus("foreign", {})];
  const [view, ...others] = workloadViews(sources(objects, [], { main: verdicts }, run));
  expect(others).toEqual([]);
  expect(view).toMatchObject({
    kind: "Prometheus",
    namespace: "monitoring",
    name: "main",
    generation: 3,
    reconciliation: { isWaiting: true, lastAt: "2026-01-02T03:04:05.000Z", generation: 2, error: "quota" },
    sets: [{ kind: "StatefulSet", name: "prometheus-main", isThere: true, wanted: 2, ready: 1, updated: 2 }],
    selects: [{ kind: "ServiceMonitor", labels: "team=a", namespaces: "scrape=yes", accepted: 1, rejected: 1 }],
  });
});

test.each([
  ["accepted by one", { main: new Map([["shop/m", undefined]]) }, "accepted", [["main", "accepted"]]],
  [
    "rejected by one, accepted by another",
    { main: new Map([["shop/m", undefined]]), other: new Map([["shop/m", "no"]]) },
    "rejected",
    [
      ["main", "accepted"],
      ["other", "rejected"],
    ],
  ],
  ["selected and not looked at yet", {}, "pending", [["main", "pending"]]],
] as const)("a monitor that is %s", (_, verdicts, state, workloads) => {
  const objects = [prometheus("main", { team: "a" }), prometheus("other", { team: "b" })];
  const [view] = selectedViews(sources(objects, [monitor("shop", "m", { team: "a" })], verdicts), "ServiceMonitor");
  expect(view?.state).toBe(state);
  expect(view?.workloads.map((each) => [each.name, each.state])).toEqual(workloads);
});

test.each([
  ["no selector at all", prometheus("main", undefined), monitor("shop", "m", { team: "a" })],
  ["other labels", prometheus("main", { team: "b" }), monitor("shop", "m", { team: "a" })],
  ["a namespace that is not looked into", prometheus("main", { team: "a" }), monitor("back", "m", { team: "a" })],
  ["a workload of another operator", prometheus("foreign", { team: "a" }), monitor("shop", "m", { team: "a" })],
  ["a selector that is none", prometheus("main", { "not a label!": "a" }), monitor("shop", "m", { team: "a" })],
])("a monitor is unselected by %s", (_, workload, object) => {
  const [view] = selectedViews(sources([workload], [object], {}), undefined);
  expect(view).toMatchObject({ kind: "ServiceMonitor", state: "unselected", workloads: [] });
});
