/**
 * `npm run perf -- ui`: what a user of the interface waits for, in Debian's chromium (`CHROMIUM` names another): the first page, a
 * graph of 1,000 series × 1,000 points, and a live graph of 100 series that changes each second.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { packageRoot } from "../../src/base/index.js";
import { startProcess } from "../process.js";
import { median } from "./median.js";

const RUNS = 5;
const SERIES = 1000;
const POINTS = 1000;
const STEP_SECONDS = 0.25;
const LIVE_SERIES = 100;
const LIVE_MS = 10_000;

interface Graph {
  readonly arrivedMs: number;
  readonly drawnMs: number;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "vestal-ui-"));
  const exporter = createServer((_, response) => {
    const lines = Array.from({ length: SERIES }, (_, i) => `m{i="${i}"} ${i}`);
    const live = Array.from({ length: LIVE_SERIES }, (_, i) => `l{i="${i}"} ${Math.sin(Date.now() / 3000 + i)}`);
    response.setHeader("content-type", "text/plain; version=0.0.4").end(`${lines.join("\n")}\n${live.join("\n")}\n`);
  });
  await new Promise<void>((resolve) => exporter.listen(0, "127.0.0.1", resolve));
  const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
  const config = join(folder, "vestal.yml");
  const job = { job_name: "m", scrape_interval: "1s", scrape_timeout: "1s", static_configs: [{ targets: [target] }] };
  writeFileSync(config, JSON.stringify({ scrape_configs: [job] }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = [
    join(packageRoot(), "bin", "vestal"),
    "server",
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server = startProcess("vestal", process.execPath, args, join(folder, "log"));
  let browser: Browser | undefined;
  try {
    await until("the server has samples", async () => {
      const answer = await fetch(`${url}/api/v1/query?query=count(m)`);
      return answer.ok && (await answer.text()).includes(`"${SERIES}"`);
    });
    browser = await chromium.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
    await firstPage(browser, url);
    await graph(browser, url);
    await live(browser, url);
  } finally {
    await browser?.close();
    await server.stop();
    exporter.closeAllConnections();
    exporter.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (await condition().catch(() => false)) return;
    if (Date.now() > deadline) throw new Error(`waited a minute in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A browser that has nothing cached: bytes over the wire, and when the editor takes keys. */
async function firstPage(browser: Browser, url: string): Promise<void> {
  const interactive: number[] = [];
  let bytes = 0;
  for (let run = 0; run < RUNS; run++) {
    await onPage(browser, async (page) => {
      await page.goto(`${url}/query`);
      await page.locator(".cm-content").waitFor();
      interactive.push(await page.evaluate<number>("performance.now()"));
      bytes = await page.evaluate<number>(
        "performance.getEntries().reduce((sum, { transferSize = 0 }) => sum + transferSize, 0)",
      );
    });
  }
  report("first page, bytes over the wire", `${(bytes / 1000).toFixed(1)} kB`, "under 250 kB");
  report("first page, the editor takes keys", spread(interactive), "under 1000 ms");
}

async function graph(browser: Browser, url: string): Promise<void> {
  const waits: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    // Up to the end of the look-back every point has a value.
    const end = new Date(Date.now() + POINTS * STEP_SECONDS * 1000).toISOString().slice(0, 19);
    const search = new URLSearchParams({
      "g0.expr": "sin(m + time() / 3)",
      "g0.tab": "graph",
      "g0.range_input": `${POINTS * STEP_SECONDS}s`,
      "g0.step_input": String(STEP_SECONDS),
      "g0.end_input": end,
    });
    await onPage(browser, async (page) => {
      await page.goto(`${url}/query?${search}`);
      await page.locator(".u-over").waitFor({ timeout: 60_000 });
      const { arrivedMs, drawnMs } = await page.evaluate<Graph>(`new Promise((resolve) => {
        const done = () => {
          const [mark] = performance.getEntriesByName("vestal.drawn");
          const answer = performance.getEntriesByType("resource").find(({ name }) => name.includes("query_range"));
          if (mark === undefined || answer === undefined) requestAnimationFrame(done);
          else resolve({ arrivedMs: answer.responseEnd, drawnMs: mark.startTime });
        };
        done();
      })`);
      waits.push(drawnMs - arrivedMs);
    });
  }
  report(`graph of ${SERIES} series × ${POINTS} points, drawn after the last byte`, spread(waits), "under 300 ms");
}

async function live(browser: Browser, url: string): Promise<void> {
  await onPage(browser, async (page) => {
    const search = new URLSearchParams({
      "g0.expr": "l",
      "g0.tab": "graph",
      "g0.range_input": "5m",
      "g0.step_input": "1",
    });
    await page.goto(`${url}/query?${search}`);
    await page.getByLabel("Live").check();
    await page.locator(".u-over").waitFor({ timeout: 60_000 });
    const frames = await page.evaluate<readonly number[]>(`new Promise((resolve) => {
      const times = [];
      const begun = performance.now();
      const next = (now) => {
        times.push(now);
        if (now - begun < ${LIVE_MS}) requestAnimationFrame(next);
        else resolve(times);
      };
      requestAnimationFrame(next);
    })`);
    const gaps = frames.slice(1).map((time, i) => time - (frames[i] ?? time));
    const late = gaps.filter((gap) => gap > 25).length;
    const seconds = ((frames.at(-1) ?? 0) - (frames[0] ?? 0)) / 1000;
    report(`live graph of ${LIVE_SERIES} series, frames a second`, (gaps.length / seconds).toFixed(1), "60");
    report("  frames that came late (over 25 ms)", `${late} of ${gaps.length}`, "0");
    report("  longest between two frames", `${Math.max(...gaps).toFixed(1)} ms`, "16.7 ms");
  });
}

async function onPage(browser: Browser, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} of ${values.length})`;
}

function report(what: string, figure: string, aim: string): void {
  process.stdout.write(`${what.padEnd(72)} ${figure.padStart(28)}   aim: ${aim}\n`);
}

await main();
