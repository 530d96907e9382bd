/** Grafana's dashboards as a user's browser shows them: a real installation's, and one with every kind of panel. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { load } from "js-yaml";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, killAll, makeFolder, removeFolder, type Server, startVestal, waitUntil } from "../peers/harness.js";
import { launchBrowser, onPage as pageOf, settled, violations } from "./browser.js";
import { type CorpusCluster, DASHBOARDS_FILE, hasCorpus, startCorpusCluster } from "./corpus-cluster.js";
import { HOSTILE, hostileDashboard, oldDashboard, panelsDashboard } from "./dashboards-fixture.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PHONE = { width: 390, height: 844 };
/** So tall that every panel is in sight: those out of sight are not asked for. */
const TALL = { width: 1600, height: 9000 };

interface Known {
  readonly uid: string;
  readonly title: string;
  readonly panels: number;
}

/** Counted from the file itself, rows left out. */
function knownDashboards(): readonly Known[] {
  if (!hasCorpus) return [];
  interface Json {
    readonly type?: string;
    readonly uid: string;
    readonly title: string;
    readonly panels?: readonly Json[];
  }
  const count = (panels: readonly Json[] = []): number =>
    panels.reduce((sum, panel) => sum + (panel.type === "row" ? count(panel.panels) : 1), 0);
  const { items } = load(readFileSync(DASHBOARDS_FILE, "utf8")) as { items: { data: Record<string, string> }[] };
  return items
    .flatMap(({ data }) => Object.values(data))
    .map((text) => JSON.parse(text) as Json)
    .map(({ uid, title, panels }) => ({ uid, title, panels: count(panels) }));
}

/** Of dashboards whose exporters are played back: how many panels have data at least. */
const WITH_DATA: Readonly<Record<string, number>> = {
  "Kubernetes / API server": 9,
  "Kubernetes / Compute Resources / Cluster": 8,
  "Kubernetes / Controller Manager": 8,
  "Kubernetes / Scheduler": 7,
  "Node Exporter / Nodes": 8,
  "Node Exporter / USE Method / Node": 7,
  "Prometheus / Overview": 5,
};

let folder: string;
let cluster: CorpusCluster;
let server: Server;
let browser: Browser;
/** Before which the server has samples of everything; seconds. */
let until: number;

function onPage(
  path: string,
  how: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  expected: readonly string[] = [],
): Promise<void> {
  return pageOf(browser, `${server.url}/${path}`, how, use, expected);
}

beforeAll(async () => {
  if (!hasCorpus) return;
  folder = makeFolder();
  mkdirSync(join(folder, "boards"));
  for (const board of [panelsDashboard, oldDashboard, hostileDashboard]) {
    writeFileSync(join(folder, "boards", `${board.uid}.json`), JSON.stringify(board));
  }
  cluster = await startCorpusCluster(folder);
  server = await startVestal({
    config: cluster.config,
    folder,
    args: [`--web.dashboards.path=${DASHBOARDS_FILE}`, `--web.dashboards.path=${join(folder, "boards")}`],
  });
  const has = async (query: string): Promise<boolean> => {
    const { data } = await api(server, "query", { query });
    return (data as { result: unknown[] }).result.length > 0;
  };
  const wanted = [
    "rate(apiserver_request_total[1m])",
    "instance:node_cpu_utilisation:rate5m",
    "namespace_workload_pod:kube_pod_owner:relabel",
    "code_resource:apiserver_request_total:rate5m",
    "rate(scheduler_schedule_attempts_total[1m])",
    "rate(prometheus_http_requests_total[1m])",
  ];
  for (const query of wanted) await waitUntil(query, 120_000, () => has(query));
  // A whole minute is a step of every panel's grid.
  until = Math.ceil(Date.now() / 60_000) * 60;
  await waitUntil("the next whole minute", 90_000, async () => Date.now() / 1000 > until + 5);
  browser = await launchBrowser();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await killAll();
  await cluster?.close();
  if (folder !== undefined) removeFolder(folder);
});

