/**
 * The specification that is known already, where it is the same: status is written often, and what is made of a specification is kept
 * beside it.
 */
import type { KubernetesObject } from "../../kubernetes/index.js";

type Versioned = KubernetesObject & {
  readonly metadata: { readonly generation?: number };
  readonly spec?: unknown;
};

/** @param before  what the cache has of the object, if anything. */
export function keepSpec(object: KubernetesObject, before: unknown): KubernetesObject {
  const { uid, generation } = (object as Versioned).metadata;
  const known = before as Versioned | undefined;
  // The API server counts specifications: without a number nothing is known.
  if (known?.spec === undefined || uid === undefined || generation === undefined) return object;
  const isSame = known.metadata.uid === uid && known.metadata.generation === generation;
  return isSame ? ({ ...object, spec: known.spec } as Versioned) : object;
}
