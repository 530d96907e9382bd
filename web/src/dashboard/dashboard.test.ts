/** What dashboards mean, as Grafana's documentation says it: units, variables, times, transformations. */
import { expect, test } from "vitest";
import { type Frame, NO_LABELS } from "./frames.js";
import { DashboardError, parseDashboard } from "./grafana.js";
import { interpolate, interpolateQuery, type VariableValue } from "./interpolate.js";
import { layOut } from "./layout.js";
import { linkAddress, safeAddress } from "./links.js";
import { parseTime, rateIntervalMs, stepMs } from "./time.js";
import { transform } from "./transform.js";
import { formatUnit } from "./units.js";

test.each([
  [0.5, "percentunit", undefined, "50%"],
  [0.12345, "percentunit", 1, "12.3%"],
  [42, "percent", undefined, "42%"],
  [1024, "bytes", undefined, "1 KiB"],
  [1536 * 1024 * 1024, "bytes", undefined, "1.5 GiB"],
  [1000, "decbytes", undefined, "1 kB"],
  [2_500_000, "bps", undefined, "2.5 Mb/s"],
  [1500, "Bps", undefined, "1.5 kB/s"],
  [1500, "short", undefined, "1.5 K"],
  [2_000_000, "short", undefined, "2 Mil"],
  [0.0123, "s", undefined, "12.3 ms"],
  [90, "s", undefined, "1.5 mins"],
  [1500, "ms", undefined, "1.5 s"],
  [12, "reqps", undefined, "12 req/s"],
  [3, "suffix: things", undefined, "3 things"],
  [3, "rds", undefined, "3 rds"],
  [1, "bool_yes_no", undefined, "Yes"],
  [Number.NaN, "bytes", undefined, "NaN"],
  [7, "constructor", undefined, "7 constructor"],
] as const)("%d in %s with decimals %s is %s", (value, unit, decimals, text) => {
  expect(formatUnit(value, unit, decimals)).toBe(text);
});

const multi = (...values: string[]): VariableValue => ({
  values,
  texts: values,
  isMulti: true,
  isAll: false,
  allValue: undefined,
});
const single = (value: string): VariableValue => ({ ...multi(value), isMulti: false });

test.each([
  ["$a", "x.y"],
  ["[[a]] and $" + "{a}", "x.y and x.y"],
  ["$unknown $", "$unknown $"],
  ["$" + "{m:pipe}", "p|q"],
  ["$" + "{m:csv}", "p,q"],
  ["$" + "{m:regex}", "(p|q)"],
  ["$" + "{a:regex}", "x\\.y"],
  ["$" + "{m:json}", '["p","q"]'],
  ["$" + "{m:queryparam}", "var-m=p&var-m=q"],
  ["$m", "{p,q}"],
])("%s becomes %s", (text, expected) => {
  expect(
    interpolate(
      text,
      new Map([
        ["a", single("x.y")],
        ["m", multi("p", "q")],
      ]),
    ),
  ).toBe(expected);
});

test("in a query several values are one regular expression, and strings cannot be left", () => {
  const scope = new Map([
    ["m", multi("a.b", 'c"d')],
    ["s", single('x"} or up{y="')],
    ["all", { ...multi("a", "b"), isAll: true, allValue: ".+" }],
  ]);
  expect(interpolateQuery('up{a=~"$m"}', scope)).toBe('up{a=~"(a\\\\.b|c\\"d)"}');
  expect(interpolateQuery('up{a="$s"}', scope)).toBe('up{a="x\\"} or up{y=\\""}');
  expect(interpolateQuery('up{a=~"$all"}', scope)).toBe('up{a=~".+"}');
});

const NOW = Date.UTC(2026, 4, 13, 12, 34, 56); // a Wednesday

