/**
 * Queries of rules and their answers as they cross threads: one text and one array of numbers for a whole task. Cloning
 * an array and a list of labels for each expression cost more than evaluating it (perf/rules).
 */
import type { Histogram } from "../../model/index.js";
import type { RuleExpression, RuleExpressionAnswer } from "./rules-messages.js";

export interface PackedAnswers {
  /** JSON: for each expression its label sets, or its error. */
  readonly text: string;
  /** For each expression the seconds it took, then its values. */
  readonly numbers: Float64Array;
  /** By number of the expression; only of those that gave histograms. */
  readonly histograms: ReadonlyMap<number, readonly (Histogram | undefined)[]> | undefined;
}

type PackedText = readonly (
  | readonly (readonly string[])[]
  | { readonly error: string; readonly isCanceled: boolean }
)[];

export function packExpressions(expressions: readonly RuleExpression[]): string {
  return JSON.stringify(expressions);
}

export function unpackExpressions(packed: string): readonly RuleExpression[] {
  return JSON.parse(packed) as readonly RuleExpression[];
}

export function packAnswers(answers: readonly RuleExpressionAnswer[]): PackedAnswers {
  const count = answers.reduce((sum, answer) => sum + 1 + ("error" in answer ? 0 : answer.values.length), 0);
  const numbers = new Float64Array(count);
  let histograms: Map<number, readonly (Histogram | undefined)[]> | undefined;
  let at = 0;
  const texts = answers.map((answer, i) => {
    numbers[at++] = answer.seconds;
    if ("error" in answer) return { error: answer.error, isCanceled: answer.isCanceled };
    numbers.set(answer.values, at);
    at += answer.values.length;
    if (answer.histograms !== undefined) {
      histograms ??= new Map();
      histograms.set(i, answer.histograms);
    }
    return answer.labels;
  });
  return { text: JSON.stringify(texts), numbers, histograms };
}

export function unpackAnswers({ text, numbers, histograms }: PackedAnswers): readonly RuleExpressionAnswer[] {
  let at = 0;
  return (JSON.parse(text) as PackedText).map((part, i): RuleExpressionAnswer => {
    const seconds = numbers[at++]!;
    if (!isLabels(part)) return { ...part, seconds };
    const values = numbers.subarray(at, at + part.length);
    at += part.length;
    return { labels: part, values, histograms: histograms?.get(i), seconds };
  });
}

function isLabels(part: PackedText[number]): part is readonly (readonly string[])[] {
  return Array.isArray(part);
}
