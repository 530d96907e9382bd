/** A real Prometheus over given samples, on loopback, for tests that compare answers. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Labels } from "../../src/model/index.js";
import { formatFloat } from "../../src/model/number.js";
import { makeFolder, removeFolder, type Server, startPrometheus } from "./harness.js";
import { peerBinary } from "./peer-binary.js";

export interface PeerSeries {
  readonly labels: Labels;
  readonly samples: readonly (readonly [timeMs: number, value: number])[];
}

export class PrometheusPeer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Starts a server whose only data is `series`, written as blocks. */
  static async start(series: readonly PeerSeries[], features: readonly string[]): Promise<PrometheusPeer> {
    const folder = makeFolder();
    const samples = join(folder, "samples.txt");
    writeFileSync(samples, openMetrics(series));
    const create = ["tsdb", "create-blocks-from", "openmetrics", samples, join(folder, "data")];
    execFileSync(peerBinary("promtool"), create, { stdio: "ignore" });
    const args = ["--storage.tsdb.retention.time=100y", "--log.level=error"];
    if (features.length > 0) args.push(`--enable-feature=${features.join(",")}`);
    return new PrometheusPeer(await startPrometheus({ config: {}, folder, args }));
  }

  /** The body of the API's answer to a POST. */
  async ask(path: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams(parameters);
    const response = await fetch(`${this.#server.url}${path}`, { method: "POST", body });
    return response.text();
  }

  async stop(): Promise<void> {
    await this.#server.kill("SIGTERM");
    removeFolder(this.#server.folder);
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
