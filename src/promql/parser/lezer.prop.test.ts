/**
 * The grammar that Prometheus publishes for editors, as a second opinion on structure: what our parser accepts, that
 * grammar must read without an error, with the same operators around the same operands.
 *
 * Operands carry no `offset` or `@`: behind one that grammar forgets the precedence of the operator before it, and reads
 * `a and b offset 5m + c` as `(a and b offset 5m) + c`. Prometheus itself adds first.
 */
import { parser } from "@prometheus-io/lezer-promql";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Expr, parseExpr } from "./index.js";

const operand = fc.constantFrom("foo", 'bar{a="b"}', "rate(foo[5m])", "2", "1h", "sum(foo)");
const operator = fc.constantFrom(
  ...["+", "-", "*", "/", "%", "^", "atan2", "== bool", "> bool", "<= bool", "and on (a)", "or", "unless"],
  ...["* on (a) group_left (b)", "/ ignoring (c)", "+ ignoring (a, b) group_right ()"],
);

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small" },
    operand,
    fc.tuple(tie("expression"), operator, tie("expression")).map((parts) => parts.join(" ")),
    tie("expression").map((inner) => `(${inner})`),
    tie("expression").map((inner) => `-(${inner})`),
    tie("expression").map((inner) => `abs(${inner})`),
    tie("expression").map((inner) => `max by (a) (${inner})`),
  ),
}));

test("what is accepted has the structure of the published grammar", () => {
  let accepted = 0;
  fc.assert(
    fc.property(expression, (input) => {
      let expr: Expr;
      try {
        expr = parseExpr(input);
      } catch {
        return; // Types that do not fit: that grammar knows none.
      }
      accepted++;
      expect(operatorsOfLezer(input)).toEqual(operatorsOf(expr));
    }),
    { numRuns: 600 },
  );
  expect(accepted).toBeGreaterThan(100);
});

/** `start-end` of each binary expression, sorted. */
function operatorsOf(expr: Expr): readonly string[] {
  const found: string[] = [];
  const walk = (node: Expr): void => {
    switch (node.kind) {
      case "binary":
        found.push(`${node.lhs.start}-${node.rhs.start}`);
        walk(node.lhs);
        walk(node.rhs);
        return;
      case "unary":
      case "paren":
      case "aggregate":
        walk(node.expr);
        return;
      case "call":
        node.args.forEach(walk);
        return;
      default:
    }
  };
  walk(expr);
  return found.sort();
}

function operatorsOfLezer(input: string): readonly string[] {
  const found: string[] = [];
  parser.parse(input).iterate({
    enter: ({ type, node }) => {
      expect(type.isError, input).toBe(false);
      if (type.name !== "BinaryExpr") return;
      found.push(`${node.firstChild?.from}-${node.lastChild?.from}`);
    },
  });
  return found.sort();
}
