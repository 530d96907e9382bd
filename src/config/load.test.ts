import { describe, expect, test } from "vitest";
import { VestalError } from "../base/index.js";
import { loadConfig, renderConfig } from "./index.js";

function load(text: string, env: Readonly<Record<string, string>> = {}) {
  return loadConfig(text, { file: "t.yml", env });
}

function problemOf(text: string): VestalError {
  try {
    load(text);
  } catch (error) {
    if (error instanceof VestalError) return error;
    throw error;
  }
  throw new Error("the text was accepted");
}

const job = (line: string): string => `scrape_configs:\n- job_name: a\n  ${line}\n`;

describe("a refusal has the words of promtool 3.5.3", () => {
  const unmarshal = "yaml: unmarshal errors:\n";
  test.each<[string, string, string]>([
    [
      "a string for a boolean",
      job('honor_labels: "yes"'),
      `${unmarshal}  line 3: cannot unmarshal !!str \`yes\` into bool`,
    ],
    [
      "a long string",
      job("honor_labels: abcdefghijkl"),
      `${unmarshal}  line 3: cannot unmarshal !!str \`abcdefg...\` into bool`,
    ],
    [
      "several wrong types at once",
      "scrape_configs:\n- job_name: [a]\n  foo: 1\n  relabel_configs: {}\n",
      `${unmarshal}  line 2: cannot unmarshal !!seq into string\n` +
        "  line 3: field foo not found in type config.ScrapeConfig\n" +
        "  line 4: cannot unmarshal !!map into []*relabel.Config",
    ],
    [
      "scalars for sections",
      "global: 5\nscrape_configs: abc\n",
      `${unmarshal}  line 1: cannot unmarshal !!int \`5\` into config.plain\n` +
        "  line 2: cannot unmarshal !!str `abc` into []*config.ScrapeConfig",
    ],
    ["a list for the document", "[1,2]\n", `${unmarshal}  line 1: cannot unmarshal !!seq into config.plain`],
    ["a word for the document", "x\n", `${unmarshal}  line 1: cannot unmarshal !!str \`x\` into config.plain`],
    [
      "a key twice in a map",
      "global:\n  external_labels: {a: b, a: c}\n",
      `${unmarshal}  line 2: key "a" already set in map`,
    ],
    [
      "a key twice in JSON",
      '{"global": {}, "global": {}}',
      `${unmarshal}  line 1: field global already set in type config.plain`,
    ],
    ["a tab for indentation", "global:\n\tx: 5\n", "yaml: line 2: found character that cannot start any token"],
    ["a duration without a unit", "global: {scrape_interval: 15}\n", 'not a valid duration string: "15"'],
    ["an unknown unit", job("scrape_interval: 5x"), 'unknown unit "x" in duration "5x"'],
    ["an unknown size", job("body_size_limit: 10xx"), "units: unknown unit xx in 10xx"],
    [
      "an address that is none",
      job('proxy_url: "http://a b"'),
      'parse "http://a b": invalid character " " in host name',
    ],
    [
      "a reserved header",
      job("http_headers: {authorization: {values: [a]}}"),
      'setting header "Authorization" is not allowed',
    ],
    ["an empty job name", "scrape_configs:\n- job_name: ~\n", "job_name is empty"],
    ["a TLS version", job("tls_config: {min_version: TLS9}"), "unknown TLS version: TLS9"],
    ["an empty label name", job('static_configs: [{targets: [], labels: {"": x}}]'), '"" is not a valid label name'],
    [
      "a regular expression",
      job('relabel_configs: [{regex: "a**", target_label: x}]'),
      "error parsing regexp: invalid nested repetition operator: `**`",
    ],
  ])("%s", (_name, text, message) => {
    const error = problemOf(text);
    expect(error.code).toBe("CONFIG");
    expect(error.message.startsWith(`parsing YAML file t.yml: ${message}`), error.message).toBe(true);
  });
});

