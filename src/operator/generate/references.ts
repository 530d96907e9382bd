/** Which Secrets and ConfigMaps an object refers to. Found by the description of its kind, so that no field is forgotten. */
import { createHash } from "node:crypto";
import type { ObjectMeta } from "../kube-object.js";
import type { Fields, Schema } from "../schema/dsl.js";
import type { KeySelector, SecretOrConfigMap } from "../schema/generated/types.js";
import { KINDS } from "../schema/index.js";
import { type AssetStore, tlsAssetName } from "./store.js";
import { compareText } from "./value.js";

export interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /** The name of its file in the pods; undefined for what is no TLS material of a client. */
  readonly tlsFile?: string;
}

interface Referring {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
  readonly spec?: object;
}

/** TLS of clients, which is mounted together; that of servers is mounted Secret by Secret. */
const CLIENT_TLS_SHAPES: ReadonlySet<string> = new Set(["SafeTLSConfig", "TLSConfig"]);

export function referencesOf(object: Referring): Reference[] {
  const version = object.apiVersion?.split("/")[1];
  const fields = KINDS.find(({ kind }) => kind === object.kind)?.versions.find(({ name }) => name === version)?.spec;
  const found: Reference[] = [];
  const place: Place = { namespace: object.metadata?.namespace ?? "", found, isTls: false };
  if (fields !== undefined) inFields(fields, (object.spec ?? {}) as Values, place);
  return found;
}

interface Place {
  readonly namespace: string;
  readonly found: Reference[];
  readonly isTls: boolean;
}

type Values = Readonly<Record<string, unknown>>;

function inFields(fields: Fields, values: Values, place: Place): void {
  for (const [name, value] of Object.entries(values)) {
    const schema = fields[name];
    if (schema !== undefined && value !== null && value !== undefined) inValue(schema, value, place);
  }
}

function inValue(schema: Schema, value: unknown, place: Place): void {
  if (Array.isArray(value)) {
    for (const item of value) inValue(schema.items ?? schema, item, place);
    return;
  }
  if (schema.shape === "KeySelector") {
    add({ secret: value as KeySelector }, place);
  } else if (schema.shape === "SecretOrConfigMap") {
    add(value as SecretOrConfigMap, place);
  } else if (schema.type === "map" && schema.items !== undefined) {
    for (const item of Object.values(value as Values)) inValue(schema.items, item, place);
  } else if (schema.fields !== undefined) {
    const isTls = place.isTls || CLIENT_TLS_SHAPES.has(schema.shape ?? "");
    inFields(schema.fields, value as Values, { ...place, isTls });
  }
}

function add(reference: SecretOrConfigMap, { namespace, found, isTls }: Place): void {
  const selector = reference.secret ?? reference.configMap;
  if (selector?.name === undefined || selector.name === "") return;
  found.push({
    kind: reference.secret !== undefined ? "Secret" : "ConfigMap",
    namespace,
    name: selector.name,
    key: selector.key ?? "",
    ...(isTls ? { tlsFile: tlsAssetName(namespace, reference) } : {}),
  });
}

/** Contents of the TLS files that objects need, by file name. What does not exist is left out: its object is rejected. */
export function tlsAssets(objects: readonly Referring[], assets: AssetStore): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { tlsFile, kind, namespace, name, key } of objects.flatMap(referencesOf)) {
    if (tlsFile === undefined) continue;
    const store = assets.forNamespace(namespace);
    const content = kind === "Secret" ? store.secret({ name, key }) : store.configMap({ name, key });
    if (content !== undefined) files.set(tlsFile, content);
  }
  return new Map([...files].sort(([a], [b]) => compareText(a, b)));
}

/** Over everything that a workload depends on: another hash means that its pods must be replaced. */
export function inputHash(inputs: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(inputs, sorted)).digest();
  return digest.readBigUInt64BE(0).toString();
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => compareText(a, b)));
}
