/** Rewrites a query so that `@` fixes the time of all its selectors: its result is then the same at every time. */
import { childrenOf, type Expr, type TimeModifiers } from "../../src/promql/parser/index.js";
import { isTimeDependent } from "../../src/promql/plan/invariance.js";

/** The rewritten tree; undefined where the result depends on the evaluation time all the same. */
export function fixTimes(expr: Expr, timeMs: number): Expr | undefined {
  const at: TimeModifiers["at"] = { kind: "timestamp", timestampMs: timeMs };
  const rewrite = <T extends Expr>(node: T): T => rewriteExpr(node) as T;
  const rewriteExpr = (node: Expr): Expr => {
    switch (node.kind) {
      case "number":
      case "string":
        return node;
      case "vectorSelector":
        return { ...node, at: node.at ?? at };
      case "matrixSelector":
        return { ...node, selector: rewrite(node.selector) };
      case "subquery":
        // What is inside moves with the subquery.
        return { ...node, at: node.at ?? at };
      case "paren":
      case "unary":
        return { ...node, expr: rewrite(node.expr) };
      case "aggregate":
        return { ...node, expr: rewrite(node.expr), param: node.param === undefined ? undefined : rewrite(node.param) };
      case "binary":
        return { ...node, lhs: rewrite(node.lhs), rhs: rewrite(node.rhs) };
      case "call":
        return { ...node, args: node.args.map(rewriteExpr) };
    }
  };
  return containsTimeDependent(expr) ? undefined : rewrite(expr);
}

function containsTimeDependent(expr: Expr): boolean {
  if (expr.kind === "call" && isTimeDependent(expr.func.name)) return true;
  return childrenOf(expr).some(containsTimeDependent);
}
