/** Silences in the server's own pages: of the Alertmanager inside it, and of one outside that may only be looked at. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  api,
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startAlertmanager,
  startVestal,
  waitUntil,
} from "../peers/harness.js";
import { launchBrowser, onPage as pageOf, settled, violations } from "./browser.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PHONE = { width: 390, height: 844 };
const CONFIG = "route: {receiver: r, group_wait: 1h}\nreceivers: [{name: r}]\n";

const folder = makeFolder();
let server: Server;
let browser: Browser;
let embedded: string;
let outside: string;

interface Silence {
  readonly id: string;
  readonly comment: string;
  readonly matchers: readonly { readonly name: string; readonly value: string }[];
  readonly status: { readonly state: string };
}

async function silences(): Promise<readonly Silence[]> {
  const { data } = await api(server, "alertmanagers/silences", { url: embedded });
  return (data as { readonly silences: readonly Silence[] }).silences;
}

beforeAll(async () => {
  const other = await startAlertmanager("vestal", folder, CONFIG);
  outside = `${other.url}/api/v2/alerts`;
  const rules = join(folder, "rules.yml");
  const alert = { alert: "Broken", expr: "vector(1)", labels: { severity: "page", zone: "eu-1" } };
  writeFileSync(rules, JSON.stringify({ groups: [{ name: "g", interval: "500ms", rules: [alert] }] }));
  const file = join(folder, "am.yml");
  writeFileSync(file, CONFIG);
  const address = `127.0.0.1:${await freePort()}`;
  embedded = `http://${address}/api/v2/alerts`;
  server = await startVestal({
    folder,
    config: {
      rule_files: [rules],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(other.url).host] }] }] },
    },
    args: [
      "--alertmanager.embedded",
      `--alertmanager.embedded.config-file=${file}`,
      `--alertmanager.embedded.listen-address=${address}`,
    ],
  });
  await waitUntil("the Alertmanager has the alert", 45_000, async () => {
    const { data } = await api(server, "alertmanagers/alerts", { url: embedded });
    return JSON.stringify(data).includes("Broken");
  });
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await killAll();
  removeFolder(folder);
});

function onPage(path: string, how: Parameters<typeof pageOf>[2], use: (page: Page) => Promise<void>): Promise<void> {
  return pageOf(browser, `${server.url}/${path}`, how, use);
}

test("from an alert to its silence, with a preview, and its end", async () => {
  await onPage("alerts", {}, async (page) => {
    await page.getByRole("link", { name: "Silence", exact: true }).first().click();
    await page.getByRole("heading", { name: "New silence" }).waitFor();
    await page.getByLabel("Alertmanager", { exact: true }).selectOption(embedded);
    await page.getByText("1 match now.").waitFor();
    const value = page.getByLabel("Value 1", { exact: true });
    await expect.poll(() => value.inputValue()).toBe("Broken");
    await page.getByLabel("By").fill("night shift");
    await page.getByLabel("Comment").fill("known, see the runbook");
    await page.getByLabel("Comment").press("Enter");
    await page.getByText("known, see the runbook").waitFor();
    const [made] = await silences();
    expect(made?.status.state).toBe("active");
    expect(made?.matchers.map((each) => `${each.name}=${each.value}`).sort()).toEqual([
      "alertname=Broken",
      "severity=page",
      "zone=eu-1",
    ]);
    await page.getByRole("link", { name: "Change" }).click();
    await expect.poll(() => page.getByLabel("By").inputValue()).toBe("night shift");
    await page.getByRole("link", { name: "All silences" }).click();
    await page.getByRole("button", { name: /^Expire/ }).click();
    await expect.poll(async () => (await silences()).map(({ status }) => status.state)).toEqual(["expired"]);
  });
});

test("of one outside, the page says what allows changes and links to its own pages", async () => {
  await onPage(`silences?${new URLSearchParams({ url: outside })}`, {}, async (page) => {
    await page.getByText("--web.enable-silences").waitFor();
    const link = page.getByRole("link", { name: "in its own pages" });
    expect(await link.getAttribute("href")).toBe(`${new URL(outside).origin}/#/silences`);
    expect(await page.getByRole("button", { name: "New silence" }).count()).toBe(0);
  });
});

test.each(["light", "dark"] as const)("in %s colours the form is accessible and fits a phone", async (colorScheme) => {
  const filter = '{alertname="Broken", zone=~"eu-.*"}';
  const path = `silences?${new URLSearchParams({ url: embedded, form: "new", filter })}`;
  await onPage(path, { colorScheme, viewport: PHONE, bypassCSP: true }, async (page) => {
    await settled(page);
    await page.getByText("1 match now.").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")).toBeLessThanOrEqual(0);
    expect(await violations(page, AXE)).toEqual([]);
  });
});
