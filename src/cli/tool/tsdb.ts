/** `tsdb …`: blocks looked at, dumped, and made. */
import { join } from "node:path";
import { type Command, Option } from "commander";
import { createLogger, VestalError } from "../../base/index.js";
import { parseDuration } from "../../model/index.js";
import { parseMetricSelector } from "../../promql/parser/index.js";
import { goDurationMs } from "../go-flags.js";
import { existingFiles, UsageError } from "./io.js";
import { addSwitch, parserOptions, type ToolContext } from "./program.js";
import { parseTimeFlag, RemoteServer } from "./remote.js";
import { analyzeBlock } from "./tsdb/analyze.js";
import { backfill, compatibleBlockMs, DEFAULT_BLOCK_MS } from "./tsdb/backfill.js";
import { openOneBlock, printBlocks, ulidsIn } from "./tsdb/blocks.js";
import { dump } from "./tsdb/dump.js";
import { backfillRules } from "./tsdb/rules-backfill.js";

const DATA_DIR = "data/";
const EVERYTHING = "{__name__=~'(?s:.*)'}";
/** Backfilling ends so long ago by default: what is newer is in a head. */
const DEFAULT_END_AGE_MS = 3 * 3_600_000;
const MIN_TIME = "-9223372036854775808";
const MAX_TIME = "9223372036854775807";

export function addTsdb(program: Command, context: ToolContext): void {
  const tsdb = program.command("tsdb").description("Run tsdb commands.");
  addList(tsdb, context);
  addAnalyze(tsdb, context);
  addDump(tsdb, context, false);
  addDump(tsdb, context, true);
  addCreate(tsdb, context);
}

function addList(tsdb: Command, { io }: ToolContext): void {
  const list = tsdb
    .command("list")
    .description("List tsdb blocks.")
    .argument("[db path]", "Database path (default is data/).", DATA_DIR);
  humanReadable(list).action((path: string, { humanReadable: isHumanReadable }: { humanReadable: boolean }) => {
    const dirs = ulidsIn(path).map((ulid) => join(path, ulid));
    printBlocks(io, dirs, { isHumanReadable, withHeader: true });
  });
}

function addAnalyze(tsdb: Command, context: ToolContext): void {
  const analyze = tsdb
    .command("analyze")
    .description("Analyze churn, label pair cardinality and compaction efficiency.")
    .option("--limit <n>", "How many items to show in each list.", wholeNumber("limit"), 20)
    .option("--match <selector>", "Series selector to analyze. Only 1 set of matchers is supported now.");
  addSwitch(analyze, "extended", "Run extended analysis.")
    .argument("[db path]", "Database path (default is data/).", DATA_DIR)
    .argument("[block id]", "Block to analyze (default is the last block).")
    .action((path: string, ulid: string | undefined, options: { limit: number; match?: string; extended: boolean }) => {
      const { limit, match, extended } = options;
      const selector =
        match === undefined ? undefined : { matchers: parseMetricSelector(match, parserOptions(context)), text: match };
      const block = openOneBlock(path, ulid);
      try {
        analyzeBlock(context.io, block, { limit, isExtended: extended, selector });
      } finally {
        block.release();
      }
    });
}

function addDump(tsdb: Command, context: ToolContext, isOpenMetrics: boolean): void {
  tsdb
    .command(isOpenMetrics ? "dump-openmetrics" : "dump")
    .description(
      isOpenMetrics
        ? "[Experimental] Dump samples from a TSDB into OpenMetrics text format, excluding native histograms and staleness markers, which are not representable in OpenMetrics."
        : "Dump samples from a TSDB.",
    )
    .option("--sandbox-dir-root <dir>", "Accepted; dumping writes no files.")
    .option(
      "--min-time <ms>",
      "Minimum timestamp to dump, in milliseconds since the Unix epoch.",
      wholeNumber("min-time"),
      Number(MIN_TIME),
    )
    .option(
      "--max-time <ms>",
      "Maximum timestamp to dump, in milliseconds since the Unix epoch.",
      wholeNumber("max-time"),
      Number(MAX_TIME),
    )
    .addOption(
      new Option("--match <selector>", "Series selector. Can be specified multiple times.").argParser(repeated),
    )
    .argument("[db path]", "Database path (default is data/).", DATA_DIR)
    .action((path: string, options: { minTime: number; maxTime: number; match?: readonly string[] }) => {
      const { minTime: minTimeMs, maxTime: maxTimeMs, match = [EVERYTHING] } = options;
      const selectors = match.map((text) => parseMetricSelector(text, parserOptions(context)));
      return dump(context.io, path, { minTimeMs, maxTimeMs, selectors }, isOpenMetrics);
    });
}

interface CreateOptions {
  readonly humanReadable: boolean;
  readonly quiet: boolean;
  readonly label?: readonly string[];
  readonly maxBlockDuration?: string;
}

