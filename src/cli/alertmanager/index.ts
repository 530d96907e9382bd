/** `vestal alertmanager`: flags to a running process, and its signals. */
import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import {
  ALERTMANAGER_VERSION,
  Alertmanager,
  AlertmanagerServer,
  type MatcherMode,
  PeerCluster,
} from "../../alertmanager/index.js";
import {
  createLogger,
  type LogFormat,
  type Logger,
  type LogLevel,
  systemClock,
  systemTimers,
  VestalError,
} from "../../base/index.js";
import { parseGoDuration } from "../../template/index.js";
import { LiveWebConfig, Passwords, validateWebConfig, WebGate } from "../../web-config/index.js";
import type { FlagValue } from "../flag-values.js";
import { type EarlyEnd, parseFlags } from "../flags.js";
import { readWebAssets } from "../server/web-assets.js";
import { vestalVersion } from "../version.js";
import { readClusterTls } from "./cluster-tls.js";
import { ALERTMANAGER_FLAGS, FEATURES } from "./flags.js";

/** @returns the exit code. */
export async function runAlertmanager(args: readonly string[]): Promise<number> {
  const version = `alertmanager, version ${ALERTMANAGER_VERSION} (vestal ${vestalVersion()})\n`;
  const parsed = parseFlags(ALERTMANAGER_FLAGS, args, version);
  if (parsed.kind === "end") return end(parsed);
  const values = parsed.values;
  const log = createLogger({
    level: values.get("log.level") as LogLevel,
    format: values.get("log.format") as LogFormat,
  });
  for (const warning of parsed.warnings) log.warn(warning);
  try {
    await run(values, log, untilSignal);
    return 0;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    if (error.code === "FLAG")
      return end({ kind: "end", exitCode: 1, stderr: `alertmanager: error: ${error.message}\n` });
    log.error("The Alertmanager cannot start", { err: error.message });
    return 1;
  }
}

/** How a running Alertmanager learns that it is to reload or to end: it resolves at its end. */
type Supervision = (reload: () => Promise<void>) => Promise<void>;

async function untilSignal(reload: () => Promise<void>): Promise<void> {
  // A refused file is logged by the reload, and the old one stays in force.
  process.on("SIGHUP", () => void reload().catch(() => undefined));
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
}

/** The same in a thread of another process, which supervises it. @throws VestalError */
export async function runEmbeddedAlertmanager(args: readonly string[], until: Supervision): Promise<void> {
  const parsed = parseFlags(ALERTMANAGER_FLAGS, args, "");
  if (parsed.kind === "end") throw new VestalError("FLAG", parsed.stderr ?? "wrong flags");
  const { values } = parsed;
  const log = createLogger({
    level: values.get("log.level") as LogLevel,
    format: values.get("log.format") as LogFormat,
  });
  await run(values, log.with({ component: "alertmanager" }), until);
}

function end({ stdout, stderr, exitCode }: EarlyEnd): number {
  if (stdout !== undefined) process.stdout.write(stdout);
  if (stderr !== undefined) process.stderr.write(stderr);
  return exitCode;
}

function durationMs(values: ReadonlyMap<string, FlagValue>, name: string): number {
  const text = String(values.get(name));
  const nanos = parseGoDuration(text);
  if (nanos === undefined)
    throw new VestalError("FLAG", `time: invalid duration ${JSON.stringify(text)} for flag --${name}`);
  return Number(nanos) / 1e6;
}