test.each([
  ["now", false, NOW],
  ["now-1h", false, NOW - 3_600_000],
  ["now/d", false, Date.UTC(2026, 4, 13)],
  ["now/d", true, Date.UTC(2026, 4, 14) - 1],
  ["now-1d/d", false, Date.UTC(2026, 4, 12)],
  ["now/w", false, Date.UTC(2026, 4, 11)],
  ["now-1M/M", false, Date.UTC(2026, 3, 1)],
  ["1760000000000", false, 1_760_000_000_000],
  ["2026-05-01T00:00:00Z", false, Date.UTC(2026, 4, 1)],
  ["now-", false, undefined],
])("the time %s (as end: %s)", (text, isEnd, expected) => {
  expect(parseTime(text, NOW, "UTC", isEnd)).toBe(expected);
});

test.each([
  // 21:34 there; the day began at 15:00 UTC the day before.
  ["now/d", "Asia/Tokyo", Date.UTC(2026, 4, 12, 15)],
  // Summer time in May, none in January.
  ["now/M", "Europe/Berlin", Date.UTC(2026, 3, 30, 22)],
  ["now/y", "Europe/Berlin", Date.UTC(2025, 11, 31, 23)],
])("the time %s in %s", (text, zone, expected) => {
  expect(parseTime(text, NOW, zone)).toBe(expected);
});

test.each([
  ["utc", "UTC"],
  ["UTC", "UTC"],
  ["America/New_York", "America/New_York"],
  ["browser", undefined],
  ["", undefined],
  ["Middle/Earth", undefined],
])("the time zone %j of a dashboard is %s", (timezone, expected) => {
  expect(parseDashboard(JSON.stringify({ title: "t", panels: [], timezone })).zone).toBe(expected);
});

test("steps fit the width and never pass 11,000; a rate has two samples", () => {
  const hour = { fromMs: 0, toMs: 3_600_000 };
  expect(stepMs(hour, 720, "", 1000)).toBe(5000);
  expect(stepMs(hour, 720, "1m", 1000)).toBe(60_000);
  expect(3_600_000 / stepMs(hour, 1e9, "1ms", 1)).toBeLessThanOrEqual(11_000);
  expect(rateIntervalMs(15_000, 15_000)).toBe(60_000);
  expect(rateIntervalMs(300_000, 15_000)).toBe(315_000);
});

const table = (refId: string, fields: Readonly<Record<string, readonly (number | string | null)[]>>): Frame => ({
  refId,
  fields: Object.entries(fields).map(([name, values]) => ({
    name,
    type: name.startsWith("Time") ? "time" : values.some((value) => typeof value === "string") ? "string" : "number",
    labels: NO_LABELS,
    values,
  })),
});
const shown = (frames: readonly Frame[]): unknown =>
  frames.map(({ fields }) => Object.fromEntries(fields.map(({ name, values }) => [name, values])));

test("joinByField: rows of all tables by one field, repeated names are numbered", () => {
  const frames = [
    table("A", { Time: [1, 1], pod: ["a", "b"], "Value #A": [1, 2] }),
    table("B", { Time: [1, 1], pod: ["b", "c"], "Value #B": [20, 30] }),
  ];
  const { frames: joined } = transform(frames, [{ id: "joinByField", options: { byField: "pod", mode: "outer" } }]);
  expect(shown(joined)).toEqual([
    {
      pod: ["a", "b", "c"],
      "Time 1": [1, 1, null],
      "Value #A": [1, 2, null],
      "Time 2": [null, 1, 1],
      "Value #B": [null, 20, 30],
    },
  ]);
  const inner = transform(frames, [{ id: "joinByField", options: { byField: "pod", mode: "inner" } }]).frames;
  expect(inner[0]?.fields[0]?.values).toEqual(["b"]);
});