interface Shown {
  readonly type: string;
  readonly state: string;
  readonly text: string;
  readonly title: string;
  /** Something is drawn: a canvas, a shape, a row, a bar. */
  readonly isDrawn: boolean;
  readonly queries: readonly string[];
}

async function shownPanels(page: Page): Promise<readonly Shown[]> {
  await page.locator(".box").first().waitFor({ timeout: 45_000 });
  for (const fold of await page.locator(".fold[aria-expanded=false]").all()) await fold.click();
  const pending = '.box[data-state="loading"], .box[aria-busy="true"]:not([data-type="text"])';
  await expect.poll(() => page.locator(pending).count(), { timeout: 50_000 }).toBe(0);
  // An empty panel asks why.
  await expect.poll(() => page.locator(".empty:not(:has(.muted))").count(), { timeout: 50_000 }).toBe(0);
  return page.evaluate<Shown[]>(`[...document.querySelectorAll(".box")].map((box) => ({
    type: box.dataset.type,
    state: box.dataset.state,
    title: box.querySelector("h3")?.textContent ?? "",
    text: box.querySelector(".box-body").innerText,
    isDrawn: box.querySelector("canvas, polygon, polyline, path, circle, tbody tr, .bars li, .tile-value, .state-line, .prose, pre") !== null,
    queries: [...new URLSearchParams((box.querySelector(".menu-list a[href^='query?']")?.getAttribute("href") ?? "").slice(6))]
      .filter(([name]) => name.endsWith(".expr")).map(([, expr]) => expr),
  }))`);
}

describe.skipIf(!hasCorpus)("dashboards of a real installation", () => {
  const known = knownDashboards();

  test("all are listed", async () => {
    expect(known).toHaveLength(33);
    await onPage("dashboards", {}, async (page) => {
      await settled(page);
      for (const { title } of known) {
        expect(await page.getByRole("link", { name: title, exact: true }).count(), title).toBe(1);
      }
    });
  });

  test.each(known)(
    "$title: each panel draws what the server has, or says what is missing",
    async ({ uid, title, panels }) => {
      const address = `d/${uid}/any-title?from=${(until - 120) * 1000}&to=${until * 1000}&refresh=`;
      await onPage(address, { viewport: TALL }, async (page) => {
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
        const shown = await shownPanels(page);
        expect(shown.length).toBeGreaterThanOrEqual(panels);
        for (const panel of shown) {
          const what = `${title} / ${panel.title}: ${panel.text.slice(0, 200)}`;
          expect(["data", "empty"], what).toContain(panel.state);
          if (panel.type === "text") continue;
          if (panel.state === "data") expect(panel.isDrawn, what).toBe(true);
          else expect(panel.text, what).toMatch(/no series of|No series matches|has no result/);
          const { atEnd, before } = await samplesOf(panel.queries);
          if (atEnd) expect(panel.state, what).toBe("data");
          if (!atEnd && !before) expect(panel.state, what).toBe("empty");
        }
        expect(shown.filter(({ state }) => state === "data").length).toBeGreaterThanOrEqual(WITH_DATA[title] ?? 0);
      });
    },
  );

  /** What the server has, asked without the page: at the end of the range, and at any second of it. */
  async function samplesOf(queries: readonly string[]): Promise<{ readonly atEnd: boolean; readonly before: boolean }> {
    const has = ({ data }: { readonly data?: unknown }): boolean => (data as { result: unknown[] }).result.length > 0;
    let before = false;
    for (const query of queries) {
      if (has(await api(server, "query", { query, time: `${until}` }))) return { atEnd: true, before: true };
      const range = { query, start: `${until - 130}`, end: `${until}`, step: "1" };
      before ||= has(await api(server, "query_range", range));
    }
    return { atEnd: false, before };
  }
});

