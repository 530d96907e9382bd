import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../test/conformance/rules.js";
import { packageRoot } from "../base/index.js";

test("promtool's own files give promtool's answers", async () => {
  const { files } = await run(join(packageRoot(), "..", "shared", "conformance", "rules"));
  expect(files.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`))).toEqual([]);
  expect(files.reduce((sum, { passed }) => sum + passed, 0)).toBe(250);
}, 60_000);
