/** What is remembered of a selector that comes again is what selecting anew would find, whatever happened to the head. */
import { expect, test } from "vitest";
import { compileKernels, QueryMemory, startKernels } from "../../memory/index.js";
import { Labels, Matcher } from "../../model/index.js";
import { type ChunkKernels, Head, HeadReader, HeadsQuerier } from "./index.js";

const module = compileKernels("ingest", "debug");
const queryModule = compileKernels("query", "debug");
const HINTS = { minTimeMs: 0, maxTimeMs: 1e15, stepMs: 0, func: "series" };

/** Numbers below `below`, the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("a remembered selection is what selecting anew finds", () => {
  const seed = Number(process.env["SEED"] ?? 11);
  const random = randomFrom(seed);
  const head = Head.create({ shardIndex: 0, shardCount: 1, limitPages: 1024, hashSeed: 7 }, module);
  head.setRefRange(1, 1e6);
  const [remembering, fresh] = [new HeadReader(head.memory, 0), new HeadReader(head.memory, 1)];
  const memory = new QueryMemory(1 << 24);
  const kernels = startKernels<ChunkKernels>(queryModule, memory.memory);
  const selectors = [
    [new Matcher("=", "__name__", "m"), new Matcher("=", "app", "a1")],
    [new Matcher("=", "app", "a2")],
    [new Matcher("=", "app", "a3"), new Matcher("!=", "pod", "p1")],
    [new Matcher("=", "app", "a1"), new Matcher("=~", "pod", "p(2|9)")],
    [new Matcher("=~", "app", "a1|a9")],
    [new Matcher("=", "app", "a9"), new Matcher("=", "zone", "")],
    [new Matcher("!=", "app", "a1"), new Matcher("=", "__name__", "m")],
  ];
  const select = (reader: HeadReader, matchers: readonly Matcher[], isRepeated: boolean): string[] => {
    const [set] = new HeadsQuerier([reader], memory, kernels).selectAll([{ matchers, hints: HINTS, isRepeated }]);
    const found = Array.from({ length: set!.count }, (_, i) => set!.labels(i).toString());
    set!.close();
    return found;
  };
  let timeMs = 1000;
  let foundSeries = 0;
  for (let round = 0; round < 300; round++) {
    for (let i = random(4); i > 0; i--) {
      const zone = random(3) === 0 ? { zone: `z${random(3)}` } : {};
      const labels = Labels.of({ __name__: "m", app: `a${random(10)}`, pod: `p${random(10)}`, ...zone });
      const slot = head.resolveLabels(labels);
      head.reserveStaging(1);
      head.stageRow(0, slot, ++timeMs, 1);
      head.validate(1, Number.NEGATIVE_INFINITY);
      head.append(1);
      head.publish();
    }
    if (random(5) === 0) for (const _ of head.truncateBefore(timeMs - random(40)));
    for (const matchers of selectors) {
      const wanted = select(fresh, matchers, false);
      expect(select(remembering, matchers, true), `seed ${seed}, round ${round}, {${matchers}}`).toEqual(wanted);
      foundSeries += wanted.length;
    }
  }
  expect(foundSeries).toBeGreaterThan(1000);
});
