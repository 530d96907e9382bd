/** Asks cluster and servers why an object is not scraped: for the operator's API, and for people at the command line. */
import type { HttpClientOptions } from "../../http/index.js";
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, HttpClient } from "../../http/index.js";
import {
  connectByKubeconfig,
  connectInCluster,
  connectTo,
  KubernetesApi,
  type KubernetesConnection,
  type StoredObject,
} from "../../kubernetes/index.js";
import { type AskServer, explainedKind, explainObject, explanationText } from "../../operator/explain/index.js";
import { vestalVersion } from "../version.js";
import type { Answer } from "./web.js";

const TIMEOUT_MS = 10_000;
const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** Of the operator's API at a time: each lists Services and pods of the cluster. */
const AT_A_TIME_MAX = 2;
const WEB_PORT = 9090;

interface PrometheusSpec {
  readonly routePrefix?: string;
  readonly portName?: string;
  readonly web?: { readonly tlsConfig?: unknown };
}

function specOf(workload: StoredObject): PrometheusSpec {
  return (workload["spec"] ?? {}) as PrometheusSpec;
}

function prefixOf(workload: StoredObject): string {
  return (specOf(workload).routePrefix ?? "/").replace(/\/+$/, "");
}

async function jsonOf(client: HttpClient, url: string): Promise<unknown> {
  const answer = await client.request({ method: "GET", url, timeoutMs: TIMEOUT_MS, bodyBytesMax: BODY_BYTES_MAX });
  if (answer.status !== 200) throw new Error(`${url}: status ${answer.status}`);
  return JSON.parse(answer.body.toString("utf8"));
}

/** Pods are asked at their address: the operator is in their network. */
export class ClusterExplainer {
  readonly #api: KubernetesApi;
  readonly #client: HttpClient;
  #running = 0;

  constructor(api: KubernetesApi) {
    this.#api = api;
    // Pods' certificates are for names by which others know them.
    const options: HttpClientOptions = { ...DEFAULT_HTTP_CLIENT, tls: { ...DEFAULT_TLS, insecureSkipVerify: true } };
    this.#client = new HttpClient(options, `vestal-operator/${vestalVersion()}`);
  }

  close(): void {
    this.#client.close();
  }

