/**
 * Runs the reference systems' own test data against ours.
 *
 *   npm run test:conformance -- [AREA] [DIR]     DIR: ../shared/conformance/AREA; without AREA: all areas there are
 *
 * Prints each file's counts and each failed case, then `AREA: N passed, N failed, N skipped`. Exit code 0 only if
 * nothing failed and something ran.
 */
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import type { AreaResult } from "./result.js";

type Run = (dir: string) => Promise<AreaResult>;

/** The areas; a module each, loaded when it is run. */
const AREAS: ReadonlyMap<string, () => Promise<{ readonly run: Run }>> = new Map([
  ["promql", () => import("./promql.js")],
  ["exposition", () => import("./exposition.js")],
  ["openmetrics", () => import("./openmetrics.js")],
  ["config", () => import("./config.js")],
  ["alertmanager", () => import("./alertmanager.js")],
  ["rules", () => import("./rules.js")],
  ["operator", () => import("./operator.js")],
  ["operator-configs", () => import("./operator-configs.js")],
  ["kubernetes-sd", () => import("./kubernetes-sd.js")],
]);

async function main(args: readonly string[]): Promise<number> {
  const [wanted, dir] = args;
  if (wanted !== undefined && !AREAS.has(wanted)) {
    process.stderr.write(`conformance: unknown area ${wanted}; there are ${[...AREAS.keys()].join(", ")}\n`);
    return 2;
  }
  let isGood = true;
  for (const [area, load] of AREAS) {
    if (wanted !== undefined && area !== wanted) continue;
    const { run } = await load();
    const result = await run(dir ?? join(packageRoot(), "..", "shared", "conformance", area));
    isGood = report(area, result) && isGood;
  }
  return isGood ? 0 : 1;
}

/** Prints a result; true if it is a success. */
function report(area: string, { files }: AreaResult): boolean {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    for (const failure of file.failures) console.log(`FAILED ${file.name}: ${failure}`);
    console.log(`${file.name}: ${file.passed} passed, ${file.failed} failed, ${file.skipped} skipped`);
    total.passed += file.passed;
    total.failed += file.failed;
    total.skipped += file.skipped;
  }
  console.log(`${area}: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0 && total.passed > 0;
}

process.exitCode = await main(process.argv.slice(2));
