/** The operator's page: its workloads, who selects what and why not, in a browser beside an operator in a test cluster. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { TestCluster } from "../doubles/kubernetes/cluster.js";
import { freePort, Processes } from "../doubles/kubernetes/operator-process.js";
import { launchBrowser, onPage as pageOf, settled, violations } from "./browser.js";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PHONE = { width: 390, height: 844 };

let cluster: TestCluster;
let processes: Processes;
let browser: Browser;
let url: string;

beforeAll(async () => {
  cluster = await TestCluster.start();
  processes = new Processes();
  const crds = join(packageRoot(), "crds");
  for (const name of readdirSync(crds).sort()) {
    if (name.endsWith(".yaml")) await cluster.apply(readFileSync(join(crds, name), "utf8"));
  }
  cluster.server.put("/api/v1/namespaces", { metadata: { name: "shop" } });
  const apply = (kind: string, name: string, labels: Readonly<Record<string, string>>, spec: unknown): Promise<void> =>
    cluster.applyObject({
      apiVersion: "monitoring.coreos.com/v1",
      kind,
      metadata: { name, namespace: "shop", labels },
      spec,
    });
  await apply("Prometheus", "main", {}, { replicas: 1, serviceMonitorSelector: { matchLabels: { team: "a" } } });
  const selector = { matchLabels: { app: "orders" } };
  const missing = { port: "web", bearerTokenSecret: { name: "no-such-secret", key: "token" } };
  await apply("ServiceMonitor", "orders", { team: "a" }, { selector, endpoints: [{ port: "web" }] });
  await apply("ServiceMonitor", "forgotten", { team: "b" }, { selector, endpoints: [{ port: "web" }] });
  await apply("ServiceMonitor", "broken", { team: "a" }, { selector, endpoints: [missing] });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  processes.start([
    "operator",
    `--apiserver=${cluster.server.url}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--prometheus-default-base-image=vestal",
    "--prometheus-config-reloader=vestal",
  ]);
  const objects = async (): Promise<string> =>
    fetch(`${url}/api/v1/cluster/objects`).then(
      (response) => response.text(),
      () => "",
    );
  await processes.until(
    "monitors are looked at",
    async () => {
      const text = await objects();
      return ["accepted", "rejected", "unselected"].every((state) => text.includes(`"state":"${state}"`));
    },
    20000,
  );
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await processes?.killAll();
  await cluster?.stop();
});

function onPage(path: string, how: Parameters<typeof pageOf>[2], use: (page: Page) => Promise<void>): Promise<void> {
  return pageOf(browser, `${url}/${path}`, how, use);
}

test("workloads and objects with who selects them; a rejected one says why", async () => {
  await onPage("", {}, async (page) => {
    const workload = page.getByRole("article", { name: "Prometheus shop/main" });
    await workload.getByText(/StatefulSet prometheus-main: \d of 1 ready/).waitFor();
    const row = (name: string) => page.getByRole("row").filter({ hasText: `shop/${name}` });
    await row("orders").getByText("Prometheus shop/main").waitFor();
    expect(await row("broken").innerText()).toContain("no-such-secret");
    expect(await row("forgotten").innerText()).toContain("no selector matches");
    // Only what the operator has is offered.
    expect(await page.getByRole("navigation").getByRole("link").allInnerTexts()).toEqual(["Cluster"]);
  });
});

test("filters stand in the address, and what a workload rejects is one click away", async () => {
  await onPage("cluster", {}, async (page) => {
    await page.getByRole("button", { name: "1 rejected" }).click();
    const rows = page.getByRole("row").filter({ hasText: "shop/" });
    await expect.poll(() => rows.filter({ hasText: "shop/orders" }).count(), { timeout: 30_000 }).toBe(0);
    await rows.filter({ hasText: "shop/broken" }).waitFor();
    const params = () => new URL(page.url()).searchParams;
    await expect.poll(() => params().get("state")).toBe("rejected");
    expect(params().get("workload")).toBe("Prometheus/shop/main");
    await page.reload();
    await rows.filter({ hasText: "shop/broken" }).waitFor();
    expect(await rows.filter({ hasText: "shop/orders" }).count()).toBe(0);
  });
});

test("by keyboard: why an app is not scraped, step by step with what to do", async () => {
  await onPage("cluster", {}, async (page) => {
    await page.getByRole("button", { name: "Why is shop/forgotten scraped or not?" }).focus();
    await page.keyboard.press("Enter");
    const why = page.getByRole("region", { name: "Why shop/forgotten is scraped or not" });
    await why.locator(".steps").getByText("failed").waitFor();
    expect(await why.innerText()).toContain("labels");
    await expect.poll(() => new URL(page.url()).searchParams.get("why")).toBe("ServiceMonitor/shop/forgotten");
  });
});

test.each(["light", "dark"] as const)("in %s colours it is accessible and fits a phone", async (colorScheme) => {
  await onPage(
    "cluster?why=ServiceMonitor/shop/broken",
    { colorScheme, viewport: PHONE, bypassCSP: true },
    async (page) => {
      await settled(page);
      await page.getByRole("button", { name: "Has my change arrived?" }).click();
      await page.locator("article .steps li").first().waitFor();
      await settled(page);
      expect(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")).toBeLessThanOrEqual(0);
      expect(await violations(page, AXE)).toEqual([]);
    },
  );
});
