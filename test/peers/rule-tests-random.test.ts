/**
 * `test rules` beside the real promtool over random rules, templates and series: alerts, labels, annotations, recorded
 * series, errors and exit code. `SEED` begins elsewhere, `RULE_TESTS` makes it longer.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { peerBinary } from "./peer-binary.js";
import { randomFrom } from "./promql-data.js";
import { randomRuleTest } from "./random-rule-tests.js";

const SEED = Number(process.env["SEED"] ?? 20_261);
const COUNT = Number(process.env["RULE_TESTS"] ?? 40);

const folder = mkdtempSync(join(tmpdir(), "vestal-rule-tests-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Verdict {
  readonly code: number;
  /** What was said of each file. */
  readonly files: readonly string[];
}

function run(command: string, args: readonly string[]): Promise<Verdict> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 300_000, maxBuffer: 1 << 28 };
    execFile(command, [...args], options, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      // Pointers within what is printed are of one process.
      const text = `${out}\n--\n${err}`.replace(/0x[0-9a-f]{9,}/g, "POINTER");
      const [said = "", failed = ""] = text.split("\n--\n");
      resolve({ code, files: [...said.split(/^(?=Unit Testing)/m), ...failed.split(/^(?= {2}FAILED)/m)] });
    });
  });
}

test(`promtool says the same of random rules (SEED=${SEED})`, { timeout: 600_000 }, async () => {
  const files = Array.from({ length: COUNT }, (_, i) => {
    const { rules, test: tested } = randomRuleTest(randomFrom(SEED + i));
    const name = `seed-${SEED + i}`;
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "rules.yml"), rules);
    writeFileSync(join(folder, name, "test.yml"), tested);
    return join(name, "test.yml");
  });
  const [theirs, ours] = await Promise.all([
    run(peerBinary("promtool"), ["test", "rules", ...files]),
    run(process.execPath, [join(packageRoot(), "bin", "vestal"), "tool", "test", "rules", ...files]),
  ]);
  expect(theirs.files.join("").length).toBeGreaterThan(COUNT * 500);
  for (const [i, file] of theirs.files.entries()) expect(ours.files[i]).toBe(file);
  expect(ours).toEqual(theirs);
});
