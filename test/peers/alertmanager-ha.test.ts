/**
 * Three members over loopback, each reached through a proxy which can cut any two apart: one notification for each state of
 * a group, also with a slow receiver, a kill and a restart; duplicates only while split; what was silenced meets again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer, type Socket, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";

type Name = "a" | "b" | "c";
const NAMES: readonly Name[] = ["a", "b", "c"];

interface Member {
  child: ChildProcess | undefined;
  readonly webPort: number;
  readonly clusterPort: number;
  readonly proxy: TcpServer;
}

let folder = "";
let receiver: Server;
let told: string[] = [];
let answerAfterMs = 0;
const members = new Map<Name, Member>();
/** Pairs that are cut apart, and the open connections with the names at their ends. */
let cut = new Set<string>();
const links = new Set<{ readonly sockets: readonly Socket[]; pair: string }>();

const pairOf = (x: string, y: string): string => [x, y].sort().join("");
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The first message of whoever calls says its name. */
function startProxy(target: Name, targetPort: number): TcpServer {
  return createServer((caller) => {
    const link = { sockets: [caller] as Socket[], pair: "" };
    links.add(link);
    caller.on("error", () => undefined);
    caller.once("data", (first) => {
      link.pair = pairOf(target, /"name":"(\w)"/.exec(first.toString())?.[1] ?? "?");
      if (cut.has(link.pair)) {
        caller.destroy();
        return;
      }
      const called = connect({ host: "127.0.0.1", port: targetPort });
      link.sockets.push(called);
      called.on("error", () => caller.destroy());
      called.on("close", () => caller.destroy());
      caller.on("close", () => {
        called.destroy();
        links.delete(link);
      });
      called.write(first);
      caller.pipe(called);
      called.pipe(caller);
    });
  });
}

function setCut(...pairs: readonly string[]): void {
  cut = new Set(pairs);
  for (const { sockets, pair } of links) if (cut.has(pair)) for (const socket of sockets) socket.destroy();
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function start(name: Name): Promise<void> {
  const member = members.get(name)!;
  const proxyPort = (at: Name): number => (members.get(at)!.proxy.address() as AddressInfo).port;
  const args = [
    `--config.file=${join(folder, "am.yml")}`,
    `--storage.path=${join(folder, name)}`,
    `--web.listen-address=127.0.0.1:${member.webPort}`,
    `--cluster.listen-address=127.0.0.1:${member.clusterPort}`,
    `--cluster.advertise-address=127.0.0.1:${proxyPort(name)}`,
    `--cluster.peer-name=${name}`,
    ...NAMES.map((peer) => `--cluster.peer=127.0.0.1:${proxyPort(peer)}`),
    "--cluster.peer-timeout=800ms",
    "--cluster.gossip-interval=50ms",
    "--cluster.reconnect-interval=500ms",
    "--cluster.probe-interval=500ms",
    `--cluster.secret-file=${join(folder, "secret")}`,
  ];
  const child = spawn(process.execPath, [join(packageRoot(), "bin", "vestal"), "alertmanager", ...args], {
    stdio: "ignore",
  });
  member.child = child;
  await eventually(10_000, async () => (await fetch(`http://127.0.0.1:${member.webPort}/-/ready`)).ok);
}

async function kill(name: Name): Promise<void> {
  const child = members.get(name)?.child;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

async function eventually(ms: number, condition: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + ms;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > endMs) throw new Error(`not within ${ms} ms; told: ${told.join(" | ")}`);
    await sleep(50);
  }
}

async function request(name: Name, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${members.get(name)!.webPort}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return text === "" ? undefined : JSON.parse(text);
}

async function post(a: string, to: readonly Name[] = NAMES): Promise<void> {
  const alerts = [{ labels: { a }, startsAt: new Date().toISOString() }];
  await Promise.all(to.map((name) => request(name, "POST", "/api/v2/alerts", alerts)));
}

