/** A real Prometheus over given samples, on loopback, for tests that compare answers. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Labels } from "../../src/model/index.js";
import { formatFloat } from "../../src/model/number.js";
import { peerBinary } from "./peer-binary.js";

export interface PeerSeries {
  readonly labels: Labels;
  readonly samples: readonly (readonly [timeMs: number, value: number])[];
}

export class PrometheusPeer {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  /** Starts a server whose only data is `series`, written as blocks. */
  static async start(series: readonly PeerSeries[], features: readonly string[]): Promise<PrometheusPeer> {
    const folder = mkdtempSync(join(tmpdir(), "vestal-peer-"));
    writeFileSync(join(folder, "samples.txt"), openMetrics(series));
    writeFileSync(join(folder, "prometheus.yml"), "global:\n  scrape_interval: 1m\n");
    const data = join(folder, "data");
    const create = ["tsdb", "create-blocks-from", "openmetrics", join(folder, "samples.txt"), data];
    execFileSync(peerBinary("promtool"), create, { stdio: "ignore" });
    const port = await freePort();
    const child = spawn(
      peerBinary("prometheus"),
      [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--storage.tsdb.retention.time=100y",
        "--log.level=error",
        ...(features.length > 0 ? [`--enable-feature=${features.join(",")}`] : []),
      ],
      { stdio: "ignore" },
    );
    const peer = new PrometheusPeer(child, folder, `http://127.0.0.1:${port}`);
    for (let tries = 0; tries < 200; tries++) {
      if (await peer.#isReady()) return peer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await peer.stop();
    throw new Error("prometheus is not ready after 20 s");
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.#url}/-/ready`)).ok;
    } catch (error) {
      if (error instanceof TypeError) return false; // fetch's error for a port that nobody listens on yet
      throw error;
    }
  }

  /** The body of the API's answer to a POST. */
  async ask(path: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const response = await fetch(`${this.#url}${path}`, { method: "POST", body: new URLSearchParams(parameters) });
    return response.text();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function openMetrics(series: readonly PeerSeries[]): string {
  const byName = new Map<string, string[]>();
  for (const { labels, samples } of series) {
    const name = labels.get("__name__");
    const rest = [...labels.entries()].filter(([label]) => label !== "__name__");
    const text = rest.map(([label, value]) => `${label}="${escaped(value)}"`).join(",");
    const lines = byName.get(name) ?? [];
    byName.set(name, lines);
    for (const [timeMs, value] of samples) lines.push(`${name}{${text}} ${formatFloat(value)} ${timeMs / 1000}`);
  }
  return `${[...byName.values()].flat().join("\n")}\n# EOF\n`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
