/** Starts the systems that the query benchmark compares, each on an empty folder, and reads what they cost from /proc. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { type MeasuredProcess, startProcess, waitForOk } from "../process.js";

export interface System {
  readonly name: string;
  readonly url: string;
  readonly process: MeasuredProcess;
}

export type SystemName = "vestal" | "prometheus" | "victoria-metrics";

export async function startSystem(name: SystemName, folder: string, peers: string | undefined): Promise<System> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.yml"), "{}");
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const prometheusLike = [
    `--config.file=${join(folder, "config.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-remote-write-receiver",
  ];
  const log = join(folder, "log");
  const bin = join(peers ?? "", "bin");
  let started: MeasuredProcess;
  switch (name) {
    case "vestal": {
      const args = [join(packageRoot(), "bin", "vestal"), "server", ...prometheusLike];
      started = startProcess(name, process.execPath, args, log);
      break;
    }
    case "prometheus":
      started = startProcess(name, join(bin, "prometheus"), prometheusLike, log);
      break;
    case "victoria-metrics": {
      // Its cache of answers off: dashboards ask for new times each time.
      const args = [
        `-storageDataPath=${join(folder, "data")}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        "-retentionPeriod=1y",
        "-search.disableCache",
        "-search.latencyOffset=0s",
        "-search.maxUniqueTimeseries=1000000",
      ];
      started = startProcess(name, join(bin, "victoria-metrics"), args, log);
    }
  }
  await waitForOk(name === "victoria-metrics" ? `${url}/health` : `${url}/-/ready`, name, 60_000);
  return { name, url, process: started };
}

/** User and system time of all threads that live, to the nanosecond; /proc/PID/stat has hundredths of a second. */
export function cpuNanoseconds(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch (error) {
      // The thread has ended since the folder was read.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return sum;
}

/** From now on the peak of memory is counted anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export function peakBytes(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return line === null ? 0 : Number(line[1]) * 1024;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
