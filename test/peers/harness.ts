/** Whole processes over loopback: Vestal and the real peers, each on a free port, ended by their pids. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { peerBinary } from "./peer-binary.js";

export interface Server {
  readonly url: string;
  readonly pid: number;
  readonly folder: string;
  log(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  readonly config: unknown;
  /** A free one is taken where it is missing. */
  readonly port?: number;
  readonly folder: string;
  readonly args?: readonly string[];
  /** Whether the server at `url` is ready, where a plain request does not tell. */
  readonly isReady?: (url: string) => Promise<boolean>;
  /** Start an agent. */
  readonly isAgent?: boolean;
}

const running = new Set<ChildProcess>();

/** Ends every process that this file started; for `afterAll`, whatever happened before. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((child) => killChild(child, "SIGKILL")));
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "vestal-peers-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function startVestal(options: ServerOptions): Promise<Server> {
  return startServer("vestal", process.execPath, [join(packageRoot(), "bin", "vestal"), "server"], options);
}

export function startPrometheus(options: ServerOptions): Promise<Server> {
  return startServer("prometheus", peerBinary("prometheus"), [], options);
}

/**
 * One of two Alertmanagers that get the same: the real one, or Vestal's. Without a cluster, unless `args` say otherwise.
 *
 * @param prefix  of its paths, where `args` give it one.
 */
export async function startAlertmanager(
  side: "real" | "vestal",
  folder: string,
  config: string,
  args: readonly string[] = [],
  prefix = "",
): Promise<Server> {
  const port = await freePort();
  const file = join(folder, `${side}.yml`);
  writeFileSync(file, config);
  const [program, first] =
    side === "real"
      ? [peerBinary("prometheus-alertmanager"), []]
      : [process.execPath, [join(packageRoot(), "bin", "vestal"), "alertmanager"]];
  const own = [
    `--config.file=${file}`,
    `--storage.path=${join(folder, `${side}-data`)}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...(args.some((arg) => arg.startsWith("--cluster.listen-address=")) ? [] : ["--cluster.listen-address="]),
  ];
  const child = start(program, [...first, ...own, ...args], folder, side);
  const url = `http://127.0.0.1:${port}${prefix}`;
  const server = serverOf(child, url, folder, side);
  await waitUntil(`${side} Alertmanager is ready at ${url}`, 60_000, async () => {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}: ${server.log()}`);
    return (await fetch(`${url}/-/ready`)).ok;
  });
  return server;
}

/** The real node_exporter, with collectors whose values hold still between two scrapes as far as it has them. */
export async function startNodeExporter(): Promise<Server> {
  const port = await freePort();
  const folder = makeFolder();
  const child = start(peerBinary("prometheus-node-exporter"), [`--web.listen-address=127.0.0.1:${port}`], folder);
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(`node_exporter answers at ${url}`, 20_000, async () => (await fetch(`${url}/metrics`)).ok);
  return serverOf(child, url, folder);
}

/** The real VictoriaMetrics, which takes remote write at /api/v1/write. */
export async function startVictoriaMetrics(folder: string): Promise<Server> {
  const port = await freePort();
  const args = [
    `-storageDataPath=${join(folder, "data")}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    "-retentionPeriod=100y",
  ];
  const child = start(peerBinary("victoria-metrics"), args, folder);
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(`VictoriaMetrics answers at ${url}`, 20_000, async () => (await fetch(`${url}/health`)).ok);
  return serverOf(child, url, folder);
}

/** The real vmagent: scrapes as `config` says and sends to `remoteWriteUrl`. */
export async function startVmagent(folder: string, config: unknown, remoteWriteUrl: string): Promise<Server> {
  const port = await freePort();
  const file = join(folder, "vmagent.yml");
  writeFileSync(file, JSON.stringify(config));
  const args = [
    `-promscrape.config=${file}`,
    `-remoteWrite.url=${remoteWriteUrl}`,
    `-remoteWrite.tmpDataPath=${join(folder, "queue")}`,
    "-remoteWrite.flushInterval=200ms",
    `-httpListenAddr=127.0.0.1:${port}`,
  ];
  const child = start(peerBinary("vmagent"), args, folder);
  const url = `http://127.0.0.1:${port}`;
  await waitUntil(`vmagent answers at ${url}`, 20_000, async () => (await fetch(`${url}/health`)).ok);
  return serverOf(child, url, folder);
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Polls until `condition` is true; errors of it count as "not yet". */
export async function waitUntil(what: string, timeoutMs: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface ApiAnswer {
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly data?: unknown;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

export async function api(
  server: Server,
  path: string,
  params: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<ApiAnswer> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of typeof value === "string" ? [value] : value) search.append(name, one);
  }
  const response = await fetch(`${server.url}/api/v1/${path}?${search}`, { signal: AbortSignal.timeout(60_000) });
  return (await response.json()) as ApiAnswer;
}

export interface VectorSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
  /** Instead of the value. */
  readonly histogram?: readonly [number, unknown];
}

export interface MatrixSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
  readonly histograms?: readonly (readonly [number, unknown])[];
}

export async function queryVector(
  server: Server,
  query: string,
  timeSeconds: number,
): Promise<readonly VectorSample[]> {
  const answer = await api(server, "query", { query, time: String(timeSeconds) });
  if (answer.status !== "success") throw new Error(`${query}: ${answer.error}`);
  return (answer.data as { result: readonly VectorSample[] }).result;
}

export async function queryMatrix(
  server: Server,
  query: string,
  timeSeconds: number,
): Promise<readonly MatrixSeries[]> {
  const answer = await api(server, "query", { query, time: String(timeSeconds) });
  if (answer.status !== "success") throw new Error(`${query}: ${answer.error}`);
  return (answer.data as { result: readonly MatrixSeries[] }).result;
}

async function startServer(
  name: string,
  command: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<Server> {
  const port = options.port ?? (await freePort());
  const configFile = join(options.folder, `${name}.yml`);
  writeFileSync(configFile, JSON.stringify(options.config));
  const url = `http://127.0.0.1:${port}`;
  const child = start(
    command,
    [
      ...args,
      `--config.file=${configFile}`,
      ...(options.isAgent === true ? ["--agent"] : []),
      `--storage.${options.isAgent === true ? "agent" : "tsdb"}.path=${join(options.folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.args ?? []),
    ],
    options.folder,
    name,
  );
  const server = serverOf(child, url, options.folder, name);
  await waitUntil(`${name} is ready at ${url}`, 60_000, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}: ${server.log()}`);
    return options.isReady === undefined ? (await fetch(`${url}/-/ready`)).ok : options.isReady(url);
  }).catch((error: unknown) => {
    throw new Error(`${name} did not start: ${server.log().slice(-2000)}`, { cause: error });
  });
  return server;
}

function start(command: string, args: readonly string[], folder: string, name = "process"): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), "a");
  const child = spawn(command, args, { stdio: ["ignore", log, log], cwd: folder });
  closeSync(log);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

function serverOf(child: ChildProcess, url: string, folder: string, name = "process"): Server {
  return {
    url,
    folder,
    pid: child.pid ?? 0,
    log: () => readFileSync(join(folder, `${name}.log`), "utf8"),
    kill: (signal) => killChild(child, signal),
  };
}

async function killChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await gone;
  clearTimeout(force);
}
