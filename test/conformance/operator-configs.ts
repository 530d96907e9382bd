/**
 * Every configuration that prometheus-operator generates for a server or an agent, in its own tests, read by the server's
 * loader: the folder is that of the pairs' archive. What the config reloader fills in at the start of a pod is filled in here.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, refuseForAgent } from "../../src/config/index.js";
import type { AreaResult, FileResult } from "./result.js";

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  POD_NAME: "prometheus-main-0",
  SHARD: "0",
  INZONE_SHARD: "0",
  TOPOLOGY_ZONE: "zone-a",
  NODE_NAME: "node-1",
};

/** Made for versions of long ago: refused by Prometheus 3.5 too, in these words. */
const REFUSED: Readonly<Record<string, string>> = {
  "alerting/v2-AlertmanagerAPIVersionV1": "expected Alertmanager api version to be one of [v2] but got v1",
  "remote-write/legacy-versions-RemoteWriteConfig_v2.10.0_1": "field max_retries not found in type config.QueueConfig",
};

/** @param dir  the folder of the pairs' archive, or one beside it. */
export async function run(dir: string): Promise<AreaResult> {
  const archive = [dir, join(dir, "..", "operator")].map((folder) => join(folder, "pairs.tar.gz")).find(existsSync);
  const scratch = mkdtempSync(join(tmpdir(), "vestal-pairs-"));
  try {
    const { status, stderr } = spawnSync("tar", ["-xzf", archive ?? dir, "-C", scratch], { encoding: "utf8" });
    if (status !== 0) throw new Error(`cannot unpack the pairs in ${dir}: ${stderr}`);
    return { files: configsIn(scratch) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function configsIn(dir: string): FileResult[] {
  const results: FileResult[] = [];
  for (const area of readdirSync(dir).sort()) {
    const failures: string[] = [];
    let passed = 0;
    for (const name of readdirSync(join(dir, area)).sort()) {
      const file = join(dir, area, name, "case.yaml");
      if (!existsSync(file)) continue;
      const context = readFileSync(file, "utf8");
      const isAgent = /^entrypoint: prometheus-agent$/m.test(context);
      if (!isAgent && !/^entrypoint: prometheus-server$/m.test(context)) continue;
      if (!/^expect: config$/m.test(context) || /^fragment: true$/m.test(context)) continue;
      const problem = problemOf(readFileSync(join(dir, area, name, "expected.yaml"), "utf8"), isAgent);
      const refusal = REFUSED[`${area}/${name}`];
      if (refusal === undefined ? problem === undefined : problem?.includes(refusal)) passed++;
      else failures.push(`${name}: ${problem ?? "must be refused"}`);
    }
    if (passed + failures.length > 0) {
      results.push({ name: area, passed, failed: failures.length, skipped: 0, failures });
    }
  }
  return results;
}

/** Undefined where the loader takes the text. */
export function problemOf(expected: string, isAgent: boolean): string | undefined {
  const text = expected.replace(/\$\(([A-Z_]+)\)/g, (all, name: string) => PLACEHOLDERS[name] ?? all);
  try {
    const { config } = loadConfig(text, { file: "/etc/prometheus/config_out/prometheus.env.yaml", env: {} });
    if (isAgent) refuseForAgent(config);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