describe.skipIf(!hasCorpus)("every kind of panel", () => {
  const address = (uid: string): string => `d/${uid}?from=${(until - 120) * 1000}&to=${until * 1000}`;

  test("each has data, repeated ones one each value; what is not supported is said", async () => {
    await onPage(address(panelsDashboard.uid), { viewport: TALL }, async (page) => {
      const shown = await shownPanels(page);
      const states = Object.fromEntries(shown.map(({ title, state }) => [title, state]));
      expect(states).toEqual({
        Lines: "data",
        "Stacked percent": "data",
        Tiles: "data",
        Dial: "data",
        Bars: "data",
        Cells: "data",
        Buckets: "data",
        States: "data",
        Parts: "data",
        Words: "data",
        "Of node-exporter": "data",
        "Of kube-scheduler": "data",
        Map: "words",
        Logs: "words",
        Nothing: "empty",
      });
      const text = (title: string): string => shown.find((panel) => panel.title === title)?.text ?? "";
      expect(text("Map")).toContain('"geomap" are not supported');
      expect(text("Logs")).toContain("loki");
      // 4.5 GiB of requests are in the exposition of kube-state-metrics.
      expect(text("Tiles")).toContain("4.5 GiB");
      expect(text("Cells")).toContain("up and well");
      expect(text("Nothing")).toContain("The server has no series of no_such_metric_total");
    });
  });

  test("what Grafana wrote before 2018 is drawn", async () => {
    await onPage(address(oldDashboard.uid), { viewport: TALL }, async (page) => {
      const shown = await shownPanels(page);
      expect(shown.map(({ title, type, state }) => [title, type, state])).toEqual([
        ["Load", "timeseries", "data"],
        ["Memory", "stat", "data"],
        ["Share", "gauge", "data"],
        ["Targets", "table", "data"],
        ["Note", "text", "data"],
      ]);
      expect(shown[4]?.text).toContain("written long ago");
    });
  });

  test("variables: chained, several at once, all; the address holds them", async () => {
    await onPage(address(panelsDashboard.uid), { viewport: { width: 1600, height: 900 } }, async (page) => {
      await settled(page);
      await page.getByLabel("namespace").selectOption("shop");
      await expect.poll(() => new URL(page.url()).searchParams.get("var-namespace")).toBe("shop");
      const pod = page.getByLabel("pod", { exact: true });
      await expect.poll(() => pod.locator("option").allTextContents(), { timeout: 30_000 }).not.toContain("none");
      await page.locator("summary").filter({ hasText: "job" }).click();
      await page.getByRole("checkbox", { name: "kube-scheduler" }).uncheck();
      await expect.poll(() => new URL(page.url()).searchParams.getAll("var-job")).toEqual(["node-exporter"]);
      await page.reload();
      await page.getByRole("heading", { name: "Of node-exporter" }).waitFor();
      expect(await page.getByRole("heading", { name: "Of kube-scheduler" }).count()).toBe(0);
    });
  });

  test("a drawn panel is saved as a picture", async () => {
    await onPage(address(panelsDashboard.uid), { viewport: { width: 1600, height: 900 } }, async (page) => {
      await page.locator("[data-state=data]").filter({ hasText: "Lines" }).first().waitFor({ timeout: 45_000 });
      await page.locator("summary[aria-label='Menu of Lines']").click();
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save as PNG" }).click(),
      ]);
      expect(file.suggestedFilename()).toBe("Lines.png");
      expect(
        readFileSync(await file.path())
          .subarray(0, 8)
          .toString("latin1"),
      ).toBe("\x89PNG\r\n\x1a\n");
    });
  });

  test("by keyboard: a row is folded, a panel fills the page and goes back", async () => {
    await onPage(address(panelsDashboard.uid), { viewport: { width: 1600, height: 900 } }, async (page) => {
      await settled(page);
      const fold = page.getByRole("button", { name: /^More/ });
      await fold.focus();
      await page.keyboard.press("Enter");
      await page.locator("button[aria-expanded=false]").filter({ hasText: "More" }).waitFor();
      await page.locator("summary[aria-label='Menu of Lines']").focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.locator(".box.full").waitFor();
    });
  });
});

