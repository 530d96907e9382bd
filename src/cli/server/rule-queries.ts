/** A query thread's part in rules: several expressions in one task, so that a rule does not pay for a hop of its own. */
import { errorCode, errorMessage } from "../../base/index.js";
import { type EvaluationOptions, type QueryRequest, type QueryResult, toSample } from "../../promql/index.js";
import { type Expr, type ParserOptions, parseExpr } from "../../promql/parser/index.js";
import type { RuleExpression, RuleExpressionAnswer } from "./rules-messages.js";

/** A task gives back what it has after this time: other queries wait for the thread. */
const TASK_MS = 200;
/** Parsed expressions kept: rules come again and again. About 2 kB each. */
const PARSED_MAX = 20_000;

export class RuleQueries {
  readonly #parsed = new Map<string, Expr>();

  /** @returns answers of the first expressions, at least of one. */
  async run(
    expressions: readonly RuleExpression[],
    parser: ParserOptions,
    optionsOf: (lookbackDeltaMs: number | undefined) => EvaluationOptions,
    evaluateOne: (request: QueryRequest, of: RuleExpression) => Promise<QueryResult>,
  ): Promise<readonly RuleExpressionAnswer[]> {
    const answers: RuleExpressionAnswer[] = [];
    const endMs = performance.now() + TASK_MS;
    for (const one of expressions) {
      const { expression, timeMs, lookbackDeltaMs } = one;
      const startedMs = performance.now();
      if (answers.length > 0 && startedMs > endMs) break;
      const seconds = (): number => (performance.now() - startedMs) / 1000;
      try {
        const options = optionsOf(lookbackDeltaMs);
        const expr = this.#parse(expression, parser);
        const request = { text: expression, expr, startMs: timeMs, endMs: timeMs, stepMs: 0, options };
        answers.push({ ...vectorOf(await evaluateOne(request, one)), seconds: seconds() });
      } catch (error) {
        const isCanceled = errorCode(error) === "QUERY_CANCELED";
        answers.push({ error: errorMessage(error), isCanceled, seconds: seconds() });
      }
    }
    return answers;
  }

  #parse(expression: string, parser: ParserOptions): Expr {
    const known = this.#parsed.get(expression);
    if (known !== undefined) return known;
    const expr = parseExpr(expression, parser);
    if (this.#parsed.size >= PARSED_MAX) this.#parsed.clear();
    this.#parsed.set(expression, expr);
    return expr;
  }
}

function vectorOf({ value }: QueryResult) {
  if (value.type === "scalar") {
    return { labels: [[]], values: Float64Array.of(value.value), histograms: undefined };
  }
  if (value.type !== "vector") throw new Error("rule result is not a vector or scalar");
  return {
    labels: value.labels.map(({ pairs }) => pairs),
    values: value.values,
    histograms: value.histograms?.map((histogram) => (histogram === undefined ? undefined : toSample(histogram))),
  };
}
