/** Asks cluster and servers why an object is not scraped, for people at the command line. */
import { DEFAULT_HTTP_CLIENT, HttpClient } from "../../http/index.js";
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
import { PAGE_BYTES_MAX, PAGE_TIMEOUT_MS, placeOf, textOf } from "./server-pages.js";

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
        : textOf(client, request.serverUrl.replace(/\/+$/, "") + path);
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
): Promise<string> {
  const { namespace = "", name } = pod.metadata;
  const { scheme, port, prefix } = placeOf(pod, workload);
  const of = `${scheme === "https" ? "https:" : ""}${name}:${port}`;
  const answer = await connection.request({
    method: "GET",
    path: `/api/v1/namespaces/${namespace}/pods/${of}/proxy${prefix}${path}`,
    timeoutMs: PAGE_TIMEOUT_MS,
    bodyBytesMax: PAGE_BYTES_MAX,
  });
  const text = answer.body.toString("utf8");
  if (answer.status !== 200) throw new Error(`pod ${name}: status ${answer.status}: ${text.slice(0, 200)}`);
  return text;
}
