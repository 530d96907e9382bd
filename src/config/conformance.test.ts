import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../test/conformance/config.js";
import { packageRoot } from "../base/index.js";

test("Prometheus' own configuration files get Prometheus' verdicts, in its words", async () => {
  const { files } = await run(join(packageRoot(), "..", "shared", "conformance", "config"));
  expect(files.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`))).toEqual([]);
  expect(files.length).toBeGreaterThan(200);
});
