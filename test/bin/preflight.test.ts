import { expect, test } from "vitest";
import { glibcVersion, preflightProblem } from "../../bin/preflight.mjs";

test.each([
  ["20.20.2", "2.36", "linux"],
  ["20.0.0", "2.27", "linux"],
  ["22.12.0", "2.38", "linux"],
  ["24.1.0", "2.41", "linux"],
  ["22.12.0", "3.0", "linux"],
  ["22.12.0", undefined, "darwin"],
])("Node.js %s on glibc %s (%s) is accepted", (node, glibc, platform) => {
  expect(preflightProblem(node, glibc, platform)).toBeUndefined();
});

test.each([
  ["18.19.0", "2.36", "linux", "install Node.js 20, 22 or 24"],
  ["21.0.0", "2.36", "linux", "install Node.js 20, 22 or 24"],
  ["20.20.2", "2.26", "linux", "use a newer system"],
  ["22.12.0", "2.36", "linux", "use Node.js 20 here, or a newer system"],
  ["20.20.2", undefined, "linux", "use a glibc system"],
])("Node.js %s on glibc %s (%s) is refused in one line with the remedy", (node, glibc, platform, remedy) => {
  const problem = preflightProblem(node, glibc, platform);
  expect(problem).toContain(remedy);
  expect(problem).not.toContain("\n");
});

test("the running system's glibc is read", () => {
  expect(glibcVersion()).toMatch(/^\d+\.\d+$/);
});
