/** A real Prometheus on this machine, for tests that ask it as it comes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchange } from "../support/http.js";
import { peerBinary } from "./peer-binary.js";

const READY_WITHIN_MS = 15_000;

export interface Peer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startPrometheus(port: number, config: string): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "prometheus-peer-"));
  const file = join(folder, "prom.yml");
  writeFileSync(file, config);
  const child: ChildProcess = spawn(
    peerBinary("prometheus"),
    [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=127.0.0.1:${port}`],
    { stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    const ready = await exchange(port, { method: "GET", path: "/-/ready" }).catch(() => undefined);
    if (ready?.status === 200) return { port, close };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await close();
  throw new Error(`Prometheus did not become ready within ${READY_WITHIN_MS} ms`);
}
