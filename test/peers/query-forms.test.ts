/**
 * The forms in which the query API is asked: times, steps, durations, limits, several selectors, wrong ones of each, by GET and by
 * POST, of a real Prometheus and of Vestal over the same samples: equal statuses, types and bodies.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Labels } from "../../src/model/index.js";
import { remoteWrite } from "../support/remote-write.js";
import { killAll, makeFolder, removeFolder, type Server, startPrometheus, startVestal } from "./harness.js";

const START = 1_700_000_000;
const T = START + 600;
const ONE = 'up{instance="a:1"}';

type Form = Readonly<Record<string, string | readonly string[]>>;
type Asked = readonly [path: string, form: Form];

const iso = new Date(T * 1000).toISOString();
const TIMES = [
  ...[String(T), `${T}.5`, `${T}.123456789`, iso, iso.replace(".000Z", "+02:00"), iso.replace(".000", ".5")],
  ...["", "abc", "1e9", "-1", "NaN", "Inf", "1e400", " 5", "5 ", "0x10", "1_000", "+5", "9223372036854775807"],
  ...["92233720368547758070", "2023-01-01", "2023-01-01T00:00:00", "2023-13-01T00:00:00Z", "-62135596800"],
  ...["-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z", "292277025-08-18T07:12:54Z", "١"],
];
const DURATIONS =
  "60,1m,1m30s,0,-1,abc,,1e3,0.5,0.0001,1ms,1y,1h1h,m,5 m,NaN,Inf,1e20,1d,.5,1.5m,+60,0s,-5m,100y,300y".split(",");
const LIMITS = ["", "0", "1", "2", "-1", "abc", "1.5", "99999999999999999999", "+1", "1e1"];
const EXPRESSIONS = [
  ..."up|sum(rate(a[5m])) by (b)|a+b*c||sum(|1|'x'|a[5m]|{\"a.b\"}|a @ 5 offset 3m|a offset -3m @ end()|-a|--a|(a)".split(
    "|",
  ),
  ..."sum without() (a)|topk(3, a)|a and on(x) b|a * on(x) group_left(y,z) b|a[5m:1m]|rate(a[5m:])[3m:2s]".split("|"),
  ...'1 > bool 2|0x1F|1e3|Inf|NaN|"\\n"|a{b=~"c",d!="e",f!~"g"}|a{b="\\""}|{__name__="a b"}|foo{}[5m] offset 1w'.split(
    "|",
  ),
  'label_replace(a, "b", "$1", "c", "(.*)")',
  'count_values("v", x)',
  ..."a unless b or c|a ^ b ^ c|a % 2 atan2 3|a == bool 1|group_left|avg_over_time(a[1h30m])|absent(a)|time()".split(
    "|",
  ),
  ...'a{b="c",}|sum by ("a b", c) (x)|5m|1h30m|rate(a[1m] offset 5m)|a{__name__="b"}|bool|a # c\n|a\n+\nb'.split("|"),
  "max by (a) (b) > 5 and c < 3 unless d",
  "sum(a) by (b) / ignoring (c) group_right sum(d)",
  "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
  "quantile by (a) (0.9, b)",
  'up or {"odd <name>"}',
];
const SELECTORS: readonly (readonly string[])[] = [
  ["up", "level"],
  ["up{", "up"],
  ["{}"],
  ['{job=~".*"}'],
  ['{job=""}'],
  ['{job!=""}'],
  ["up[5m]"],
  ["1"],
  ["sum(up)"],
  [""],
  ["up", "up"],
  ["nothing"],
  ['{__name__=~"up|odd.*"}', '{"odd <name>"}'],
  ["up offset 5m"],
  ["up @ 5"],
];
const LISTS = ["series", "labels", "label/job/values", "label/__name__/values", "label/odd/values"];

const ASKED: readonly Asked[] = [
  ...TIMES.flatMap((time): Asked[] => [
    ["query", { query: ONE, time }],
    ["query_range", { query: ONE, start: time, end: String(T), step: "60" }],
    ["query_range", { query: ONE, start: String(T - 60), end: time, step: "60" }],
    ["series", { "match[]": ONE, start: time }],
    ["labels", { "match[]": ONE, end: time }],
  ]),
  ...DURATIONS.flatMap((duration): Asked[] => [
    ["query_range", { query: ONE, start: String(T - 300), end: String(T), step: duration }],
    ["query", { query: ONE, time: String(T), lookback_delta: duration }],
  ]),
  ...LIMITS.flatMap((limit): Asked[] => [
    ["query", { query: "up", time: String(T), limit }],
    ["query_range", { query: "up", start: String(T - 60), end: String(T), step: "60", limit }],
    ["series", { "match[]": "up", limit }],
    ["labels", { limit }],
    ["label/instance/values", { limit }],
  ]),
  ...EXPRESSIONS.flatMap((query): Asked[] => [
    ["format_query", { query }],
    ["parse_query", { query }],
    ["query", { query, time: String(T) }],
    ["query_range", { query, start: String(T - 120), end: String(T), step: "60" }],
  ]),
  ...SELECTORS.flatMap((match) =>
    [...LISTS, "label/x y/values", "label/U__x/values", "label/U__odd_20_name/values", "label/nothing/values"].map(
      (path): Asked => [path, { "match[]": match }],
    ),
  ),
  // Of series that ended before, and in their last sample's time.
  ...[884, 885, 886, 900, 1e9].map((after): Asked => ["series", { "match[]": "up", start: String(START + after) }]),
  ["series", {}],
  ["query", {}],
  ["query_range", { query: "up" }],
  ["query_range", { query: "up", start: "5", end: "4", step: "1" }],
  ["query_range", { query: "up", start: "0", end: "11001", step: "1" }],
  ["query_range", { query: "up", start: "0", end: "11000", step: "1" }],
  ["label//values", {}],
  ["query_exemplars", { query: "up" }],
  ["query_exemplars", { query: "test", start: "5", end: "1" }],
  ["query_exemplars", {}],
  ["metadata", { limit: "x" }],
];

const folders = [makeFolder(), makeFolder()];
let prometheus: Server;
let vestal: Server;

beforeAll(async () => {
  const args = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"];
  [prometheus, vestal] = await Promise.all([
    startPrometheus({ config: {}, folder: folders[0]!, args }),
    startVestal({ config: {}, folder: folders[1]!, args: [...args, "--ingest.threads=2"] }),
  ]);
  const series = [
    { __name__: "level", instance: "a:1", job: "x" },
    { __name__: "odd <name>", odd: '<a> & "b" \\ \u2028 é \u007f \b\f\t\u{1f600}', "1": "one", "0z": "zero" },
    { __name__: "up", instance: "a:1", job: "x" },
    { __name__: "up", instance: "b:2", job: "y" },
  ];
  const written = series.map((each, k) => ({
    labels: Labels.of(each),
    samples: Array.from({ length: 60 }, (_, i): [number, number] => [(START + i * 15) * 1000, k + i / 7]),
  }));
  await Promise.all([prometheus, vestal].map(({ url }) => remoteWrite(url, written)));
}, 60_000);
afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

async function ask({ url }: Server, [path, form]: Asked, isPost: boolean): Promise<string> {
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(form)) {
    for (const value of typeof values === "string" ? [values] : values) parameters.append(name, value);
  }
  const response = isPost
    ? await fetch(`${url}/api/v1/${path}`, { method: "POST", body: parameters })
    : await fetch(`${url}/api/v1/${path}?${parameters}`);
  const text = await response.text();
  return `${response.status} ${response.headers.get("content-type")} ${withOrder(text)}`;
}

/** The order of an instant vector is storage's. */
function withOrder(text: string): string {
  if (!text.startsWith('{"status":"success","data":{"resultType":"vector"')) return text;
  const answer = JSON.parse(text) as { data: { result: { metric: unknown }[] } };
  const keyOf = ({ metric }: { metric: unknown }): string => JSON.stringify(metric);
  answer.data.result.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return JSON.stringify(answer);
}

test.each(["GET", "POST"])("%s in every form", { timeout: 120_000 }, async (method) => {
  const different: string[] = [];
  for (const asked of ASKED) {
    const [theirs, ours] = await Promise.all(
      [prometheus, vestal].map((server) => ask(server, asked, method === "POST")),
    );
    if (ours !== theirs) different.push(`${JSON.stringify(asked)}\n  Prometheus: ${theirs}\n  Vestal:     ${ours}`);
  }
  expect(different.slice(0, 20), `${different.length} of ${ASKED.length} differ`).toEqual([]);
});
