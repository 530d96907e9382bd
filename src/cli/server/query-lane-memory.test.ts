import { expect, test } from "vitest";
import { QueryLaneMemory } from "./query-lane-memory.js";

const main = new QueryLaneMemory();
const thread = new QueryLaneMemory(main.buffer);

test.each(["{}", "\u00e4\ud83d\ude00 \ud800", "x".repeat(8192)])("a request arrives as it was: %.10s", (text) => {
  expect(main.writeRequest(text)).toBe(true);
  expect(thread.readRequest()).toBe(text);
});

test("a request that is too long goes another way", () => {
  expect(main.writeRequest("x".repeat(8193))).toBe(false);
  expect(thread.readRequest()).toBeUndefined();
});

test("a body arrives with its timings, or without any", () => {
  const timings = { queueSeconds: 1, prepareSeconds: 2, evaluateSeconds: 3, resultSeconds: 4, samples: 5 };
  expect(thread.writeAnswer(new Uint8Array([1, 2, 3]), timings)).toBe(true);
  expect(main.readBody()).toEqual(new Uint8Array([1, 2, 3]));
  expect(main.readTimings()).toEqual(timings);
  expect(thread.writeAnswer(new Uint8Array(0), undefined)).toBe(true);
  expect(main.readBody().length).toBe(0);
  expect(main.readTimings()).toBeUndefined();
  expect(thread.writeAnswer(new Uint8Array(65_537), undefined)).toBe(false);
});

test("a thread wakes for each request, and ends when it is told to", () => {
  main.send();
  expect(thread.next(0)).toBe(1);
  main.stop();
  expect(thread.next(1)).toBeUndefined();
});
