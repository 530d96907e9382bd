import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../base/index.js";
import { loadConfig, renderConfig } from "./index.js";

const folder = join(packageRoot(), "test", "golden", "config");

describe("a configuration is shown as Prometheus shows it", () => {
  test.each(["full", "strings", "targets"])("%s", (name) => {
    const text = readFileSync(join(folder, `${name}.yml`), "utf8");
    const { config } = loadConfig(text, { file: `${name}.yml`, folder: ".", env: { VESTAL_REGION: "eu" } });
    expect(renderConfig(config)).toBe(readFileSync(join(folder, `${name}.rendered.yml`), "utf8"));
  });
});
