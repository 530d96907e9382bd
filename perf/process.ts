/** A process under measurement: started, awaited, read from /proc, ended by its pid. Linux only. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";

/** Clock ticks a second of /proc/PID/stat: 100 on every Linux that Node.js supports. */
const TICKS_PER_SECOND = 100;

export interface MeasuredProcess {
  readonly name: string;
  readonly pid: number;
  /** User and system CPU seconds of all threads since the start. */
  cpuSeconds(): number;
  rssBytes(): number;
  /** SIGTERM, then SIGKILL after ten seconds; resolves when the process is gone. */
  stop(): Promise<void>;
}

export function startProcess(name: string, command: string, args: readonly string[], logFile: string): MeasuredProcess {
  const log = openSync(logFile, "w");
  const child = spawn(command, args, { stdio: ["ignore", log, log] });
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${name}: cannot start ${command}; see ${logFile}`);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    name,
    pid,
    cpuSeconds: () => cpuSecondsOf(pid),
    rssBytes: () => rssBytesOf(pid),
    stop: () => stopChild(child, gone),
  };
}

export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rssBytesOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return line === null ? 0 : Number(line[1]) * 1024;
}

/** Bytes of all files below a folder, as their lengths say. */
export function folderBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true })) {
    const info = statSync(join(folder, String(name)), { throwIfNoEntry: false });
    if (info?.isFile()) bytes += info.size;
  }
  return bytes;
}

/** Waits until `url` answers 200; throws with `what` after `timeoutMs`. */
export async function waitForOk(url: string, what: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if ((await getText(url).catch(() => undefined)) !== undefined) return;
    if (Date.now() > deadline) throw new Error(`${what} did not answer ${url} within ${timeoutMs} ms`);
    await sleep(100);
  }
}

/** Body of a 200 answer. */
export function getText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: 10_000, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error(`${url}: no answer within 10 s`)));
    request.on("error", reject);
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function stopChild(child: ChildProcess, gone: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await gone;
  clearTimeout(kill);
}