test("a refusal says line, column, path and what is allowed", () => {
  const wrong = problemOf(
    "global:\n  scrape_interval: 5s\nscrape_configs:\n- job_name: a\n  tls_config:\n    keyfile: x\n",
  );
  expect(wrong.details).toMatchObject({ line: 6, column: 5, path: "scrape_configs[0].tls_config.keyfile" });
  expect(String(wrong.details["expected"])).toContain("key_file");
  const refused = problemOf("scrape_configs:\n- job_name: a\n  scrape_interval: 5s\n  scrape_timeout: 5x\n");
  expect(refused.details).toMatchObject({ line: 4, path: "scrape_configs[0].scrape_timeout" });
  expect(refused.message).toContain("(line 4, scrape_configs[0].scrape_timeout)");
});

describe("YAML as Go reads it", () => {
  test.each<[string, string]>([
    ["an empty file", ""],
    ["a comment", "# nothing\n"],
    ["null sections", "global:\nscrape_configs:\nstorage: ~\nalerting:\nruntime:\notlp: null\n"],
  ])("%s has the defaults", (_name, text) => {
    const { config, warnings } = load(text);
    expect(config.global).toMatchObject({ scrapeIntervalMs: 60_000, scrapeTimeoutMs: 10_000, externalLabels: {} });
    expect([config.scrapeConfigs, warnings]).toEqual([[], []]);
  });

  test("labels take the text of what looks like a number or boolean", () => {
    const labels = "labels: {a: 1.50, b: true, c: 0x1f, d: ~, e: 1_0, f: yes, g: 1e3}";
    const { config } = load(job(`static_configs: [{targets: [1], ${labels}}]`));
    expect(config.scrapeConfigs[0]?.staticGroups).toEqual([
      { targets: ["1"], labels: { a: "1.50", b: "true", c: "0x1f", d: "", e: "1_0", f: "yes", g: "1e3" } },
    ]);
  });

  test("so do labels in JSON, where numbers are parsed", () => {
    const text =
      '{"scrape_configs": [{"job_name": "a", "static_configs": [{"targets": [], "labels": {"a": 1.50, "b": 7}}]}]}';
    expect(load(text).config.scrapeConfigs[0]?.staticGroups[0]?.labels).toEqual({ a: "1.50", b: "7" });
  });

  test("anchors, aliases and merge keys work", () => {
    const text =
      "scrape_configs:\n- &a\n  job_name: a\n  scrape_interval: 5s\n  honor_labels: true\n- <<: *a\n  job_name: b\n  scrape_interval: 6s\n";
    const [first, second] = load(text).config.scrapeConfigs;
    expect([first?.intervalMs, second?.intervalMs, second?.honorLabels]).toEqual([5000, 6000, true]);
  });

  test("of several documents the first counts, with a warning", () => {
    const { config, warnings } = load("global: {scrape_interval: 5s}\n---\nfoo: 1\n");
    expect(config.global.scrapeIntervalMs).toBe(5000);
    expect(warnings).toEqual(["t.yml has several YAML documents; only the first is read"]);
  });
});

