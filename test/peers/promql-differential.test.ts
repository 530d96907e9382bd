/**
 * The same samples written to a real Prometheus and to Vestal, and the same random queries asked of both, at instants and
 * over ranges: equal values to 1e-9, equal kinds of errors, equal annotations. A query that makes a difference is cut
 * down as far as it still makes one.
 *
 * VESTAL_QUERIES (1000) queries, VESTAL_SEED (1). 5,000 take a few minutes.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { remoteWrite } from "../support/remote-write.js";
import { DATA_MINUTES, DATA_START_MS, differentialSeries, slicesOf } from "./differential-data.js";
import { type Node, QueryMaker, smaller, textOf } from "./differential-queries.js";
import { killAll, makeFolder, removeFolder, type Server, startPrometheus, startVestal } from "./harness.js";
import { randomFrom } from "./promql-data.js";

const QUERIES = Number(process.env["VESTAL_QUERIES"] ?? 1000);
const SEED = Number(process.env["VESTAL_SEED"] ?? 1);
/** Differences that are shown before giving up. */
const MOST_SHOWN = Number(process.env["VESTAL_SHOWN"] ?? 5);
const SHRINK_TRIES = 120;

const features = "promql-experimental-functions,promql-duration-expr,native-histograms";
const modes = [
  { name: "names removed at once", features },
  { name: "delayed name removal", features: `${features},promql-delayed-name-removal` },
] as const;

interface Times {
  readonly path: "query" | "query_range";
  readonly parameters: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: { readonly resultType: string; readonly result: unknown };
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

async function ask(server: Server, query: string, { path, parameters }: Times): Promise<Answer> {
  const body = new URLSearchParams({ query, ...parameters });
  const response = await fetch(`${server.url}/api/v1/${path}`, { method: "POST", body });
  return (await response.json()) as Answer;
}

/** What is compared as text: everything but numbers, which stand as # and are listed. */
interface Comparable {
  readonly text: string;
  readonly numbers: readonly number[];
}

function comparable(answer: Answer, query: string): Comparable {
  if (answer.status !== "success") return { text: `error ${answer.errorType}`, numbers: [] };
  const { resultType, result } = answer.data!;
  const numbers: number[] = [];
  const lines: string[] = [resultType];
  if (resultType === "vector" || resultType === "matrix") {
    const series = result as readonly Record<string, unknown>[];
    const isSorted = resultType === "matrix" || /^sort/.test(query);
    const items = series.map((each) => ({
      key: JSON.stringify(Object.entries(each["metric"] as object).sort()),
      each,
    }));
    // The order of an instant vector is storage's.
    if (!isSorted || resultType === "vector") items.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    for (const { key, each } of items) {
      const { metric: _, ...samples } = each;
      lines.push(key + withoutNumbers(samples, numbers));
    }
  } else {
    lines.push(withoutNumbers(result, numbers));
  }
  lines.push(...notesOf(answer.warnings ?? []), ...notesOf(answer.infos ?? []));
  return { text: lines.join("\n"), numbers };
}

/** Which notes are left out where there are too many is a choice of Go's maps. */
function notesOf(notes: readonly string[]): readonly string[] {
  const omitted = notes.filter((note) => note.endsWith("omitted"));
  if (omitted.length > 0) return [`${notes.length} notes`, ...omitted];
  // Which of two histograms that do not fit is named is decided by an order that Go's maps make.
  const shown = notes.map((note) =>
    note.replace(/(exponential and custom buckets schemas for metric name) ".*?"/, "$1"),
  );
  return [...new Set(shown)].sort();
}

function withoutNumbers(value: unknown, numbers: number[]): string {
  return JSON.stringify(value).replace(/"(-?\d[\d.e+-]*)"/g, (_, digits: string) => {
    numbers.push(Number(digits));
    return "#";
  });
}

function areEqual(a: Comparable, b: Comparable): boolean {
  const isClose = (x: number, y: number): boolean =>
    x === y || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y)) + 1e-12;
  return a.text === b.text && a.numbers.every((value, i) => isClose(value, b.numbers[i]!));
}

