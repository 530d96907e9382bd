/** One process for a small cluster: the server with an Alertmanager inside, from a rule to a webhook. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { freePort, killAll, makeFolder, removeFolder, startVestal, waitUntil } from "../peers/harness.js";

let folder = "";
let receiver: HttpServer;
let told: string[] = [];

beforeEach(async () => {
  folder = makeFolder();
  told = [];
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { alerts } = JSON.parse(Buffer.concat(parts).toString()) as {
        alerts: readonly { labels: { alertname: string } }[];
      };
      told.push(`${request.url} ${alerts.map(({ labels }) => labels.alertname).join(",")}`);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await killAll();
  receiver.closeAllConnections();
  receiver.close();
  removeFolder(folder);
});
afterAll(killAll);

function writeAlertmanager(path: string): string {
  const { port } = receiver.address() as AddressInfo;
  const file = join(folder, "am.yml");
  const url = `http://127.0.0.1:${port}${path}`;
  writeFileSync(
    file,
    `route: {receiver: r, group_wait: 100ms, group_interval: 1s}\nreceivers: [{name: r, webhook_configs: [{url: "${url}"}]}]\n`,
  );
  return file;
}

async function serverConfig(): Promise<object> {
  const rules = join(folder, "rules.yml");
  writeFileSync(rules, JSON.stringify({ groups: [{ name: "g", rules: [{ alert: "Always", expr: "vector(1)" }] }] }));
  return { global: { evaluation_interval: "1s" }, rule_files: [rules] };
}

test("an alert of the server's rules reaches a webhook; a reload and a stop are for both", async () => {
  const amPort = await freePort();
  const file = writeAlertmanager("/first");
  const args = [
    "--alertmanager.embedded",
    `--alertmanager.embedded.config-file=${file}`,
    `--alertmanager.embedded.listen-address=127.0.0.1:${amPort}`,
  ];
  const server = await startVestal({ folder, config: await serverConfig(), args });
  await waitUntil("the webhook is told", 60_000, async () => told.includes("/first Always"));
  const status = (await (await fetch(`http://127.0.0.1:${amPort}/api/v2/status`)).json()) as {
    config: { original: string };
  };
  expect(status.config.original).toContain("receiver: r");
  const { data } = (await (await fetch(`${server.url}/api/v1/alertmanagers`)).json()) as {
    data: { activeAlertmanagers: readonly { url: string }[] };
  };
  expect(data.activeAlertmanagers).toEqual([{ url: `http://127.0.0.1:${amPort}/api/v2/alerts` }]);

  writeAlertmanager("/second");
  process.kill(server.pid, "SIGHUP");
  const firing = [{ labels: { alertname: "Posted" } }];
  await waitUntil("the second configuration is in force", 60_000, async () => {
    await fetch(`http://127.0.0.1:${amPort}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(firing),
    });
    return told.some((line) => line.startsWith("/second"));
  });
  await server.kill("SIGTERM");
  expect(server.log()).toContain("See you next time!");
}, 180_000);

test("a configuration that cannot be read ends the start with its reason", async () => {
  const file = join(folder, "am.yml");
  writeFileSync(file, "route: {receiver: nobody}\n");
  const args = ["--alertmanager.embedded", `--alertmanager.embedded.config-file=${file}`];
  const address = `--alertmanager.embedded.listen-address=127.0.0.1:${await freePort()}`;
  const config = join(folder, "vestal.yml");
  writeFileSync(config, JSON.stringify(await serverConfig()));
  const own = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`];
  const web = `--web.listen-address=127.0.0.1:${await freePort()}`;
  const program = [join(packageRoot(), "bin", "vestal"), "server", ...own, web, ...args, address];
  const child = spawn(process.execPath, program, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (part: Buffer) => (log += part.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  expect(log).toMatch(/the embedded Alertmanager cannot start: .*nobody/);
  expect(code).toBe(1);
}, 60_000);
