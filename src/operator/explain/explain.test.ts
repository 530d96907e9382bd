import { expect, test } from "vitest";
import {
  type ExplainedObject,
  explain,
  explanationText,
  remedyOf,
  type Selecting,
  type Surroundings,
} from "./explain.js";

const monitor = (spec: object = {}, labels: Readonly<Record<string, string>> = { team: "a" }): ExplainedObject => ({
  kind: "ServiceMonitor",
  metadata: { name: "orders", namespace: "shop", labels },
  spec: { selector: { matchLabels: { app: "orders" } }, endpoints: [{ port: "http" }], ...spec },
});

const target = (health: string, lastError = "") => ({
  pool: "serviceMonitor/shop/orders/0",
  url: "http://10.0.0.1:8080/metrics",
  health,
  lastError,
});

const selecting = (more: Partial<Selecting> = {}): Selecting => ({
  kind: "Prometheus",
  namespace: "monitoring",
  name: "main",
  labels: {},
  namespaces: {},
  labelsField: "serviceMonitorSelector",
  namespacesField: "serviceMonitorNamespaceSelector",
  rejection: undefined,
  targets: [target("up")],
  dropped: 0,
  ...more,
});

const service = {
  metadata: { name: "orders", namespace: "shop", labels: { app: "orders" } },
  spec: { selector: { app: "orders" }, ports: [{ name: "http", port: 8080 }] },
};
const slice = {
  metadata: { namespace: "shop", labels: { "kubernetes.io/service-name": "orders" } },
  endpoints: [{ conditions: { ready: true } }],
};

const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  workloads: [selecting()],
  namespaceLabels: { "kubernetes.io/metadata.name": "shop" },
  services: [service],
  pods: [],
  slices: [slice],
  ...more,
});

test("an object that is scraped passes every step", () => {
  const { workloads, conclusion } = explain(monitor(), around());
  expect(workloads[0]?.steps.map(({ step, isPassed }) => [step, isPassed])).toEqual(
    ["namespace", "labels", "validity", "services", "port", "endpoints", "targets"].map((step) => [step, true]),
  );
  expect(conclusion).toBe("ServiceMonitor shop/orders is scraped by Prometheus monitoring/main.");
});

const cases: readonly (readonly [
  name: string,
  ExplainedObject,
  Surroundings,
  step: string,
  found: RegExp,
  remedy: RegExp,
])[] = [
  [
    "no namespace selector",
    monitor(),
    around({ workloads: [selecting({ namespaces: undefined })] }),
    "namespace",
    /its own namespace only/,
    /serviceMonitorNamespaceSelector/,
  ],
  [
    "the namespace lacks a label",
    monitor(),
    around({ workloads: [selecting({ namespaces: { matchLabels: { scrape: "yes" } } })] }),
    "namespace",
    /wants scrape=yes/,
    /kubectl label namespace shop scrape=yes/,
  ],
  [
    "no selector",
    monitor(),
    around({ workloads: [selecting({ labels: undefined })] }),
    "labels",
    /selects no ServiceMonitor/,
    /spec\.serviceMonitorSelector/,
  ],
  [
    "the monitor lacks the release label",
    monitor({}, {}),
    around({ workloads: [selecting({ labels: { matchLabels: { release: "kps" } } })] }),
    "labels",
    /wants release=kps, and the object has no labels/,
    /release=kps/,
  ],
  [
    "rejected",
    monitor(),
    around({ workloads: [selecting({ rejection: "endpoints[0]: there is no secret shop/s" })] }),
    "validity",
    /there is no secret shop\/s/,
    /Mend/,
  ],
  [
    "labels of pods instead of those of the Service",
    monitor(),
    around({ services: [{ ...service, metadata: { ...service.metadata, labels: {} } }] }),
    "services",
    /the nearest is shop\/orders/,
    /labels of the Service itself/,
  ],
  [
    "the Service is in another namespace",
    monitor(),
    around({ services: [{ ...service, metadata: { ...service.metadata, namespace: "back" } }] }),
    "services",
    /back\/orders is one/,
    /Add back to spec\.namespaceSelector/,
  ],
  [
    "a port's number instead of its name",
    monitor({ endpoints: [{ port: "8080" }] }),
    around(),
    "port",
    /no port "8080"; the Service has http/,
    /not its number/,
  ],
  ["no endpoints", monitor(), around({ slices: [] }), "endpoints", /finds 0 pod/, /selector match/],
  [
    "endpoints that are not ready",
    monitor(),
    around({ slices: [{ ...slice, endpoints: [{ conditions: { ready: false } }] }] }),
    "endpoints",
    /none of them ready/,
    /describe pod/,
  ],
  [
    "relabelling drops all",
    monitor(),
    around({ workloads: [selecting({ targets: [], dropped: 3 })] }),
    "targets",
    /drops all of its 3 targets/,
    /relabelings/,
  ],
  [
    "not there yet, or no rights",
    monitor(),
    around({ workloads: [selecting({ targets: [] })] }),
    "targets",
    /does not list/,
    /ServiceAccount/,
  ],
  [
    "down",
    monitor(),
    around({
      workloads: [selecting({ targets: [target("up"), target("down", "server returned HTTP status 404 Not Found")] })],
    }),
    "targets",
    /1 of 2 target\(s\) up; http:\/\/10\.0\.0\.1:8080\/metrics: server returned HTTP status 404/,
    /endpoints\[\]\.path/,
  ],
];

