/**
 * `/api/v1/cluster/*`: what the operator knows of the cluster, for people and for the user interface. Answers have the envelope of
 * Prometheus' API. What is told of many objects comes from caches; what is asked of servers is bounded.
 */
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, HttpClient, type HttpClientOptions } from "../../http/index.js";
import type { KubernetesApi, StoredObject } from "../../kubernetes/index.js";
import {
  type Operator,
  type OverviewSources,
  RESOURCES,
  type SelectedView,
  selectedViews,
  type WorkloadView,
  workloadViews,
} from "../../operator/controller/index.js";
import { type AskServer, explainedKind, explainObject, gatherRollout } from "../../operator/explain/index.js";
import { vestalVersion } from "../version.js";
import { placeOf, textOf } from "./server-pages.js";
import type { Answer } from "./web.js";

const PREFIX = "/api/v1/cluster/";
/** Of those that ask servers or list pods. */
const AT_A_TIME_MAX = 2;
const OBJECTS_DEFAULT = 500;
const OBJECTS_MAX = 10_000;
const STATES = ["accepted", "rejected", "pending", "unselected"] as const;

class BadRequest extends Error {}

export class ClusterApi {
  readonly #api: KubernetesApi;
  readonly #operator: () => Operator | undefined;
  readonly #client: HttpClient;
  #running = 0;

  /** @param operator  undefined while this process does not lead. */
  constructor(api: KubernetesApi, operator: () => Operator | undefined) {
    this.#api = api;
    this.#operator = operator;
    // Pods' certificates are for names by which others know them.
    const options: HttpClientOptions = { ...DEFAULT_HTTP_CLIENT, tls: { ...DEFAULT_TLS, insecureSkipVerify: true } };
    this.#client = new HttpClient(options, `vestal-operator/${vestalVersion()}`);
  }

  close(): void {
    this.#client.close();
  }

  /** Undefined where the path is none of them. */
  async answer({ pathname, searchParams }: URL): Promise<Answer | undefined> {
    if (!pathname.startsWith(PREFIX)) return undefined;
    try {
      switch (pathname.slice(PREFIX.length)) {
        case "workloads":
          return this.#overOperator((operator) => ok(this.#workloads(operator)));
        case "objects":
          return this.#overOperator((operator) => ok(objectsPage(sourcesOf(operator), searchParams)));
        case "rollout":
          return await this.#bounded(() => this.#rollout(searchParams));
        case "explain":
          return await this.#bounded(() => this.#explain(searchParams));
        default:
          return undefined;
      }
    } catch (error) {
      if (error instanceof BadRequest) return refusal(400, "bad_data", error.message);
      throw error;
    }
  }

  #overOperator(answer: (operator: Operator) => Answer): Answer {
    const operator = this.#operator();
    return operator?.isReady === true ? answer(operator) : refusal(503, "unavailable", NOT_LEADING);
  }

  #workloads(operator: Operator) {
    return { version: vestalVersion(), workloads: workloadViews(sourcesOf(operator)) };
  }

  async #bounded(answer: () => Promise<Answer>): Promise<Answer> {
    if (this.#running >= AT_A_TIME_MAX) return refusal(429, "unavailable", "too many explanations at a time");
    this.#running++;
    try {
      return await answer();
    } finally {
      this.#running--;
    }
  }

  /** `?kind=servicemonitor&namespace=shop&name=orders`. */
  async #explain(parameters: URLSearchParams): Promise<Answer> {
    const { namespace, name } = objectOf(parameters);
    const kind = explainedKind(parameters.get("kind") ?? "servicemonitor");
    if (kind === undefined) throw new BadRequest("kind: servicemonitor, podmonitor, probe or scrapeconfig is expected");
    const explanation = await explainObject(this.#api, this.#ask, kind, namespace, name);
    if (explanation === undefined) return refusal(404, "not_found", `there is no ${kind} ${namespace}/${name}`);
    return ok(explanation);
  }

  /** `?kind=prometheus&namespace=monitoring&name=main`. */
  async #rollout(parameters: URLSearchParams): Promise<Answer> {
    const { namespace, name } = objectOf(parameters);
    const operator = this.#operator();
    if (operator?.isReady !== true) return refusal(503, "unavailable", NOT_LEADING);
    const wanted = (parameters.get("kind") ?? "prometheus").toLowerCase();
    const view = operator.views.find(({ controller }) => {
      const { kind, plural } = controller.resource;
      return kind.toLowerCase() === wanted || plural === wanted;
    });
    const object = view?.controller.objects.get(`${namespace}/${name}`);
    const workload = workloadViews(sourcesOf(operator)).find((each) => isNamed(each, view, namespace, name));
    if (view === undefined || object === undefined || workload === undefined) {
      return refusal(404, "not_found", `there is no ${wanted} ${namespace}/${name} that this operator looks after`);
    }
    const sets = view.controller.setsOf(object);
    const stored = object as unknown as StoredObject;
    const steps = await gatherRollout(this.#api, this.#ask, workload, stored, sets);
    return ok({ workload, steps });
  }

  readonly #ask: AskServer = (pod, workload, path) => {
    const { podIP = "" } = (pod["status"] ?? {}) as { readonly podIP?: string };
    if (podIP === "") throw new Error(`pod ${pod.metadata.name} has no address yet`);
    const { scheme, port, prefix } = placeOf(pod, workload);
    const host = podIP.includes(":") ? `[${podIP}]` : podIP;
    return textOf(this.#client, `${scheme}://${host}:${port}${prefix}${path}`);
  };
}

