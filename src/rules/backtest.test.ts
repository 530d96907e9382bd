import { expect, test } from "vitest";
import { silentLogger } from "../base/index.js";
import { Labels } from "../model/index.js";
import { backtest, backtestRule, backtestView } from "./backtest.js";

test("pending from the first sample, firing after `for`, kept firing, over after the last; twice", async () => {
  const times = [...Array(5).keys()].map((i) => 10_000 + i * 10_000).concat([120_000, 130_000]);
  const series = [{ labels: Labels.of({ __name__: "x", i: "1" }), times, values: times.map(() => 1) }];
  const rule = { ...backtestRule("A", "x", 20_000, 15_000), annotations: { a: "{{x}}" } };
  const alerts = await backtest(
    rule,
    { g: "h" },
    series,
    { startMs: 0, endMs: 130_000, stepMs: 10_000 },
    {
      templates: { expand: async () => "X" },
      log: silentLogger,
    },
  );
  expect(backtestView(alerts)).toEqual({
    alerts: [
      {
        labels: { alertname: "A", g: "h", i: "1" },
        annotations: { a: "X" },
        periods: [
          { state: "pending", start: 10, end: 30 },
          { state: "firing", start: 30, end: 80 },
          { state: "pending", start: 120, end: null },
        ],
      },
    ],
  });
});