test.each(cases)("%s", (_, object, surroundings, step, found, remedy) => {
  const explanation = explain(object, surroundings);
  const last = explanation.workloads[0]?.steps.at(-1);
  expect(last).toMatchObject({
    step,
    isPassed: false,
    found: expect.stringMatching(found),
    remedy: expect.stringMatching(remedy),
  });
  expect(explanation.conclusion).toMatch(/is not scraped/);
  expect(explanationText(explanation)).toContain(`-> ${last?.remedy}`);
});

test("what may not be read is said, and hides nothing that follows", () => {
  const { workloads } = explain(monitor(), around({ services: undefined }));
  expect(workloads[0]?.steps.map(({ step, isPassed }) => [step, isPassed])).toContainEqual(["services", undefined]);
  expect(workloads[0]?.isScraped).toBe(true);
});

test("pods of a PodMonitor are looked for by their container ports", () => {
  const object: ExplainedObject = {
    kind: "PodMonitor",
    metadata: { name: "p", namespace: "shop" },
    spec: { selector: { matchLabels: { app: "x" } }, podMetricsEndpoints: [{ port: "metrics" }] },
  };
  const pod = (name: string) => ({
    metadata: { name: "x-1", namespace: "shop", labels: { app: "x" } },
    spec: { containers: [{ ports: [{ name, containerPort: 80 }] }] },
    status: { phase: "Running" },
  });
  const stepOf = (pods: Surroundings["pods"]) => explain(object, around({ pods })).workloads[0]?.steps.at(-1);
  expect(stepOf([])).toMatchObject({ step: "pods", isPassed: false });
  expect(stepOf([pod("web")])).toMatchObject({ step: "port", found: 'no container has port "metrics"; they have web' });
  expect(stepOf([pod("metrics")])).toMatchObject({ step: "targets", isPassed: true });
});

test.each([
  ["server returned HTTP status 401 Unauthorized", /credentials/],
  ['Get "http://x": dial tcp 10.0.0.1:80: connect: connection refused', /listens/],
  ['Get "http://x": context deadline exceeded', /NetworkPolicy/],
  ["tls: failed to verify certificate: x509: certificate signed by unknown authority", /tlsConfig/],
])("%s has a remedy", (error, remedy) => {
  expect(remedyOf(error)).toMatch(remedy);
});
