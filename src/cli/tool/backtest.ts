/** `backtest`: alerting rules of a file over what a server has stored. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import { silentLogger, VestalError } from "../../base/index.js";
import { formatDuration, parseDuration } from "../../model/index.js";
import { parseGoFloat } from "../../model/number.js";
import {
  type BacktestAlert,
  type BacktestSeries,
  backtest,
  backtestView,
  type RuleGroupSpec,
  type RuleSpec,
  readRules,
  seriesOfMatrix,
} from "../../rules/index.js";
import { alertTemplates, checkTemplate } from "../alert-templates.js";
import { existingFiles } from "./io.js";
import { parserOptions, type ToolContext } from "./program.js";
import { parseTimeFlag, RemoteServer } from "./remote.js";

/** Of one range query. */
const POINTS_MAX = 11_000;
const DEFAULT_RANGE_MS = 86_400_000;
const DEFAULT_STEP_MS = 60_000;

interface BacktestFlags {
  readonly alert?: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly format: "text" | "json";
}

export function addBacktest(program: Command, context: ToolContext): void {
  program
    .command("backtest")
    .description("Replay alerting rules over the history of a server: when they would have been pending, and fired.")
    .argument("<server>", "Server to query.")
    .argument("<rule-file>", "File with the rules.")
    .option("--alert <name>", "Only this alert.")
    .option("--start <time>", "Start time (RFC3339 or Unix timestamp); a day before the end by default.")
    .option("--end <time>", "End time (RFC3339 or Unix timestamp); now by default.")
    .option("--step <duration>", "Interval of evaluation; that of the rule's group, or 1m, by default.")
    .addOption(new Option("-o, --format <format>", "Output format.").choices(["text", "json"]).default("text"))
    .action(async (server: string, file: string, flags: BacktestFlags) => {
      existingFiles([file]);
      const { groups, errors } = readRules(readFileSync(file, "utf8"), {
        parser: parserOptions(context),
        checkTemplate,
      });
      if (errors !== undefined) throw new VestalError("RULES", errors.map((error) => `${file}: ${error}`).join("\n"));
      const remote = new RemoteServer(server, "");
      try {
        const results = [];
        for (const { group, rule } of rulesOf(groups, flags.alert)) {
          results.push({ rule: rule.name, group: group.name, alerts: await replay(remote, group, rule, flags) });
        }
        if (results.length === 0) throw new VestalError("ARGUMENT", "the file has no such alerting rule");
        context.io.out(flags.format === "json" ? jsonOf(results) : results.map(textOf).join("\n"));
      } finally {
        remote.close();
      }
    });
}

interface Result {
  readonly rule: string;
  readonly group: string;
  readonly alerts: readonly BacktestAlert[];
}

function* rulesOf(groups: readonly RuleGroupSpec[], name: string | undefined) {
  for (const group of groups) {
    for (const rule of group.rules) {
      if (rule.kind === "alerting" && (name === undefined || rule.name === name)) yield { group, rule };
    }
  }
}

async function replay(
  remote: RemoteServer,
  group: RuleGroupSpec,
  rule: RuleSpec,
  flags: BacktestFlags,
): Promise<readonly BacktestAlert[]> {
  const groupMs = group.intervalMs === 0 ? DEFAULT_STEP_MS : group.intervalMs;
  const stepMs = flags.step === undefined ? groupMs : parseDuration(flags.step);
  if (stepMs <= 0) throw new VestalError("ARGUMENT", "the step must be longer than nothing");
  const endMs = Math.floor(parseTimeFlag(flags.end, "end time", Date.now()) / stepMs) * stepMs;
  const startMs = Math.ceil(parseTimeFlag(flags.start, "start time", endMs - DEFAULT_RANGE_MS) / stepMs) * stepMs;
  if (startMs >= endMs) throw new VestalError("ARGUMENT", "start time is not before end time");
  const series: BacktestSeries[] = [];
  for (let fromMs = startMs; fromMs <= endMs; fromMs += POINTS_MAX * stepMs) {
    const toMs = Math.min(endMs, fromMs + (POINTS_MAX - 1) * stepMs);
    const times = [
      ["start", fromMs],
      ["end", toMs],
      ["step", stepMs],
    ] as const;
    const params = times.map(([name, ms]) => [name, String(ms / 1000)] as const);
    const { data } = await remote.ask("query_range", [["query", rule.expr], ...params], "POST");
    const { result } = data as { readonly result: Parameters<typeof seriesOfMatrix>[0] };
    series.push(...seriesOfMatrix(result, (text) => parseGoFloat(text) ?? Number.NaN));
  }
  const deps = { templates: alertTemplates("", {}), log: silentLogger };
  return backtest(rule, group.labels, series, { startMs, endMs, stepMs }, deps);
}

function jsonOf(results: readonly Result[]): string {
  const shown = results.map(({ rule, group, alerts }) => ({ rule, group, ...(backtestView(alerts) as object) }));
  return `${JSON.stringify(shown)}\n`;
}

function textOf({ rule, group, alerts }: Result): string {
  const lines = [`${rule} (group ${group}): ${alerts.length === 0 ? "never" : `${alerts.length} alerts`}`];
  for (const { labels, periods } of alerts) {
    lines.push(`  ${labels}`);
    for (const { state, startMs, endMs } of periods) {
      const end =
        endMs === undefined ? "still" : `${new Date(endMs).toISOString()} (${formatDuration(endMs - startMs)})`;
      lines.push(`    ${state.padEnd(7)} ${new Date(startMs).toISOString()} - ${end}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
