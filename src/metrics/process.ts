/** Metrics of the process, from /proc, and of this thread's JavaScript. */
import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { errorCode } from "../base/index.js";
import type { Registry } from "./registry.js";

/** USER_HZ: what /proc/PID/stat counts in. 100 on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const NS_PER_SECOND = 1e9;

interface ProcessStat {
  readonly cpuSeconds: number;
  readonly startTicks: number;
  readonly virtualBytes: number;
  readonly residentBytes: number;
}

/** Undefined where there is no /proc. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(errorCode(error))) return undefined;
    throw error;
  }
}

/** @see proc_pid_stat(5); the command's name, in brackets, may hold spaces and brackets. */
export function parseProcessStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
    startTicks: field(22),
    virtualBytes: field(23),
    residentBytes: field(24) * PAGE_BYTES,
  };
}

/** The soft limit in /proc/PID/limits; "unlimited" is `whenUnlimited`. */
export function parseLimit(text: string, name: string, whenUnlimited: number): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  if (soft === undefined) return undefined;
  return soft === "unlimited" ? whenUnlimited : Number(soft);
}

/** Bytes received and sent over all interfaces of the network namespace. */
export function parseNetwork(text: string): { readonly received: number; readonly sent: number } {
  let received = 0;
  let sent = 0;
  for (const line of text.split("\n")) {
    const numbers = line.startsWith("IpExt: ") ? line.split(" ") : [];
    if (!/^[0-9]/.test(numbers[1] ?? "")) continue;
    // InOctets and OutOctets are the 7th and 8th.
    received += Number(numbers[7]);
    sent += Number(numbers[8]);
  }
  return { received, sent };
}

/** Registers `process_*`. */
export function registerProcess(registry: Registry): void {
  const stat = (read: (stat: ProcessStat) => number) => (): number | undefined => {
    const text = readText("/proc/self/stat");
    return text === undefined ? undefined : read(parseProcessStat(text));
  };
  registry.value(
    "process_cpu_seconds_total",
    stat((now) => now.cpuSeconds),
  );
  registry.value(
    "process_resident_memory_bytes",
    stat((now) => now.residentBytes),
  );
  registry.value(
    "process_virtual_memory_bytes",
    stat((now) => now.virtualBytes),
  );
  registry.value("process_start_time_seconds", () => {
    const bootTime = /^btime (\d+)$/m.exec(readText("/proc/stat") ?? "")?.[1];
    const text = readText("/proc/self/stat");
    if (bootTime === undefined || text === undefined) return undefined;
    return Number(bootTime) + parseProcessStat(text).startTicks / TICKS_PER_SECOND;
  });
  const limit = (name: string, whenUnlimited: number) => () =>
    parseLimit(readText("/proc/self/limits") ?? "", name, whenUnlimited);
  registry.value("process_max_fds", limit("Max open files", 2 ** 64));
  registry.value("process_virtual_memory_max_bytes", limit("Max address space", 2 ** 64));
  registry.value("process_open_fds", () => {
    try {
      // The listing itself holds one.
      return readdirSync("/proc/self/fd").length - 1;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  });
  const network = (read: (bytes: { received: number; sent: number }) => number) => (): number | undefined => {
    const text = readText("/proc/self/net/netstat");
    return text === undefined ? undefined : read(parseNetwork(text));
  };
  registry.value(
    "process_network_receive_bytes_total",
    network((bytes) => bytes.received),
  );
  registry.value(
    "process_network_transmit_bytes_total",
    network((bytes) => bytes.sent),
  );
}

/** What one thread says of its JavaScript; threads other than the main one send theirs. */
export interface ThreadHealth {
  readonly thread: string;
  readonly delayP99Seconds: number;
  readonly delayMaxSeconds: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
}

/** Each sample wakes the thread, 50 µs on a quiet machine: every 20 ms that was 6 % of all CPU at 100,000 samples/s. */
const LOOP_SAMPLE_MS = 100;

/** Watches the event loop of the thread that calls it; each reading begins a new measurement. */
export function watchThread(thread: string): { read(): ThreadHealth; close(): void } {
  const delay = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  delay.enable();
  return {
    read: () => {
      const memory = process.memoryUsage();
      // Node.js counts from one sample to the next: an idle loop shows the interval itself.
      const seconds = (ns: number): number =>
        Number.isFinite(ns) ? Math.max(0, ns / NS_PER_SECOND - LOOP_SAMPLE_MS / 1000) : 0;
      const health = {
        thread,
        delayP99Seconds: seconds(delay.percentile(99)),
        delayMaxSeconds: seconds(delay.max),
        heapUsedBytes: memory.heapUsed,
        heapTotalBytes: memory.heapTotal,
        externalBytes: memory.external,
      };
      delay.reset();
      return health;
    },
    close: () => {
      delay.disable();
    },
  };
}

/** @param read one entry a thread; called once for each scrape. */
export function registerThreads(registry: Registry, read: () => readonly ThreadHealth[]): void {
  let last: readonly ThreadHealth[] = [];
  const column = (value: (health: ThreadHealth) => number) => () =>
    last.map((health) => ({ labels: [health.thread], value: value(health) }));
  // The registry collects by name, so this one is asked first.
  registry.samples("nodejs_eventloop_delay_max_seconds", () => {
    last = read();
    return column((health) => health.delayMaxSeconds)();
  });
  registry.samples(
    "nodejs_eventloop_delay_p99_seconds",
    column((health) => health.delayP99Seconds),
  );
  registry.samples(
    "nodejs_external_memory_bytes",
    column((health) => health.externalBytes),
  );
  registry.samples(
    "nodejs_heap_total_bytes",
    column((health) => health.heapTotalBytes),
  );
  registry.samples(
    "nodejs_heap_used_bytes",
    column((health) => health.heapUsedBytes),
  );
  registry.samples("nodejs_version_info", () => [{ labels: [process.version], value: 1 }]);
}
