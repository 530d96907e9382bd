/**
 * Why an app is not scraped, or that it is: step by step from the monitor to its targets, for each workload that could select it. Each
 * step says what was found, and the one that fails says what to do. A pure function of what was read from cluster and servers.
 */
import { selectorText, selects } from "../generate/prometheus/label-selector.js";
import type { ObjectMeta } from "../kube-object.js";
import type { LabelSelector, NamespaceSelector } from "../schema/generated/types.js";

export interface ExplainedObject {
  readonly kind: "ServiceMonitor" | "PodMonitor" | "Probe" | "ScrapeConfig";
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly selector?: LabelSelector;
    readonly namespaceSelector?: NamespaceSelector;
    readonly endpoints?: readonly Endpoint[];
    readonly podMetricsEndpoints?: readonly Endpoint[];
  };
}

export interface Endpoint {
  readonly port?: string;
  readonly portNumber?: number;
  readonly targetPort?: string | number;
  readonly path?: string;
}

/** A Prometheus or PrometheusAgent. */
export interface Selecting {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Of its specification, for this kind of object. */
  readonly labels: LabelSelector | undefined;
  readonly namespaces: LabelSelector | undefined;
  /** Names of the two fields, for the remedy. */
  readonly labelsField: string;
  readonly namespacesField: string;
  /** Why it would not accept the object; undefined if it would. */
  readonly rejection: string | undefined;
  /** Undefined where no server could be asked; then `noAnswer` says why. */
  readonly targets: readonly FoundTarget[] | undefined;
  readonly dropped: number;
  readonly noAnswer?: string;
}

export interface FoundTarget {
  readonly pool: string;
  readonly url: string;
  readonly health: string;
  readonly lastError: string;
}

export interface FoundService {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port?: number;
      readonly targetPort?: string | number;
    }[];
  };
}

export interface FoundPod {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly containers?: readonly {
      readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
    }[];
  };
  readonly status?: { readonly phase?: string };
}

export interface FoundSlice {
  readonly metadata: ObjectMeta;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[] | null;
}

export interface Surroundings {
  readonly workloads: readonly Selecting[];
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
  /** Of the namespaces in which the monitor looks; undefined where they may not be read. */
  readonly services: readonly FoundService[] | undefined;
  readonly pods: readonly FoundPod[] | undefined;
  readonly slices: readonly FoundSlice[] | undefined;
}

