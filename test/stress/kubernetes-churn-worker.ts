/** The discovery of the churn test, in a thread of its own so that its memory is its own: tells what changes, and its heap. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { silentLogger, systemTimers } from "../../src/base/index.js";
import { loadConfig } from "../../src/config/index.js";
import { DiscoveryManager, diskDiscoveryFiles, type Target } from "../../src/discovery/index.js";

export interface ShownTarget {
  readonly key: string;
  readonly pod: string;
  readonly version: string;
  readonly address: string;
}

export interface ChurnChange {
  readonly type: "change";
  readonly job: string;
  readonly added: readonly ShownTarget[];
  readonly removed: readonly string[];
}

export interface ChurnHeap {
  readonly type: "heap";
  readonly usedBytes: number;
}

const port = parentPort!;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const shown = ({ key, labels, address }: Target): ShownTarget => ({
  key,
  pod: labels["pod"] ?? "",
  version: labels["version"] ?? "",
  address,
});

const manager = new DiscoveryManager(
  { batchMs: 100 },
  {
    files: diskDiscoveryFiles(silentLogger),
    timers: systemTimers,
    log: silentLogger,
    onChanges: ({ jobs }) => {
      for (const { jobName, added, removed, updated } of jobs) {
        const change: ChurnChange = { type: "change", job: jobName, added: [...added, ...updated].map(shown), removed };
        port.postMessage(change);
      }
    },
  },
);

port.on("message", (message: "heap" | "stop") => {
  if (message === "stop") {
    manager.close();
    port.close();
    return;
  }
  collect();
  port.postMessage({ type: "heap", usedBytes: process.memoryUsage().heapUsed } satisfies ChurnHeap);
});
manager.apply(loadConfig(workerData as string, { file: "churn.yml", env: {} }).config);
