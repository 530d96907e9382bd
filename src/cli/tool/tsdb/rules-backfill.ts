/**
 * `tsdb create-blocks-from rules`: what rules would have recorded in the past, asked of a server and written as blocks. As promtool:
 * a block for each rule and range of two hours, and alerting rules' expressions are recorded under the alert's name.
 */
import { readFileSync } from "node:fs";
import { errorMessage, type Logger, systemFiles, VestalError } from "../../../base/index.js";
import { Labels, METRIC_NAME } from "../../../model/index.js";
import { parseGoFloat } from "../../../model/number.js";
import type { ParserOptions } from "../../../promql/parser/index.js";
import { evaluationTimeNs, type RuleGroupSpec, type RuleSpec, readRules } from "../../../rules/index.js";
import { checkTemplate } from "../../alert-templates.js";
import type { RemoteServer } from "../remote.js";
import { BATCH_SAMPLES, GrowingSeries, writeBlock } from "./growing-series.js";

export interface RulesBackfillOptions {
  readonly startMs: number;
  readonly endMs: number;
  readonly outputDir: string;
  /** Of groups that name none. */
  readonly evalIntervalMs: number;
  readonly blockMs: number;
}

export interface RulesBackfillDeps {
  readonly server: RemoteServer;
  readonly log: Logger;
  readonly parser: ParserOptions;
}

interface FileGroup {
  readonly file: string;
  readonly group: RuleGroupSpec;
}

const MS_PER_S = 1000;
const NS_PER_S = 1_000_000_000;

/**
 * @returns the problem of each rule that could not be recorded; the others were.
 * @throws VestalError RULES if a file is wrong.
 */
export async function backfillRules(
  files: readonly string[],
  options: RulesBackfillOptions,
  deps: RulesBackfillDeps,
): Promise<readonly string[]> {
  const { log } = deps;
  const groups = files.flatMap((file) => readGroups(file, deps.parser));
  const problems: string[] = [];
  for (const { file, group } of groups) {
    log.info("processing group", { component: "backfiller", name: `${file};${group.name}` });
    for (const [id, rule] of group.rules.entries()) {
      log.info("processing rule", { component: "backfiller", id, name: rule.name });
      try {
        await backfillRule({ file, group }, rule, options, deps);
      } catch (error) {
        if (!(error instanceof VestalError)) throw error;
        problems.push(error.message);
      }
    }
  }
  return problems;
}

function readGroups(file: string, parser: ParserOptions): FileGroup[] {
  const { groups, errors } = readRules(readFileSync(file, "utf8"), { parser, checkTemplate });
  if (errors !== undefined) throw new VestalError("RULES", `rule importer parse error: ${file}: ${errors[0]}`);
  return groups.map((group) => ({ file, group }));
}

/** Range by range, so that no query returns more than a block has. */
async function backfillRule(
  { file, group }: FileGroup,
  rule: RuleSpec,
  { startMs, endMs, blockMs, outputDir, evalIntervalMs }: RulesBackfillOptions,
  { server, log }: RulesBackfillDeps,
): Promise<void> {
  const intervalMs = group.intervalMs === 0 ? evalIntervalMs : group.intervalMs;
  const startSeconds = Math.floor(startMs / MS_PER_S);
  const endSeconds = Math.floor(endMs / MS_PER_S);
  const firstBlock = Math.trunc((startSeconds * MS_PER_S) / blockMs);
  for (let block = firstBlock; block * blockMs <= endSeconds * MS_PER_S; block++) {
    const fromSeconds = Math.max((block * blockMs) / MS_PER_S, startSeconds);
    let timeNs = evaluationTimeNs(group.name, file, intervalMs, fromSeconds * MS_PER_S);
    while (timeNs < BigInt(fromSeconds) * BigInt(NS_PER_S)) timeNs += BigInt(intervalMs) * 1_000_000n;
    const toSeconds = Math.min(Math.floor(((block + 1) * blockMs - 1) / MS_PER_S), endSeconds);
    if (BigInt(toSeconds) * BigInt(NS_PER_S) < timeNs) return;
    const { data, warnings } = await ask(server, [
      ["query", rule.expr],
      ["start", String(Number(timeNs) / NS_PER_S)],
      ["end", String(toSeconds)],
      ["step", String(intervalMs / MS_PER_S)],
    ]);
    if (warnings !== undefined) {
      log.warn("Range query returned warnings.", { component: "backfiller", warnings: warnings.join(" ") });
    }
    writeResult(outputDir, data as RangeData, rule.name, { ...group.labels, ...rule.labels }, 2 * blockMs);
  }
}

async function ask(server: RemoteServer, params: ReadonlyArray<readonly [string, string]>) {
  try {
    return await server.ask("query_range", params, "POST");
  } catch (error) {
    throw new VestalError("BACKFILL", `query range: ${errorMessage(error)}`, {}, error);
  }
}

interface RangeData {
  readonly resultType: string;
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly values?: readonly (readonly [seconds: number, value: string])[];
  }[];
}

function writeResult(
  outputDir: string,
  { resultType, result }: RangeData,
  name: string,
  labels: Readonly<Record<string, string>>,
  chunkRangeMs: number,
): void {
  if (resultType !== "matrix") throw new VestalError("BACKFILL", `rule result is wrong type ${resultType}`);
  const all = new Map<string, GrowingSeries>();
  let count = 0;
  for (const { metric, values = [] } of result) {
    const own = Labels.of({ ...metric, ...labels, [METRIC_NAME]: name });
    let series = all.get(own.key);
    if (series === undefined) {
      if (values.length === 0) continue;
      series = new GrowingSeries(own, chunkRangeMs, "add: multiappender append");
      all.set(own.key, series);
    }
    for (const [seconds, text] of values) {
      const value = parseGoFloat(text);
      if (value === undefined) throw new VestalError("BACKFILL", `the server answered with the value ${text}`);
      series.append(Math.round(seconds * MS_PER_S), value, Math.floor(count++ / BATCH_SAMPLES));
    }
  }
  systemFiles.mkdir(outputDir);
  if (all.size > 0) writeBlock(outputDir, all.values());
}
