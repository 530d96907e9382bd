/** Pages of the servers that an operator looks after: where they are, and asking for them. */
import type { HttpClient } from "../../http/index.js";
import type { StoredObject } from "../../kubernetes/index.js";

export const PAGE_TIMEOUT_MS = 10_000;
export const PAGE_BYTES_MAX = 64 * 1024 * 1024;
/** Of a Prometheus, for pods that name no ports. */
const WEB_PORT = 9090;

export interface Place {
  readonly scheme: "http" | "https";
  readonly port: number;
  /** Without the slash at its end. */
  readonly prefix: string;
}

interface WorkloadSpec {
  readonly routePrefix?: string;
  readonly portName?: string;
  readonly web?: { readonly tlsConfig?: unknown };
}

interface PodSpec {
  readonly containers?: readonly {
    readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
  }[];
}

export function placeOf(pod: StoredObject, workload: StoredObject): Place {
  const { routePrefix = "/", portName = "web", web } = (workload["spec"] ?? {}) as WorkloadSpec;
  const { containers = [] } = (pod["spec"] ?? {}) as PodSpec;
  const ports = containers.flatMap((container) => container.ports ?? []);
  return {
    scheme: web?.tlsConfig === undefined ? "http" : "https",
    port: ports.find(({ name }) => name === portName)?.containerPort ?? WEB_PORT,
    prefix: routePrefix.replace(/\/+$/, ""),
  };
}

/** @throws Error with the status where it is not 200. */
export async function textOf(client: HttpClient, url: string): Promise<string> {
  const page = { method: "GET", url, timeoutMs: PAGE_TIMEOUT_MS, bodyBytesMax: PAGE_BYTES_MAX } as const;
  const answer = await client.request(page);
  if (answer.status !== 200) throw new Error(`${url}: status ${answer.status}`);
  return answer.body.toString("utf8");
}
