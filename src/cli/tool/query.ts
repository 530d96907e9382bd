/** `query …`: expressions, series and labels asked of a server. */
import type { Command } from "commander";
import { Option } from "commander";
import { VestalError } from "../../base/index.js";
import { Labels, METRIC_NAME, parseDuration } from "../../model/index.js";
import { ANALYSIS_HEADER, HistogramAnalysis, type HistogramSeries } from "./analyze-histograms.js";
import type { ToolContext } from "./program.js";
import { type ApiDocument, parseTimeFlag, RemoteServer } from "./remote.js";

interface QueryFlags {
  readonly format: "promql" | "json";
  readonly "http.config.file"?: string;
  readonly httpConfigFile?: string;
  readonly time?: string;
  readonly start?: string;
  readonly end?: string;
  readonly step?: string;
  readonly header?: readonly string[];
  readonly match?: readonly string[];
}

interface AnalyzeFlags {
  readonly server: string;
  readonly type: string;
  readonly duration: string;
  readonly time?: string;
  readonly match: readonly string[];
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function addQuery(program: Command, context: ToolContext): void {
  const query = program.command("query").description("Run query against a Prometheus server.");
  query.addOption(
    new Option("-o, --format <format>", "Output format of the query.").choices(["promql", "json"]).default("promql"),
  );
  query.option(
    "--http.config.file <filename>",
    "HTTP client configuration file for promtool to connect to Prometheus.",
  );
  addAnalyze(query, context);
  const instant = query.command("instant").description("Run instant query.");
  instant
    .argument("<server>", "Prometheus server to query.")
    .argument("<expr>", "PromQL query expression.")
    .option("--time <time>", "Query evaluation time (RFC3339 or Unix timestamp).")
    .action((server: string, expr: string, _flags, self: Command) =>
      run(context, self, server, async (remote, flags) => {
        const timeMs = parseTimeFlag(flags.time, "evaluation time", Date.now());
        const { data } = await remote.ask(
          "query",
          [
            ["query", expr],
            ["time", seconds(timeMs)],
          ],
          "POST",
        );
        return flags.format === "json" ? jsonOf(data) : valueText(data as QueryData);
      }),
    );
  const range = query.command("range").description("Run range query.");
  range
    .argument("<server>", "Prometheus server to query.")
    .argument("<expr>", "PromQL query expression.")
    .option("--header <header>", "Extra headers to send to server.", collect)
    .option("--start <time>", "Query range start time (RFC3339 or Unix timestamp).")
    .option("--end <time>", "Query range end time (RFC3339 or Unix timestamp).")
    .option("--step <duration>", "Query step size (duration).")
    .action((server: string, expr: string, _flags, self: Command) =>
      run(context, self, server, async (remote, flags) => {
        const endMs = parseTimeFlag(flags.end, "end time", Date.now());
        const startMs = parseTimeFlag(flags.start, "start time", endMs - 300_000);
        if (startMs >= endMs) throw new PlainProblem("start time is not before end time");
        const fallback = Math.max(Math.floor((endMs - startMs) / 1000 / 250), 1) * 1000;
        const stepMs = flags.step === undefined ? fallback : parseDuration(flags.step);
        const params = [
          ["query", expr],
          ["start", seconds(startMs)],
          ["end", seconds(endMs)],
          ["step", seconds(stepMs)],
        ] as const;
        const { data } = await remote.ask("query_range", params, "POST");
        return flags.format === "json" ? jsonOf(data) : valueText(data as QueryData);
      }),
    );
  query
    .command("series")
    .description("Run series query.")
    .argument("<server>", "Prometheus server to query.")
    .requiredOption("--match <selector>", "Series selector. Can be specified multiple times.", collect)
    .option("--start <time>", "Start time (RFC3339 or Unix timestamp).")
    .option("--end <time>", "End time (RFC3339 or Unix timestamp).")
    .action((server: string, _flags, self: Command) =>
      run(context, self, server, async (remote, flags) => {
        const { data } = await remote.ask("series", [...selection(flags), ...timesOf(flags)], "POST");
        if (flags.format === "json") return `${JSON.stringify(data)}\n`;
        const all = data as readonly Readonly<Record<string, string>>[];
        return all.map((labels) => `${Labels.of(labels)}\n`).join("");
      }),
    );
  query
    .command("labels")
    .description("Run labels query.")
    .argument("<server>", "Prometheus server to query.")
    .argument("<name>", "Label name to provide label values for.")
    .option("--match <selector>", "Series selector. Can be specified multiple times.", collect)
    .option("--start <time>", "Start time (RFC3339 or Unix timestamp).")
    .option("--end <time>", "End time (RFC3339 or Unix timestamp).")
    .action((server: string, name: string, _flags, self: Command) =>
      run(context, self, server, async (remote, flags) => {
        const path = `label/${encodeURIComponent(name)}/values`;
        const document = await remote.ask(path, [...selection(flags), ...timesOf(flags)], "GET");
        for (const warning of document.warnings ?? []) context.io.err(`query warning: ${warning}\n`);
        if (flags.format === "json") return `${JSON.stringify(document.data)}\n`;
        return (document.data as readonly string[]).map((value) => `${value}\n`).join("");
      }),
    );
}

function addAnalyze(query: Command, context: ToolContext): void {
  query
    .command("analyze")
    .description("Run queries against your Prometheus to analyze the usage pattern of certain metrics.")
    .requiredOption("--server <server>", "Prometheus server to query.")
    .requiredOption("--type <type>", "Type of metric: histogram.")
    .option("--duration <duration>", "Time frame to analyze.", "1h")
    .option("--time <time>", "Query time (RFC3339 or Unix timestamp), defaults to now.")
    .requiredOption("--match <selector>", "Series selector. Can be specified multiple times.", collect)
    .action(async (_flags, self: Command) => {
      const flags = self.optsWithGlobals<AnalyzeFlags & Record<string, string>>();
      if (flags.type !== "histogram") throw new PlainProblem(`analyze type is ${flags.type}, must be 'histogram'`);
      const timeMs = parseTimeFlag(flags.time, `time '${flags.time}'`, Date.now());
      const config = flags["http.config.file"] ?? flags["http.configFile"] ?? "";
      const remote = new RemoteServer(flags.server, config);
      const analysis = new HistogramAnalysis();
      context.io.out(`${ANALYSIS_HEADER}\n\n`);
      try {
        for (const selector of flags.match) {
          const params = [
            ["query", `${selector}[${parseDuration(flags.duration) / 1000}s]`],
            ["time", seconds(timeMs)],
          ] as const;
          const { resultType, result } = (await remote.ask("query", params, "POST")).data as QueryData;
          if (resultType !== "matrix") throw new PlainProblem("query of buckets resulted in non-Matrix");
          context.io.out(analysis.add(result as readonly HistogramSeries[]));
        }
      } finally {
        remote.close();
      }
      context.io.out(analysis.summary());
    });
}

/** A problem of the flags, that is shown as it is. */
class PlainProblem extends VestalError {
  constructor(message: string) {
    super("ARGUMENT", message);
  }
}

async function run(
  context: ToolContext,
  command: Command,
  server: string,
  ask: (remote: RemoteServer, flags: QueryFlags) => Promise<string>,
): Promise<void> {
  const flags = command.optsWithGlobals<QueryFlags & Record<string, string>>();
  const remote = new RemoteServer(
    server,
    flags["http.config.file"] ?? flags["http.configFile"] ?? "",
    flags.header ?? [],
  );
  try {
    context.io.out(await ask(remote, flags));
  } catch (error) {
    if (!(error instanceof VestalError) || error.code === "ARGUMENT") throw error;
    throw new VestalError(error.code, `query error: ${error.message}`, {}, error);
  } finally {
    remote.close();
  }
}

function selection({ match = [] }: QueryFlags): ReadonlyArray<readonly [string, string]> {
  return match.map((selector) => ["match[]", selector] as const);
}

function timesOf({ start, end }: QueryFlags): ReadonlyArray<readonly [string, string]> {
  const params: [string, string][] = [];
  if (start !== undefined) params.push(["start", seconds(parseTimeFlag(start, "start time", 0))]);
  if (end !== undefined) params.push(["end", seconds(parseTimeFlag(end, "end time", 0))]);
  return params;
}

function seconds(ms: number): string {
  return String(ms / 1000);
}

interface QueryData {
  readonly resultType: string;
  readonly result: unknown;
}

function jsonOf(data: ApiDocument["data"]): string {
  return `${JSON.stringify((data as QueryData).result)}\n`;
}

type Point = readonly [time: number, value: string];
interface ResultSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

/** As promtool prints a value: a line a sample. */
function valueText({ resultType, result }: QueryData): string {
  if (resultType === "scalar") {
    const [time, value] = result as Point;
    return `scalar: ${value} @[${time}]\n`;
  }
  if (resultType === "string") return `${(result as Point)[1]}\n`;
  const all = result as readonly ResultSeries[];
  if (resultType === "vector") {
    return `${all.map(({ metric, value }) => `${metricText(metric)} => ${value?.[1]} @[${value?.[0]}]`).join("\n")}\n`;
  }
  const lines = all.map(({ metric, values = [] }) =>
    [`${metricText(metric)} =>`, ...values.map(([time, value]) => `${value} @[${time}]`)].join("\n"),
  );
  return `${lines.join("\n")}\n`;
}

function metricText(metric: Readonly<Record<string, string>>): string {
  const name = metric[METRIC_NAME] ?? "";
  const rest = Labels.of(metric).without(new Set([METRIC_NAME]));
  if (name !== "" && rest.size === 0) return name;
  return `${name}${rest}`;
}
