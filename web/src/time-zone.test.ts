import { expect, test } from "vitest";
import { dateTimeText, fromWallClock, wallClock } from "./time-zone.js";

test.each([
  ["UTC", "2026-01-31T12:00:00.000Z", "2026-01-31 12:00:00 UTC"],
  ["Asia/Tokyo", "2026-01-31T12:00:00.000Z", "2026-01-31 21:00:00"],
  // Summer time, and a day that is another one there.
  ["America/New_York", "2026-07-01T02:30:15.250Z", "2026-06-30 22:30:15"],
])("in %s, %s is %s, and back", (zone, time, text) => {
  const ms = Date.parse(time);
  expect(dateTimeText(ms, zone)).toBe(text);
  expect(fromWallClock(wallClock(ms, zone).toISOString().slice(0, 23), zone)).toBe(ms);
});

test("after the hour that is skipped in spring the offset is the new one", () => {
  // 2026-03-29 in Berlin: from 02:00 to 03:00.
  expect(fromWallClock("2026-03-29T03:30", "Europe/Berlin")).toBe(Date.parse("2026-03-29T01:30:00Z"));
  expect(fromWallClock("2026-03-29T01:30", "Europe/Berlin")).toBe(Date.parse("2026-03-29T00:30:00Z"));
});

test("what is no time is none", () => {
  expect(fromWallClock("tomorrow", "UTC")).toBeNaN();
  expect(dateTimeText(Number.NaN, "UTC")).toBe("never");
});
