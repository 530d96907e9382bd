/** Records promtool's answers: node record.mjs PROMTOOL CONFORMANCE-FOLDER > answers.json */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const [promtool, conformance] = process.argv.slice(2);
const answers = [];

function record(folder, ...args) {
  const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: join(conformance, folder), encoding: "utf8" });
  answers.push({ folder, args, code: status, out: stdout, err: stderr });
}

for (const file of readdirSync(join(conformance, "rulefmt")).sort()) {
  record("rulefmt", "check", "rules", file);
  record("rulefmt", "check", "rules", "--lint=none", file);
}
const files = readdirSync(join(conformance, "promtool")).filter((file) => file.endsWith(".yml")).sort();
for (const file of files) {
  record("promtool", "check", "rules", file);
  record("promtool", "check", "rules", "--lint=all", "--lint-fatal", "--ignore-unknown-fields", file);
  // This one asks the network where it runs.
  if (file !== "prometheus-aws-sd-empty-region.good.yml") record("promtool", "check", "config", file);
  record("promtool", "test", "rules", file);
  record("promtool", "test", "rules", "--diff", "--ignore-unknown-fields", file);
}
record("promtool", "test", "rules", "--run=group1", "rules_run.yml");
record("promtool", "test", "rules", "--run=group2", "--run=nothing", "rules_run.yml");
record("promtool", "test", "rules", "--enable-feature=promql-experimental-functions", "unittest.yml", "failing.yml");
record("promtool", "check", "rules", "--enable-feature=promql-experimental-functions", "features.yml");
process.stdout.write(`${JSON.stringify(answers, undefined, 1)}\n`);
