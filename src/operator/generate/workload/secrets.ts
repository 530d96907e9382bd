/** Secrets through which files reach the pods. */
import { gzipSync } from "node:zlib";
import { stringify } from "yaml";
import type { Json, KubeObject } from "../../kube-object.js";
import type { Alertmanager, Prometheus, PrometheusAgent, ThanosRuler } from "../../schema/generated/types.js";
import { compact, compareText } from "../value.js";
import { objectMetadata } from "./metadata.js";
import type { WorkloadOptions } from "./options.js";
import { prometheusNames } from "./prometheus-names.js";
import { CLIENT_FILE } from "./thanos-sidecar.js";

type Owner = Prometheus | PrometheusAgent | Alertmanager | ThanosRuler;

/** A Secret holds 1 MiB; its own fields take space too. */
export const MAX_SECRET_BYTES = 1024 * 1024 - 50_000;

interface SecretSpec {
  readonly owner: Owner;
  readonly name: string;
  readonly options: WorkloadOptions;
}

/** Content is text, or bytes. */
export function secretOf({ owner, name, options }: SecretSpec, files: Iterable<readonly [string, string | Buffer]>) {
  const data = Object.fromEntries([...files].map(([key, content]) => [key, Buffer.from(content).toString("base64")]));
  return compact({
    apiVersion: "v1",
    kind: "Secret",
    metadata: objectMetadata(owner, name, options),
    data,
  }) as KubeObject;
}

/** Files as they are in the pods: JSON values as YAML, nothing as an empty file. */
export function yamlFile(content: Json | undefined): string {
  return content === undefined ? "" : stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** `prometheus.yaml.gz` or `alertmanager.yaml.gz`; the reloader unpacks it. Empty stays empty. */
export function configurationSecret(secret: SecretSpec, key: string, text: string): KubeObject {
  return secretOf(secret, [[key, text === "" ? "" : gzipSync(text)]]);
}

/** TLS files in as many Secrets as their size takes, at least one: `NAME-0`, `NAME-1`, … */
export function tlsAssetSecrets(secret: SecretSpec, files: ReadonlyMap<string, string>): KubeObject[] {
  const shards: [string, string][][] = [[]];
  let bytes = 0;
  for (const [key, content] of [...files].sort(([a], [b]) => compareText(a, b))) {
    const size = Buffer.byteLength(key) + Buffer.byteLength(content);
    if (bytes + size > MAX_SECRET_BYTES) {
      shards.push([]);
      bytes = 0;
    }
    bytes += size;
    shards[shards.length - 1]!.push([key, content]);
  }
  return shards.map((shard, index) => secretOf({ ...secret, name: `${secret.name}-${index}` }, shard));
}

/** How the Thanos sidecar speaks to a Prometheus with TLS in its own pod, where the certificate's name cannot match. */
export function sidecarClientSecret(owner: Prometheus, options: WorkloadOptions): KubeObject {
  const name = prometheusNames("server", owner.metadata?.name ?? "").sidecarClientSecret;
  return secretOf({ owner, name, options }, [[CLIENT_FILE, yamlFile({ tls_config: { insecure_skip_verify: true } })]]);
}
