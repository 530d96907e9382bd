/** Small real parts for tests of the API: a store of two targets, and a parser that knows what is wrong with a few expressions. */

import type { ApiDeps, QueryService, ServiceAnswer } from "../../src/api/index.js";
import { type ApiFailure, failure } from "../../src/api/index.js";
import { silentLogger, systemClock } from "../../src/base/index.js";

/** Messages of Prometheus 3.5.3's parser for the expressions and selectors of the golden requests. */
const PARSER_SAYS: Readonly<Record<string, string>> = {
  "": "unknown position: parse error: no expression found in input",
  "up{": "1:4: parse error: unexpected end of input inside braces",
  '"a"': 'invalid expression type "string" for range query, must be Scalar or instant Vector',
  "up[5m]": 'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
};
const SELECTOR_PARSER_SAYS: Readonly<Record<string, string>> = {
  "": "unknown position: parse error: unexpected end of input",
  "up{": "1:4: parse error: unexpected end of input inside braces",
  "{": "1:2: parse error: unexpected end of input inside braces",
  "{}": "match[] must contain at least one non-empty matcher",
  '{job=~".*"}': "match[] must contain at least one non-empty matcher",
  "rate(up[5m])": '1:5: parse error: unexpected "("',
};

export interface Recorded {
  readonly call: keyof QueryService;
  readonly argument: unknown;
}

function checkExpression(expression: string): ApiFailure | undefined {
  const problem = PARSER_SAYS[expression];
  return problem === undefined ? undefined : failure("bad_data", problem, "query");
}

function checkMatchers(matchers: readonly string[]): ApiFailure | undefined {
  for (const matcher of matchers) {
    const problem = SELECTOR_PARSER_SAYS[matcher];
    if (problem !== undefined) return failure("bad_data", problem, "match[]");
  }
  return undefined;
}

function data(value: unknown): ServiceAnswer {
  return { kind: "data", data: value };
}

/** A query service that parses, answers emptily, and writes down what it was asked. */
export function fakeQueries(calls: Recorded[]): QueryService {
  const answer = async (
    call: keyof QueryService,
    argument: unknown,
    problem: ApiFailure | undefined,
    value: unknown,
  ): Promise<ServiceAnswer> => {
    calls.push({ call, argument });
    return problem ?? data(value);
  };
  return {
    query: (query) =>
      answer("query", query, checkExpression(query.expression), {
        resultType: "scalar",
        result: [query.timeMs / 1000, "1"],
      }),
    queryRange: (query) =>
      answer("queryRange", query, checkExpression(query.expression), { resultType: "matrix", result: [] }),
    series: (query) => answer("series", query, checkMatchers(query.matchers), []),
    labelNames: (query) => answer("labelNames", query, checkMatchers(query.matchers), []),
    labelValues: (query) => answer("labelValues", query, checkMatchers(query.matchers), []),
    queryExemplars: async (query) => {
      const problem = checkExpression(query.expression);
      if (problem !== undefined) return problem;
      return query.expression === "1" ? { kind: "empty" } : data([]);
    },
    queryCost: (query) => answer("queryCost", query, checkExpression(query.expression), { seriesTouched: 0 }),
    explain: (query) => answer("explain", query, checkExpression(query.expression), { plan: {} }),
    running: () => [],
    cancelQuery: () => false,
    backtest: (query) => answer("backtest", query, checkExpression(query.expression), { alerts: [] }),
    formatQuery: (expression) => answer("formatQuery", expression, checkExpression(expression), expression),
    parseQuery: (expression) => answer("parseQuery", expression, checkExpression(expression), {}),
    checkSelectors: async (matchers) => checkMatchers(matchers),
  };
}

