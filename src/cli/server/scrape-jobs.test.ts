import { expect, test } from "vitest";
import type { Target } from "../../discovery/index.js";
import { targetSpecOf } from "./scrape-jobs.js";

const target = (address: string, rest: string): Target => ({
  key: "k",
  jobIndex: 0,
  jobName: "j",
  labels: { job: "j" },
  discoveredLabels: {},
  url: `https://${address}${rest}`,
  scheme: "https",
  address,
  intervalMs: 1000,
  timeoutMs: 1000,
  scrapeInterval: "1s",
  scrapeTimeout: "1s",
});

test.each([
  ["a:80", "/metrics?x=1&x=2&y=%20", "/metrics", { x: ["1", "2"], y: [" "] }],
  [":https", "/metrics", "/metrics", {}],
  ["a:99999", "?x=1", "/", { x: ["1"] }],
  ["[", "//double", "//double", {}],
  ["ÄÖ", "", "/", {}],
])("%s%s", (address, rest, metricsPath, params) => {
  expect(targetSpecOf(target(address, rest))).toMatchObject({ address, metricsPath, params });
});
