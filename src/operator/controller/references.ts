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

/** Fetches what is referred to; what does not exist stays unknown to the store, which then names it. */
export async function fetchReferences(
  api: KubernetesApi,
  { secrets, configMaps }: References,
  store: AssetStore,
): Promise<void> {
  const fetchAll = async (keys: Iterable<string>, resource: typeof SECRET, take: (object: StoredObject) => void) => {
    for (const key of keys) {
      const [namespace = "", name = ""] = key.split("/");
      const object = await api.get(objectPath(resource, namespace, name));
      if (object !== undefined) take(object);
    }
  };
  await fetchAll(secrets, SECRET, (object) => store.addSecret(object as SecretObject));
  await fetchAll(configMaps, CONFIG_MAP, (object) => store.addConfigMap(object as ConfigMapObject));
}
