/**
 * 50,000 active alerts in 5,000 groups, in Vestal's Alertmanager and in the real one, one after the other on the same machine.
 *
 *   PEERS=… node dist/perf/alertmanager/load.js [ALERTS] [GROUPS]
 *
 * Prints for each: CPU seconds (user and system) and resident memory of the process after all is posted and told, CPU of one
 * more round of the same alerts, and how long the API answers take.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";

const ALERTS = Number(process.argv[2] ?? 50_000);
const GROUPS = Number(process.argv[3] ?? 5000);
const BATCH = 1000;
const ROUNDS = 5;
const PATHS = [
  "/api/v2/alerts?filter=group%3D%22g1%22",
  "/api/v2/alerts/groups?filter=group%3D%22g1%22",
  "/api/v2/alerts",
  "/api/v2/alerts/groups",
  "/api/v2/status",
  "/metrics",
];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @see proc_pid_stat(5) */
function usage(pid: number): { readonly cpuSeconds: number; readonly rssMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, rssMb: (Number(fields[21]) * 4096) / 1e6 };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function measure(side: "vestal" | "real"): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "am-load-"));
  let told = 0;
  const receiver = createHttpServer((request, response) => {
    request.resume().on("end", () => {
      told++;
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  writeFileSync(
    join(folder, "am.yml"),
    `route: {receiver: r, group_by: [group], group_wait: 5s, group_interval: 30s, repeat_interval: 4h}
receivers: [{name: r, webhook_configs: [{url: "http://127.0.0.1:${port}"}]}]`,
  );
  const webPort = await freePort();
  const args = [
    "--config.file=am.yml",
    "--storage.path=data",
    `--web.listen-address=127.0.0.1:${webPort}`,
    "--cluster.listen-address=",
  ];
  const [program, first] =
    side === "real"
      ? [join(process.env["PEERS"] ?? "", "bin", "prometheus-alertmanager"), []]
      : [process.execPath, [join(packageRoot(), "bin", "vestal"), "alertmanager"]];
  const child: ChildProcess = spawn(program, [...first, ...args], { cwd: folder, stdio: "ignore" });
  const url = `http://127.0.0.1:${webPort}`;
  try {
    for (
      let i = 0;
      !(await fetch(`${url}/-/ready`).then(
        (answer) => answer.ok,
        () => false,
      ));
      i++
    ) {
      if (i > 100) throw new Error(`${side} does not start`);
      await sleep(100);
    }
    const pid = child.pid!;
    await postAll(url);
    for (let i = 0; told < GROUPS && i < 600; i++) await sleep(100);
    await sleep(2000);
    const filled = usage(pid);
    await postAll(url);
    const again = usage(pid);
    console.log(
      `${side}: ${told} groups told; CPU ${filled.cpuSeconds.toFixed(2)} s, resident ${filled.rssMb.toFixed(0)} MB; ` +
        `the same alerts again: CPU ${(again.cpuSeconds - filled.cpuSeconds).toFixed(2)} s`,
    );
    for (const path of PATHS) {
      const times: number[] = [];
      let bytes = 0;
      for (let i = 0; i < ROUNDS; i++) {
        const began = performance.now();
        bytes = (await (await fetch(url + path)).arrayBuffer()).byteLength;
        times.push(performance.now() - began);
      }
      times.sort((a, b) => a - b);
      console.log(
        `${side}: ${path}: median ${times[ROUNDS >> 1]!.toFixed(0)} ms, max ${times.at(-1)!.toFixed(0)} ms, ${bytes} bytes`,
      );
    }
    console.log(`${side}: at the end resident ${usage(pid).rssMb.toFixed(0)} MB`);
  } finally {
    child.kill("SIGKILL");
    receiver.closeAllConnections();
    receiver.close();
    await new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once("exit", resolve) : resolve(0),
    );
    rmSync(folder, { recursive: true, force: true });
  }
}

async function postAll(url: string): Promise<void> {
  const startsAt = new Date().toISOString();
  for (let from = 0; from < ALERTS; from += BATCH) {
    const alerts = Array.from({ length: Math.min(BATCH, ALERTS - from) }, (_, i) => {
      const n = from + i;
      return {
        labels: {
          alertname: `Alert${n % 50}`,
          group: `g${n % GROUPS}`,
          instance: `host-${n}:9100`,
          job: "node",
          severity: "page",
        },
        annotations: { summary: `Instance host-${n} is not well`, runbook: "http://runbooks.example/x" },
        startsAt,
        generatorURL: "http://prometheus.example/graph?g0.expr=up",
      };
    });
    const body = JSON.stringify(alerts);
    const answer = await fetch(`${url}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  }
}

for (const side of process.env["PEERS"] === undefined ? (["vestal"] as const) : (["real", "vestal"] as const))
  await measure(side);