export interface Step {
  readonly step: string;
  /** Undefined where it cannot be said. */
  readonly isPassed: boolean | undefined;
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export interface WorkloadExplanation {
  readonly workload: string;
  readonly steps: readonly Step[];
  readonly isScraped: boolean;
}

export interface Explanation {
  readonly object: string;
  readonly workloads: readonly WorkloadExplanation[];
  /** One sentence. */
  readonly conclusion: string;
}

const passed = (step: string, found: string): Step => ({ step, isPassed: true, found });
const failed = (step: string, found: string, remedy: string): Step => ({ step, isPassed: false, found, remedy });
const unknown = (step: string, found: string, remedy: string): Step => ({ step, isPassed: undefined, found, remedy });

export function explain(object: ExplainedObject, around: Surroundings): Explanation {
  const key = `${object.metadata.namespace ?? ""}/${object.metadata.name ?? ""}`;
  const endpoints = endpointSteps(object, around);
  const workloads = around.workloads.map((workload) => explainFor(object, around, workload, endpoints));
  return { object: `${object.kind} ${key}`, workloads, conclusion: conclusionOf(object.kind, key, workloads) };
}

function conclusionOf(kind: string, key: string, workloads: readonly WorkloadExplanation[]): string {
  if (workloads.length === 0) return `There is no Prometheus or PrometheusAgent that could select ${kind} ${key}.`;
  const scraping = workloads.filter(({ isScraped }) => isScraped).map(({ workload }) => workload);
  if (scraping.length > 0) return `${kind} ${key} is scraped by ${scraping.join(", ")}.`;
  // The workload that came furthest is the one that was meant.
  const [nearest] = [...workloads].sort((a, b) => b.steps.length - a.steps.length);
  const last = nearest?.steps.find(({ isPassed }) => isPassed !== true);
  return `${kind} ${key} is not scraped: ${last?.found ?? "nothing is known"}${last?.remedy === undefined ? "" : `. ${last.remedy}`}`;
}

/** Up to the first step that fails: what follows would only repeat it. */
function explainFor(
  { kind, metadata }: ExplainedObject,
  { namespaceLabels }: Surroundings,
  workload: Selecting,
  endpoints: readonly Step[],
): WorkloadExplanation {
  const name = `${workload.kind} ${workload.namespace}/${workload.name}`;
  const all: readonly (() => Step)[] = [
    () => namespaceStep(metadata.namespace ?? "", namespaceLabels, workload, name),
    () => labelStep(kind, metadata, workload, name),
    () =>
      workload.rejection === undefined
        ? passed("validity", `${name} accepts it`)
        : failed("validity", `${name} rejects it: ${workload.rejection}`, "Mend what the reason names."),
    ...endpoints.map((step) => () => step),
    () => targetStep(workload, name),
  ];
  const steps: Step[] = [];
  for (const make of all) {
    const step = make();
    steps.push(step);
    if (step.isPassed === false) break;
  }
  const last = steps.at(-1);
  return { workload: name, steps, isScraped: last?.step === "targets" && last.isPassed === true };
}

function namespaceStep(
  namespace: string,
  labels: Readonly<Record<string, string>> | undefined,
  workload: Selecting,
  name: string,
): Step {
  const { namespaces, namespacesField } = workload;
  if (namespaces === undefined) {
    return workload.namespace === namespace
      ? passed("namespace", `${name} looks in its own namespace, which is ${namespace}`)
      : failed(
          "namespace",
          `${name} has no ${namespacesField}, so it looks in its own namespace only`,
          `Set spec.${namespacesField} (\`{}\` is all namespaces), or move the object to ${workload.namespace}.`,
        );
  }
  if (selects(namespaces, labels)) return passed("namespace", `spec.${namespacesField} takes namespace ${namespace}`);
  const text = selectorText(namespaces);
  return failed(
    "namespace",
    `spec.${namespacesField} of ${name} wants ${text}, and namespace ${namespace} has ${labelsText(labels)}`,
    `Label the namespace (kubectl label namespace ${namespace} ${exampleLabels(namespaces)}), or widen the selector.`,
  );
}

function labelStep(
  kind: string,
  { labels }: ObjectMeta,
  { labels: selector, labelsField }: Selecting,
  name: string,
): Step {
  if (selector === undefined) {
    return failed(
      "labels",
      `${name} has no ${labelsField}, so it selects no ${kind}`,
      `Set spec.${labelsField} (\`{}\` selects all).`,
    );
  }
  if (selects(selector, labels)) return passed("labels", `spec.${labelsField} takes its labels`);
  return failed(
    "labels",
    `spec.${labelsField} of ${name} wants ${selectorText(selector)}, and the object has ${labelsText(labels)}`,
    `Label the object (${exampleLabels(selector)}), or widen the selector.`,
  );
}

function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const all = Object.entries(labels ?? {});
  return all.length === 0 ? "no labels" : all.map(([name, value]) => `${name}=${value}`).join(",");
}

