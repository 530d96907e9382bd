import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { applyOnce, ordinalOf } from "./apply.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vestal-reloader-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
const apply = (
  environment: Readonly<Record<string, string>> = { POD_NAME: "p-1" },
  watchedFolders: readonly string[] = [],
) => applyOnce({ configFile: at("in.gz"), outputFile: at("out"), watchedFolders, environment });

test("a gzipped configuration is unpacked and its variables are filled in; other dollars stay", async () => {
  writeFileSync(at("in.gz"), gzipSync("replica: $(POD_NAME)\nreplacement: $1 $2 $(a b)\n"));
  const first = await apply();
  expect(readFileSync(at("out"), "utf8")).toBe("replica: p-1\nreplacement: $1 $2 $(a b)\n");
  expect(await apply()).toBe(first);
  writeFileSync(at("in.gz"), "replica: $(POD_NAME)\n");
  expect(await apply()).not.toBe(first);
});

test("a variable that is not set leaves the old configuration in force", async () => {
  writeFileSync(at("in.gz"), "a: $(POD_NAME)");
  await apply();
  writeFileSync(at("in.gz"), "a: $(NOBODY)");
  await expect(apply()).rejects.toThrow('found reference to unset environment variable "NOBODY"');
  expect(readFileSync(at("out"), "utf8")).toBe("a: p-1");
});

test("a rule file that changes, comes or goes asks for a reload", async () => {
  writeFileSync(at("in.gz"), "x");
  const rules = mkdtempSync(join(tmpdir(), "vestal-rules-"));
  try {
    const hashes = [await apply({}, [rules])];
    writeFileSync(join(rules, "a.yaml"), "1");
    hashes.push(await apply({}, [rules]));
    writeFileSync(join(rules, "a.yaml"), "2");
    hashes.push(await apply({}, [rules]));
    rmSync(join(rules, "a.yaml"));
    expect(await apply({}, [rules])).toBe(hashes[0]);
    expect(new Set(hashes).size).toBe(3);
  } finally {
    rmSync(rules, { recursive: true, force: true });
  }
});

test.each([
  ["prometheus-main-0", "0"],
  ["prometheus-main-12", "12"],
  ["prometheus-main", undefined],
])("the ordinal of %s is %s", (name, ordinal) => {
  expect(ordinalOf(name)).toBe(ordinal);
});
