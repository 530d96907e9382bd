/** What a plan asks of storage: each selection once, however many nodes look at it. */
import { type Plan, plansBelow, type Selection, selectionOf } from "./nodes.js";

export interface Selections {
  readonly distinct: readonly Selection[];
  /** Place in `distinct` of what a node of the plan has as its selection. */
  readonly placeOf: ReadonlyMap<Selection, number>;
}

export function selectionsOf(plan: Plan): Selections {
  const distinct: Selection[] = [];
  const placeOf = new Map<Selection, number>();
  const placeOfKey = new Map<string, number>();
  const collect = (node: Plan): void => {
    const selection = selectionOf(node);
    if (selection !== undefined) {
      const key = keyOf(selection);
      const place = placeOfKey.get(key) ?? distinct.push(selection) - 1;
      placeOfKey.set(key, place);
      placeOf.set(selection, place);
    }
    for (const below of plansBelow(node)) collect(below);
  };
  collect(plan);
  return { distinct, placeOf };
}

function keyOf({ matchers, minTimeMs, maxTimeMs }: Selection): string {
  return `${minTimeMs} ${maxTimeMs} ${matchers.join(",")}`;
}
