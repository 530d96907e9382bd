/**
 * A query thread's part in rules: several expressions in one task, so that a rule does not pay for a hop of its own. Rules
 * come again and again, so their plans are kept, and label sets that the asker still has are not sent again.
 */
import { errorCode, errorMessage } from "../../base/index.js";
import { Labels } from "../../model/index.js";
import {
  type EvaluationOptions,
  MovingPlan,
  type QueryRequest,
  type QueryResult,
  toSample,
} from "../../promql/index.js";
import { type Expr, type ParserOptions, parseExpr } from "../../promql/parser/index.js";
import type { RuleExpression, RuleExpressionAnswer, RuleFailure, RuleVector } from "./rules-messages.js";
import { type PackedQuestions, unpackExpressions } from "./rules-pack.js";

/** A task gives back what it has after this time: other queries wait for the thread. */
const TASK_MS = 200;
/** Expressions kept with their plans: about 5 kB each. */
const RULES_MAX = 20_000;
/** Longer vectors are sent whole each time. */
const LIST_LENGTH_MAX = 10_000;
/** Numbers of lists are different in each thread. */
const LISTS_OF_A_THREAD = 2 ** 32;

/** The label sets of an answer. */
interface SentList {
  readonly id: number;
  readonly labels: readonly Labels[];
}

/** What is kept of an expression. */
interface KnownRule {
  readonly expr: Expr;
  readonly options: EvaluationOptions;
  readonly plan: MovingPlan;
  sent: SentList | undefined;
}

export interface RuleQueriesOptions {
  readonly threadId: number;
  readonly parser: ParserOptions;
  readonly optionsOf: (lookbackDeltaMs: number | undefined) => EvaluationOptions;
}

export class RuleQueries {
  readonly #options: RuleQueriesOptions;
  /** By lookback and expression. */
  readonly #rules = new Map<string, KnownRule>();
  /** Texts of whole tasks, and what they say. */
  readonly #tasks = new Map<string, readonly RuleExpression[]>();
  #expressionsOfTasks = 0;
  #lastList: number;

  constructor(options: RuleQueriesOptions) {
    this.#options = options;
    this.#lastList = options.threadId * LISTS_OF_A_THREAD;
  }

  /** @returns answers of the first expressions, at least of one. */
  async run(
    { text, timeMs, lists }: PackedQuestions,
    evaluateOne: (request: QueryRequest, of: RuleExpression) => Promise<QueryResult>,
  ): Promise<readonly RuleExpressionAnswer[]> {
    const answers: RuleExpressionAnswer[] = [];
    let startedMs = performance.now();
    const endMs = startedMs + TASK_MS;
    for (const [i, of] of this.#expressionsOf(text).entries()) {
      if (answers.length > 0 && startedMs > endMs) break;
      let answer: WithoutSeconds;
      try {
        const rule = this.#ruleOf(of);
        const { expr, options, plan } = rule;
        const times = { startMs: timeMs, endMs: timeMs, stepMs: 0 };
        const request = { text: of.expression, expr, ...times, options, planned: plan.at(timeMs) };
        answer = this.#vectorOf(rule, await evaluateOne(request, of), lists[i]!);
      } catch (error) {
        answer = { error: errorMessage(error), isCanceled: errorCode(error) === "QUERY_CANCELED" };
      }
      const nowMs = performance.now();
      answers.push({ ...answer, seconds: (nowMs - startedMs) / 1000 });
      startedMs = nowMs;
    }
    return answers;
  }

  #expressionsOf(text: string): readonly RuleExpression[] {
    const known = this.#tasks.get(text);
    if (known !== undefined) return known;
    const expressions = unpackExpressions(text);
    this.#expressionsOfTasks += expressions.length;
    if (this.#expressionsOfTasks > RULES_MAX) {
      this.#tasks.clear();
      this.#expressionsOfTasks = expressions.length;
    }
    this.#tasks.set(text, expressions);
    return expressions;
  }

  #ruleOf(of: RuleExpression): KnownRule {
    const key = `${of.lookbackDeltaMs ?? ""} ${of.expression}`;
    const known = this.#rules.get(key);
    if (known !== undefined) return known;
    const expr = parseExpr(of.expression, this.#options.parser);
    const options = this.#options.optionsOf(of.lookbackDeltaMs);
    const plan = new MovingPlan(expr, options);
    const rule = { expr, options, plan, sent: undefined };
    if (this.#rules.size >= RULES_MAX) this.#rules.clear();
    this.#rules.set(key, rule);
    return rule;
  }

  #vectorOf(rule: KnownRule, { value }: QueryResult, askersList: number): WithoutSeconds {
    if (value.type === "scalar") {
      const { list, labels } = this.#listOf(rule, ONE_WITHOUT_LABELS, askersList);
      return { list, labels, values: Float64Array.of(value.value), histograms: undefined };
    }
    if (value.type !== "vector") throw new Error("rule result is not a vector or scalar");
    const { list, labels } = this.#listOf(rule, value.labels, askersList);
    const histograms = value.histograms?.map((each) => (each === undefined ? undefined : toSample(each)));
    return { list, labels, values: value.values, histograms };
  }

  /** @param askersList  the list that the asker has: it needs no labels if these are the same */
  #listOf(rule: KnownRule, all: readonly Labels[], askersList: number): Pick<RuleVector, "list" | "labels"> {
    if (all.length > LIST_LENGTH_MAX) return { list: 0, labels: all.map(({ pairs }) => pairs) };
    if (rule.sent === undefined || !areEqual(rule.sent.labels, all)) {
      this.#lastList++;
      rule.sent = { id: this.#lastList, labels: all };
    }
    const list = rule.sent.id;
    return { list, labels: list === askersList ? undefined : all.map(({ pairs }) => pairs) };
  }
}

type WithoutSeconds = Omit<RuleVector, "seconds"> | Omit<RuleFailure, "seconds">;

const ONE_WITHOUT_LABELS: readonly Labels[] = [Labels.EMPTY];

/** In this order. Mostly they are the same objects: queries remember what follows from the labels of series. */
function areEqual(a: readonly Labels[], b: readonly Labels[]): boolean {
  return a === b || (a.length === b.length && a.every((labels, i) => labels === b[i] || hasPairsOf(labels, b[i]!)));
}

function hasPairsOf({ pairs }: Labels, other: Labels): boolean {
  return pairs.length === other.pairs.length && pairs.every((text, i) => text === other.pairs[i]);
}
