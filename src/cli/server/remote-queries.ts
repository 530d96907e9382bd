/**
 * The rules' side of their queries: asks the query pool through the main thread. At most `--rules.max-concurrent-evals`
 * tasks are under way, so that queries of people are not behind hundreds of them; the others wait here.
 */
import { VestalError } from "../../base/index.js";
import { Labels, Matcher, METRIC_NAME } from "../../model/index.js";
import {
  ALERTS_FOR_STATE,
  type ForStateSample,
  type RuleAnswer,
  type RuleQuerier,
  type RuleQuery,
  type RuleSample,
} from "../../rules/index.js";
import type { RuleExpression, RuleExpressionAnswer, RulesSettings } from "./rules-messages.js";
import { type PackedQuestions, packExpressions } from "./rules-pack.js";

/** Expressions in one task of the query pool; a task that takes too long gives back the rest. */
const EXPRESSIONS_MAX = 64;

/** Expressions that are asked together, and what their last answers had as label sets. */
class Batch {
  readonly expressions: readonly RuleExpression[];
  readonly text: string;
  readonly lists: number[];
  readonly #labels: (readonly Labels[])[];

  constructor(expressions: readonly RuleExpression[]) {
    this.expressions = expressions;
    this.text = packExpressions(expressions);
    this.lists = expressions.map(() => 0);
    this.#labels = expressions.map(() => []);
  }

  /** What expression `i` gave. */
  take(i: number, answer: RuleExpressionAnswer): RuleAnswer {
    const { seconds } = answer;
    if ("error" in answer) return { seconds, error: { message: answer.error, isCanceled: answer.isCanceled } };
    const { list, labels, values, histograms } = answer;
    if (labels !== undefined) {
      this.#labels[i] = labels.map((pairs) => new Labels(pairs));
      this.lists[i] = list;
    }
    const samples = this.#labels[i]!.map((each, k): RuleSample => {
      const histogram = histograms?.[k];
      const sample = { labels: each, value: values[k]! };
      return histogram === undefined ? sample : { ...sample, histogram };
    });
    return { seconds, samples };
  }
}

interface Task {
  readonly questions: PackedQuestions;
  readonly settle: (answers: readonly RuleExpressionAnswer[]) => void;
}

export class RemoteQueries implements RuleQuerier {
  readonly #settings: RulesSettings;
  readonly #post: (id: number, questions: PackedQuestions) => void;
  /** Lanes of batches: those of one lane are asked one after the other. */
  readonly #lanes = new WeakMap<readonly RuleQuery[], readonly (readonly Batch[])[]>();
  readonly #open = new Map<number, Task>();
  readonly #waiting: Task[] = [];
  #nextId = 1;

  constructor(settings: RulesSettings, post: (id: number, questions: PackedQuestions) => void) {
    this.#settings = settings;
    this.#post = post;
  }

  async evaluate(queries: readonly RuleQuery[], timeMs: number): Promise<readonly RuleAnswer[]> {
    let lanes = this.#lanes.get(queries);
    if (lanes === undefined) {
      lanes = this.#lanesOf(queries.map(({ expr, ...rest }): RuleExpression => ({ expression: expr, ...rest })));
      this.#lanes.set(queries, lanes);
    }
    return this.#askAll(lanes, timeMs);
  }

  async forState(alertName: string, startMs: number, endMs: number): Promise<readonly ForStateSample[]> {
    const matchers = [new Matcher("=", METRIC_NAME, ALERTS_FOR_STATE), new Matcher("=", "alertname", alertName)];
    const selector = `{${matchers.join(",")}}`;
    const lookbackDeltaMs = Math.max(1, endMs - startMs);
    const expressions = [selector, `timestamp(${selector})`].map((expression) => ({ expression, lookbackDeltaMs }));
    const [values, times] = await this.#askAll(this.#lanesOf(expressions), endMs);
    const failed = [values, times].find((answer) => answer?.error !== undefined);
    if (failed?.error !== undefined) throw new VestalError("RULE", failed.error.message);
    const withoutName = new Set([METRIC_NAME]);
    const timeOf = new Map((times?.samples ?? []).map(({ labels, value }) => [labels.key, value]));
    return (values?.samples ?? []).map(({ labels, value }) => {
      const own = labels.without(withoutName);
      return { labels: own, timestampMs: (timeOf.get(own.key) ?? endMs / 1000) * 1000, value };
    });
  }

  /** Answers of the first expressions of task `id`. */
  take(id: number, answers: readonly RuleExpressionAnswer[]): void {
    const task = this.#open.get(id);
    this.#open.delete(id);
    task?.settle(answers);
    this.#next();
  }

  #lanesOf(expressions: readonly RuleExpression[]): readonly (readonly Batch[])[] {
    const { isConcurrent, maxConcurrentEvals } = this.#settings;
    const size = isConcurrent
      ? Math.max(1, Math.min(EXPRESSIONS_MAX, Math.ceil(expressions.length / maxConcurrentEvals)))
      : Math.max(1, expressions.length);
    return cut(expressions, size).map((lane) => cut(lane, EXPRESSIONS_MAX).map((batch) => new Batch(batch)));
  }

  async #askAll(lanes: readonly (readonly Batch[])[], timeMs: number): Promise<readonly RuleAnswer[]> {
    const [first] = lanes;
    if (first === undefined) return [];
    if (lanes.length === 1) return this.#askLane(first, timeMs);
    return (await Promise.all(lanes.map((lane) => this.#askLane(lane, timeMs)))).flat();
  }

  async #askLane(lane: readonly Batch[], timeMs: number): Promise<readonly RuleAnswer[]> {
    const all: RuleAnswer[] = [];
    for (const batch of lane) {
      const { expressions, text, lists } = batch;
      for (let from = 0; from < expressions.length; ) {
        // Posted, so that what comes back while it waits does not change it.
        const questions =
          from === 0
            ? { text, timeMs, lists: [...lists] }
            : { text: packExpressions(expressions.slice(from)), timeMs, lists: lists.slice(from) };
        const answers = await this.#ask(questions);
        for (const answer of answers) all.push(batch.take(from++, answer));
      }
    }
    return all;
  }

  #ask(questions: PackedQuestions): Promise<readonly RuleExpressionAnswer[]> {
    return new Promise((settle) => {
      this.#waiting.push({ questions, settle });
      this.#next();
    });
  }

  #next(): void {
    while (this.#open.size < Math.max(1, this.#settings.maxConcurrentEvals)) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      const id = this.#nextId++;
      this.#open.set(id, task);
      this.#post(id, task.questions);
    }
  }
}

function cut<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}
