/** Certificates and keys of servers that are mounted as whole volumes, so that renewed ones arrive in running pods. */
import { posix } from "node:path";
import type { KubeObject } from "../kube-object.js";
import type { KeySelector, SecretOrConfigMap } from "../schema/generated/types.js";
import { uniqueLabel } from "./resource-name.js";

export interface TlsReferences {
  readonly key: KeySelector | undefined;
  readonly cert: SecretOrConfigMap | undefined;
  readonly ca: SecretOrConfigMap | undefined;
}

export interface Mounts {
  readonly volumes: readonly KubeObject[];
  readonly mounts: readonly KubeObject[];
}

type Part = "key" | "cert" | "ca";

/** What the parts are called in names of volumes. */
const VOLUME_PART: Readonly<Record<Part, string>> = { key: "key", cert: "cert", ca: "client-ca" };

function originOf(reference: SecretOrConfigMap): readonly ["secret" | "configmap", KeySelector] | undefined {
  if (reference.secret !== undefined) return ["secret", reference.secret];
  return reference.configMap === undefined ? undefined : ["configmap", reference.configMap];
}

/** Where the file of a reference is in the pod; undefined without one. */
export function tlsFile(folder: string, part: Part, reference: SecretOrConfigMap | undefined): string | undefined {
  const origin = reference === undefined ? undefined : originOf(reference);
  return origin === undefined ? undefined : posix.join(tlsFolder(folder, part, origin), origin[1].key ?? "");
}

function tlsFolder(
  folder: string,
  part: Part,
  [kind, selector]: readonly ["secret" | "configmap", KeySelector],
): string {
  return posix.join(folder, kind, `${selector.name ?? ""}-${part}`);
}

/** The volumes of a server's TLS material; a key is always mounted, also one that nothing names. */
export function tlsMounts(folder: string, prefix: string, references: TlsReferences): Mounts {
  const volumes: KubeObject[] = [];
  const mounts: KubeObject[] = [];
  const parts: readonly (readonly [Part, SecretOrConfigMap | undefined])[] = [
    ["key", { secret: references.key ?? {} }],
    ["cert", references.cert],
    ["ca", references.ca],
  ];
  for (const [part, reference] of parts) {
    const origin = reference === undefined ? undefined : originOf(reference);
    if (origin === undefined) continue;
    const [kind, { name = "" }] = origin;
    const volume = uniqueLabel(`${prefix}${kind}-${VOLUME_PART[part]}-`, name);
    volumes.push({ name: volume, ...(kind === "secret" ? { secret: { secretName: name } } : { configMap: { name } }) });
    mounts.push({ name: volume, readOnly: true, mountPath: tlsFolder(folder, part, origin) });
  }
  return { volumes, mounts };
}
