/** Verdicts, messages and series against those of a real Prometheus: see test/golden/exposition/README.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DROPPED_SLOT } from "../../assembly/layout.js";
import { TestShard } from "../../test/twins/exposition/shard.js";
import { packageRoot } from "../base/index.js";
import { Labels } from "../model/index.js";
import { seriesRefusal } from "./index.js";

interface Verdict {
  readonly format: "text" | "openmetrics";
  readonly body: string;
  readonly health: "up" | "down";
  readonly lastError: string;
  readonly scraped: number;
  readonly series?: readonly { readonly metric: Record<string, string>; readonly value: string }[];
}

const verdicts = JSON.parse(
  readFileSync(join(packageRoot(), "test/golden/exposition/verdicts.json"), "utf8"),
) as readonly Verdict[];

interface Answer {
  error: string;
  scraped: number;
  readonly series: Map<string, number>;
}

/** What a head does with the rows, as far as labels go: the last value of each series without a timestamp. */
function scrape(shard: TestShard, verdict: Verdict, job: string): Answer {
  const target = shard.parser.openTarget();
  if (target === undefined) throw new Error("no memory");
  const body = Buffer.from(verdict.body, "base64");
  const input = shard.input(shard.load(body), { isOpenMetrics: verdict.format === "openmetrics" });
  const outcome = shard.parser.parse(target, input);
  const answer: Answer = { error: "", scraped: 0, series: new Map() };
  if (outcome.status === "parsed") {
    answer.scraped = outcome.samples;
    for (let i = 0; i < outcome.newLines && answer.error === ""; i++) {
      const line = shard.parser.newLine(target, i);
      if (line.row < 0 || shard.parser.resolveRepeated(target, i, shard.staging)) continue;
      const series = shard.parser.seriesOf(line);
      const labels = new Labels(series.pairs);
      const final = series.isValid ? labels : labels.with("instance", "127.0.0.1:21300").with("job", job);
      answer.error = seriesRefusal(series, final) ?? "";
      if (answer.error !== "") answer.scraped = line.row + 1;
      shard.parser.remember(target, i, DROPPED_SLOT, shard.staging);
      const row = shard.row(line.row);
      if (row.timeMs !== BigInt(input.timestampMs)) continue;
      const bits = new BigUint64Array([row.bits]);
      answer.series.set(labels.toString(), new Float64Array(bits.buffer)[0]!);
    }
    shard.parser.reject(target);
  } else if (outcome.status === "failed") {
    answer.error = outcome.error;
    answer.scraped = outcome.samples;
  } else answer.error = outcome.status;
  shard.parser.closeTarget(target);
  return answer;
}

describe("as a real Prometheus", () => {
  const shard = new TestShard({ pages: 64, stagingRows: 1000, bodyBytes: 100_000 });
  for (const [index, verdict] of verdicts.entries()) {
    const shown = JSON.stringify(Buffer.from(verdict.body, "base64").toString("latin1")).slice(0, 70);
    test(`${verdict.format} ${index}: ${shown} is ${verdict.health}`, () => {
      const answer = scrape(shard, verdict, `j${index}`);
      if (!answer.error.startsWith("invalid metric name")) expect(answer.error).toBe(verdict.lastError);
      // Labels that are no UTF-8 have no string form here; the verdict and the words must be there all the same.
      else expect(answer.error.replaceAll("�", "\\xff")).toBe(verdict.lastError);
      expect(answer.scraped).toBe(verdict.scraped);
      if (verdict.series === undefined) return;
      const wanted = verdict.series.map((s) => [
        Labels.of(s.metric).toString(),
        Number(s.value.replace("Inf", "Infinity")),
      ]);
      expect(Object.fromEntries(answer.series)).toEqual(Object.fromEntries(wanted));
    });
  }
});
