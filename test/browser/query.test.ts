/** The query page in a browser: graphs with the mouse, histograms, exemplars, history, metrics, files, time zones, a lost server. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Exporter, respond, startExporter } from "../doubles/exporter.js";
import {
  killAll,
  makeFolder,
  queryVector,
  removeFolder,
  type Server,
  startVestal,
  waitUntil,
} from "../peers/harness.js";
import { launchBrowser, onPage as pageOf, settled, violations } from "./browser.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** More than are drawn one by one. */
const MANY = 200;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

const folder = makeFolder();
let exporter: Exporter;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  let scrapes = 0;
  exporter = await startExporter(() => {
    scrapes++;
    const bucket = (le: string, count: number, more = ""): string =>
      `duration_seconds_bucket{le="${le}"} ${count}${more}\n`;
    const text = [
      "# TYPE duration_seconds histogram\n# HELP duration_seconds How long guests wait.\n",
      bucket("0.5", scrapes),
      bucket("2.5", scrapes * 4, ` # {trace_id="${TRACE}"} 1.25`),
      bucket("+Inf", scrapes * 5),
      `duration_seconds_count ${scrapes * 5}\nduration_seconds_sum ${scrapes * 8}\n`,
      "# TYPE height gauge\n",
      ...Array.from({ length: MANY }, (_, i) => `height{i="${i}"} ${i}\n`),
      "# EOF\n",
    ].join("");
    return respond(text, { contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8" });
  });
  const job = {
    job_name: "app",
    scrape_interval: "500ms",
    scrape_timeout: "500ms",
    static_configs: [{ targets: [exporter.address] }],
  };
  server = await startVestal({
    config: { storage: { exemplars: { max_exemplars: 1000 } }, scrape_configs: [job] },
    folder,
    args: ["--enable-feature=exemplar-storage"],
  });
  // A fifth of the thirty seconds that graphs show here, so that their lines have a length.
  await waitUntil(
    "six seconds of samples",
    60_000,
    async () =>
      (await queryVector(server, "count_over_time(duration_seconds_count[1m]) >= 12", Date.now() / 1000)).length > 0,
  );
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await exporter?.close();
  await killAll();
  removeFolder(folder);
});

function onPage(
  path: string,
  use: (page: Page) => Promise<void>,
  expected: readonly string[] = [],
  how: Parameters<typeof pageOf>[2] = {},
): Promise<void> {
  return pageOf(browser, `${server.url}/${path}`, how, use, expected);
}

function graphOf(expr: string, more: Readonly<Record<string, string>> = {}): string {
  const own = { expr, tab: "graph", range_input: "30s", step_input: "1", ...more };
  return `query?${new URLSearchParams(Object.entries(own).map(([name, value]) => [`g0.${name}`, value] as [string, string]))}`;
}

/** The middle of the right half of the first graph, where values are. */
async function pointAt(page: Page, share: number): Promise<{ readonly x: number; readonly y: number }> {
  const over = page.locator(".u-over").first();
  await over.waitFor({ timeout: 45_000 });
  const box = await over.boundingBox();
  if (box === null) throw new Error("the graph has no place on the page");
  return { x: box.x + box.width * share, y: box.y + box.height / 2 };
}