  /** `/api/v1/cluster/explain?kind=servicemonitor&namespace=shop&name=orders`. */
  async answer({ searchParams }: URL): Promise<Answer> {
    const kind = explainedKind(searchParams.get("kind") ?? "servicemonitor");
    const namespace = searchParams.get("namespace") ?? "";
    const name = searchParams.get("name") ?? "";
    if (kind === undefined || namespace === "" || name === "") {
      return refusal(
        400,
        "bad_data",
        "kind (servicemonitor, podmonitor, probe, scrapeconfig), namespace and name are needed",
      );
    }
    if (this.#running >= AT_A_TIME_MAX) return refusal(429, "unavailable", "too many explanations at a time");
    this.#running++;
    try {
      const explanation = await explainObject(this.#api, (...of) => this.#ask(...of), kind, namespace, name);
      if (explanation === undefined) return refusal(404, "not_found", `there is no ${kind} ${namespace}/${name}`);
      return json(200, { status: "success", data: explanation });
    } finally {
      this.#running--;
    }
  }

  readonly #ask: AskServer = (pod, workload, path) => {
    const { podIP = "" } = (pod["status"] ?? {}) as { readonly podIP?: string };
    if (podIP === "") throw new Error(`pod ${pod.metadata.name} has no address yet`);
    const scheme = specOf(workload).web?.tlsConfig === undefined ? "http" : "https";
    const host = podIP.includes(":") ? `[${podIP}]` : podIP;
    return jsonOf(this.#client, `${scheme}://${host}:${WEB_PORT}${prefixOf(workload)}${path}`);
  };
}

function json(status: number, body: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(body)}\n` };
}

function refusal(status: number, errorType: string, error: string): Answer {
  return json(status, { status: "error", errorType, error });
}

export interface ExplainRequest {
  readonly kind: string;
  /** `namespace/name`. */
  readonly object: string;
  readonly kubeconfig: string;
  readonly apiServer: string;
  /** Of one Prometheus; without it each is asked through the API server. */
  readonly serverUrl: string;
  readonly isJson: boolean;
}

/** @returns what is printed, and the exit code: 0 if it is scraped, 1 if not, 2 if it cannot be said. */
export async function explainAtCommandLine(
  request: ExplainRequest,
): Promise<{ readonly text: string; readonly code: number }> {
  const kind = explainedKind(request.kind);
  const [namespace = "", name = "", rest] = request.object.split("/");
  if (kind === undefined) {
    return {
      text: `unknown kind ${JSON.stringify(request.kind)}: monitor, podmonitor, probe or scrapeconfig is expected\n`,
      code: 2,
    };
  }
  if (namespace === "" || name === "" || rest !== undefined) {
    return { text: `NAMESPACE/NAME is expected, not ${JSON.stringify(request.object)}\n`, code: 2 };
  }
  const userAgent = `vestal-tool/${vestalVersion()}`;
  const connection = await connect(request, userAgent);
  const client = new HttpClient(DEFAULT_HTTP_CLIENT, userAgent);
  try {
    const ask: AskServer = (pod, workload, path) =>
      request.serverUrl === ""
        ? throughProxy(connection, pod, workload, path)
        : jsonOf(client, request.serverUrl.replace(/\/+$/, "") + path);
    const api = new KubernetesApi(connection, "vestal-tool");
    const explanation = await explainObject(api, ask, kind, namespace, name);
    if (explanation === undefined) return { text: `there is no ${kind} ${namespace}/${name}\n`, code: 2 };
    const isScraped = explanation.workloads.some((each) => each.isScraped);
    const text = request.isJson ? `${JSON.stringify(explanation, undefined, 2)}\n` : explanationText(explanation);
    return { text, code: isScraped ? 0 : 1 };
  } finally {
    client.close();
    connection.close();
  }
}

async function connect({ kubeconfig, apiServer }: ExplainRequest, userAgent: string): Promise<KubernetesConnection> {
  if (apiServer !== "") return connectTo(apiServer, DEFAULT_HTTP_CLIENT, userAgent);
  const file = kubeconfig === "" ? defaultKubeconfig() : kubeconfig;
  return file === undefined ? connectInCluster(userAgent) : connectByKubeconfig(file, userAgent);
}

/** Where kubectl looks; in a pod there is none. */
function defaultKubeconfig(): string | undefined {
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST, HOME } = process.env;
  if (KUBECONFIG !== undefined && KUBECONFIG !== "") return KUBECONFIG.split(":")[0];
  return KUBERNETES_SERVICE_HOST === undefined ? `${HOME ?? ""}/.kube/config` : undefined;
}

/** The API server reaches the pod for us: `pods/proxy` is needed. */
async function throughProxy(
  connection: KubernetesConnection,
  pod: StoredObject,
  workload: StoredObject,
  path: string,
): Promise<unknown> {
  const { namespace = "", name } = pod.metadata;
  const scheme = specOf(workload).web?.tlsConfig === undefined ? "" : "https:";
  const place = `/api/v1/namespaces/${namespace}/pods/${scheme}${name}:${WEB_PORT}/proxy${prefixOf(workload)}${path}`;
  const answer = await connection.request({
    method: "GET",
    path: place,
    timeoutMs: TIMEOUT_MS,
    bodyBytesMax: BODY_BYTES_MAX,
  });
  if (answer.status !== 200)
    throw new Error(`pod ${name}: status ${answer.status}: ${answer.body.toString("utf8").slice(0, 200)}`);
  return JSON.parse(answer.body.toString("utf8"));
}
