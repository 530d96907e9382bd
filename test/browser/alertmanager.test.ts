/** Alertmanager's own pages, as a user's browser shows them. */
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { killAll, makeFolder, removeFolder, type Server, startAlertmanager } from "../peers/harness.js";
import { launchBrowser, onPage as pageOf, settled, violations } from "./browser.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const HOSTILE = '<img src=x onerror="window.isHacked=true">';
const PHONE = { width: 390, height: 844 };
const PREFIX = "/behind/proxy";
const CONFIG = JSON.stringify({
  route: { receiver: "team", group_by: ["alertname"], group_wait: "1h" },
  receivers: [{ name: "team" }],
});

const folder = makeFolder();
let server: Server;
let browser: Browser;

interface Silence {
  readonly id: string;
  readonly comment: string;
  readonly matchers: readonly object[];
  readonly status: { readonly state: string };
}

const silences = async (): Promise<readonly Silence[]> =>
  (await (await fetch(`${server.url}/api/v2/silences`)).json()) as readonly Silence[];

function onPage(path: string, how: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
  return pageOf(browser, `${server.url}/${path}`, how, use);
}

beforeAll(async () => {
  server = await startAlertmanager("vestal", folder, CONFIG, [`--web.external-url=http://127.0.0.1${PREFIX}/`], PREFIX);
  const alert = (instance: string, more: object = {}) => ({
    labels: { alertname: "Broken", instance, note: HOSTILE },
    annotations: { summary: HOSTILE, runbook: "https://runbooks.example/x", evil: "javascript:window.isHacked=true" },
    generatorURL: "javascript:window.isHacked=true",
    ...more,
  });
  const other = { labels: { alertname: "Slow", instance: "a:1", job: "db" } };
  const posted = await fetch(`${server.url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([alert("a:1"), alert("b:2"), other]),
  });
  expect(posted.status).toBe(200);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await killAll();
  removeFolder(folder);
});

test.each(["light", "dark"] as const)("pages are accessible and fit a phone in %s colours", async (colorScheme) => {
  for (const place of ["alerts", "silences", "silences/new?filter=%7Balertname%3D%22Broken%22%7D", "status"]) {
    await onPage(`#/${place}`, { colorScheme, viewport: PHONE, bypassCSP: true }, async (page) => {
      await settled(page);
      expect(await page.locator("main [role=alert]").count(), place).toBe(0);
      expect(
        await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"),
        place,
      ).toBeLessThanOrEqual(0);
      expect(await violations(page, AXE), place).toEqual([]);
    });
  }
});

test("alerts are filtered and grouped, and the address holds both; nothing a stranger says is run or linked", async () => {
  await onPage("", {}, async (page) => {
    const groups = page.locator("main details");
    await expect.poll(() => groups.count()).toBe(2);
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    expect(await page.getByText(HOSTILE).count()).toBeGreaterThan(0);
    expect(await page.locator('a[href="https://runbooks.example/x"]').count()).toBe(2);
    await page.getByLabel("Matchers").fill('instance=~"a.*"');
    await expect.poll(() => page.locator("main tbody tr").count()).toBe(2);
    await page.getByLabel("Group by").fill("instance");
    await expect.poll(() => groups.count()).toBe(1);
    await page.reload();
    await expect.poll(() => groups.count()).toBe(1);
    expect(await page.getByLabel("Group by").inputValue()).toBe("instance");
  });
});

test("a silence is made from an alert by keyboard, previewed, changed and ended", async () => {
  await onPage("#/alerts", {}, async (page) => {
    await page.getByRole("link", { name: "Silence the group" }).first().press("Enter");
    await expect.poll(() => page.getByText("2 match now.").count()).toBe(1);
    await page.getByLabel("Operator 1").selectOption("=~");
    await page.getByLabel("Value 1", { exact: true }).fill("Brok.*|Slow");
    await expect.poll(() => page.getByText("3 match now.").count()).toBe(1);
    await page.getByLabel("By").fill("me");
    await page.getByLabel("Comment").fill(HOSTILE);
    await page.getByLabel("Comment").press("Enter");
    await expect.poll(async () => (await silences()).length).toBe(1);
    const [made] = await silences();
    expect(made).toMatchObject({
      comment: HOSTILE,
      matchers: [{ name: "alertname", value: "Brok.*|Slow", isRegex: true, isEqual: true }],
      status: { state: "active" },
    });
    await page.getByRole("link", { name: "Change" }).click();
    await expect.poll(() => page.getByLabel("By").inputValue()).toBe("me");
    await page.getByLabel("Lasts").fill("nonsense");
    await page.getByRole("button", { name: "Change the silence" }).click();
    await expect.poll(() => page.getByRole("alert").count()).toBe(1);
    await page.getByLabel("Lasts").fill("5h");
    await page.getByRole("button", { name: "Change the silence" }).click();
    await page.getByRole("button", { name: /^Expire/ }).click();
    await expect
      .poll(async () => (await silences()).map(({ id, status }) => [id, status.state]))
      .toEqual([[made?.id, "expired"]]);
    await page.getByRole("button", { name: "expired (1)" }).click();
    await page.getByRole("link", { name: "Create again" }).click();
    await page.getByRole("button", { name: "Create the silence" }).click();
    await expect.poll(async () => (await silences()).filter(({ status }) => status.state === "active").length).toBe(1);
  });
});
