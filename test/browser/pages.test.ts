/** Every page of a running server, as a user's browser shows it. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Exporter, respond, startExporter } from "../doubles/exporter.js";
import {
  api,
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startVestal,
  waitUntil,
} from "../peers/harness.js";
import { launchBrowser, onPage as pageOf, settled, violations } from "./browser.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const HOSTILE = '<img src=x onerror="window.isHacked=true">';
const PAGES = [
  "query",
  "dashboards",
  "alerts",
  "alert-history",
  "backtest",
  "rules",
  "targets",
  "why",
  "service-discovery",
  "tsdb-status",
  "config",
  "flags",
  "status",
];
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };
const PREFIX = "/behind/proxy";

const folders = [makeFolder(), makeFolder()];
let exporter: Exporter;
let server: Server;
let prefixed: Server;
let browser: Browser;

beforeAll(async () => {
  exporter = await startExporter(() =>
    respond(`requests_total{path=${JSON.stringify(HOSTILE)}} ${Date.now()}\nqueue_length{queue="a"} 3\n`),
  );
  const job = (name: string, target: string) => ({
    job_name: name,
    scrape_interval: "500ms",
    scrape_timeout: "500ms",
    static_configs: [{ targets: [target], labels: { note: HOSTILE } }],
  });
  const rule = { alert: "Broken", expr: "up == 0", annotations: { summary: `${HOSTILE} {{ $labels.job }}` } };
  const rules = `${folders[0]}/pages-rules.yml`;
  writeFileSync(rules, JSON.stringify({ groups: [{ name: "pages", interval: "500ms", rules: [rule] }] }));
  const dropped = {
    ...job("unwanted", "10.1.2.3:80"),
    relabel_configs: [
      { target_label: "team", replacement: "blue" },
      { source_labels: ["__meta_kubernetes_pod_container_port_name"], regex: "metrics", action: "keep" },
    ],
  };
  const config = {
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:1"] }] }] },
    scrape_configs: [job("app", exporter.address), job("gone", "127.0.0.1:1"), dropped],
  };
  server = await startVestal({ config, folder: String(folders[0]) });
  const port = await freePort();
  prefixed = await startVestal({
    config: {},
    folder: String(folders[1]),
    port,
    args: [`--web.external-url=http://127.0.0.1:${port}${PREFIX}/`, "--web.route-prefix=/"],
  });
  await waitUntil("an alert", 60_000, async () => {
    const { data } = await api(server, "alerts");
    return JSON.stringify(data).includes("firing");
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await exporter?.close();
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

function onPage(
  url: string,
  how: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  expected: readonly string[] = [],
): Promise<void> {
  return pageOf(browser, url, how, use, expected);
}

describe.each(["light", "dark"] as const)("in %s colours", (colorScheme) => {
  test.each(PAGES)("/%s shows its content, is accessible and fits a phone", async (path) => {
    await onPage(`${server.url}/${path}?g0.expr=up&g0.tab=graph`, { colorScheme, viewport: PHONE }, async (page) => {
      await settled(page);
      expect(await page.locator("main [role=alert]").count()).toBe(0);
      expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")).toBeLessThanOrEqual(0);
      await page.setViewportSize(DESKTOP);
      expect(await violations(page, AXE)).toEqual([]);
    });
  });
});

test("an expression is typed, completed, run as a table and drawn; the address holds it", async () => {
  await onPage(`${server.url}/`, {}, async (page) => {
    const editor = page.getByLabel("PromQL expression");
    await editor.click();
    await page.keyboard.type("queue_len");
    await page.locator(".cm-tooltip-autocomplete").getByText("queue_length").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.type("gth * 2");
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "6", exact: true }).waitFor();
    await page.getByRole("tab", { name: "Graph" }).click();
    const legend = page.locator(".legend button").filter({ hasText: "queue" });
    // The graph's steps are fifteen seconds: the first of them may lie before the first sample.
    const drawn = async (): Promise<number> => {
      await page.getByRole("button", { name: "Run" }).click();
      return legend.count();
    };
    await expect.poll(drawn, { timeout: 45_000, interval: 500 }).toBeGreaterThan(0);
    await expect
      .poll(() => new URL(page.url()).searchParams.get("g0.expr"), { timeout: 30_000 })
      .toBe("queue_length * 2");
    await page.reload();
    await page.locator(".legend button").filter({ hasText: "queue" }).waitFor();
  });
});

test("a wrong expression is refused in the server's words", async () => {
  const refused = "Failed to load resource: the server responded with a status of 400 (Bad Request)";
  await onPage(
    `${server.url}/query?g0.expr=sum(up`,
    {},
    async (page) => {
      await page.getByRole("alert").filter({ hasText: "unclosed left parenthesis" }).waitFor();
    },
    [refused],
  );
});

test("an expression is explained: its parts with what they read", async () => {
  await onPage(
    `${server.url}/query?g0.expr=${encodeURIComponent("sum(queue_length) * 2")}`,
    { bypassCSP: true },
    async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "Explain" }).click();
      const plan = page.getByRole("list", { name: "Plan" });
      await plan.getByText("queue_length", { exact: true }).waitFor();
      // One series of one value is selected.
      expect(await plan.innerText()).toMatch(/1 series, 1 values/);
      expect(await violations(page, AXE)).toEqual([]);
    },
  );
});

test("a query that runs is shown and ended from the status page", async () => {
  await onPage(`${server.url}/status`, {}, async (page) => {
    await settled(page);
    // Ten thousand steps with a day of seconds each, which differ: it computes for a minute where nobody ends it.
    const query = "quantile_over_time(0.5, sin(vector(time() * 7))[1d:1s])";
    const search = new URLSearchParams({ query, start: "0", end: "10000", step: "1", timeout: "2m" });
    const answer = fetch(`${server.url}/api/v1/query_range?${search}`).then((response) => response.json());
    const row = page.getByRole("row").filter({ hasText: "quantile_over_time" });
    await row.getByRole("button", { name: "Cancel" }).click({ timeout: 45_000 });
    expect(await answer).toMatchObject({ status: "error", errorType: "canceled" });
    await row.waitFor({ state: "detached" });
  });
});

test("targets are filtered, and one that is down says why", async () => {
  await onPage(`${server.url}/targets`, {}, async (page) => {
    await page.getByText("connection refused").first().waitFor();
    await page.getByLabel("Filter by label, address or error").fill("refused");
    await page.getByText("app", { exact: true }).waitFor({ state: "detached" });
    await page.getByText("connection refused").first().waitFor();
    await page.getByLabel("Not up only").check();
    // The address shows the same to a colleague.
    await expect.poll(() => new URL(page.url()).search, { timeout: 30_000 }).toBe("?q=refused&health=bad");
    await page.reload();
    await page.getByText("connection refused").first().waitFor();
    expect(await page.getByText("app", { exact: true }).count()).toBe(0);
    await page.getByRole("link", { name: "Why?" }).last().click();
    await page.getByText("Nothing listens at this port").first().waitFor();
  });
});

test("why an app is not scraped: the rule that drops it, the error of its scrape, or that nothing finds it", async () => {
  await onPage(`${server.url}/why`, {}, async (page) => {
    const search = page.getByLabel("Search what was discovered");
    await search.fill("10.1.2.3");
    await page.getByText("It is found, but relabelling drops it.").waitFor();
    await page.getByText("there is no label __meta_kubernetes_pod_container_port_name").waitFor();
    // The rule before it is shown with what it did.
    await page.locator(".steps").getByText('team="blue"').waitFor();
    await search.fill("127.0.0.1:1");
    await page.getByText("Nothing listens at this port").first().waitFor();
    await search.fill("no such pod");
    await page.getByText("Discovery does not know it").waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get("q"), { timeout: 30_000 }).toBe("no such pod");
    await page.goto(`${server.url}/service-discovery`);
    const dropped = page.getByRole("row").filter({ hasText: "dropped by relabelling" });
    await dropped.first().getByRole("link", { name: "Why?" }).click(); // the menu has such a link too
    await page.getByText("relabelling drops it").waitFor();
  });
});

test("an alert's history, its back-test from the alerts' page, and where it is silenced", async () => {
  await onPage(`${server.url}/alert-history?range=1h`, {}, async (page) => {
    await page
      .getByRole("img", { name: /firing from/ })
      .first()
      .waitFor();
    expect(await page.locator("main").innerText()).toContain(HOSTILE);
    await page.getByLabel("Selector").fill('{alertname="Other"}');
    await page.keyboard.press("Enter");
    await page.getByText("No alert changed its state in this time.").waitFor();
    await page.goto(`${server.url}/alerts`);
    const silence = page.getByRole("link", { name: "Silence", exact: true }).first();
    const href = new URL(String(await silence.getAttribute("href")), page.url());
    expect([href.pathname, href.searchParams.get("form")]).toEqual(["/silences", "new"]);
    expect(href.searchParams.get("filter")).toContain('alertname="Broken"');
    await page.getByRole("link", { name: "What would it have done last week?" }).click();
    await page.getByText("It would have fired 1 time for 1 alert").waitFor();
    await page.getByRole("img", { name: /firing from/ }).waitFor();
    // As a rule that waits for longer than there are samples.
    await page.getByLabel("for", { exact: true }).fill("1d");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("It would not have fired").waitFor();
    await page.getByRole("img", { name: /pending from/ }).waitFor();
  });
});

test("behind a path of a proxy, pages and their data are asked below it", async () => {
  const response = await fetch(`${prefixed.url}/query`);
  const body = await response.text();
  expect(body).toContain(`<base href="${PREFIX}/"`);
  expect(response.headers.get("content-security-policy")).toMatch(/script-src 'self'/);
  expect(await (await fetch(`${server.url}/query`)).text()).toContain('<base href="/"');
});