for (const [k, mode] of modes.entries()) {
  const random = randomFrom(SEED * 1000 + k);
  const folders = [makeFolder(), makeFolder()];
  const args = [
    "--web.enable-remote-write-receiver",
    `--enable-feature=${mode.features}`,
    "--storage.tsdb.retention.time=100y",
  ];
  let prometheus: Server;
  let vestal: Server;

  beforeAll(async () => {
    [prometheus, vestal] = await Promise.all([
      startPrometheus({ config: {}, folder: folders[0]!, args }),
      startVestal({ config: {}, folder: folders[1]!, args: [...args, "--ingest.threads=2"] }),
    ]);
    for (const slice of slicesOf(differentialSeries(random))) {
      await Promise.all([prometheus, vestal].map(({ url }) => remoteWrite(url, slice)));
    }
  }, 60_000);
  afterAll(async () => {
    await killAll();
    for (const folder of folders) removeFolder(folder);
  });

  /** What differs, or undefined. Answers that Prometheus itself does not repeat say nothing. */
  const differenceOf = async (node: Node, times: Times): Promise<string | undefined> => {
    const query = textOf(node);
    const [theirs, ours] = await Promise.all([ask(prometheus, query, times), ask(vestal, query, times)]);
    const [want, got] = [comparable(theirs, query), comparable(ours, query)];
    if (areEqual(want, got)) return undefined;
    // Prometheus' own failures are nothing to be equal to.
    if (theirs.error?.startsWith("unexpected error")) return undefined;
    for (let i = 0; i < 24; i++) {
      // In 3.5 histograms of an earlier query can shine through: another query in between changes that.
      const minutes = (i % 8) + 1;
      const between = [
        `count_over_time({__name__=~".+"}[${minutes}m])`,
        `sum(duration offset ${i}m)`,
        `rate(level[${i}m])`,
      ];
      await ask(prometheus, between[Math.floor(i / 8)]!, times);
      const again = comparable(await ask(prometheus, query, times), query);
      if (!areEqual(want, again)) return undefined;
    }
    const [a, b] = [JSON.stringify(theirs), JSON.stringify(ours)];
    const at = Math.max(0, [...a].findIndex((char, i) => char !== b[i]) - 150);
    const part = (text: string): string => `${at > 0 ? "…" : ""}${text.slice(at, at + 600)}`;
    return `Prometheus: ${part(a)}\nVestal:     ${part(b)}`;
  };

  const shrink = async (node: Node, times: Times): Promise<Node> => {
    let best = node;
    let tries = 0;
    for (let isSmaller = true; isSmaller; ) {
      isSmaller = false;
      for (const candidate of smaller(best)) {
        if (++tries > SHRINK_TRIES) return best;
        if ((await differenceOf(candidate, times)) === undefined) continue;
        best = candidate;
        isSmaller = true;
        break;
      }
    }
    return best;
  };

  test(`${QUERIES / modes.length} random queries, ${mode.name}, seed ${SEED}`, {
    retry: 0,
    timeout: 600_000,
  }, async () => {
    const maker = new QueryMaker(random);
    const shown: string[] = [];
    for (let i = 0; i < QUERIES / modes.length && shown.length < MOST_SHOWN; i++) {
      const node = maker.query();
      const at = DATA_START_MS / 1000 - 120 + Math.floor(random() * (DATA_MINUTES + 8) * 60_000) / 1000;
      const step = [7, 15, 61, 173, 300][Math.floor(random() * 5)]!;
      const end = at + step * Math.floor(random() * 40);
      const all: Times[] = [
        { path: "query", parameters: { time: String(at) } },
        { path: "query_range", parameters: { start: String(at), end: String(end), step: String(step) } },
      ];
      for (const times of all) {
        if ((await differenceOf(node, times)) === undefined) continue;
        // Histograms of earlier queries can stay for good in 3.5: one that has just started has none.
        await prometheus.kill("SIGTERM");
        prometheus = await startPrometheus({ config: {}, folder: folders[0]!, args });
        if ((await differenceOf(node, times)) === undefined) continue;
        const least = await shrink(node, times);
        const difference = await differenceOf(least, times);
        if (difference === undefined) continue;
        shown.push(
          `${textOf(least)}\n${times.path} ${JSON.stringify(times.parameters)}\n${difference}\nfrom ${textOf(node)}`,
        );
        break;
      }
    }
    expect(shown.length, shown.join("\n\n")).toBe(0);
  });
}
