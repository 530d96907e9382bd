/** Objects that a workload owns, as prometheus-operator names, labels and packs them. */
import { gzipSync } from "node:zlib";
import { dump } from "js-yaml";
import type { Json, ObjectMeta } from "../kube-object.js";
import type { DesiredObject } from "./apply.js";
import type { Resource } from "./resources.js";

export interface OwnedOptions {
  /** `--labels` and `--annotations`: on everything that is made. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface OwnerObject {
  readonly metadata?: ObjectMeta | undefined;
}

const MANAGED_BY = { "managed-by": "prometheus-operator", "app.kubernetes.io/managed-by": "prometheus-operator" };

export function controllerReference(of: Resource, { metadata }: OwnerObject) {
  const { name = "", uid = "" } = metadata ?? {};
  return { apiVersion: of.apiVersion, blockOwnerDeletion: true, controller: true, kind: of.kind, name, uid };
}

/** Metadata of an owned object; options win over what is set by the kind, which wins over what all have. */
export function ownedMetadata(
  of: Resource,
  owner: OwnerObject,
  name: string,
  options: OwnedOptions,
  labels: Readonly<Record<string, string>> = {},
): DesiredObject["metadata"] {
  return {
    name,
    namespace: owner.metadata?.namespace ?? "",
    labels: { ...options.labels, ...MANAGED_BY, ...labels },
    ...(Object.keys(options.annotations).length > 0 && { annotations: options.annotations }),
    ownerReferences: [controllerReference(of, owner)],
  };
}

export function secretOf(metadata: DesiredObject["metadata"], data: Readonly<Record<string, Buffer>>): DesiredObject {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.toString("base64")]));
  return { metadata, data: encoded, type: "Opaque" };
}

/** The same bytes for the same text: gzip's header carries no time. An empty text stays empty. */
export function gzip(text: string): Buffer {
  return text === "" ? Buffer.alloc(0) : gzipSync(text);
}

/** Of a Secret, which the API server bounds at 1 MiB: room is left for its metadata. */
const SECRET_BYTES_MAX = 1024 * 1024 - 50_000;
/** Of a ConfigMap with rules: half of what is allowed, since its last-applied annotation may double it. */
const RULES_BYTES_MAX = 512 * 1024;

/** Entries in the order of their keys, in as many parts as their bytes need; at least one. */
export function splitBySize<T extends string | Buffer>(
  entries: Readonly<Record<string, T>>,
  bytesMax: number,
): readonly Readonly<Record<string, T>>[] {
  const parts: Record<string, T>[] = [{}];
  let bytes = 0;
  for (const key of Object.keys(entries).sort()) {
    const value = entries[key]!;
    const size = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (bytes > 0 && bytes + size > bytesMax) {
      parts.push({});
      bytes = 0;
    }
    bytes += size;
    parts[parts.length - 1]![key] = value;
  }
  return parts;
}

export function splitAssets(assets: Readonly<Record<string, Buffer>>): readonly Readonly<Record<string, Buffer>>[] {
  return splitBySize(assets, SECRET_BYTES_MAX);
}

export function splitRules(files: Readonly<Record<string, string>>): readonly Readonly<Record<string, string>>[] {
  return splitBySize(files, RULES_BYTES_MAX);
}

/** YAML as people read it, since they do: no anchors, no folded lines. */
export function yamlOf(value: Json): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}
