import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkCounts, countsOf, run as runExposition } from "../../test/conformance/exposition.js";
import { exceptions, run as runOpenMetrics } from "../../test/conformance/openmetrics.js";
import { packageRoot } from "../base/index.js";

const shared = join(packageRoot(), "../shared");

test("the OpenMetrics suite gets Prometheus' verdicts, in its words", async () => {
  const dir = join(shared, "conformance/openmetrics");
  const { files } = await runOpenMetrics(dir);
  expect(files.flatMap((file) => file.failures.map((failure) => `${file.name}: ${failure}`))).toEqual([]);
  expect([files.length, exceptions(dir).length]).toEqual([211, 79]);
});

test("large expositions have the samples that Prometheus scrapes", async () => {
  const { files } = await runExposition(join(shared, "conformance/exposition"));
  expect(files.flatMap((file) => file.failures)).toEqual([]);
  expect(files.length).toBe(4);
});

test("each body of the corpus has the samples that Prometheus scrapes", () => {
  const files = checkCounts(countsOf("corpus"), (name) => readFileSync(join(shared, "corpus", name)));
  expect(files.flatMap((file) => file.failures.map((failure) => `${file.name}: ${failure}`))).toEqual([]);
  expect(files.length).toBe(9);
});
