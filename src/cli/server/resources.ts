/** What the machine, or the container's cgroup, lets this process use. */
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";

/** Bytes that the process may use: the cgroup's limit where there is one, else the machine's memory. */
export function memoryLimitBytes(): number {
  for (const file of ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]) {
    const limit = Number(readIfThere(file));
    if (Number.isFinite(limit) && limit > 0 && limit < totalmem()) return limit;
  }
  return totalmem();
}

/** Processors that the process may keep busy: the cgroup's quota counts, rounded up. */
export function processors(): number {
  const [quota, period] = (readIfThere("/sys/fs/cgroup/cpu.max") ?? "").trim().split(" ").map(Number);
  const cores = availableParallelism();
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return cores;
  return Math.max(1, Math.min(cores, Math.ceil(quota / period)));
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // another version of cgroups, or none: the next file or the machine's own figure counts
  }
}
