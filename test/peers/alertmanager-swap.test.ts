/** The real Alertmanager and Vestal's take turns on one folder: silences hold, nothing is told twice; amtool works on both. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { peerBinary } from "./peer-binary.js";

let folder = "";
let receiver: Server;
let told: string[] = [];
let child: ChildProcess | undefined;
let url = "";

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "am-swap-"));
  told = [];
  receiver = createHttpServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { status, alerts } = JSON.parse(Buffer.concat(parts).toString()) as {
        status: string;
        alerts: readonly { labels: { a: string } }[];
      };
      told.push(`${status} ${alerts.map(({ labels }) => labels.a).join(",")}`);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  writeFileSync(
    join(folder, "am.yml"),
    `route: {receiver: r, group_by: [a], group_wait: 300ms, group_interval: 600ms, repeat_interval: 1h}
receivers: [{name: r, webhook_configs: [{url: "http://127.0.0.1:${port}"}]}]`,
  );
});

afterEach(async () => {
  await stop("SIGKILL");
  receiver.closeAllConnections();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function start(side: "real" | "vestal"): Promise<void> {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
  const [program, first] =
    side === "real"
      ? [peerBinary("prometheus-alertmanager"), []]
      : [process.execPath, [join(packageRoot(), "bin", "vestal"), "alertmanager"]];
  const args = [
    "--config.file=am.yml",
    "--storage.path=data",
    `--web.listen-address=127.0.0.1:${port}`,
    "--cluster.listen-address=",
  ];
  child = spawn(program, [...first, ...args], { cwd: folder, stdio: "ignore" });
  url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 100; i++) {
    if (
      await fetch(`${url}/-/ready`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error(`${side} does not start`);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const ended = child;
  child = undefined;
  if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
  const exit = new Promise((resolve) => ended.once("exit", resolve));
  ended.kill(signal);
  await exit;
}

const startsAt = new Date().toISOString();

async function post(...names: readonly string[]): Promise<void> {
  const answer = await fetch(`${url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(names.map((a) => ({ labels: { a }, startsAt }))),
  });
  expect(answer.status).toBe(200);
}

function amtool(...args: readonly string[]): string {
  return execFileSync(peerBinary("amtool"), [`--alertmanager.url=${url}`, ...args], { encoding: "utf8" });
}

test.each([
  ["real", "vestal"],
  ["vestal", "real"],
] as const)("%s, then %s, then back: the silence holds and nothing is repeated", async (first, second) => {
  const turns = [first, second, first] as const;
  for (const [i, side] of turns.entries()) {
    await start(side);
    if (i === 0) amtool("silence", "add", "a=~qui.t", "--comment=c", "--author=me", "--duration=1h");
    await post("loud", "quiet", `new-${i}`);
    await sleep(1800);
    expect(amtool("silence", "query", "-o", "json")).toContain("qui.t");
    await stop("SIGTERM");
  }
  expect(told.toSorted()).toEqual(["firing loud", "firing new-0", "firing new-1", "firing new-2"]);
});

test("a Vestal that is killed repeats nothing, and tells that what it knew was resolved", async () => {
  await start("vestal");
  amtool("silence", "add", "a=quiet", "--comment=c", "--author=me");
  await post("loud", "quiet");
  await fetch(`${url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ labels: { a: "short" }, startsAt, endsAt: new Date(Date.now() + 2500).toISOString() }]),
  });
  await sleep(1000);
  await stop("SIGKILL");
  await start("vestal");
  await post("loud", "quiet");
  await sleep(3000);
  expect(told.toSorted()).toEqual(["firing loud", "firing short", "resolved short"]);
});

test("amtool works on Vestal", async () => {
  await start("vestal");
  amtool("alert", "add", "alertname=A", "severity=page", "--annotation=summary=hello");
  expect(amtool("alert", "query", "-o", "extended", "severity=page")).toContain("hello");
  const id = amtool("silence", "add", "alertname=A", "--comment=x", "--author=me").trim();
  expect(amtool("alert", "query", "--silenced")).toContain("suppressed");
  expect(amtool("silence", "update", id, "--comment=y", "--duration=2h")).toContain(id);
  expect(amtool("silence", "query", "alertname=A")).toContain("y");
  const exported = amtool("silence", "query", "-o", "json");
  amtool("silence", "expire", id);
  expect(amtool("silence", "query")).not.toContain(id);
  expect(amtool("silence", "query", "--expired")).toContain(id);
  writeFileSync(join(folder, "silences.json"), exported.replaceAll(id, ""));
  amtool("silence", "import", join(folder, "silences.json"));
  expect(amtool("silence", "query")).toContain('alertname="A"');
  expect(amtool("config", "show")).toContain("webhook_configs");
  expect(amtool("config", "routes", "test", "a=b").trim()).toBe("r");
  expect(amtool("config", "routes", "show")).toContain("default-route");
  expect(amtool("cluster", "show")).toContain("disabled");
  expect(amtool("check-config", join(folder, "am.yml"))).toContain("SUCCESS");
});
