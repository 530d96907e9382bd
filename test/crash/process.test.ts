/** A whole server whose ingest threads end again and again gives up with a message and a code, and starts again after it. */
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

test("three losses of a shard end the process; the next start has all samples that were stored", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vestal-process-"));
  const exporter = createServer((_request, response) => response.end("ended_total 7\n"));
  exporter.listen(0, "127.0.0.1");
  await once(exporter, "listening");
  const { port } = exporter.address() as AddressInfo;
  const config = {
    global: { scrape_interval: "50ms", scrape_timeout: "50ms" },
    scrape_configs: [
      {
        job_name: "ended",
        fallback_scrape_protocol: "PrometheusText0.0.4",
        static_configs: [{ targets: [`127.0.0.1:${port}`] }],
      },
    ],
  };
  writeFileSync(join(folder, "vestal.yml"), JSON.stringify(config));
  const children: ChildProcess[] = [];
  const serverPort = await freePort();
  try {
    const ending = start(folder, serverPort, children, [
      "--import",
      join(packageRoot(), "dist", "test", "crash", "end-ingest-threads.js"),
    ]);
    expect(await ending.exited).toBe(1);
    expect(ending.text()).toMatch(
      /The server ends.*shard 0 ended 3 times within 10 minutes, the last time with: worker exited with code: 70/,
    );
    // Each of the three threads ended in its third commit, which was in the log by then, also that of a scrape that came too late.
    writeFileSync(join(folder, "vestal.yml"), "{}");
    const next = start(folder, serverPort, children, []);
    const samples = await samplesOf(`http://127.0.0.1:${serverPort}`, next.exited);
    expect(samples).toBe(9);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    exporter.closeAllConnections();
    exporter.close();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

function start(folder: string, serverPort: number, children: ChildProcess[], nodeArgs: readonly string[]) {
  const args = [
    ...nodeArgs,
    join(packageRoot(), "bin", "vestal"),
    "server",
    "--ingest.threads=1",
    `--config.file=${join(folder, "vestal.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${serverPort}`,
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, END_AFTER_COMMITS: "3" },
  });
  children.push(child);
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  return { exited, text: () => text };
}

async function samplesOf(url: string, exited: Promise<unknown>): Promise<number> {
  let isRunning = true;
  void exited.then(() => {
    isRunning = false;
  });
  while (isRunning) {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (ready?.ok === true) {
      const response = await fetch(`${url}/api/v1/query?query=count_over_time(up[1h])`);
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      return Number(data.result[0]?.value[1]);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the server ended");
}
