/**
 * The parser suite of OpenMetrics. Prometheus' parser is laxer than the specification, and Prometheus wins: where its
 * verdict (test/golden/exposition/openmetrics.json) differs from the suite's, the case is an exception, named as such.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { TestShard } from "../twins/exposition/shard.js";
import type { AreaResult, FileResult } from "./result.js";

interface Verdict {
  readonly name: string;
  readonly health: "up" | "down";
  readonly lastError: string;
}

export interface Exception {
  readonly name: string;
  readonly reason: string;
}

const verdicts = new Map(
  (
    JSON.parse(
      readFileSync(join(packageRoot(), "test/golden/exposition/openmetrics.json"), "utf8"),
    ) as readonly Verdict[]
  ).map((verdict) => [verdict.name, verdict]),
);

/** Cases in which Prometheus 3.5.3 and the suite disagree. */
export function exceptions(dir: string): Exception[] {
  const found: Exception[] = [];
  for (const name of casesOf(dir)) {
    const verdict = verdicts.get(name);
    if (verdict === undefined || (verdict.health === "up") === shouldParse(dir, name)) continue;
    const reason =
      verdict.health === "up"
        ? "the suite refuses what Prometheus 3.5.3 scrapes"
        : `the suite accepts what Prometheus 3.5.3 refuses: ${verdict.lastError}`;
    found.push({ name, reason });
  }
  return found;
}

function casesOf(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => existsSync(join(dir, name, "metrics")))
    .sort();
}

function shouldParse(dir: string, name: string): boolean {
  return (JSON.parse(readFileSync(join(dir, name, "test.json"), "utf8")) as { shouldParse: boolean }).shouldParse;
}

/** @param dir  the folder `conformance/openmetrics`. */
export async function run(dir: string): Promise<AreaResult> {
  const shard = new TestShard({ pages: 64, stagingRows: 5000, bodyBytes: 1_000_000 });
  const excepted = new Map(exceptions(dir).map((exception) => [exception.name, exception.reason]));
  const files = casesOf(dir).map((name): FileResult => {
    const target = shard.parser.openTarget() ?? 0;
    const { outcome } = shard.scrape(target, readFileSync(join(dir, name, "metrics")), { isOpenMetrics: true });
    shard.parser.closeTarget(target);
    const error = outcome.status === "parsed" ? "" : outcome.status === "failed" ? outcome.error : outcome.status;
    const wanted = verdicts.get(name)?.lastError ?? (shouldParse(dir, name) ? "" : "an error");
    const isRight = wanted === "an error" ? error !== "" : error === wanted;
    const failures = isRight ? [] : [`${error || "accepted"}, expected ${wanted || "accepted"}`];
    const label = excepted.has(name) ? `${name} (exception: ${excepted.get(name)})` : name;
    return { name: label, passed: isRight ? 1 : 0, failed: isRight ? 0 : 1, skipped: 0, failures };
  });
  return { files };
}
