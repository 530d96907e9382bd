import { describe, expect, test } from "vitest";
import { flagStrings, type ParsedFlags, parseFlags } from "./flags.js";
import { readCommand } from "./main.js";
import { FEATURES, SERVER_FLAGS } from "./server-flags.js";
import { parseServerOptions, type ServerOptions } from "./server-options.js";

function options(...args: string[]): ServerOptions {
  const parsed = parseServerOptions(args);
  if (parsed.kind === "end") throw new Error(parsed.stderr);
  return parsed.options;
}

function parsed(...args: string[]): ParsedFlags {
  const result = parseFlags(SERVER_FLAGS, args, "");
  if (result.kind === "end") throw new Error(result.stderr);
  return result;
}

/** First line and exit code of Prometheus 3.5.3 for the same arguments. */
const REFUSED: ReadonlyArray<readonly [args: string, exitCode: number, problem: string]> = [
  ["--nope", 1, "unknown long flag '--nope'"],
  ["--no-nope", 1, "unknown long flag '--no-nope'"],
  ["-x", 1, "unknown short flag '-x'"],
  ["extra", 1, "unexpected extra"],
  ["--config.file", 1, "expected argument for flag '--config.file'"],
  ["--web.enable-lifecycle=false", 1, "unexpected false"],
  ["--no-web.enable-lifecycle=x", 1, "unexpected x"],
  ["--web.read-timeout=abc", 2, 'not a valid duration string: "abc"'],
  ["--query.timeout=", 2, "empty duration string"],
  ["--storage.tsdb.retention.time=5x", 2, 'unknown unit "x" in duration "5x"'],
  ["--storage.tsdb.retention.size=5", 2, "units: unknown unit  in 5"],
  ["--web.max-connections=abc", 2, 'strconv.ParseFloat: parsing "abc": invalid syntax'],
  ["--auto-gomemlimit.ratio=x", 2, 'strconv.ParseFloat: parsing "x": invalid syntax'],
  ["--log.level=foo", 2, "unrecognized log level foo"],
  ["--storage.agent.wal-compression-type=foo", 2, "enum value must be one of snappy,zstd, got 'foo'"],
  ["--config.file=a --config.file=b", 2, "flag 'config.file' cannot be repeated"],
];

test.each(REFUSED)("%s is refused with exit code %i", (args, exitCode, problem) => {
  const end = parseFlags(SERVER_FLAGS, args.split(" "), "");
  expect(end).toMatchObject({ kind: "end", exitCode });
  expect((end as { stderr: string }).stderr.split("\n")[0]).toBe(`Error parsing command line arguments: ${problem}`);
});

describe("values", () => {
  test.each([
    ["--query.timeout=90s", "query.timeout", 90_000, "1m30s"],
    ["--query.timeout 1h30m", "query.timeout", 5_400_000, "1h30m"],
    ["--storage.tsdb.retention.time=15d", "storage.tsdb.retention.time", 1_296_000_000, "15d"],
    ["--storage.tsdb.retention.time=2w", "storage.tsdb.retention.time", 1_209_600_000, "2w"],
    ["--storage.tsdb.max-block-duration=36h", "storage.tsdb.max-block-duration", 129_600_000, "1d12h"],
    ["--storage.tsdb.retention.size=512MB", "storage.tsdb.retention.size", 536_870_912, "512MiB"],
    ["--storage.tsdb.retention.size=1.5GB", "storage.tsdb.retention.size", 1_610_612_736, "1GiB512MiB"],
    ["--query.max-samples=5e7", "query.max-samples", 50_000_000, "50000000"],
    ["--web.max-connections=1.5", "web.max-connections", 1, "1"],
    ["--log.level=WARN", "log.level", "warn", "warn"],
    ["--web.enable-lifecycle", "web.enable-lifecycle", true, "true"],
    ["--no-storage.tsdb.wal-compression", "storage.tsdb.wal-compression", false, "false"],
  ])("%s", (args, name, value, printed) => {
    const flags = parsed(...args.split(" "));
    expect(flags.values.get(name)).toBe(value);
    expect(flagStrings(SERVER_FLAGS, flags)[name]).toBe(printed);
  });

  test("a repeated address replaces the default and keeps its order", () => {
    const { web } = options(
      "--web.listen-address=127.0.0.1:1",
      "--web.listen-address",
      ":2",
      "--web.listen-address=[::1]:3",
    );
    expect(web.listenAddresses).toEqual([
      { host: "127.0.0.1", port: 1 },
      { host: "", port: 2 },
      { host: "::1", port: 3 },
    ]);
  });
});

