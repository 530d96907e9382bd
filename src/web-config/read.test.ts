/** Files and what `promtool check web-config` 3.5 says of them; `test/peers/web-config.test.ts` asks it whether that still holds. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { WEB_CONFIG_CASES, writeCertificates } from "../../test/support/web-config.js";
import { errorMessage } from "../base/index.js";
import { validateWebConfig } from "./read.js";

const folder = mkdtempSync(join(tmpdir(), "web-config-"));
writeCertificates(folder);
afterAll(() => rmSync(folder, { recursive: true }));

test.each(WEB_CONFIG_CASES)("%j", async (content, message) => {
  const file = join(folder, "web.yml");
  writeFileSync(file, content);
  const verdict = await validateWebConfig(file).then(() => "", errorMessage);
  expect(verdict.replaceAll(`${folder}/`, "")).toBe(message);
});

test("a missing file", async () => {
  await expect(validateWebConfig("/nowhere/web.yml")).rejects.toThrow(
    "open /nowhere/web.yml: no such file or directory",
  );
});
