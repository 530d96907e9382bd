/**
 * Selectors of whose histograms only count and sum are needed, since `histogram_count` and its like stand above them.
 * Prometheus then reads them without buckets and finds counter resets while reading, which shows in what annotations
 * say. 3.5 looks at the first selector of a query alone, and not at a function that is the whole query.
 */
import { childrenOf, type Expr, isTrim, type VectorSelector } from "../parser/index.js";

const NEEDS_NO_BUCKETS: ReadonlySet<string> = new Set(["histogram_avg", "histogram_count", "histogram_sum"]);
const NEEDS_BUCKETS: ReadonlySet<string> = new Set(["histogram_fraction", "histogram_quantile", "histogram_quantiles"]);

export function statsOnlySelectors(expr: Expr, isNewer: boolean): ReadonlySet<VectorSelector> {
  const found = new Set<VectorSelector>();
  const path: Expr[] = [];
  const visit = (node: Expr): boolean => {
    if (node.kind === "vectorSelector") {
      if (isNewer ? needsNoBuckets(path) : needsNoBucketsIn35(path)) found.add(node);
      return isNewer;
    }
    path.push(node);
    const goesOn = childrenOf(node).every(visit);
    path.pop();
    return goesOn;
  };
  visit(expr);
  return found;
}

function needsNoBuckets(path: readonly Expr[]): boolean {
  let isUnneeded = false;
  for (const node of path.toReversed()) {
    if (node.kind === "subquery") return false;
    if (node.kind === "binary" && isTrim(node.op)) return false;
    if (node.kind !== "call") continue;
    if (NEEDS_BUCKETS.has(node.func.name)) return false;
    if (NEEDS_NO_BUCKETS.has(node.func.name)) isUnneeded = true;
  }
  return isUnneeded;
}

function needsNoBucketsIn35(path: readonly Expr[]): boolean {
  for (const node of path.slice(1).toReversed()) {
    if (node.kind !== "call") continue;
    if (NEEDS_NO_BUCKETS.has(node.func.name)) return true;
    if (NEEDS_BUCKETS.has(node.func.name)) return false;
  }
  return false;
}
