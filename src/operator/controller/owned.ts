/** Objects that a workload owns, as prometheus-operator names, labels and packs them. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { dump } from "js-yaml";
import type { KubernetesApi } from "../../kubernetes/index.js";
import { compact } from "../generate/value.js";
import { objectMetadata } from "../generate/workload/metadata.js";
import type { Json, ObjectMeta } from "../kube-object.js";
import { applyObject, type DesiredObject } from "./apply.js";
import type { VersionOf } from "./references.js";
import { CONFIG_MAP, collectionPath, objectPath, SECRET } from "./resources.js";

export interface OwnedOptions {
  /** `--labels` and `--annotations`: on everything that is made. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface OwnerObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/**
 * What owned objects were when they were compared last. While the watch says that one is still of that version, and the same is
 * desired, it need not be asked for.
 */
export class SeenObjects {
  readonly #versionOf: VersionOf;
  readonly #seen = new Map<string, { readonly version: string; readonly hash: string }>();

  constructor(versionOf: VersionOf) {
    this.#versionOf = versionOf;
  }

  isAsSeen(kind: "Secret" | "ConfigMap", key: string, hash: string): boolean {
    const seen = this.#seen.get(`${kind} ${key}`);
    return seen !== undefined && seen.hash === hash && seen.version === this.#versionOf(kind, key);
  }

  note(kind: "Secret" | "ConfigMap", key: string, hash: string, version: string | undefined): void {
    if (version === undefined) this.#seen.delete(`${kind} ${key}`);
    else this.#seen.set(`${kind} ${key}`, { version, hash });
  }

  forget(kind: "Secret" | "ConfigMap", key: string): void {
    this.#seen.delete(`${kind} ${key}`);
  }
}

/** What one run writes for its object, and whether pods have something new to read. */
export class OwnedObjects {
  readonly #api: KubernetesApi;
  readonly #owner: OwnerObject;
  readonly #options: OwnedOptions;
  readonly #seen: SeenObjects;
  #isChanged = false;

  /** @param owner  with its apiVersion and kind. */
  constructor(api: KubernetesApi, owner: OwnerObject, options: OwnedOptions, seen: SeenObjects) {
    this.#api = api;
    this.#owner = owner;
    this.#options = options;
    this.#seen = seen;
  }

  /** A Secret or ConfigMap that existed before has other content now. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  get namespace(): string {
    return this.#owner.metadata?.namespace ?? "";
  }

  async secret(name: string, data: Readonly<Record<string, Buffer>>): Promise<void> {
    await this.#apply(SECRET, secretOf(this.#metadata(name), data));
  }

  async configMap(
    name: string,
    data: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#apply(CONFIG_MAP, { metadata: this.#metadata(name, labels), data });
  }

  /** In as many Secrets as their size needs; those of a run that needed more go. Returns how many. */
  async tlsAssets(prefix: string, files: ReadonlyMap<string, Buffer>): Promise<number> {
    const parts = splitAssets(Object.fromEntries(files));
    for (const [i, data] of parts.entries()) await this.secret(`${prefix}-tls-assets-${i}`, data);
    for (let i = parts.length; ; i++) {
      const name = `${prefix}-tls-assets-${i}`;
      this.#seen.forget("Secret", `${this.namespace}/${name}`);
      if (!(await this.#api.delete(objectPath(SECRET, this.namespace, name)))) return parts.length;
    }
  }

  /** Rule files in ConfigMaps `PREFIX-rulefiles-N`; returns the names of all that pods should mount. */
  async rules(
    prefix: string,
    files: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>>,
  ): Promise<string[]> {
    const parts = splitRules(files);
    const names = parts.map((_, i) => `${prefix}-rulefiles-${i}`);
    // New ones first: no rule is missing at any moment.
    for (const [i, data] of parts.entries()) await this.configMap(names[i]!, data, labels);
    const selector = Object.entries({ ...labels, "managed-by": "prometheus-operator" })
      .map(([name, value]) => `${name}=${value}`)
      .join(",");
    for (const { metadata } of await this.#api.list(collectionPath(CONFIG_MAP, this.namespace), selector)) {
      if (metadata.name.startsWith(`${prefix}-rulefiles-`) && !names.includes(metadata.name)) {
        await this.#api.delete(objectPath(CONFIG_MAP, this.namespace, metadata.name));
        this.#seen.forget("ConfigMap", `${this.namespace}/${metadata.name}`);
      }
    }
    return names;
  }

  async #apply(of: typeof SECRET | typeof CONFIG_MAP, desired: DesiredObject): Promise<void> {
    const kind = of === SECRET ? "Secret" : "ConfigMap";
    const key = `${desired.metadata.namespace}/${desired.metadata.name}`;
    const hash = createHash("sha256").update(JSON.stringify(desired)).digest("base64");
    if (this.#seen.isAsSeen(kind, key, hash)) return;
    const { outcome, resourceVersion } = await applyObject(this.#api, of, desired);
    this.#seen.note(kind, key, hash, resourceVersion);
    if (outcome === "updated") this.#isChanged = true;
  }

  #metadata(name: string, labels: Readonly<Record<string, string>> = {}): DesiredObject["metadata"] {
    return compact(objectMetadata(this.#owner, name, this.#options, labels)) as DesiredObject["metadata"];
  }
}

export function secretOf(metadata: DesiredObject["metadata"], data: Readonly<Record<string, Buffer>>): DesiredObject {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, value.toString("base64")]));
  return { metadata, data: encoded, type: "Opaque" };
}

/** The same bytes for the same text: gzip's header carries no time. An empty text stays empty. */
export function gzip(text: string | Uint8Array): Buffer {
  return text.length === 0 ? Buffer.alloc(0) : gzipSync(text);
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
