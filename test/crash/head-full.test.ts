/**
 * A server at its ceiling of memory: new series are refused and counted, known ones go on, targets stay up; and it starts
 * again on what it has written.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { freePort } from "../peers/harness.js";
import { until } from "./shard-rig.js";

const STABLE = 50;
const NEW_PER_SCRAPE = 400;

let url: string;

test("at the ceiling known series go on and new ones are refused; a restart works", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vestal-full-"));
  let scrapes = 0;
  const exporter = createServer((_request, response) => {
    scrapes++;
    const lines = Array.from({ length: STABLE }, (_, i) => `stable_total{line="${i}"} ${scrapes}`);
    for (let i = 0; i < NEW_PER_SCRAPE; i++)
      lines.push(`churn{scrape="${scrapes}",line="${i}",x="${"x".repeat(60)}"} 1`);
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(`${lines.join("\n")}\n`);
  });
  exporter.listen(0, "127.0.0.1");
  await once(exporter, "listening");
  const { port } = exporter.address() as AddressInfo;
  const config = {
    global: { scrape_interval: "40ms", scrape_timeout: "40ms" },
    scrape_configs: [{ job_name: "full", static_configs: [{ targets: [`127.0.0.1:${port}`] }] }],
  };
  writeFileSync(join(folder, "vestal.yml"), JSON.stringify(config));
  const children: ChildProcess[] = [];
  const serverPort = await freePort();
  url = `http://127.0.0.1:${serverPort}`;
  try {
    for (const start of ["first", "second"]) {
      const child = startServer(folder, serverPort);
      children.push(child);
      await until(
        `${start} start: ready`,
        async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true,
        20_000,
      );
      await until(`${start} start: series are refused`, async () => (await refused()) > 0, 30_000);
      const [before, refusedBefore] = [await stableTotals(), await refused()];
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const after = await stableTotals();
      expect(after.length, `${start} start: known series are there`).toBe(STABLE);
      expect(Math.min(...after), `${start} start: known series go on`).toBeGreaterThan(Math.max(...before));
      expect(await refused(), `${start} start: new series are refused`).toBeGreaterThan(refusedBefore);
      expect(await query("min_over_time(up[1s])"), `${start} start: the target is up`).toEqual([1]);
      const kept = await query("count_over_time(stable_total[1h])");
      const ended = once(child, "exit");
      child.kill(start === "first" ? "SIGKILL" : "SIGTERM");
      const [code] = await ended;
      if (start === "second") expect(code).toBe(0);
      expect(Math.min(...kept)).toBeGreaterThan(20);
    }
  } finally {
    for (const child of children) child.kill("SIGKILL");
    exporter.closeAllConnections();
    exporter.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 90_000);

function startServer(folder: string, serverPort: number): ChildProcess {
  const args = [
    join(packageRoot(), "bin", "vestal"),
    "server",
    "--ingest.threads=1",
    "--storage.head.max-memory=8MB",
    `--config.file=${join(folder, "vestal.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${serverPort}`,
  ];
  return spawn(process.execPath, args, { stdio: "ignore" });
}

async function query(expression: string): Promise<number[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  return data.result.map(({ value }) => Number(value[1]));
}

function stableTotals(): Promise<number[]> {
  return query("stable_total");
}

/** Series and samples refused for want of memory, as the server counts them. */
async function refused(): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith("vestal_head_refused_total"));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