async function run(values: ReadonlyMap<string, FlagValue>, log: Logger, until: Supervision): Promise<void> {
  const text = (name: string): string => String(values.get(name));
  const number = (name: string): number => Number(values.get(name));
  const addresses = (values.get("web.listen-address") as readonly string[]).map(parseAddress);
  const externalUrl = externalUrlOf(text("web.external-url"), addresses[0]!.port);
  const webFile = text("web.config.file");
  const web = webFile === "" ? undefined : await validateWebConfig(webFile);
  for (const feature of text("enable-feature").split(",")) {
    if (feature !== "" && feature !== "classic-mode" && feature !== "utf8-strict-mode") {
      log.warn("a feature is accepted and has no effect here", { feature });
    }
  }
  log.info("Starting Alertmanager", { version: `(version=${ALERTMANAGER_VERSION}, vestal=${vestalVersion()})` });
  const cluster = await startCluster(values, log);
  const alertmanager = new Alertmanager(
    {
      configFile: text("config.file"),
      storagePath: text("storage.path"),
      retentionMs: durationMs(values, "data.retention"),
      maintenanceIntervalMs: durationMs(values, "data.maintenance-interval"),
      maxSilences: number("silences.max-silences"),
      maxSilenceBytes: number("silences.max-silence-size-bytes"),
      logsSilences: values.get("log.silences") === true,
      alertGcIntervalMs: durationMs(values, "alerts.gc-interval"),
      maxAlertsPerName: number("alerts.per-alertname-limit"),
      dispatchStartDelayMs: durationMs(values, "dispatch.start-delay"),
      dispatchMaintenanceIntervalMs: durationMs(values, "dispatch.maintenance-interval"),
      externalUrl,
      matcherMode: matcherMode(text("enable-feature")),
      historyMaxEntries: number("history.max-entries"),
    },
    { clock: systemClock, timers: systemTimers, log, random: Math.random, cluster },
  );
  await alertmanager.start();
  cluster?.join(alertmanager);
  const prefix = text("web.route-prefix") === "" ? new URL(externalUrl).pathname : text("web.route-prefix");
  const gets = number("web.get-concurrency");
  const source = new LiveWebConfig(webFile);
  const passwords = new Passwords();
  const server = new AlertmanagerServer(
    alertmanager,
    {
      addresses,
      routePrefix: prefix.replace(/^\/*|\/*$/g, "") === "" ? "" : `/${prefix.replace(/^\/*|\/*$/g, "")}`,
      basePath: new URL(externalUrl).pathname.replace(/\/+$/, ""),
      pages: readWebAssets("alertmanager.html"),
      maxConcurrentGets: gets > 0 ? gets : Math.max(8, availableParallelism()),
      timeoutMs: durationMs(values, "web.timeout"),
      bodyBytesMax: number("web.max-body-bytes"),
      tls: web?.tls && source,
      gate: web && new WebGate(source, web.rateLimit, passwords, systemClock, log),
    },
    log,
  );
  try {
    await server.listen();
  } catch (error) {
    await cluster?.stop();
    await alertmanager.stop();
    throw new VestalError("LISTEN", `Listen error: ${(error as Error).message}`, {}, error);
  }
  await until(() => alertmanager.reload());
  log.info("Received SIGTERM, exiting gracefully...");
  await server.close();
  await passwords.stop();
  await alertmanager.stop();
  await cluster?.stop();
}

/** Undefined where `--cluster.listen-address` is empty. */
async function startCluster(values: ReadonlyMap<string, FlagValue>, log: Logger): Promise<PeerCluster | undefined> {
  const text = (name: string): string => String(values.get(`cluster.${name}`));
  const listen = text("listen-address");
  if (listen === "") return undefined;
  const ms = (name: string): number => durationMs(values, `cluster.${name}`);
  const secretFile = text("secret-file");
  return PeerCluster.start(
    {
      listen: parseAddress(listen),
      advertise: text("advertise-address"),
      name: text("peer-name"),
      peers: values.get("cluster.peer") as readonly string[],
      label: text("label"),
      secret: secretFile === "" ? "" : readFileSync(secretFile, "utf8").trim(),
      peerTimeoutMs: ms("peer-timeout"),
      gossipIntervalMs: ms("gossip-interval"),
      pushPullIntervalMs: ms("pushpull-interval"),
      tcpTimeoutMs: ms("tcp-timeout"),
      probeIntervalMs: ms("probe-interval"),
      probeTimeoutMs: ms("probe-timeout"),
      settleTimeoutMs: ms("settle-timeout"),
      reconnectIntervalMs: ms("reconnect-interval"),
      reconnectTimeoutMs: ms("reconnect-timeout"),
      tls: await readClusterTls(text("tls-config")),
    },
    log,
  );
}

function parseAddress(source: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]+)$/.exec(source);
  if (match === null) throw new VestalError("FLAG", `address ${source}: missing port in address`);
  return { host: match[1] ?? match[2] ?? "", port: Number(match[3]) };
}

/** As written, without a slash at its end; by default this host's name and the first port. */
function externalUrlOf(given: string, port: number): string {
  const url = given === "" ? `http://${hostname()}:${port}` : given;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new VestalError("FLAG", `failed to determine external URL: invalid URL ${JSON.stringify(given)}`);
  }
  return url.replace(/\/+$/, "");
}

function matcherMode(features: string): MatcherMode {
  const names = features.split(",").filter((name) => name !== "");
  for (const name of names) {
    if (!FEATURES.has(name)) throw new VestalError("FLAG", `unknown option '${name}' for --enable-feature`);
  }
  if (names.includes("classic-mode")) return "classic";
  return names.includes("utf8-strict-mode") ? "utf8" : "fallback";
}