describe("hostile texts end in a message, soon", () => {
  test("aliases of aliases", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(",")}]`,
    );
    const text = `global: {external_labels: {}}\nrule_files: &a0 [x]\n${levels.join("\n")}\nscrape_configs: [{job_name: a, oauth2: {claims: {x: *a12}}}]\n`;
    const started = performance.now();
    expect(problemOf(text).code).toBe("CONFIG");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test.each([
    ["lists", "[".repeat(100_000)],
    ["closed lists", `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`],
    ["JSON", `{"scrape_configs":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
  ])("deep nesting of %s", (_name, text) => {
    expect(problemOf(text).code).toBe("CONFIG");
  });

  test("a key that JavaScript knows is only a key", () => {
    expect(problemOf("__proto__: {polluted: 1}\n").message).toContain("field __proto__ not found in type config.plain");
    const { config } = load("global: {external_labels: {__proto__: x, constructor: y}}\n");
    expect(Object.entries(config.global.externalLabels)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

test("external labels take environment variables; one that is not set is named", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: these are the configuration's variables
  const text = "global: {external_labels: {a: '${X}-$X', b: '$NONE', c: '$$x', d: '${', e: 'a$'}}\n";
  const { config, warnings } = load(text, { X: "1" });
  expect(config.global.externalLabels).toEqual({ a: "1-1", c: "$x", e: "a$" });
  expect(warnings).toEqual(["external label b uses the environment variable NONE, which is not set or empty"]);
});

test("what nothing acts on yet is named, each by itself", () => {
  const text = [
    "rule_files: [a.yml]",
    "alerting: {alertmanagers: [{static_configs: [{targets: [a]}]}]}",
    "remote_write: [{url: 'http://x', round_robin_dns: true}]",
    "tracing: {endpoint: x}",
    "scrape_configs: [{job_name: j, kubernetes_sd_configs: [{role: pod}], triton_sd_configs: [{account: a, dns_suffix: b, endpoint: c}]}]",
  ].join("\n");
  const named = load(text).warnings.map((warning) => warning.split(" is not supported yet and is ignored: ")[0]);
  expect(named).toEqual(["remote_write.round_robin_dns", "tracing", "triton_sd_configs"]);
});

test("no secret is shown, wherever it stands", () => {
  const text = `
scrape_configs:
- job_name: a
  basic_auth: {username: u, password: SECRET}
  tls_config: {cert: c, key: SECRET}
  http_headers: {X: {secrets: [SECRET]}}
  proxy_url: http://u:SECRET@p
  proxy_connect_header: {X: [SECRET]}
- job_name: b
  oauth2: {client_id: c, client_secret: SECRET, token_url: "http://x", endpoint_params: {password: SECRET}}
- job_name: c
  bearer_token: SECRET
  consul_sd_configs: [{token: SECRET}]
  azure_sd_configs: [{subscription_id: s, tenant_id: t, client_id: c, client_secret: SECRET}]
remote_write:
- url: http://u:SECRET@x
  headers: {X-Key: SECRET}
  sigv4: {access_key: a, secret_key: SECRET}
remote_read: [{url: "http://x", headers: {X-Key: SECRET}}]
tracing: {endpoint: x, headers: {x-key: SECRET}}
`;
  const shown = renderConfig(load(text).config);
  expect(shown).not.toContain("SECRET");
  expect(shown.match(/<secret>/g)).toHaveLength(13);
});

test("a configuration crosses a thread boundary whole", () => {
  const { config } = load(job("static_configs: [{targets: [a]}]"));
  expect(structuredClone(config)).toEqual(config);
});

describe("inheritance", () => {
  test.each<[string, string, Record<string, unknown>]>([
    [
      "interval and time-out of global",
      "global: {scrape_interval: 5s}\nscrape_configs: [{job_name: a}]",
      { intervalMs: 5000, timeoutMs: 5000 },
    ],
    [
      "a job's interval below the time-out",
      "scrape_configs: [{job_name: a, scrape_interval: 3s}]",
      { intervalMs: 3000, timeoutMs: 3000 },
    ],
    [
      "protocols for native histograms",
      "scrape_configs: [{job_name: a, scrape_native_histograms: true}]",
      {
        protocols: [
          "PrometheusProto",
          "OpenMetricsText1.0.0",
          "OpenMetricsText0.0.1",
          "PrometheusText1.0.0",
          "PrometheusText0.0.4",
        ],
      },
    ],
    [
      "the escaping of legacy names",
      "global: {metric_name_validation_scheme: legacy}\nscrape_configs: [{job_name: a}]",
      {
        nameValidation: "legacy",
        nameEscaping: "underscores",
      },
    ],
  ])("%s", (_name, text, expected) => {
    expect(load(text).config.scrapeConfigs[0]).toMatchObject(expected);
  });

  test("relative paths start at the folder of the file", () => {
    const { config } = loadConfig(
      "rule_files: [r/*.yml, /abs.yml]\nscrape_configs: [{job_name: a, tls_config: {ca_file: ca}}]",
      {
        file: "/etc/prometheus/prometheus.yml",
      },
    );
    expect(config.ruleFiles).toEqual(["/etc/prometheus/r/*.yml", "/abs.yml"]);
    expect(config.scrapeConfigs[0]?.http.tls.ca.file).toBe("/etc/prometheus/ca");
  });
});