describe.skipIf(!hasCorpus)("dashboards of the build", () => {
  // Those whose exporters are played back: how many panels have data at least.
  const boards = {
    "vestal-nodes": 12,
    "vestal-workloads": 8,
    "vestal-server": 8,
    "vestal-operator": 0,
    "vestal-alertmanager": 0,
  };

  test.each(Object.entries(boards))("%s opens, and every expression is understood", async (uid, withData) => {
    await onPage(
      `d/${uid}?from=${(until - 120) * 1000}&to=${until * 1000}&refresh=`,
      { viewport: TALL },
      async (page) => {
        const shown = await shownPanels(page);
        for (const { state, title, text } of shown) expect(["data", "empty"], `${title}: ${text}`).toContain(state);
        expect(shown.filter(({ state }) => state === "data").length).toBeGreaterThanOrEqual(withData);
      },
    );
  });
});

describe.skipIf(!hasCorpus)("import", () => {
  test("a file that is chosen or dropped opens and stays in this browser; another one is refused in words", async () => {
    await onPage("dashboards", {}, async (page) => {
      await settled(page);
      const text = JSON.stringify({ dashboard: { ...oldDashboard, uid: "mine", title: "Mine" } });
      const file = { name: "mine.json", mimeType: "application/json", buffer: Buffer.from(text) };
      await page.locator("input[type=file]").setInputFiles(file);
      await page.getByRole("heading", { level: 1, name: "Mine" }).waitFor();
      expect(new URL(page.url()).pathname).toBe("/d/mine");
      await page.goto(`${server.url}/dashboards`);
      await page.getByRole("button", { name: "Remove Mine" }).click();
      await page.getByRole("link", { name: "Mine", exact: true }).waitFor({ state: "detached" });
      await page.evaluate(`{
        const data = new DataTransfer();
        data.items.add(new File(['{"title":"no dashboard"}'], "x.json", { type: "application/json" }));
        document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      }`);
      await page.getByRole("alert").filter({ hasText: "neither panels nor rows" }).waitFor();
      await page.evaluate(`{
        const data = new DataTransfer();
        data.items.add(new File([${JSON.stringify(text)}], "x.json", { type: "application/json" }));
        document.querySelector(".drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      }`);
      await page.getByRole("heading", { level: 1, name: "Mine" }).waitFor();
    });
  });

  test("one that does not exist is said", async () => {
    const missing = "Failed to load resource: the server responded with a status of 404 (Not Found)";
    await onPage(
      "d/no-such",
      {},
      async (page) => {
        await page.getByRole("alert").filter({ hasText: "there is no dashboard with the uid" }).waitFor();
      },
      [missing],
    );
  });
});

describe.skipIf(!hasCorpus)("strangers' dashboards", () => {
  test("markup in every place is text, and addresses that are no pages are no links", async () => {
    await onPage(
      `d/${hostileDashboard.uid}?from=${(until - 120) * 1000}&to=${until * 1000}`,
      { viewport: TALL },
      async (page) => {
        await shownPanels(page);
        expect(await page.locator("main img, main script, main iframe").count()).toBe(0);
        const hrefs = await page
          .locator("a")
          .evaluateAll((links) => links.map((link) => String(link.getAttribute("href"))));
        expect(hrefs.filter((href) => /^\s*(?:javascript|data|vbscript):/i.test(href))).toEqual([]);
        expect(await page.locator("main").innerText()).toContain(HOSTILE);
      },
    );
  });

  test.each(["light", "dark"] as const)("in %s colours a board is accessible and fits a phone", async (colorScheme) => {
    const path = `d/${panelsDashboard.uid}?from=${(until - 120) * 1000}&to=${until * 1000}`;
    await onPage(path, { colorScheme, viewport: PHONE }, async (page) => {
      await settled(page);
      expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")).toBeLessThanOrEqual(0);
    });
    await onPage(path, { colorScheme, viewport: TALL, bypassCSP: true }, async (page) => {
      await shownPanels(page);
      expect(await violations(page, AXE)).toEqual([]);
    });
  });
});