/** What status/flags of Prometheus 3.5.3 shows without any flag but its distribution's paths. */
const DEFAULTS_OF_PROMETHEUS: Readonly<Record<string, string>> = {
  agent: "false",
  "alertmanager.drain-notification-queue-on-shutdown": "true",
  "alertmanager.notification-batch-size": "256",
  "alertmanager.notification-queue-capacity": "10000",
  "auto-gomaxprocs": "true",
  "auto-gomemlimit": "true",
  "auto-gomemlimit.ratio": "0.9",
  "config.auto-reload-interval": "30s",
  "enable-feature": "",
  "log.format": "logfmt",
  "log.level": "info",
  "query.lookback-delta": "5m",
  "query.max-concurrency": "20",
  "query.max-samples": "50000000",
  "query.timeout": "2m",
  "rules.alert.for-grace-period": "10m",
  "rules.alert.for-outage-tolerance": "1h",
  "rules.alert.resend-delay": "1m",
  "rules.max-concurrent-evals": "4",
  "scrape.adjust-timestamps": "true",
  "scrape.discovery-reload-interval": "5s",
  "scrape.timestamp-tolerance": "2ms",
  "storage.agent.no-lockfile": "false",
  "storage.agent.retention.max-time": "0s",
  "storage.agent.retention.min-time": "0s",
  "storage.agent.wal-compression": "true",
  "storage.agent.wal-compression-type": "snappy",
  "storage.agent.wal-segment-size": "0B",
  "storage.agent.wal-truncate-frequency": "0s",
  "storage.remote.flush-deadline": "1m",
  "storage.remote.read-concurrent-limit": "10",
  "storage.remote.read-max-bytes-in-frame": "1048576",
  "storage.remote.read-sample-limit": "50000000",
  "storage.tsdb.allow-overlapping-compaction": "true",
  "storage.tsdb.delayed-compaction.max-percent": "10",
  "storage.tsdb.head-chunks-write-queue-size": "0",
  "storage.tsdb.max-block-chunk-segment-size": "0B",
  "storage.tsdb.max-block-duration": "1d12h",
  "storage.tsdb.min-block-duration": "2h",
  "storage.tsdb.no-lockfile": "false",
  "storage.tsdb.retention.size": "0B",
  "storage.tsdb.retention.time": "15d",
  "storage.tsdb.samples-per-chunk": "120",
  "storage.tsdb.wal-compression": "true",
  "storage.tsdb.wal-compression-type": "snappy",
  "storage.tsdb.wal-segment-size": "0B",
  "web.config.file": "",
  "web.cors.origin": ".*",
  "web.enable-admin-api": "false",
  "web.enable-lifecycle": "false",
  "web.enable-remote-write-receiver": "false",
  "web.external-url": "",
  "web.listen-address": "0.0.0.0:9090",
  "web.max-connections": "512",
  "web.max-notifications-subscribers": "16",
  "web.page-title": "Prometheus Time Series Collection and Processing Server",
  "web.read-timeout": "5m",
};

test("defaults are Prometheus'", () => {
  expect(options().flags).toMatchObject(DEFAULTS_OF_PROMETHEUS);
});

/** prometheus-operator 0.93, pkg/prometheus: every flag that it may pass to a server. */
const OPERATOR_FLAGS = [
  "--config.file=/etc/prometheus/config_out/prometheus.env.yaml",
  "--no-web.enable-admin-api",
  "--web.enable-lifecycle",
  "--web.enable-admin-api",
  "--web.enable-remote-write-receiver",
  "--web.enable-otlp-receiver",
  "--web.external-url=http://monitoring.example.org/prometheus",
  "--web.route-prefix=/prometheus",
  "--web.page-title=Cluster",
  "--web.max-connections=100",
  "--web.listen-address=127.0.0.1:9090",
  "--web.config.file=",
  "--web.console.templates=/etc/prometheus/consoles",
  "--web.console.libraries=/etc/prometheus/console_libraries",
  "--storage.tsdb.path=/prometheus",
  "--storage.tsdb.retention=24h",
  "--storage.tsdb.retention.time=24h",
  "--storage.tsdb.retention.size=10GB",
  "--storage.tsdb.no-lockfile",
  "--storage.tsdb.wal-compression",
  "--storage.tsdb.min-block-duration=2h",
  "--storage.tsdb.max-block-duration=2h",
  "--storage.tsdb.allow-overlapping-blocks",
  "--storage.remote.flush-deadline=2m",
  "--rules.alert.for-outage-tolerance=1h",
  "--rules.alert.for-grace-period=10m",
  "--rules.alert.resend-delay=1m",
  "--rules.max-concurrent-evals=8",
  "--query.lookback-delta=5m",
  "--query.timeout=2m",
  "--query.max-concurrency=20",
  "--query.max-samples=50000000",
  "--enable-feature=exemplar-storage,native-histograms",
  "--auto-gomemlimit.ratio=0.8",
  "--no-auto-gomaxprocs",
  "--log.level=debug",
  "--log.format=json",
];

