/** The real Prometheus must still give the recorded answers that the fast tests compare us with. `RECORD=1` writes them. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { peerBinary } from "./peer-binary.js";

const folder = join(packageRoot(), "test", "golden", "config");
const cases = readdirSync(folder)
  .filter((name) => /^[^.]+\.yml$/.test(name))
  .map((name) => name.replace(".yml", ""));
const PORT = 21510;

interface PeerTarget {
  readonly scrapePool: string;
  readonly discoveredLabels: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

describe("a real Prometheus", () => {
  test.each(cases)("%s: its configuration and targets are the recorded ones", async (name) => {
    const data = mkdtempSync(join(tmpdir(), "vestal-config-"));
    const peer = start(name, data);
    try {
      const rendered = (await ask<{ yaml: string }>("status/config")).yaml;
      const targets = stable(await settledTargets());
      check(`${name}.rendered.yml`, rendered);
      check(`${name}.targets.json`, `${JSON.stringify(targets, null, 1)}\n`);
    } finally {
      peer.kill("SIGKILL");
      rmSync(data, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

function check(file: string, answer: string): void {
  const path = join(folder, file);
  if (process.env["RECORD"] === "1") writeFileSync(path, answer);
  expect(answer).toBe(readFileSync(path, "utf8"));
}

function start(name: string, data: string): ChildProcess {
  return spawn(
    peerBinary("prometheus"),
    [
      `--config.file=${name}.yml`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${PORT}`,
      "--web.external-url=http://prometheus.example/",
    ],
    { cwd: folder, env: { ...process.env, VESTAL_REGION: "eu" }, stdio: "ignore" },
  );
}

/** Discovery reports every five seconds: asks until two answers in a row, six seconds apart, are equal and not empty. */
async function settledTargets() {
  let last = "";
  for (let attempt = 0; attempt < 8; attempt++) {
    const targets = await ask<{
      activeTargets: PeerTarget[];
      droppedTargets: PeerTarget[];
      droppedTargetCounts: object;
    }>("targets");
    const text = JSON.stringify(stable(targets));
    if (text === last && targets.activeTargets.length > 0) return targets;
    last = text;
    await sleep(6000);
  }
  throw new Error("the targets do not settle");
}

function stable(answer: { activeTargets: PeerTarget[]; droppedTargets: PeerTarget[]; droppedTargetCounts: object }) {
  const order = (target: PeerTarget): string =>
    JSON.stringify([target.scrapePool, target["scrapeUrl"], Object.entries(target.discoveredLabels).sort()]);
  const sorted = (targets: readonly PeerTarget[]): readonly PeerTarget[] =>
    targets.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const active = answer.activeTargets.map(
    ({ lastError: _error, lastScrape: _scrape, lastScrapeDuration: _duration, health: _health, ...kept }) => kept,
  );
  return {
    activeTargets: sorted(active as PeerTarget[]),
    droppedTargets: sorted(answer.droppedTargets),
    droppedTargetCounts: answer.droppedTargetCounts,
  };
}

async function ask<T>(path: string): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(`http://127.0.0.1:${PORT}/api/v1/${path}`);
      if (response.ok) return ((await response.json()) as { data: T }).data;
    } catch (error) {
      // Not listening yet.
      if (attempt > 100) throw error;
    }
    if (attempt > 100) throw new Error(`no answer to ${path}`);
    await sleep(100);
  }
}