test("very many series are drawn, the cursor names those nearest to it, and a drag zooms", async () => {
  await onPage(graphOf("height"), async (page) => {
    const right = await pointAt(page, 0.99);
    const tip = page.locator(".tip");
    const seen = async (): Promise<boolean> => {
      await page.mouse.move(right.x - 1, right.y);
      await page.mouse.move(right.x, right.y);
      return tip.isVisible();
    };
    await expect.poll(seen, { timeout: 45_000 }).toBe(true);
    expect(await tip.innerText()).toMatch(/height\{i="\d+"/);
    // Twelve are listed.
    expect(await tip.innerText()).toContain(`${MANY - 12} more`);
    const inked = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector(".u-wrap canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] > 0 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60) coloured++;
      return coloured;
    })()`);
    // Flat lines, each at least five seconds of thirty long: a sixth of the graph's width.
    expect(inked).toBeGreaterThan(2000);
    const left = await pointAt(page, 0.6);
    await page.mouse.move(left.x, left.y);
    await page.mouse.down();
    await page.mouse.move(right.x, right.y, { steps: 4 });
    await page.mouse.up();
    // From 60 to 99 hundredths of thirty seconds.
    await expect.poll(() => new URL(page.url()).searchParams.get("g0.range_input"), { timeout: 30_000 }).toBe("12s");
  });
});

test("buckets are a heat map, whose cells say what was counted; the address says which form", async () => {
  await onPage(
    graphOf("rate(duration_seconds_bucket[5s])"),
    async (page) => {
      await settled(page);
      await page.getByLabel("Form of the graph").selectOption("heatmap");
      await page.getByRole("img", { name: "Heat map of 3 buckets" }).waitFor();
      expect(new URL(page.url()).searchParams.get("g0.display_mode")).toBe("heatmap");
      const point = await pointAt(page, 0.99);
      const tip = page.locator(".tip");
      const seen = async (): Promise<string> => {
        await page.mouse.move(point.x - 1, point.y);
        await page.mouse.move(point.x, point.y);
        return (await tip.isVisible()) ? tip.innerText() : "";
      };
      // The middle one of three.
      await expect.poll(seen, { timeout: 45_000 }).toContain("0.5 to 2.5");
      await page.reload();
      await page.getByRole("img", { name: "Heat map of 3 buckets" }).waitFor();
      await settled(page);
      expect(await violations(page, AXE)).toEqual([]);
    },
    [],
    { bypassCSP: true, colorScheme: "dark" },
  );
});

test("exemplars are points in the graph and rows below it, with their trace", async () => {
  await onPage(graphOf("histogram_quantile(0.9, rate(duration_seconds_bucket[5s]))"), async (page) => {
    await settled(page);
    await page.getByLabel("Exemplars").check();
    await page.locator("summary").filter({ hasText: "Exemplars" }).click();
    await page.getByText(`trace_id="${TRACE}"`).first().waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get("g0.show_exemplars")).toBe("1");
  });
});

test("by keyboard alone: the history is opened from the editor, searched, and what is chosen runs", async () => {
  await onPage("query", async (page) => {
    const editor = page.getByLabel("PromQL expression");
    for (const expr of ["vector(41) + 1", "vector(6) * 9"]) {
      await editor.click();
      await page.keyboard.press("Control+a");
      await page.keyboard.type(expr);
      await page.keyboard.press("Control+Enter");
      await page.getByRole("cell", { name: expr.startsWith("vector(4") ? "42" : "54", exact: true }).waitFor();
    }
    await page.keyboard.press("Alt+ArrowUp");
    await page.getByRole("dialog", { name: "History" }).waitFor();
    await page.getByPlaceholder("Search the history").focus();
    await page.keyboard.type("41");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "42", exact: true }).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.keyboard.press("Alt+ArrowUp");
    await page.getByRole("dialog", { name: "History" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });
});

test("metrics are found by their help and go into the editor", async () => {
  await onPage(
    "query",
    async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "Metrics" }).click();
      const search = page.getByPlaceholder("Search by name, type or help");
      await search.fill("guests wait");
      const found = page.getByRole("dialog").getByRole("listitem");
      await expect.poll(() => found.count(), { timeout: 30_000 }).toBe(3);
      expect(await found.first().innerText()).toContain("3 series");
      expect(await violations(page, AXE)).toEqual([]);
      await search.press("Enter");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await expect.poll(() => page.getByLabel("PromQL expression").innerText()).toBe("duration_seconds_bucket");
    },
    [],
    { bypassCSP: true },
  );
});

test("a graph is saved as a picture and as values", async () => {
  await onPage(graphOf("height"), async (page) => {
    await page.locator(".u-over").waitFor({ timeout: 45_000 });
    const save = async (name: string): Promise<Buffer> => {
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name, exact: true }).click(),
      ]);
      return readFileSync(await file.path());
    };
    const picture = await save("PNG");
    expect(picture.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
    // Width in the header: the graph's own and a margin.
    expect(picture.readUInt32BE(16)).toBeGreaterThan(600);
    const lines = (await save("CSV")).toString().trim().split("\n");
    expect(lines[0]).toBe("time,series,value");
    expect(lines.length).toBeGreaterThan(MANY);
  });
});

test("times are shown and read in the zone that was chosen, also after a reload", async () => {
  const end = "2026-01-31 12:00:00";
  await onPage(
    `query?${new URLSearchParams({ "g0.expr": "vector(1)", "g0.tab": "table", "g0.end_input": end })}`,
    async (page) => {
      const input = page.getByLabel("End time", { exact: true });
      await page.getByLabel("Time zone").selectOption("UTC");
      await expect.poll(() => input.inputValue()).toBe("2026-01-31T12:00");
      await page.getByLabel("Time zone").selectOption("Asia/Tokyo");
      await expect.poll(() => input.inputValue()).toBe("2026-01-31T21:00");
      await input.fill("2026-01-31T22:00:00");
      await input.blur();
      await expect
        .poll(() => new URL(page.url()).searchParams.get("g0.end_input"), { timeout: 30_000 })
        .toBe("2026-01-31 13:00:00");
      await page.reload();
      await expect.poll(() => input.inputValue()).toBe("2026-01-31T22:00");
    },
  );
});

test("a server that is gone is said, what was there stays in sight as old, and it comes back by itself", async () => {
  const lost = "Failed to load resource: net::ERR_FAILED";
  await onPage(
    "targets",
    async (page) => {
      // Time goes by as the test says.
      await page.clock.install();
      await page.reload();
      await page.getByRole("link", { name: new RegExp(exporter.address) }).waitFor();
      await page.route("**/api/v1/targets*", (route) => route.abort());
      const alert = page.getByRole("alert").filter({ hasText: "The server cannot be reached." });
      await page.clock.fastForward(11_000);
      await alert.waitFor({ timeout: 45_000 });
      await page
        .locator(".stale")
        .getByRole("link", { name: new RegExp(exporter.address) })
        .waitFor();
      await page.unroute("**/api/v1/targets*");
      await page.clock.fastForward(6000);
      await alert.waitFor({ state: "detached", timeout: 45_000 });
      expect(await page.locator(".stale").count()).toBe(0);
    },
    [lost],
  );
});
