/** Selection in a head against the plain meaning of matchers over random label sets. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { compareBytes, Labels, Matcher, type MatchOperator } from "../../model/index.js";
import { Head } from "../head/head.js";
import { HeadsQuerier } from "../head/heads-querier.js";
import type { ChunkKernels } from "../head/kernels.js";
import { HeadReader } from "../head/reader.js";

const ingest = compileKernels("ingest");
const memory = new QueryMemory(1 << 24);
const kernels = startKernels<ChunkKernels>(compileKernels("query"), memory.memory);
const empty = memory.mark();

const name = fc.constantFrom("a", "b", "ü", "job", "instance");
const value = fc.constantFrom("", "1", "2", "10", "x", "ü", "𝄞", "\uffee", "a".repeat(200));
const labelSet = fc
  .dictionary(name, value, { minKeys: 1, maxKeys: 5 })
  .map((entries) => Labels.of(entries))
  .filter((labels) => labels.size > 0);
const matcher = fc
  .record({
    operator: fc.constantFrom<MatchOperator>("=", "!=", "=~", "!~"),
    name: fc.oneof(name, fc.constant("missing")),
    value: fc.oneof(value, fc.constantFrom(".*", ".+", "1.*", "1|2", "x|", "(1|10)", "[0-9]+")),
  })
  .map(({ operator, name, value }) => new Matcher(operator, name, value));
const hints = { minTimeMs: 0, maxTimeMs: 10_000, stepMs: 0, func: "" };

/** Heads that hold a sample at 1000 of each label set, spread over `shards`. */
function headsWith(labelSets: readonly Labels[], shards: number) {
  const heads = Array.from({ length: shards }, (_, shardIndex) => {
    const head = Head.create({ shardIndex, shardCount: shards, limitPages: 64 }, ingest);
    head.setRefRange(1 + 1000 * shardIndex, 1000 * (shardIndex + 1));
    return head;
  });
  labelSets.forEach((labels, i) => {
    const head = heads[i % shards]!;
    head.reserveStaging(1);
    head.stageRow(0, head.resolveLabels(labels), 1000, i);
    expect(head.validate(1, 0)).toBe(1);
    head.append(1);
    head.publish();
  });
  memory.releaseTo(empty);
  const readers = heads.map((head, i) => new HeadReader(head.memory, i));
  return { heads, querier: new HeadsQuerier(readers, memory, kernels) };
}

const isSelected = (labels: Labels, matchers: readonly Matcher[]) =>
  matchers.every((each) => each.matches(labels.get(each.name)));

function uniqueSorted(labelSets: readonly Labels[]): Labels[] {
  return [...new Map(labelSets.map((labels) => [labels.key, labels])).values()];
}

test("a select gives the series that a filter gives, in order of labels, with their samples", () => {
  fc.assert(
    fc.property(
      fc.array(labelSet, { maxLength: 60 }),
      fc.array(matcher, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(1, 3),
      (labelSets, matchers, shards) => {
        const all = uniqueSorted(labelSets);
        const { querier } = headsWith(all, shards);
        const set = querier.select(matchers, hints);
        const found = Array.from({ length: set.count }, (_, i) => set.labels(i));
        const want = all.filter((labels) => isSelected(labels, matchers));
        want.sort((a, b) => {
          for (let i = 0; i < Math.min(a.pairs.length, b.pairs.length); i++) {
            const order = Buffer.compare(Buffer.from(a.pairs[i]!), Buffer.from(b.pairs[i]!));
            if (order !== 0) return order;
          }
          return a.pairs.length - b.pairs.length;
        });
        expect(found.map(String)).toEqual(want.map(String));
        for (let i = 0; i < set.count; i++) {
          const { count, timesAddr, valuesAddr } = set.samples(i, 0, 10_000, {
            memory: memory.memory,
            reserve: (n) => ({ timesAddr: memory.allocate(8 * n), valuesAddr: memory.allocate(8 * n) }),
          });
          expect([count, memory.floats[timesAddr / 8], memory.floats[valuesAddr / 8]]).toEqual([
            1,
            1000,
            all.findIndex(({ key }) => key === set.labels(i).key),
          ]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("names and values are those of the series that match", () => {
  fc.assert(
    fc.property(
      fc.array(labelSet, { maxLength: 40 }),
      fc.array(matcher, { maxLength: 3 }),
      name,
      (labelSets, matchers, of) => {
        const all = uniqueSorted(labelSets);
        const { querier } = headsWith(all, 2);
        const matching = all.filter((labels) => isSelected(labels, matchers));
        const names = new Set(matching.flatMap((labels) => [...labels.entries()].map(([each]) => each)));
        const values = new Set(matching.map((labels) => labels.get(of)).filter((each) => each !== ""));
        expect(querier.labelNames(matchers, 0, 1000).values).toEqual([...names].sort(compareBytes));
        expect(querier.labelValues(of, matchers, 0, 1000).values).toEqual([...values].sort(compareBytes));
        expect(querier.labelNames(matchers, 1001, 2000).values).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

test("more required matchers than bits of a word are all checked", () => {
  const many = Labels.of(Array.from({ length: 40 }, (_, i) => [`l${i}`, "1"] as const));
  const { querier } = headsWith([many, many.with("l39", "2"), many.with("l0", "2")], 1);
  const matchers = Array.from({ length: 40 }, (_, i) => new Matcher("=", `l${i}`, "1"));
  expect(querier.select(matchers, hints).count).toBe(1);
});