test("groupBy, calculateField, organize and sortBy, as the file systems' table of the node mixin has them", () => {
  const frames = [table("A", { mountpoint: ["/b", "/a", "/b"], "Value #A": [10, 100, 20] })];
  const { frames: made, unknown } = transform(frames, [
    {
      id: "groupBy",
      options: {
        fields: {
          mountpoint: { aggregations: [], operation: "groupby" },
          "Value #A": { aggregations: ["lastNotNull", "sum"], operation: "aggregate" },
        },
      },
    },
    {
      id: "calculateField",
      options: {
        mode: "binary",
        alias: "Share",
        binary: { left: "Value #A (lastNotNull)", operator: "/", right: "Value #A (sum)" },
      },
    },
    {
      id: "organize",
      options: {
        excludeByName: { "Value #A (sum)": true },
        indexByName: { Share: 0 },
        renameByName: { mountpoint: "Mounted on" },
      },
    },
    { id: "sortBy", options: { sort: [{ field: "Mounted on" }] } },
    { id: "no such", options: {} },
  ]);
  expect(shown(made)).toEqual([
    { Share: [1, 20 / 30], "Mounted on": ["/a", "/b"], "Value #A (lastNotNull)": [100, 20] },
  ]);
  expect(made[0]?.fields.map(({ name }) => name)[0]).toBe("Share");
  expect(unknown).toEqual(["no such"]);
});

test("merge: rows which agree become one", () => {
  const frames = [table("A", { job: ["a", "b"], "Value #A": [1, 2] }), table("B", { job: ["b"], "Value #B": [3] })];
  expect(shown(transform(frames, [{ id: "merge", options: {} }]).frames)).toEqual([
    { job: ["a", "b"], "Value #A": [1, 2], "Value #B": [null, 3] },
  ]);
});

test("panels move up, and repeated ones lie side by side", () => {
  const { sections } = parseDashboard(
    JSON.stringify({
      panels: [
        { type: "stat", title: "one", gridPos: { x: 0, y: 5, w: 12, h: 4 } },
        { type: "stat", title: "of $v", repeat: "v", maxPerRow: 2, gridPos: { x: 0, y: 9, w: 24, h: 3 } },
      ],
    }),
  );
  const placed = layOut(sections[0]?.panels ?? [], new Map([["v", multi("a", "b", "c")]]));
  expect(placed.map(({ x, y, width }) => [x, y, width])).toEqual([
    [0, 0, 12],
    [0, 4, 12],
    [12, 4, 12],
    [0, 7, 12],
  ]);
});

test.each(["[]", "null", "{}", '{"title":"x"}', "not json", '{"elements":{},"layout":{}}'])(
  "%s is refused as a dashboard",
  (text) => {
    expect(() => parseDashboard(text)).toThrow(DashboardError);
  },
);

test("a dashboard whose every value is of the wrong kind opens empty", () => {
  const wrong = {
    title: 5,
    uid: {},
    time: "x",
    templating: 1,
    annotations: [],
    links: {},
    panels: [{ type: 1, gridPos: { w: "x", h: -5 }, targets: 3, fieldConfig: [], options: 1 }],
  };
  expect(parseDashboard(JSON.stringify(wrong)).sections[0]?.panels[0]).toMatchObject({
    type: "unknown",
    width: 12,
    height: 1,
    targets: [],
  });
});

test.each([
  ["javascript:alert(1)", undefined],
  [" JAVASCRIPT:alert(1)", undefined],
  ["data:text/html,x", undefined],
  ["//evil.example/x", undefined],
  ["/d/abc?x=1", "d/abc?x=1"],
  ["d/abc/title", "d/abc/title"],
  ["https://example.org/a", "https://example.org/a"],
])("the address %s is followed as %s", (url, expected) => {
  expect(safeAddress(url)).toBe(expected);
});

test("a link takes over time, variables and the values of its row", () => {
  const scope = new Map([["cluster", single("a b")]]);
  const context = { from: "now-1h", to: "now", variables: ["cluster"] };
  const url = "/d/x?$" + "{__all_variables}&$" + "{__url_time_range}&var-pod=$" + "{__data.fields.pod}";
  expect(linkAddress(url, scope, context, new Map([["__data.fields.pod", "p&1"]]))).toBe(
    "d/x?var-cluster=a+b&from=now-1h&to=now&var-pod=p%261",
  );
});
