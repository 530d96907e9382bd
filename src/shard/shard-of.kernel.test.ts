import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ARENA_START, HEAD_LIMIT } from "../../assembly/layout.js";
import { compileKernels, startKernels } from "../memory/index.js";
import { Labels } from "../model/index.js";
import { decodeLabelBytes, encodeLabelBytes } from "../model/label-bytes.js";
import type { ShardKernels } from "./kernels.js";
import { shardOf } from "./shard-of.js";

const PAGES = 4;

function kernels(variant: "release" | "debug") {
  // The kernels declare the greatest maximum; memory that nobody touches costs nothing.
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65535, shared: true });
  const started = startKernels<ShardKernels>(compileKernels("ingest", variant), memory);
  const bytes = new Uint8Array(memory.buffer);
  new Uint32Array(memory.buffer)[HEAD_LIMIT >> 2] = PAGES * 65536;
  return (label: Uint8Array, shardCount: number): number => {
    bytes.fill(0xaa, ARENA_START, ARENA_START + label.length + 64);
    bytes.set(label, ARENA_START);
    return started.shardOfLabelBytes(ARENA_START, label.length, shardCount);
  };
}

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom("job", "instance", "jo", "jobs"),
);
const labelSets = fc
  .dictionary(fc.oneof(text, fc.constantFrom("job", "instance")), text, { maxKeys: 6 })
  .map((entries) => Labels.of(entries));
const shardCounts = fc.integer({ min: 1, max: 64 });

describe.each(["release", "debug"] as const)("the %s kernel", (variant) => {
  const shardOfBytes = kernels(variant);

  test("gives every label set the shard that TypeScript gives it", () => {
    fc.assert(
      fc.property(labelSets, shardCounts, (labels, shardCount) => {
        expect(shardOfBytes(encodeLabelBytes(labels), shardCount)).toBe(shardOf(labels, shardCount));
      }),
      { numRuns: 500 },
    );
  });

  test("refuses bytes that are cut off or too many", () => {
    fc.assert(
      fc.property(labelSets, fc.nat(), (labels, cut) => {
        const bytes = encodeLabelBytes(labels);
        expect(shardOfBytes(bytes.subarray(0, cut % bytes.length), 7)).toBe(-1);
        expect(shardOfBytes(new Uint8Array([...bytes, 0]), 7)).toBe(-1);
      }),
    );
  });

  test("answers for any bytes what the decoder makes of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        let isSound = true;
        try {
          decodeLabelBytes(bytes);
        } catch {
          isSound = false;
        }
        expect(shardOfBytes(bytes, 5) >= 0).toBe(isSound);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("shardOf", () => {
  test("looks at job and instance alone where there is one of them", () => {
    fc.assert(
      fc.property(labelSets, text, (labels, value) => {
        const own = labels.with("job", "api").with("instance", "a:1");
        expect(shardOf(own.with("other", value), 9)).toBe(shardOf(Labels.of({ job: "api", instance: "a:1" }), 9));
      }),
    );
  });

  test("spreads targets evenly", () => {
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++)
      counts[shardOf(Labels.of({ job: "node", instance: `10.0.${i >> 8}.${i & 255}:9100` }), 4)]!++;
    // 1,000 each on average, standard deviation 27: six of them to either side.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(164);
  });

  test("moves a series only to the shard that was added", () => {
    fc.assert(
      fc.property(labelSets, shardCounts, (labels, shardCount) => {
        const after = shardOf(labels, shardCount + 1);
        expect([shardOf(labels, shardCount), shardCount]).toContain(after);
      }),
    );
  });

  test("is what it was: data on disk is found by it", () => {
    // Worked out by an independent program from the definition in the file's header.
    expect(shardOf(Labels.of({ job: "prometheus", instance: "localhost:9090" }), 8)).toBe(6);
    expect(shardOf(Labels.of({ __name__: "ünïcode 😀", a: "b" }), 8)).toBe(2);
  });
});
