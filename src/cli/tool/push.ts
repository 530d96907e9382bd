/** `push metrics`: text of metrics to an endpoint of remote write, for tests of it. */
import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import type { Command } from "commander";
import { encodeSnappy, ProtoWriter, systemReason, VestalError } from "../../base/index.js";
import { DEFAULT_HTTP_CLIENT, HttpClient } from "../../http/index.js";
import { metricTypeNamed, metricTypeNumber, parseDuration } from "../../model/index.js";
import { formatFloat } from "../../model/number.js";
import { PROMETHEUS_VERSION } from "../version.js";
import { EXIT_FAILURE, EXIT_SUCCESS, existingFiles, UsageError } from "./io.js";
import { type FamilySample, type MetricFamily, parseFamilies } from "./metrics-text.js";
import type { ToolContext } from "./program.js";

const ANSWER_BYTES_MAX = 65_536;
/** The words of the NaN that Go reads from text. */
const NAN_LOW = 1;
const NAN_HIGH = 0x7ff8_0000;
const DEFAULT_LABELS: readonly string[] = ["job=promtool"];
const collect = (value: string, before: readonly string[]): readonly string[] =>
  before === DEFAULT_LABELS ? [value] : [...before, value];

interface PushFlags {
  readonly label: readonly string[];
  readonly header: readonly string[];
  readonly timeout: string;
}

export function addPush(program: Command, context: ToolContext): void {
  const push = program.command("push").description("Push to a Prometheus server.");
  push
    .command("metrics")
    .description("Push metrics to a prometheus remote write (for testing purpose only).")
    .argument("<remote-write-url>", "Prometheus remote write url to push metrics.")
    .argument("[metric-files...]", "The metric files to push, default is read from standard input.")
    .option("--label <label>", "Label to attach to metrics. Can be specified multiple times.", collect, DEFAULT_LABELS)
    .option("--timeout <duration>", "The time to wait for pushing metrics.", "30s")
    .option("--header <header>", "Prometheus remote write header.", collect, [])
    .action(async (url: string, files: readonly string[], flags: PushFlags) => {
      existingFiles(files);
      context.finish(await pushAll(context, url, files, flags));
    });
}

async function pushAll(
  { io }: ToolContext,
  url: string,
  files: readonly string[],
  { label, header, timeout }: PushFlags,
): Promise<number> {
  const labels = keyValues(label);
  const options = { url, headers: keyValues(header), timeoutMs: parseDuration(timeout) };
  const inputs = files.length === 0 ? [undefined] : files;
  let exitCode: number = EXIT_SUCCESS;
  for (const file of inputs) {
    try {
      const text = file === undefined ? io.readInput() : readText(file);
      io.out(file === undefined ? "Parsing standard input\n" : `Parsing metrics file ${file}\n`);
      await post(encodeFamilies(parseFamilies(text), labels, Date.now()), options);
      io.out(`  SUCCESS: metrics ${file === undefined ? "" : `file ${file} `}pushed to remote write.\n`);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      io.err(`  FAILED: ${error.message}\n`);
      exitCode = EXIT_FAILURE;
    }
  }
  return exitCode;
}

function keyValues(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 0) throw new UsageError(`expected KEY=VALUE got '${pair}'`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new VestalError("FILE", `open ${file}: ${systemReason(error)}`, { file }, error);
  }
}

async function post(
  body: Uint8Array,
  options: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number },
): Promise<void> {
  const { url, headers, timeoutMs } = options;
  if (!URL.canParse(url)) {
    throw new VestalError("ARGUMENT", `Post "/${url.replace(/^\/+/, "")}": unsupported protocol scheme ""`);
  }
  const client = new HttpClient(DEFAULT_HTTP_CLIENT, `Prometheus/${PROMETHEUS_VERSION}`);
  try {
    const { status, body: answer } = await client.request({
      method: "POST",
      url,
      timeoutMs,
      bodyBytesMax: ANSWER_BYTES_MAX,
      body,
      headers: {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
        ...headers,
      },
    });
    if (status >= 200 && status <= 299) return;
    const said = `${status} ${STATUS_CODES[status] ?? ""}`.trim();
    throw new VestalError("SERVER", `server returned HTTP status ${said}: ${answer.toString("utf8")}`, { status });
  } finally {
    client.close();
  }
}

/** A WriteRequest: the series of all families in the order of their names, then their metadata. */
function encodeFamilies(
  families: ReadonlyMap<string, MetricFamily>,
  extra: Readonly<Record<string, string>>,
  nowMs: number,
): Uint8Array {
  const sorted = [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const out = new ProtoWriter(4096);
  for (const family of sorted) {
    for (const { labels, value, timestampMs } of seriesOf(family)) {
      const all: Record<string, string> = { ...extra };
      for (const [name, text] of labels) all[name === "job" ? "exported_job" : name] = text;
      out.message(1, () => {
        for (const [name, text] of Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))) {
          out.message(1, () => {
            out.text(1, name);
            out.text(2, text);
          });
        }
        out.message(2, () => {
          if (Number.isNaN(value)) out.doubleWords(1, NAN_LOW, NAN_HIGH);
          else out.double(1, value);
          out.int(2, timestampMs || nowMs);
        });
      });
    }
  }
  for (const { name, type, help } of sorted) {
    out.message(3, () => {
      out.int(1, metricTypeNumber(metricTypeNamed(type ?? "")));
      out.text(2, name);
      out.text(4, help ?? "");
    });
  }
  return encodeSnappy(out.bytes);
}

interface PushedSeries {
  /** With the name. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestampMs: number;
}

/** Parts of a histogram or a summary stand together: buckets or quantiles, then the sum and the count. */
function seriesOf(family: MetricFamily): readonly PushedSeries[] {
  const { name, type, samples } = family;
  const plain = (sample: FamilySample, own: string): PushedSeries => ({
    ...sample,
    labels: new Map([["__name__", own], ...sample.labels]),
  });
  if (type !== "histogram" && type !== "summary") return samples.map((sample) => plain(sample, name));
  const part = type === "histogram" ? "le" : "quantile";
  const groups = new Map<string, FamilySample[]>();
  for (const sample of samples) {
    const key = JSON.stringify(
      [...sample.labels].filter(([label]) => label !== part || !isPart(sample, family)).sort(),
    );
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return [...groups.values()].flatMap((group) => {
    const parts = group.filter((sample) => isPart(sample, family));
    const [first] = group;
    const rest = new Map([...(first?.labels ?? [])].filter(([label]) => label !== part));
    const timestampMs = first?.timestampMs ?? 0;
    const end = (suffix: string): PushedSeries => ({
      labels: new Map([["__name__", `${name}${suffix}`], ...rest]),
      value: group.find((sample) => sample.name === `${name}${suffix}`)?.value ?? 0,
      timestampMs,
    });
    const shown = parts.map((sample) => {
      const bound = formatFloat(Number((sample.labels.get(part) ?? "").replace(/Inf$/, "Infinity")));
      const labels = new Map([["__name__", type === "histogram" ? `${name}_bucket` : name], ...rest, [part, bound]]);
      return { labels, value: sample.value, timestampMs };
    });
    return [...shown, end("_sum"), end("_count")];
  });
}

/** A bucket or a quantile. */
function isPart(sample: FamilySample, { name, type }: MetricFamily): boolean {
  return sample.name === (type === "histogram" ? `${name}_bucket` : name);
}