const silence = (name: Name, value: string): Promise<unknown> =>
  request(name, "POST", "/api/v2/silences", {
    matchers: [{ name: "a", value, isRegex: false }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 600_000).toISOString(),
    createdBy: "me",
    comment: value,
  });

const silences = async (name: Name): Promise<string> =>
  ((await request(name, "GET", "/api/v2/silences")) as readonly { comment: string }[])
    .map(({ comment }) => comment)
    .sort()
    .join();

async function peersOf(name: Name): Promise<number> {
  const { cluster } = (await request(name, "GET", "/api/v2/status")) as {
    cluster: { status: string; peers: unknown[] };
  };
  return cluster.status === "ready" ? cluster.peers.length : 0;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "am-ha-"));
  told = [];
  receiver = createHttpServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const { alerts } = JSON.parse(Buffer.concat(parts).toString()) as {
        alerts: readonly { labels: { a: string } }[];
      };
      told.push(alerts[0]!.labels.a);
      setTimeout(() => response.end(), answerAfterMs);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  writeFileSync(join(folder, "secret"), "shared");
  writeFileSync(
    join(folder, "am.yml"),
    `route: {receiver: r, group_by: [a], group_wait: 500ms, group_interval: 1500ms, repeat_interval: 1h}
receivers: [{name: r, webhook_configs: [{url: "http://127.0.0.1:${port}"}]}]`,
  );
  for (const name of NAMES) {
    const [webPort, clusterPort] = [await freePort(), await freePort()];
    const proxy = startProxy(name, clusterPort);
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    members.set(name, { child: undefined, webPort, clusterPort, proxy });
  }
  await Promise.all(NAMES.map(start));
  for (const name of NAMES) await eventually(15_000, async () => (await peersOf(name)) === 3);
});

afterEach(async () => {
  for (const [name, { proxy }] of members) {
    await kill(name);
    proxy.close();
  }
  for (const { sockets } of links) for (const socket of sockets) socket.destroy();
  members.clear();
  links.clear();
  cut = new Set();
  answerAfterMs = 0;
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const count = (name: string): number => told.filter((a) => a === name).length;

test("one notification for each state; a kill, a restart and a cut lose none", async () => {
  await post("first");
  await eventually(5000, async () => count("first") === 1);
  // Slower than any member waits for another.
  answerAfterMs = 3000;
  await post("slow");
  await sleep(6000);
  answerAfterMs = 0;
  expect(told).toEqual(["first", "slow"]);

  await kill("a");
  await post("without-a", ["b", "c"]);
  await eventually(5000, async () => count("without-a") === 1);
  await start("a");
  await eventually(15_000, async () => (await peersOf("a")) === 3);
  await post("without-a");
  await silence("a", "quiet");
  await eventually(5000, async () => (await silences("b")) === "quiet" && (await silences("c")) === "quiet");
  await post("quiet");
  await post("with-a");
  await eventually(5000, async () => count("with-a") === 1);
  await sleep(2500);
  expect(told.toSorted()).toEqual(["first", "slow", "with-a", "without-a"]);

  setCut("ab", "ac");
  await eventually(5000, async () => (await peersOf("a")) === 1 && (await peersOf("b")) === 2);
  await Promise.all([silence("a", "at-a"), silence("b", "at-b")]);
  await post("while-cut");
  await eventually(5000, async () => count("while-cut") === 2);
  setCut();
  const healedMs = Date.now();
  for (const name of NAMES) await eventually(5000, async () => (await silences(name)) === "at-a,at-b,quiet");
  expect(Date.now() - healedMs).toBeLessThan(5000);
  await eventually(5000, async () => (await peersOf("a")) === 3);
  await post("healed");
  await eventually(5000, async () => count("healed") === 1);
  await sleep(2500);
  expect(count("healed")).toBe(1);
  expect(count("while-cut")).toBe(2);
});
