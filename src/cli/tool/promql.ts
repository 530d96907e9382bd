/** `promql format` and `promql label-matchers`: expressions as text. */
import { type Command, Option } from "commander";
import { Matcher, type MatchOperator } from "../../model/index.js";
import { type Expr, parseExpr, prettifyExpr, printExpr } from "../../promql/parser/index.js";
import { parserOptions, requireExperimental, type ToolContext } from "./program.js";

const OPERATORS: readonly MatchOperator[] = ["=", "!=", "=~", "!~"];

export function addPromql(program: Command, context: ToolContext): void {
  const promql = program
    .command("promql")
    .description("PromQL formatting and editing. Requires the --experimental flag.");
  promql
    .command("format")
    .description("Format PromQL query to pretty printed form.")
    .argument("<query>", "PromQL query.")
    .action((query: string) => {
      requireExperimental(context);
      context.io.out(`${prettifyExpr(parse(query, context))}\n`);
    });
  const matchers = promql
    .command("label-matchers")
    .description("Edit label matchers contained within an existing PromQL query.");
  matchers
    .command("set")
    .description("Set a label matcher in the query.")
    .addOption(new Option("-t, --type <type>", "Type of the label matcher to set.").choices(OPERATORS).default("="))
    .argument("<query>", "PromQL query.")
    .argument("<name>", "Name of the label matcher to set.")
    .argument("<value>", "Value of the label matcher to set.")
    .action((query: string, name: string, value: string, { type }: { readonly type: MatchOperator }) => {
      requireExperimental(context);
      const expr = parse(query, context);
      const matcher = new Matcher(type, name, value);
      context.io.out(`${printExpr(editSelectors(expr, (known) => setMatcher(known, matcher)))}\n`);
    });
  matchers
    .command("delete")
    .description("Delete a label from the query.")
    .argument("<query>", "PromQL query.")
    .argument("<name>", "Name of the label to delete.")
    .action((query: string, name: string) => {
      requireExperimental(context);
      context.io.out(`${printExpr(editSelectors(parse(query, context), (known) => deleteMatcher(known, name)))}\n`);
    });
}

function parse(query: string, context: ToolContext): Expr {
  return parseExpr(query, parserOptions(context));
}

type Matchers = readonly Matcher[];

/** The expression with the conditions of every selector changed. */
function editSelectors<E extends Expr>(expr: E, edit: (matchers: Matchers) => Matchers): E {
  const below = (child: Expr): Expr => editSelectors(child, edit);
  const copy: Expr = expr;
  switch (copy.kind) {
    case "number":
    case "string":
      return expr;
    case "vectorSelector":
      return { ...expr, matchers: edit(copy.matchers) };
    case "matrixSelector":
      return { ...expr, selector: editSelectors(copy.selector, edit) };
    case "subquery":
    case "unary":
    case "paren":
      return { ...expr, expr: below(copy.expr) };
    case "binary":
      return { ...expr, lhs: below(copy.lhs), rhs: below(copy.rhs) };
    case "aggregate":
      return { ...expr, expr: below(copy.expr), param: copy.param && below(copy.param) };
    case "call":
      return { ...expr, args: copy.args.map(below) };
  }
}

/** Every condition on that label becomes the new one; where there is none, it is added. */
function setMatcher(known: Matchers, matcher: Matcher): Matchers {
  const isThere = known.some(({ name }) => name === matcher.name);
  return isThere ? known.map((one) => (one.name === matcher.name ? matcher : one)) : [...known, matcher];
}

/** Of two conditions on the label that stand side by side the second stays, as in promtool. */
function deleteMatcher(known: Matchers, name: string): Matchers {
  const kept: Matcher[] = [];
  for (let i = 0; i < known.length; i++) {
    if (known[i]!.name !== name) kept.push(known[i]!);
    else if (++i < known.length) kept.push(known[i]!);
  }
  return kept;
}
