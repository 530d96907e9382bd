/** Large expositions of Prometheus' own tests: the samples that a real Prometheus scrapes of them (test/golden/exposition). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { TestShard } from "../twins/exposition/shard.js";
import type { AreaResult, FileResult } from "./result.js";

interface Count {
  readonly folder: string;
  readonly name: string;
  readonly format: "text" | "openmetrics";
  readonly lastError: string;
  readonly scraped: number;
}

/** What a real Prometheus said of the bodies in `folder`. */
export function countsOf(folder: string): readonly Count[] {
  const file = join(packageRoot(), "test/golden/exposition/counts.json");
  return (JSON.parse(readFileSync(file, "utf8")) as readonly Count[]).filter((count) => count.folder === folder);
}

/** Scrapes each body twice, so that the fast paths see it too. */
export function checkCounts(counts: readonly Count[], read: (name: string) => Uint8Array): FileResult[] {
  return counts.map((count) => {
    const shard = new TestShard({ pages: 1024 });
    const target = shard.parser.openTarget() ?? 0;
    const failures: string[] = [];
    const body = read(count.name);
    for (const round of ["first", "second"]) {
      const { outcome } = shard.scrape(target, body, { isOpenMetrics: count.format === "openmetrics" });
      const error = outcome.status === "parsed" ? "" : outcome.status === "failed" ? outcome.error : outcome.status;
      const samples = outcome.status === "parsed" || outcome.status === "failed" ? outcome.samples : -1;
      if (error !== count.lastError)
        failures.push(`${round} scrape: ${error || "accepted"}, expected ${count.lastError || "accepted"}`);
      if (samples !== count.scraped) failures.push(`${round} scrape: ${samples} samples, expected ${count.scraped}`);
    }
    return {
      name: count.name,
      passed: failures.length === 0 ? 1 : 0,
      failed: failures.length === 0 ? 0 : 1,
      skipped: 0,
      failures,
    };
  });
}

/** @param dir  the folder `conformance/exposition`. */
export async function run(dir: string): Promise<AreaResult> {
  return { files: checkCounts(countsOf("conformance/exposition"), (name) => readFileSync(join(dir, name))) };
}
