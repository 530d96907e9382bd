/** The operator as a process, for whole-cluster tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { packageRoot } from "../../../src/base/index.js";

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Processes that a test started, with all that they said. */
export class Processes {
  readonly #running = new Set<ChildProcess>();
  log = "";

  start(args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
    const child = spawn(process.execPath, [join(packageRoot(), "bin", "vestal"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    }
    this.#running.add(child);
    child.once("close", () => this.#running.delete(child));
    return child;
  }

  async kill(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.#running.has(child)) return;
    child.kill(signal);
    await once(child, "close");
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.kill(child)));
  }

  /** @throws Error with the processes' logs. */
  async until(
    what: string,
    condition: () => boolean | undefined | Promise<boolean | undefined>,
    ms = 60_000,
  ): Promise<void> {
    const endMs = performance.now() + ms;
    while (!(await condition())) {
      if (performance.now() > endMs) throw new Error(`not within ${ms / 1000} s: ${what}\n${this.log.slice(-8000)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