test.each(OPERATOR_FLAGS)("the operator may pass %s", (flag) => {
  expect(parseServerOptions([flag]).kind).toBe("options");
});

test("a flag that does nothing is named in a warning, one that works is not", () => {
  expect(options("--no-auto-gomaxprocs", "--web.user-assets=x", "--query.timeout=1m").warnings).toEqual([
    "flag --web.user-assets is accepted, but what it configures is not available in this version",
    "flag --auto-gomaxprocs is accepted and has no effect here",
  ]);
});

test("unknown features are warned of and kept", () => {
  const { features, warnings } = options("--enable-feature=native-histograms,nope", "--enable-feature=agentz");
  expect([...features]).toEqual(["native-histograms", "nope", "agentz"]);
  expect(warnings).toEqual([
    'unknown feature "nope" in --enable-feature',
    'unknown feature "agentz" in --enable-feature',
  ]);
  expect(FEATURES.has("native-histograms")).toBe(true);
});

describe("external URL and route prefix", () => {
  test.each([
    [[], "", "http:", ""],
    [["--web.external-url=http://x.y/p/q/"], "/p/q", "http:", "x.y"],
    [["--web.external-url=https://x.y/p", "--web.route-prefix=/"], "", "https:", "x.y"],
    [["--web.route-prefix=a/b/"], "/a/b", "http:", ""],
    [["--web.external-url=/p"], "/p", "http:", ""],
  ])("%j", (args, prefix, protocol, host) => {
    const { web } = options(...args);
    expect([web.routePrefix, web.externalUrl.protocol]).toEqual([prefix, protocol]);
    if (host !== "") expect(web.externalUrl.host).toBe(host);
    expect(web.externalUrl.pathname.endsWith("/") && web.externalUrl.pathname !== "/").toBe(false);
  });

  test.each([
    ["--web.listen-address=foo", 'parse external URL "": address foo: missing port in address'],
    ['--web.external-url="http://a"', "URL must not begin or end with quotes"],
    ["--web.cors.origin=(", "could not compile CORS regex string"],
  ])("%s is refused", (flag, message) => {
    expect(parseServerOptions([flag])).toMatchObject({
      kind: "end",
      exitCode: 2,
      stderr: expect.stringContaining(message),
    });
  });
});

test("a typo of one flag is answered with its name", () => {
  const end = parseFlags(SERVER_FLAGS, ["--web.listen-adress=:1"], "");
  expect((end as { stderr: string }).stderr).toContain("(did you mean '--web.listen-address'?)");
});

test("help shows every visible flag, long help every flag", () => {
  const short = parseFlags(SERVER_FLAGS, ["--help"], "") as { stdout: string; exitCode: number };
  const long = parseFlags(SERVER_FLAGS, ["--help-long"], "") as { stdout: string };
  expect(short.exitCode).toBe(0);
  for (const flag of SERVER_FLAGS.flags) {
    const name = new RegExp(`--(\\[no-\\])?${flag.name.replaceAll(".", "\\.")}[= \n]`);
    expect(long.stdout, flag.name).toMatch(name);
    if (flag.hidden === true) expect(short.stdout, flag.name).not.toMatch(name);
    else expect(short.stdout, flag.name).toMatch(name);
  }
});

