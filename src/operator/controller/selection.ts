/**
 * Which monitors, probes, scrape configurations and rules a workload selects, and whether each is accepted. No selector selects
 * nothing, an empty one everything; without a namespace selector only the workload's own namespace counts.
 */
import { reasonOf } from "../generate/invalid.js";
import { selects } from "../generate/prometheus/label-selector.js";
import type { ObjectMeta } from "../kube-object.js";
import type { LabelSelector } from "../schema/generated/types.js";
import type { ResourceCache } from "./cache.js";
import type { Resource } from "./resources.js";

export interface AnyResource {
  readonly metadata?: ObjectMeta;
}

export interface NamespaceObject extends AnyResource {}

export interface Selector {
  readonly labels: LabelSelector | undefined;
  readonly namespaces: LabelSelector | undefined;
  /** An object of the workload's own namespace that it takes by its name. */
  readonly name?: string | undefined;
}

/** By plural: what a workload selects of a kind. */
export type Selectors = ReadonlyMap<string, Selector>;

export interface Selected<T> {
  readonly object: T;
  /** Why it is not used; undefined if it is. */
  readonly rejection: string | undefined;
}

export function keyOfObject({ metadata }: AnyResource): string {
  return metadata?.namespace === undefined ? (metadata?.name ?? "") : `${metadata.namespace}/${metadata.name}`;
}

/** Whether the workload `owner` selects an object by this. */
export function isSelected(
  { metadata }: AnyResource,
  by: Selector,
  owner: AnyResource,
  namespaces: Pick<ResourceCache<NamespaceObject>, "get">,
): boolean {
  const namespace = metadata?.namespace ?? "";
  const isOwn = owner.metadata?.namespace === namespace;
  if (isOwn && by.name !== undefined && by.name === metadata?.name) return true;
  if (!isMatched(by.labels, metadata?.labels)) return false;
  return by.namespaces === undefined ? isOwn : isMatched(by.namespaces, namespaces.get(namespace)?.metadata?.labels);
}

/**
 * As `selects`, but a selector that is not allowed selects nothing: where events are handed out, one workload's mistake must not stop
 * them. Its reconciliation says what is wrong.
 */
export function isMatched(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  let isMet = false;
  reasonOf(() => {
    isMet = selects(selector, labels);
  });
  return isMet;
}

/** Names of the namespaces that a selector means. */
export function namespacesOf(
  owner: AnyResource,
  selector: LabelSelector | undefined,
  namespaces: Pick<ResourceCache<NamespaceObject>, "list">,
): ReadonlySet<string> {
  if (selector === undefined) return new Set([owner.metadata?.namespace ?? ""]);
  const found = namespaces.list().filter(({ metadata }) => selects(selector, metadata?.labels));
  return new Set(found.map(({ metadata }) => metadata?.name ?? ""));
}

/** In the order of `namespace/name`, each with its kind, which items of lists lack: exemptions name it. */
export function selectObjects<T extends AnyResource>(
  { apiVersion, kind }: Resource,
  cache: ResourceCache<T> | undefined,
  selector: LabelSelector | undefined,
  namespaces: ReadonlySet<string>,
): readonly T[] {
  if (cache === undefined || selector === undefined) return [];
  return cache
    .list()
    .filter(({ metadata }) => namespaces.has(metadata?.namespace ?? "") && selects(selector, metadata?.labels))
    .map((object) => withKind(object, apiVersion, kind));
}

/**
 * By specification: the same object for the same one, so that what was found out about it can be kept beside it. Of an object whose
 * status alone was written it is the older one.
 */
const named = new WeakMap<object, { readonly identity: string; readonly full: AnyResource }>();

function withKind<T extends AnyResource>(object: T, apiVersion: string, kind: string): T {
  const { spec = object } = object as { readonly spec?: object };
  const { uid, namespace, name, generation, labels, annotations } = object.metadata ?? {};
  const identity = JSON.stringify([uid, namespace, name, generation, labels, annotations]);
  const known = named.get(spec);
  if (known?.identity === identity) return known.full as T;
  const full = { ...object, apiVersion, kind };
  named.set(spec, { identity, full });
  return full;
}

/** @param check  throws InvalidConfigurationError with the reason. */
export function judge<T extends AnyResource>(
  objects: readonly T[],
  check: (object: T) => void,
): readonly Selected<T>[] {
  return objects.map((object) => ({ object, rejection: reasonOf(() => check(object)) }));
}

export function accepted<T>(selected: readonly Selected<T>[]): readonly T[] {
  return selected.filter(({ rejection }) => rejection === undefined).map(({ object }) => object);
}
