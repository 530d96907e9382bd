import { describe, expect, test } from "vitest";
import { PIN_COUNT } from "../../assembly/layout.js";
import * as map from "./control-memory.js";

const { ControlMemory } = map;

describe("the map", () => {
  const regions = [
    { name: "identity", at: map.CONTROL_IDENTITY, bytes: 64, align: 4 },
    { name: "refs", at: map.CONTROL_REFS, bytes: 64, align: 8 },
    { name: "bounds", at: map.CONTROL_BOUNDS, bytes: 64, align: 8 },
    { name: "cut", at: map.CONTROL_CUT, bytes: 64, align: 4 },
    { name: "pin owners", at: map.CONTROL_PIN_OWNERS, bytes: 4 * map.CONTROL_PIN_COUNT, align: 4 },
    { name: "shards", at: map.CONTROL_SHARDS, bytes: map.SHARD_COUNT_MAX * map.CONTROL_SHARD_BYTES, align: 64 },
    { name: "WBL", at: map.CONTROL_WBL_STATE, bytes: map.CONTROL_WBL_STATE_BYTES, align: 8 },
    { name: "WAL", at: map.CONTROL_WAL_STATE, bytes: map.CONTROL_WAL_STATE_BYTES, align: 4096 },
    { name: "chunks_head", at: map.CONTROL_CHUNKS_HEAD_STATE, bytes: map.CONTROL_CHUNKS_HEAD_STATE_BYTES, align: 4096 },
    { name: "cancel words", at: map.CONTROL_CANCEL_WORDS, bytes: 4, align: 64 },
  ];

  test("has regions that do not overlap and are aligned", () => {
    for (const [i, region] of regions.entries()) {
      expect(region.at % region.align, region.name).toBe(0);
      const next = regions[i + 1];
      if (next !== undefined) expect(region.at + region.bytes, region.name).toBeLessThanOrEqual(next.at);
    }
  });

  test("has a pin slot for each pin of a head", () => {
    expect(map.CONTROL_PIN_COUNT).toBe(PIN_COUNT);
  });

  test("of another version is refused", () => {
    const { buffer } = ControlMemory.create(1, 1);
    new Int32Array(buffer)[0] = map.CONTROL_VERSION + 1;
    expect(() => ControlMemory.attach(buffer)).toThrow("control memory of version");
  });
});

describe("refs", () => {
  test("come in ranges that never meet, above all that replay found", () => {
    const memory = ControlMemory.create(2, 1);
    const other = ControlMemory.attach(memory.buffer);
    expect(memory.takeRefs(10)).toBe(1);
    expect(other.takeRefs(5)).toBe(11);
    memory.raiseRefs(1000);
    memory.raiseRefs(500);
    expect(other.takeRefs(1)).toBe(1001);
  });

  test("end at 2^40 with an error, not with a ref", () => {
    const memory = ControlMemory.create(1, 1);
    memory.raiseRefs(2 ** 40 - 5);
    expect(memory.takeRefs(4)).toBe(2 ** 40 - 4);
    expect(() => memory.takeRefs(1)).toThrow("2^40");
    expect(memory.nextRef).toBe(2 ** 40);
  });
});

test("head bounds begin empty, widen with commits and rise with truncation", () => {
  const memory = ControlMemory.create(1, 1);
  expect([memory.minTimeMs, memory.maxTimeMs, memory.minValidTimeMs]).toEqual([undefined, undefined, -Infinity]);
  memory.widenHead(-5, 10);
  memory.widenHead(0, 1_700_000_000_000);
  expect([memory.minTimeMs, memory.maxTimeMs]).toEqual([-5, 1_700_000_000_000]);
  memory.raiseMinTime(100);
  memory.raiseMinValidTime(100);
  memory.raiseMinValidTime(50);
  expect([memory.minTimeMs, memory.minValidTimeMs]).toEqual([100, 100]);
});

test("a cut is acknowledged by the shards that answered since it was asked for", () => {
  const memory = ControlMemory.create(2, 1);
  memory.acknowledgeCut(0);
  const request = memory.requestCut(7_200_000);
  expect(memory.minValidTimeMs).toBe(7_200_000);
  expect([memory.isCutAcknowledged(0, request), memory.isCutAcknowledged(1, request)]).toEqual([false, false]);
  memory.acknowledgeCut(1);
  expect([memory.isCutAcknowledged(0, request), memory.isCutAcknowledged(1, request)]).toEqual([false, true]);
});

test("pin slots go to one thread each and are found again when it ends", () => {
  const memory = ControlMemory.create(1, 1);
  const slots = Array.from({ length: PIN_COUNT }, (_, i) => memory.takePinSlot(i % 2));
  expect(new Set(slots).size).toBe(PIN_COUNT);
  expect(memory.takePinSlot(0)).toBeUndefined();
  for (const slot of memory.pinSlotsOf(1)) memory.releasePinSlot(slot);
  expect(memory.pinSlotsOf(1)).toEqual([]);
  expect(memory.pinSlotsOf(0).length).toBe(PIN_COUNT / 2);
  expect(memory.takePinSlot(7)).toBe(1);
});

test("a late cancel does not reach the query that uses the word next", () => {
  const memory = ControlMemory.create(1, 1);
  const first = memory.openCancel()!;
  expect(memory.openCancel()).toBeUndefined();
  expect(memory.isCancelled(first)).toBe(false);
  expect(memory.cancel(first)).toBe(true);
  expect(memory.isCancelled(first)).toBe(true);
  memory.closeCancel(first);
  const second = memory.openCancel()!;
  expect(memory.cancel(first)).toBe(false);
  expect(memory.isCancelled(second)).toBe(false);
});

test("shards have words of their own", () => {
  const memory = ControlMemory.create(map.SHARD_COUNT_MAX, 1);
  memory.setShardState(63, map.SHARD_RUNNING);
  memory.noteCommit(63);
  memory.setWaitingBatches(62, 3);
  expect([memory.shardState(63), memory.shardState(62)]).toEqual([map.SHARD_RUNNING, map.SHARD_STARTING]);
  expect([memory.commitCount(63), memory.commitCount(62), memory.waitingBatches(62)]).toEqual([1, 0, 3]);
});