const NOT_LEADING = "the controllers of this process do not work (yet): another one leads, or caches are being filled";

function sourcesOf(operator: Operator): OverviewSources {
  return operator;
}

function isNamed(each: WorkloadView, view: Operator["views"][number] | undefined, namespace: string, name: string) {
  return each.kind === view?.controller.resource.kind && each.namespace === namespace && each.name === name;
}

function objectOf(parameters: URLSearchParams): { readonly namespace: string; readonly name: string } {
  const namespace = parameters.get("namespace") ?? "";
  const name = parameters.get("name") ?? "";
  if (namespace === "" || name === "") throw new BadRequest("namespace and name are needed");
  return { namespace, name };
}

/** `?kind=&namespace=&state=&workload=KIND/NAMESPACE/NAME&q=&limit=&offset=`: all are optional and hold together. */
function objectsPage(sources: OverviewSources, parameters: URLSearchParams) {
  const kind = selectedKind(parameters.get("kind"));
  const state = oneOf(STATES, "state", parameters.get("state"));
  const namespace = parameters.get("namespace");
  const workload = parameters.get("workload")?.toLowerCase();
  const text = parameters.get("q")?.toLowerCase() ?? "";
  const limit = Math.min(count(parameters, "limit", OBJECTS_DEFAULT), OBJECTS_MAX);
  const offset = count(parameters, "offset", 0);
  const found = selectedViews(sources, kind).filter(
    (each) =>
      (namespace === null || each.namespace === namespace) &&
      (workload === undefined ||
        each.workloads.some((by) => `${by.kind}/${by.namespace}/${by.name}`.toLowerCase() === workload)) &&
      `${each.namespace}/${each.name}`.includes(text),
  );
  const counts: Record<string, number> = Object.fromEntries(STATES.map((each) => [each, 0]));
  for (const each of found) counts[each.state] = (counts[each.state] ?? 0) + 1;
  const shown: readonly SelectedView[] = state === undefined ? found : found.filter((each) => each.state === state);
  return { counts, total: shown.length, objects: shown.slice(offset, offset + limit) };
}

/** By kind or plural, in any case. */
function selectedKind(text: string | null): string | undefined {
  if (text === null || text === "") return undefined;
  const wanted = text.toLowerCase();
  const known = Object.values(RESOURCES).find(({ kind, plural }) => kind.toLowerCase() === wanted || plural === wanted);
  if (known === undefined) throw new BadRequest(`kind: ${JSON.stringify(text)} is not known`);
  return known.kind;
}

function oneOf<T extends string>(choices: readonly T[], name: string, text: string | null): T | undefined {
  if (text === null || text === "") return undefined;
  const found = choices.find((each) => each === text);
  if (found === undefined) throw new BadRequest(`${name}: one of ${choices.join(", ")} is expected`);
  return found;
}

function count(parameters: URLSearchParams, name: string, initial: number): number {
  const text = parameters.get(name);
  if (text === null || text === "") return initial;
  if (!/^\d{1,9}$/.test(text)) throw new BadRequest(`${name}: a number is expected`);
  return Number(text);
}

function ok(data: unknown): Answer {
  return json(200, { status: "success", data });
}

function refusal(status: number, errorType: string, error: string): Answer {
  return json(status, { status: "error", errorType, error });
}

function json(status: number, body: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(body)}\n` };
}