/** Labels that would satisfy a selector, as far as one can say. */
function exampleLabels({ matchLabels, matchExpressions }: LabelSelector): string {
  const exact = Object.entries(matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  const other = (matchExpressions ?? []).flatMap(({ key = "", operator, values }) =>
    operator === "In" ? [`${key}=${values?.[0] ?? ""}`] : operator === "Exists" ? [`${key}=`] : [`${key}-`],
  );
  return [...exact, ...other].join(" ");
}

// ── from the monitor to endpoints ────────────────────────────────────────────────────────────────────────────────

function endpointSteps(object: ExplainedObject, around: Surroundings): readonly Step[] {
  if (object.kind === "ServiceMonitor") return serviceSteps(object, around);
  return object.kind === "PodMonitor" ? podSteps(object, around) : [];
}

/** Whether a monitor looks for targets in a namespace. */
export function looksIn({ metadata, spec }: ExplainedObject, namespace: string): boolean {
  const { any, matchNames } = spec.namespaceSelector ?? {};
  if (any === true) return true;
  return matchNames !== undefined && matchNames.length > 0
    ? matchNames.includes(namespace)
    : namespace === metadata.namespace;
}

function whereText({ metadata, spec }: ExplainedObject): string {
  const { any, matchNames } = spec.namespaceSelector ?? {};
  if (any === true) return "any namespace";
  return matchNames !== undefined && matchNames.length > 0
    ? `namespace ${matchNames.join(", ")}`
    : `its own namespace ${metadata.namespace ?? ""}`;
}

const keyOf = ({ namespace, name }: ObjectMeta): string => `${namespace ?? ""}/${name ?? ""}`;

function serviceSteps(object: ExplainedObject, { services, slices, pods }: Surroundings): readonly Step[] {
  if (services === undefined)
    return [unknown("services", "Services may not be listed", "Give the right to list services.")];
  const { selector, endpoints = [] } = object.spec;
  const inReach = services.filter(({ metadata }) => looksIn(object, metadata.namespace ?? ""));
  const found = inReach.filter(({ metadata }) => selects(selector ?? {}, metadata.labels));
  if (found.length === 0) return [noService(object, services, inReach)];
  const names = found.map(({ metadata }) => keyOf(metadata)).join(", ");
  const steps = [passed("services", `its selector takes ${found.length} Service(s): ${names}`)];
  const port = portStep(found, endpoints);
  steps.push(port);
  if (port.isPassed !== true) return steps;
  if (slices === undefined) {
    return [
      ...steps,
      unknown("endpoints", "EndpointSlices may not be listed", "Give the right to list endpointslices."),
    ];
  }
  return [...steps, readyStep(found, slices, pods)];
}

function noService(object: ExplainedObject, all: readonly FoundService[], inReach: readonly FoundService[]): Step {
  const { selector } = object.spec;
  const text = selectorText(selector ?? {});
  const where = whereText(object);
  const elsewhere = all.find(({ metadata }) => selects(selector ?? {}, metadata.labels));
  if (elsewhere !== undefined) {
    const { namespace = "" } = elsewhere.metadata;
    return failed(
      "services",
      `no Service with labels ${text} is in ${where}, but ${keyOf(elsewhere.metadata)} is one`,
      `Add ${namespace} to spec.namespaceSelector.matchNames.`,
    );
  }
  const wanted = Object.entries(selector?.matchLabels ?? {});
  const likely = wanted.length === 0 ? undefined : nearestOf(inReach, wanted);
  const hint =
    likely === undefined ? "" : `; the nearest is ${keyOf(likely.metadata)} with ${labelsText(likely.metadata.labels)}`;
  return failed(
    "services",
    `no Service in ${where} has the labels ${text}${hint}`,
    "The selector is matched with labels of the Service itself, not of its pods: label the Service, or change spec.selector.",
  );
}

/** The Service which has the most of the wanted labels, or would find pods by them. */
function nearestOf(
  services: readonly FoundService[],
  wanted: readonly (readonly [string, string])[],
): FoundService | undefined {
  const score = ({ metadata, spec }: FoundService): number =>
    wanted.filter(([name, value]) => metadata.labels?.[name] === value).length * 2 +
    wanted.filter(([name, value]) => spec?.selector?.[name] === value).length +
    wanted.filter(([, value]) => metadata.name === value).length;
  const [best] = [...services].sort((a, b) => score(b) - score(a));
  return best !== undefined && score(best) > 0 ? best : undefined;
}

function portStep(services: readonly FoundService[], endpoints: readonly Endpoint[]): Step {
  const ports = services.flatMap(({ spec }) => spec?.ports ?? []);
  const isThere = ({ port, targetPort }: Endpoint): boolean =>
    port !== undefined && port !== ""
      ? ports.some(({ name }) => name === port)
      : targetPort === undefined || ports.some((each) => String(each.targetPort ?? each.port) === String(targetPort));
  const missing = endpoints.find((endpoint) => !isThere(endpoint));
  if (missing === undefined) return passed("port", `the Service has port ${endpoints.map(portText).join(", ")}`);
  const known = ports.map(({ name, port }) => (name === undefined || name === "" ? `${port} (without a name)` : name));
  const isNumber = /^\d+$/.test(missing.port ?? "");
  return failed(
    "port",
    `there is no port ${portText(missing)}; the Service has ${known.join(", ") || "no ports"}`,
    isNumber
      ? "endpoints[].port is the name of a Service's port, not its number: name the port, or use targetPort."
      : "Write the name of a port of the Service in endpoints[].port, or name the port so.",
  );
}

function portText({ port, portNumber, targetPort }: Endpoint): string {
  if (port !== undefined && port !== "") return JSON.stringify(port);
  return portNumber === undefined ? `with target ${String(targetPort ?? "(any)")}` : String(portNumber);
}

function readyStep(
  services: readonly FoundService[],
  slices: readonly FoundSlice[],
  pods: readonly FoundPod[] | undefined,
): Step {
  const isOf = ({ metadata }: FoundSlice): boolean =>
    services.some(
      (service) =>
        service.metadata.namespace === metadata.namespace &&
        metadata.labels?.["kubernetes.io/service-name"] === service.metadata.name,
    );
  const addresses = slices.filter(isOf).flatMap(({ endpoints }) => endpoints ?? []);
  const ready = addresses.filter(({ conditions }) => conditions?.ready !== false);
  if (ready.length > 0) return passed("endpoints", `${ready.length} ready endpoint(s)`);
  if (addresses.length > 0) {
    return failed(
      "endpoints",
      `${addresses.length} endpoint(s), none of them ready`,
      "See why the pods are not ready: kubectl describe pod.",
    );
  }
  const [service] = services;
  const selector = service?.spec?.selector;
  const matching = pods?.filter(
    ({ metadata }) =>
      metadata.namespace === service?.metadata.namespace &&
      Object.entries(selector ?? {}).every(([name, value]) => metadata.labels?.[name] === value),
  );
  const why =
    selector === undefined
      ? "it has no selector, and nobody made endpoints for it"
      : matching === undefined
        ? `its selector is ${labelsText(selector)}`
        : `its selector ${labelsText(selector)} finds ${matching.length} pod(s)`;
  return failed(
    "endpoints",
    `the Service ${keyOf(service?.metadata ?? {})} has no endpoints: ${why}`,
    "Make the Service's selector match the labels of the pods, and start pods.",
  );
}

function podSteps(object: ExplainedObject, { pods }: Surroundings): readonly Step[] {
  if (pods === undefined) return [unknown("pods", "Pods may not be listed", "Give the right to list pods.")];
  const { selector, podMetricsEndpoints = [] } = object.spec;
  const inReach = pods.filter(({ metadata }) => looksIn(object, metadata.namespace ?? ""));
  const found = inReach.filter(({ metadata }) => selects(selector ?? {}, metadata.labels));
  if (found.length === 0) {
    return [
      failed(
        "pods",
        `no pod in ${whereText(object)} has the labels ${selectorText(selector ?? {})}`,
        "Change spec.selector or spec.namespaceSelector, or label the pods (in their template).",
      ),
    ];
  }
  const steps = [passed("pods", `its selector takes ${found.length} pod(s)`)];
  const ports = found.flatMap(({ spec }) => spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  const missing = podMetricsEndpoints.find(({ port, portNumber }) => {
    if (port !== undefined && port !== "") return !ports.some(({ name }) => name === port);
    return portNumber !== undefined && !ports.some(({ containerPort }) => containerPort === portNumber);
  });
  if (missing !== undefined) {
    const known = ports.map(({ name, containerPort }) => name ?? String(containerPort)).join(", ");
    return [
      ...steps,
      failed(
        "port",
        `no container has port ${portText(missing)}; they have ${known || "none"}`,
        "Declare the port in the pod's template, with the name that podMetricsEndpoints[].port says.",
      ),
    ];
  }
  steps.push(passed("port", `the containers have port ${podMetricsEndpoints.map(portText).join(", ")}`));
  const running = found.filter(({ status }) => status?.phase === "Running");
  return running.length > 0
    ? [...steps, passed("running", `${running.length} pod(s) run`)]
    : [...steps, failed("running", "none of the pods runs", "See why: kubectl describe pod.")];
}

// ── targets ──────────────────────────────────────────────────────────────────────────────────────────────────────

function targetStep({ targets, dropped, noAnswer }: Selecting, name: string): Step {
  if (targets === undefined) {
    return unknown(
      "targets",
      `no server of ${name} could be asked: ${noAnswer ?? "there is none"}`,
      "Is its pod ready?",
    );
  }
  if (targets.length === 0) {
    return dropped > 0
      ? failed(
          "targets",
          `relabelling drops all of its ${dropped} targets`,
          "Look at its relabelings and at those of its scrape class.",
        )
      : failed(
          "targets",
          "the server does not list any target of it",
          "A change takes some seconds to arrive. If it stays so: may the server's ServiceAccount list services, endpointslices and pods there?",
        );
  }
  const up = targets.filter(({ health }) => health === "up");
  if (up.length === targets.length) return passed("targets", `${up.length} target(s), all up`);
  const down = targets.find(({ health, lastError }) => health !== "up" && lastError !== "");
  if (down === undefined) {
    return up.length > 0
      ? passed("targets", `${up.length} of ${targets.length} targets up, the others not scraped yet`)
      : unknown("targets", `${targets.length} target(s), not scraped yet`, "Wait for one scrape interval.");
  }
  const found = `${up.length} of ${targets.length} target(s) up; ${down.url}: ${down.lastError}`;
  return failed("targets", found, remedyOf(down.lastError));
}

/** What the errors of scrapes mostly come from. */
export function remedyOf(error: string): string {
  const text = error.toLowerCase();
  if (/401|403|unauthorized|forbidden/.test(text)) {
    return "The app wants credentials: set authorization, basicAuth or oauth2 of the endpoint, or check them.";
  }
  if (/404/.test(text)) return "There are no metrics at this path: set endpoints[].path.";
  if (/connection refused/.test(text))
    return "Nothing listens at this port: does the app serve metrics there, and on all addresses?";
  if (/deadline|timeout|timed out/.test(text)) {
    return "The answer takes too long or never comes: is there a NetworkPolicy in between? Otherwise raise scrapeTimeout.";
  }
  if (/first record does not look like a tls|malformed http|http: server gave http response/.test(text)) {
    return "One side speaks HTTP and the other HTTPS: set endpoints[].scheme.";
  }
  if (/certificate|x509|tls/.test(text))
    return "The certificate is not trusted: set tlsConfig.ca and tlsConfig.serverName.";
  if (/no such host|lookup/.test(text)) return "The name of the target cannot be resolved.";
  if (/limit/.test(text)) return "A limit of the object or of the Prometheus is exceeded: raise it, or expose less.";
  if (/content-type|parse|expected|invalid/.test(text))
    return "What the app answers is no exposition of metrics: is the path right?";
  return "The server's log and the page of targets say more.";
}

/** For people. */
export function explanationText({ object, workloads, conclusion }: Explanation): string {
  const lines = [object];
  for (const { workload, steps } of workloads) {
    lines.push("", `  ${workload}`);
    for (const { step, isPassed, found, remedy } of steps) {
      const mark = isPassed === true ? "ok" : isPassed === false ? "FAIL" : "?";
      lines.push(`    ${mark.padEnd(5)}${step.padEnd(11)}${found}`);
      if (remedy !== undefined && isPassed !== true) lines.push(`${" ".repeat(20)}-> ${remedy}`);
    }
  }
  return `${[...lines, "", conclusion].join("\n")}\n`;
}
