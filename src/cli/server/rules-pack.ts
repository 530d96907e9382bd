/**
 * Queries of rules and their answers as they cross threads: a text and numbers for a whole task. Cloning an array and a list
 * of labels for each expression cost more than evaluating it (perf/rules). The text of a question is the same each time,
 * and label sets are in an answer only where they have changed.
 */
import type { Histogram } from "../../model/index.js";
import type { RuleExpression, RuleExpressionAnswer } from "./rules-messages.js";

export interface PackedQuestions {
  /** Of `packExpressions`. */
  readonly text: string;
  readonly timeMs: number;
  /** For each expression the number of the list that its last answer had; 0 where there is none. */
  readonly lists: readonly number[];
}

export interface PackedAnswers {
  readonly count: number;
  /** JSON of what is not a number: for each expression that has any its label sets, or its error; empty if none has. */
  readonly text: string;
  /** For each expression: seconds, its kind, and of a vector the list's number, how many values there are, and these. */
  readonly numbers: Float64Array;
  /** By number of the expression; only of those that gave histograms. */
  readonly histograms: ReadonlyMap<number, readonly (Histogram | undefined)[]> | undefined;
}

const FAILURE = 0;
const KNOWN_LABELS = 1;
const NEW_LABELS = 2;

type PackedText = (readonly (readonly string[])[] | { readonly error: string; readonly isCanceled: boolean })[];

export function packExpressions(expressions: readonly RuleExpression[]): string {
  return JSON.stringify(expressions);
}

export function unpackExpressions(packed: string): readonly RuleExpression[] {
  return JSON.parse(packed) as readonly RuleExpression[];
}

export function packAnswers(answers: readonly RuleExpressionAnswer[]): PackedAnswers {
  const length = answers.reduce((sum, answer) => sum + 2 + ("error" in answer ? 0 : 2 + answer.values.length), 0);
  const numbers = new Float64Array(length);
  const texts: PackedText = [];
  let histograms: Map<number, readonly (Histogram | undefined)[]> | undefined;
  let at = 0;
  for (const [i, answer] of answers.entries()) {
    numbers[at++] = answer.seconds;
    if ("error" in answer) {
      numbers[at++] = FAILURE;
      texts.push({ error: answer.error, isCanceled: answer.isCanceled });
      continue;
    }
    numbers[at++] = answer.labels === undefined ? KNOWN_LABELS : NEW_LABELS;
    numbers[at++] = answer.list;
    numbers[at++] = answer.values.length;
    numbers.set(answer.values, at);
    at += answer.values.length;
    if (answer.labels !== undefined) texts.push(answer.labels);
    if (answer.histograms === undefined) continue;
    histograms ??= new Map();
    histograms.set(i, answer.histograms);
  }
  return { count: answers.length, text: texts.length === 0 ? "" : JSON.stringify(texts), numbers, histograms };
}

export function unpackAnswers({ count, text, numbers, histograms }: PackedAnswers): readonly RuleExpressionAnswer[] {
  const texts = text === "" ? [] : (JSON.parse(text) as PackedText);
  let nextText = 0;
  let at = 0;
  return Array.from({ length: count }, (_, i): RuleExpressionAnswer => {
    const seconds = numbers[at++]!;
    const kind = numbers[at++]!;
    // As they were packed: where the kind says so, the next text is of it.
    if (kind === FAILURE) return { ...(texts[nextText++] as { error: string; isCanceled: boolean }), seconds };
    const list = numbers[at++]!;
    const values = numbers.subarray(at + 1, at + 1 + numbers[at]!);
    at += 1 + values.length;
    const labels = kind === NEW_LABELS ? (texts[nextText++] as readonly (readonly string[])[]) : undefined;
    return { list, labels, values, histograms: histograms?.get(i), seconds };
  });
}