describe("commands", () => {
  test.each([
    [["server", "--query.timeout=3m"], "/usr/bin/vestal"],
    [["--query.timeout=3m"], "/bin/prometheus"],
  ])("%j as %s is the server", (args, program) => {
    expect(readCommand(args, program)).toMatchObject({ kind: "server", options: { query: { timeoutMs: 180_000 } } });
  });

  test.each([
    [
      ["operator", "--controler-id=x"],
      "vestal",
      2,
      expect.stringMatching(/^flag provided but not defined: -controler-id\nUsage of operator:/),
    ],
    [["--short-version", "x"], "/bin/operator", 0, undefined],
    [["amtool", "--x"], "vestal", 2, "vestal: this version does not have `amtool` yet\n"],
    [["check"], "/bin/amtool", 2, "vestal: this version does not have `amtool` yet\n"],
    [["nope"], "vestal", 2, 'vestal: unknown command "nope"; `vestal --help` lists them\n'],
  ])("%j as %s ends with code %i", (args, program, exitCode, stderr) => {
    expect(readCommand(args, program)).toMatchObject({
      kind: "end",
      exitCode,
      ...(stderr !== undefined && { stderr }),
    });
  });

  test("the operator's flags are Go's: one dash or two, booleans without a value, the first word ends them", () => {
    const args = ["operator", "-namespaces", "a,b", "--kubelet-endpoints=false", "-leader-elect", "--labels=x=y,z=w=v"];
    expect(readCommand(args, "vestal")).toMatchObject({
      kind: "operator",
      options: {
        namespaces: { all: ["a", "b"], prometheus: ["a", "b"] },
        kubelet: { hasEndpoints: false, hasEndpointSlices: false },
        leaderElection: true,
        labels: { x: "y", z: "w=v" },
      },
    });
    const bad = (...flags: string[]) =>
      (readCommand(["operator", ...flags], "vestal") as { stderr: string }).stderr.split("\n")[0];
    expect(bad("--kubelet-sync-period=3x")).toBe('invalid value "3x" for flag -kubelet-sync-period: parse error');
    expect(bad("--feature-gates=None=true")).toMatch(
      /^invalid value "None=true" for flag -feature-gates: feature gate "None" is unknown/,
    );
    expect(bad("--namespaces=a", "--deny-namespaces=b")).toMatch(/exclude each other/);
    expect(bad("stop")).toBe("Unknown command: stop");
  });

  test.each([
    [["check", "rules"], "/bin/promtool", "promtool"],
    [["tool", "check", "rules"], "vestal", "vestal tool"],
  ])("%j as %s is the tool", (args, program, name) => {
    expect(readCommand(args, program)).toEqual({ kind: "tool", args: ["check", "rules"], name });
  });

  test("the help names no command that cannot be run", () => {
    expect(readCommand(["--help"], "vestal")).toMatchObject({ exitCode: 0 });
    expect((readCommand(["--help"], "vestal") as { stdout: string }).stdout).not.toMatch(/amtool/);
  });

  test("a server's --version begins as scripts expect", () => {
    const end = readCommand(["--version"], "prometheus") as { stdout: string; exitCode: number };
    expect(end.exitCode).toBe(0);
    expect(end.stdout).toMatch(/^prometheus, version 3\.5\.3 /);
  });
});

describe("an agent", () => {
  test("keeps its log where its flags say", () => {
    const { agent, tsdb } = options(
      "--agent",
      "--storage.agent.path=x",
      "--no-storage.agent.wal-compression",
      "--storage.agent.retention.max-time=1h",
    );
    expect(agent).toEqual({ truncateMs: 7_200_000, minTimeMs: 300_000, maxTimeMs: 3_600_000 });
    expect([tsdb.path, tsdb.walCompression, tsdb.hasLockfile]).toEqual(["x", "none", true]);
    expect(options().agent).toBeUndefined();
  });

  test("has no flags of a server, and a server none of an agent", () => {
    expect(parseServerOptions(["--agent", "--query.timeout=1s", "--rules.max-concurrent-evals=1"])).toEqual({
      kind: "end",
      exitCode: 3,
      stderr: 'The following flag(s) can not be used in agent mode: ["--query.timeout" "--rules.max-concurrent-evals"]',
    });
    expect(parseServerOptions(["--storage.agent.no-lockfile"])).toEqual({
      kind: "end",
      exitCode: 3,
      stderr: 'The following flag(s) can only be used in agent mode: ["--storage.agent.no-lockfile"]',
    });
  });
});