function addCreate(tsdb: Command, context: ToolContext): void {
  const { io } = context;
  const create = tsdb
    .command("create-blocks-from")
    .description(
      "[Experimental] Import samples from input and produce TSDB blocks. Please refer to the storage docs for more details.",
    );
  const openMetrics = create
    .command("openmetrics")
    .description(
      "Import samples from OpenMetrics input and produce TSDB blocks. Please refer to the storage docs for more details.",
    )
    .addOption(new Option("--label <name=value>", "Label to attach to metrics.").argParser(repeated))
    .addOption(new Option("--max-block-duration <duration>", "Maximum duration created blocks may span.").hideHelp())
    .option("-q, --quiet", "Do not print created blocks.", false)
    .argument("<input file>", "OpenMetrics file to read samples from.")
    .argument("[output directory]", "Output directory for generated blocks.", DATA_DIR);
  humanReadable(openMetrics).action((input: string, outputDir: string, options: CreateOptions) => {
    const { humanReadable: isHumanReadable, quiet, label = [], maxBlockDuration } = options;
    const maxBlockMs = maxBlockDuration === undefined ? DEFAULT_BLOCK_MS : parseDuration(maxBlockDuration);
    let withHeader = true;
    backfill(input, { outputDir, maxBlockMs, labels: labelsOf(label) }, (dir) => {
      if (!quiet) printBlocks(io, [dir], { isHumanReadable, withHeader });
      withHeader = false;
    });
  });
  addRules(create, context);
}

interface RulesFlags {
  readonly httpConfigFile?: string;
  readonly "http.config.file"?: string;
  readonly url: string;
  readonly start: string;
  readonly end?: string;
  readonly outputDir: string;
  readonly evalInterval: string;
  readonly maxBlockDuration?: string;
}

function addRules(create: Command, context: ToolContext): void {
  const rules = create
    .command("rules")
    .description("Create blocks of data for new recording rules.")
    .option("-q, --quiet", "Accepted: no blocks are printed, as in promtool.", false)
    .option("--http.config.file <filename>", "HTTP client configuration file for promtool to connect to Prometheus.")
    .option(
      "--url <url>",
      "The URL for the Prometheus API with the data where the rule will be backfilled from.",
      "http://localhost:9090",
    )
    .requiredOption(
      "--start <time>",
      "The time to start backfilling the new rule from. Must be a RFC3339 formatted date or Unix timestamp. Required.",
    )
    .option(
      "--end <time>",
      "If an end time is provided, all recording rules in the rule files provided will be backfilled to the end time. Default will backfill up to 3 hours ago. Must be a RFC3339 formatted date or Unix timestamp.",
    )
    .option("--output-dir <dir>", "Output directory for generated blocks.", DATA_DIR)
    .option(
      "--eval-interval <duration>",
      "How frequently to evaluate rules when backfilling if a value is not set in the recording rule files.",
      "60s",
    )
    .addOption(new Option("--max-block-duration <duration>", "Maximum duration created blocks may span.").hideHelp())
    .argument(
      "<rule-files...>",
      "A list of one or more files containing recording rules to be backfilled. All recording rules listed in the files will be backfilled.",
    );
  humanReadable(rules).action((files: readonly string[], flags: RulesFlags) => createFromRules(context, files, flags));
}

async function createFromRules(context: ToolContext, files: readonly string[], flags: RulesFlags): Promise<void> {
  existingFiles(files);
  const evalIntervalMs = goDurationMs(flags.evalInterval);
  if (evalIntervalMs === undefined || evalIntervalMs <= 0) {
    throw new UsageError(`time: invalid duration "${flags.evalInterval}"`);
  }
  const endMs = parseTimeFlag(flags.end, "end time", Date.now() - DEFAULT_END_AGE_MS);
  const startMs = parseTimeFlag(flags.start, "start time", Number.NaN);
  if (!(startMs < endMs)) throw new VestalError("ARGUMENT", "start time is not before end time");
  const log = createLogger({ level: "info", format: "logfmt" });
  log.info("new rule importer", {
    component: "backfiller",
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
  });
  const { maxBlockDuration, outputDir } = flags;
  const maxBlockMs = maxBlockDuration === undefined ? DEFAULT_BLOCK_MS : parseDuration(maxBlockDuration);
  const server = new RemoteServer(flags.url, flags.httpConfigFile ?? flags["http.config.file"] ?? "");
  try {
    const options = { startMs, endMs, outputDir, evalIntervalMs, blockMs: compatibleBlockMs(maxBlockMs) };
    const problems = await backfillRules(files, options, { server, log, parser: parserOptions(context) });
    for (const problem of problems) context.io.err(`rule importer error: ${problem}\n`);
    if (problems.length > 0) throw new VestalError("BACKFILL", "error importing rules");
  } finally {
    server.close();
  }
}

function humanReadable(command: Command): Command {
  return command.option("-r, --human-readable", "Print human readable values.", false);
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UsageError(`expected KEY=VALUE got '${text}'`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function wholeNumber(flag: string): (text: string) => number {
  return (text) => {
    if (/^[+-]?\d+$/.test(text)) return Number(text);
    throw new UsageError(`strconv.ParseInt: parsing "${text}": invalid syntax (--${flag})`);
  };
}
