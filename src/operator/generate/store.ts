/** The Secrets and ConfigMaps that objects refer to. */
import type { KeySelector, SecretOrConfigMap } from "../schema/generated/types.js";
import { invalid } from "./invalid.js";

export interface SecretObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  /** In base64. */
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

export interface ConfigMapObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** Objects by `namespace/name`, values by key. */
type Objects = Map<string, ReadonlyMap<string, string>>;

export class AssetStore {
  readonly #secrets: Objects = new Map();
  readonly #configMaps: Objects = new Map();

  addSecret({ metadata, data, stringData }: SecretObject): void {
    const values = new Map(
      Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
    );
    for (const [key, value] of Object.entries(stringData ?? {})) values.set(key, value);
    this.#secrets.set(`${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`, values);
  }

  addConfigMap({ metadata, data }: ConfigMapObject): void {
    this.#configMaps.set(`${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`, new Map(Object.entries(data ?? {})));
  }

  forNamespace(namespace: string): NamespacedStore {
    return new NamespacedStore(namespace, this.#secrets, this.#configMaps);
  }
}

/** References are to objects of the referring object's own namespace. */
export class NamespacedStore {
  readonly namespace: string;
  readonly #secrets: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #configMaps: ReadonlyMap<string, ReadonlyMap<string, string>>;

  constructor(namespace: string, secrets: Objects, configMaps: Objects) {
    this.namespace = namespace;
    this.#secrets = secrets;
    this.#configMaps = configMaps;
  }

  /** The value of a Secret's key; undefined if there is none. */
  secret(selector: KeySelector | undefined): string | undefined {
    return this.#secrets.get(`${this.namespace}/${selector?.name ?? ""}`)?.get(selector?.key ?? "");
  }

  configMap(selector: KeySelector | undefined): string | undefined {
    return this.#configMaps.get(`${this.namespace}/${selector?.name ?? ""}`)?.get(selector?.key ?? "");
  }

  /** The value that is referred to: "" without a reference, undefined if it does not exist. */
  value(reference: SecretOrConfigMap | undefined): string | undefined {
    if (reference?.secret !== undefined) return this.secret(reference.secret);
    if (reference?.configMap !== undefined) return this.configMap(reference.configMap);
    return "";
  }

  /** As `secret`, for a reference that must lead to something. */
  needSecret(selector: KeySelector | undefined): string {
    return this.secret(selector) ?? this.#missing("secret", this.#secrets, selector);
  }

  needConfigMap(selector: KeySelector | undefined): string {
    return this.configMap(selector) ?? this.#missing("configmap", this.#configMaps, selector);
  }

  need(reference: SecretOrConfigMap | undefined): string {
    if (reference?.secret !== undefined) return this.needSecret(reference.secret);
    if (reference?.configMap !== undefined) return this.needConfigMap(reference.configMap);
    return "";
  }

  #missing(kind: string, objects: ReadonlyMap<string, unknown>, selector: KeySelector | undefined): never {
    const name = `${this.namespace}/${selector?.name ?? ""}`;
    return objects.has(name)
      ? invalid(`${kind} ${name} has no key "${selector?.key ?? ""}"`)
      : invalid(`there is no ${kind} ${name}`);
  }
}

/** Name of the file that holds a TLS asset in the pods. */
export function tlsAssetName(namespace: string, reference: SecretOrConfigMap): string {
  const [origin, selector] = reference.secret !== undefined ? [0, reference.secret] : [1, reference.configMap];
  return `${origin}_${namespace}_${selector?.name ?? ""}_${selector?.key ?? ""}`;
}
