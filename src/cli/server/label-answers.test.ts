import { expect, test } from "vitest";
import {
  COUNTER_MAX_TIME,
  COUNTER_MIN_TIME,
  COUNTER_SAMPLES_APPENDED,
  COUNTERS,
  INDEX_CHANGES,
} from "../../../assembly/layout.js";
import { LabelAnswers, type LabelJob } from "./label-answers.js";
import type { BlockHandle, QueryContext } from "./query-messages.js";

const body = new Uint8Array([1]);

/** A head with samples of [1000, 2000]. */
function headMemory(): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const floats = new Float64Array(memory.buffer, COUNTERS);
  floats[COUNTER_SAMPLES_APPENDED] = 5;
  floats[COUNTER_MIN_TIME] = 1000;
  floats[COUNTER_MAX_TIME] = 2000;
  return memory;
}

const block = (minTimeMs: number, maxTimeMs: number): BlockHandle => ({
  ulid: `${minTimeMs}`,
  dir: "",
  version: "",
  minTimeMs,
  maxTimeMs,
});

const memory = headMemory();
const context: QueryContext = {
  heads: [{ shard: 0, generation: 1, memory }],
  blocks: [block(0, 1000)],
  remoteReads: [],
  missingShards: [],
};
const job: LabelJob = { kind: "labelValues", name: "job", matchers: [], startMs: 500, endMs: 1500, limit: 0 };

function kept(asked: LabelJob = job, given: QueryContext = context): LabelAnswers {
  const answers = new LabelAnswers();
  const key = answers.key(asked, given);
  answers.keep(key!, key, body);
  return answers;
}

function isFound(answers: LabelAnswers, asked: LabelJob, given: QueryContext = context): boolean {
  return answers.find(answers.key(asked, given)!) !== undefined;
}

test("other times find an answer if they overlap the same heads and blocks", () => {
  const answers = kept();
  expect(isFound(answers, { ...job, startMs: 999, endMs: 1000 })).toBe(true);
  expect(isFound(answers, { ...job, startMs: 1000 })).toBe(false); // behind the block
  expect(isFound(answers, { ...job, endMs: 999 })).toBe(false); // before the head
});

test("whatever else is asked has an answer of its own", () => {
  const others: readonly LabelJob[] = [
    { ...job, name: "instance" },
    { ...job, limit: 1 },
    { ...job, matchers: ["up"] },
    { ...job, matchers: ["up", "down"] },
    { kind: "labelNames", matchers: [], startMs: 500, endMs: 1500, limit: 0 },
  ];
  const answers = kept();
  for (const other of others) expect([other, isFound(answers, other)]).toEqual([other, false]);
  expect(isFound(answers, job)).toBe(true);
});

test("a change of the index, another memory or another list of blocks ends them all", () => {
  const words = new Uint32Array(memory.buffer);
  const changes: readonly (() => QueryContext)[] = [
    () => {
      words[INDEX_CHANGES >> 2]! += 1;
      return context;
    },
    () => ({ ...context, heads: [{ shard: 0, generation: 2, memory }] }),
    () => ({ ...context, blocks: [...context.blocks] }),
  ];
  for (const change of changes) {
    const answers = kept();
    expect(isFound(answers, job)).toBe(true);
    expect(isFound(answers, job, change())).toBe(false);
  }
});

test("an answer is not kept if something changed while it was made", () => {
  const answers = new LabelAnswers();
  const before = answers.key(job, context)!;
  // The blocks are the same ones, but what is deleted of them is not.
  const now = { ...context, blocks: [...context.blocks] };
  answers.keep(before, answers.key(job, now), body);
  expect(isFound(answers, job, now)).toBe(false);
});

test("nothing is kept while a shard is missing, or where others are asked too", () => {
  const answers = new LabelAnswers();
  expect(answers.key(job, { ...context, missingShards: [1] })).toBeUndefined();
});

test("what is kept is bounded: the oldest go", () => {
  const answers = new LabelAnswers();
  const large = new Uint8Array(1 << 20);
  for (let i = 0; i < 20; i++) {
    const key = answers.key({ ...job, name: `l${i}` }, context)!;
    answers.keep(key, key, large);
  }
  const found = Array.from({ length: 20 }, (_, i) => isFound(answers, { ...job, name: `l${i}` }));
  expect(found.filter(Boolean).length).toBe(7); // 8 MiB, less what each takes beside its body
  expect(found.slice(13)).toEqual(Array(7).fill(true));
});
