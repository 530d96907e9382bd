/**
 * Which Secrets and ConfigMaps an object refers to, found by the shape of references: `{ name, key }`, under `configMap` for a
 * ConfigMap's key and anywhere else for a Secret's. So no field can be forgotten; what is named in vain costs one request.
 */
import type { KubernetesApi, StoredObject } from "../../kubernetes/index.js";
import type { AssetStore, ConfigMapObject, SecretObject } from "../generate/store.js";
import { CONFIG_MAP, objectPath, SECRET } from "./resources.js";

export interface References {
  /** `namespace/name` each. */
  readonly secrets: Set<string>;
  readonly configMaps: Set<string>;
}

/** The deepest place that is looked at: custom resources are not nested more than some twenty levels. */
const DEPTH_MAX = 64;

export function addReferences(found: References, namespace: string, value: unknown): void {
  visit(found, namespace, value, "", 0);
}

const plain = new WeakMap<object, boolean>();

/** Whether an object refers to nothing, found out once: most monitors and all rules do not, and there are thousands. */
export function isWithoutReferences(object: object): boolean {
  let known = plain.get(object);
  if (known === undefined) {
    const found: References = { secrets: new Set(), configMaps: new Set() };
    addReferences(found, "", object);
    known = found.secrets.size === 0 && found.configMaps.size === 0;
    plain.set(object, known);
  }
  return known;
}

function visit(found: References, namespace: string, value: unknown, place: string, depth: number): void {
  if (typeof value !== "object" || value === null || depth > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (const each of value) visit(found, namespace, each, place, depth + 1);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { name, key } = fields;
  if (typeof name === "string" && name !== "" && typeof key === "string") {
    const kind = /configMap/i.test(place) ? found.configMaps : found.secrets;
    kind.add(`${namespace}/${name}`);
  }
  for (const [next, each] of Object.entries(fields)) visit(found, namespace, each, next, depth + 1);
}

export interface ReferenceOptions {
  /** Of content kept between runs. */
  readonly bytesMax: number;
  /** Requests at a time. */
  readonly concurrency: number;
}

export const DEFAULT_REFERENCES: ReferenceOptions = { bytesMax: 32 * 1024 * 1024, concurrency: 8 };

type ReferenceKind = "Secret" | "ConfigMap";

/** The version that the watch saw last; undefined of what is not watched. */
export type VersionOf = (kind: ReferenceKind, key: string) => string | undefined;

interface Kept {
  readonly version: string;
  readonly bytes: number;
  readonly object: StoredObject;
}

/** Reads what is referred to. Content is kept while the watch of its metadata says that it has not changed. */
export class ReferenceReader {
  readonly #options: ReferenceOptions;
  readonly #api: KubernetesApi;
  readonly #versionOf: VersionOf;
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(options: ReferenceOptions, api: KubernetesApi, versionOf: VersionOf) {
    this.#options = options;
    this.#api = api;
    this.#versionOf = versionOf;
  }

  /** What does not exist stays unknown to the store, which then names it. */
  async fetch({ secrets, configMaps }: References, store: AssetStore): Promise<void> {
    const wanted = [
      ...[...secrets].map((key) => ["Secret", key] as const),
      ...[...configMaps].map((key) => ["ConfigMap", key] as const),
    ];
    const workers = Array.from({ length: this.#options.concurrency }, async () => {
      for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
        const [kind, key] = next;
        const object = await this.#read(kind, key);
        if (object === undefined) continue;
        if (kind === "Secret") store.addSecret(object as SecretObject);
        else store.addConfigMap(object as ConfigMapObject);
      }
    });
    await Promise.all(workers);
  }

  async #read(kind: ReferenceKind, key: string): Promise<StoredObject | undefined> {
    const id = `${kind} ${key}`;
    const version = this.#versionOf(kind, key);
    const kept = this.#kept.get(id);
    if (kept !== undefined && kept.version === version) {
      this.#kept.delete(id);
      this.#kept.set(id, kept);
      return kept.object;
    }
    const [namespace = "", name = ""] = key.split("/");
    const object = await this.#api.get(objectPath(kind === "Secret" ? SECRET : CONFIG_MAP, namespace, name));
    this.#forget(id);
    if (object?.metadata.resourceVersion !== undefined) this.#keep(id, object, object.metadata.resourceVersion);
    return object;
  }

  #keep(id: string, object: StoredObject, version: string): void {
    const values = Object.values((object["data"] ?? {}) as Readonly<Record<string, string>>);
    const bytes = values.reduce((sum, { length }) => sum + length, 1000);
    this.#kept.set(id, { version, bytes, object });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#options.bytesMax) return;
      this.#forget(oldest);
    }
  }

  #forget(id: string): void {
    this.#bytes -= this.#kept.get(id)?.bytes ?? 0;
    this.#kept.delete(id);
  }
}