export function fakeDeps(overrides: Partial<ApiDeps> = {}): ApiDeps {
  return {
    remoteWrite: undefined,
    admin: undefined,
    otlp: undefined,
    web: undefined,
    dashboards: { list: () => [], model: () => undefined },
    remoteRead: {
      read: async () => ({ status: 204 }),
      federate: async () => ({
        status: 200,
        contentType: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        body: "",
      }),
    },
    clock: systemClock,
    log: silentLogger,
    query: fakeQueries([]),
    targets: {
      active: () => [
        {
          discoveredLabels: { job: "gone", __address__: "127.0.0.1:21799" },
          labels: { job: "gone", instance: "127.0.0.1:21799" },
          scrapePool: "gone",
          scrapeUrl: "http://127.0.0.1:21799/metrics",
          lastError: "connection refused",
          lastScrapeMs: 1_795_473_664_259,
          lastScrapeDurationSeconds: 0.5,
          health: "down",
          scrapeInterval: "7s",
          scrapeTimeout: "5s",
        },
        {
          discoveredLabels: { __address__: "localhost:9090" },
          labels: { instance: "localhost:9090" },
          scrapePool: "self",
          scrapeUrl: "http://localhost:9090/metrics?a=b",
          lastError: "",
          lastScrapeMs: undefined,
          lastScrapeDurationSeconds: 0,
          health: "unknown",
          scrapeInterval: "5s",
          scrapeTimeout: "5s",
        },
      ],
      dropped: () => [{ discoveredLabels: { __address__: "127.0.0.1:21798" }, scrapePool: "dropped" }],
      droppedCounts: () => ({ self: 0, gone: 0, dropped: 1 }),
      scrapePools: () => ["self", "gone", "dropped"],
    },
    rules: {
      rules: async ({ groupNextToken }) => (groupNextToken === "" ? data({ groups: [] }) : { kind: "empty" }),
      alerts: async () => data({ alerts: [] }),
      relabelSteps: async () => data({ steps: [] }),
      askAlertmanager: async () => data([]),
      alertHistory: async () => data({ changes: [] }),
      alertmanagers: async () => data({ activeAlertmanagers: [], droppedAlertmanagers: [] }),
    },
    metadata: {
      *ofTargets(metric) {
        const all = [
          { metric: "up_total", type: "counter", help: "Ups.", unit: "" },
          { metric: "load", type: "gauge", help: "Load.", unit: "ratio" },
        ];
        const wanted = all.filter((item) => metric === undefined || item.metric === metric);
        yield { target: { job: "b", instance: "1" }, metadata: wanted };
        yield {
          target: { job: "a", instance: "2" },
          metadata: wanted.map((item) => (item.metric === "load" ? { ...item, help: "Other load." } : item)),
        };
      },
      targetFilter: (selector) =>
        selector === '{job="a"}' ? (labels) => labels["job"] === "a" : (checkMatchers([selector]) ?? (() => false)),
    },
    status: {
      buildInfo: () => ({
        version: "3.5.3",
        revision: "r",
        branch: "b",
        buildUser: "u",
        buildDate: "d",
        goVersion: "",
        vestalVersion: "0.1.0",
      }),
      runtimeInfo: () => ({
        startTimeMs: 1_795_473_624_158,
        workingDirectory: "/",
        hostname: "h",
        reloadConfigSuccess: true,
        lastConfigTimeMs: 1_795_473_624_000,
        corruptionCount: 0,
        threadCount: 7,
        processors: 2,
        memoryLimitBytes: 1 << 30,
        storageRetention: "15d",
      }),
      configYaml: () => "global: {}\n",
      flags: () => ({ "web.read-timeout": "5m", "config.file": "a.yml" }),
      features: () => ({ rules: { keep_firing_for: true }, api: { live: true } }),
      blocks: () => ({ blocks: [], quarantined: [] }),
      head: async (limit) => ({
        numSeries: 2,
        numLabelPairs: 3,
        chunkCount: 2,
        minTimeMs: 1,
        maxTimeMs: 2,
        seriesCountByMetricName: [
          { name: "up", value: 2 },
          { name: "down", value: 1 },
        ].slice(0, limit),
        labelValueCountByLabelName: [],
        memoryInBytesByLabelName: [],
        seriesCountByLabelValuePair: [],
      }),
      walReplay: () => ({ min: 0, max: 4, current: 2 }),
      notifications: () => [],
    },
    lifecycle: {
      isReady: () => true,
      isStopping: () => false,
      enabled: false,
      reload: async () => undefined,
      quit: () => true,
    },
    metrics: {
      render: async () => ({ status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", body: "up 1\n" }),
    },
    externalUrl: new URL("http://example.org:9090"),
    routePrefix: "",
    listenPort: 9090,
    ...overrides,
  };
}
