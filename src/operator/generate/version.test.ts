import { expect, test } from "vitest";
import { Version, VersionGate } from "./version.js";

test.each(["v2.45.0", "2.45.0", "2.45"])("%s is read", (text) => {
  expect(Version.parse(text).toString()).toBe("2.45.0");
});

test.each(["", "latest", "2.45.0-01", "2.45.0-a..b", "2.45.0.1"])("%j is refused", (text) => {
  expect(() => Version.parse(text)).toThrow("is no version");
});

test("a pre-release comes before its release, numbers before words", () => {
  const sorted = ["3.0.0", "3.0.0-rc.10", "2.55.1", "3.0.0-rc.2", "3.0.0-1", "3.0.0-beta"]
    .map(Version.parse)
    .toSorted((a, b) => a.compare(b))
    .map(String);
  expect(sorted).toEqual(["2.55.1", "3.0.0-1", "3.0.0-beta", "3.0.0-rc.2", "3.0.0-rc.10", "3.0.0"]);
});

test("a gate leaves out what its version does not know", () => {
  const gate = new VersionGate(Version.parse("2.30.0"));
  expect([
    gate.since("2.30.0", 1),
    gate.since("2.31.0", 1),
    gate.before("2.30.0", 1),
    gate.before("2.31.0", 1),
  ]).toEqual([1, undefined, undefined, 1]);
});
