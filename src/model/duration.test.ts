import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.js";

const DAY = 86_400_000;

describe("parseDuration", () => {
  test.each([
    ["0", 0],
    ["0s", 0],
    ["324ms", 324],
    ["3s", 3000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["4d1h", 4 * DAY + 3_600_000],
    ["14d", 14 * DAY],
    ["3w", 21 * DAY],
    ["3w2d1h", 23 * DAY + 3_600_000],
    ["10y", 3650 * DAY],
    ["1m30ms", 60_030],
    ["9223372036854ms", 9_223_372_036_854],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    ["", "empty duration string"],
    ["1", 'not a valid duration string: "1"'],
    ["1y1m1d", 'not a valid duration string: "1y1m1d"'],
    ["-1w", 'not a valid duration string: "-1w"'],
    ["1.5d", 'unknown unit "." in duration "1.5d"'],
    ["d", 'not a valid duration string: "d"'],
    ["5m5m", 'not a valid duration string: "5m5m"'],
    ["5y1hs", 'unknown unit "hs" in duration "5y1hs"'],
    ["99999999999999999999s", 'not a valid duration string: "99999999999999999999s"'],
    ["294y", "duration out of range"],
    ["200y10400w", "duration out of range"],
    ["9223372036855ms", "duration out of range"],
  ])("refuses %j", (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [0.4, "0s"],
    [90 * DAY, "90d"],
    [7 * DAY, "1w"],
    [13 * 7 * DAY + DAY, "92d"],
    [365 * DAY, "1y"],
    [60_030, "1m30ms"],
    [-5000, "-5s"],
  ])("%d", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("is undone by parseDuration", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_223_372_036_854 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
