/** Debian's chromium, and a page on which nothing may be logged, refused or executed. */
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/**
 * Runs `use` on a page at `url`.
 *
 * @param expected  what the browser's console may say.
 */
export async function onPage(
  browser: Browser,
  url: string,
  how: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  expected: readonly string[] = [],
): Promise<void> {
  const context = await browser.newContext(how);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(url);
    await use(page);
    expect(complaints).toEqual(expected);
    expect(await page.evaluate("window.isHacked === undefined")).toBe(true);
  } finally {
    await context.close();
  }
}

/** Waits until nothing on the page says that it is loading. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main").waitFor();
  await expect.poll(() => page.getByText("Loading…").count(), { timeout: 45_000 }).toBe(0);
}

export async function violations(page: Page, axe: string): Promise<readonly string[]> {
  // Not as a script of the page: its policy would refuse it.
  await page.evaluate(readFileSync(axe, "utf8"));
  return page.evaluate<string[]>(
    "axe.run().then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).join(', ')))",
  );
}
