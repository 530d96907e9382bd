/** The whole Alertmanager in this process, with a recording receiver: what is told, and what a restart remembers. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger, systemClock, systemTimers } from "../base/index.js";
import { Alertmanager } from "./alertmanager.js";

interface Received {
  readonly path: string;
  readonly body: {
    readonly status: string;
    readonly alerts: readonly { readonly status: string; readonly labels: object }[];
  };
}

let folder = "";
let server: Server;
let url = "";
let received: Received[] = [];
let answerStatus = 200;
const running: Alertmanager[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vestal-am-"));
  received = [];
  answerStatus = 200;
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      received.push({ path: request.url ?? "", body: JSON.parse(Buffer.concat(parts).toString()) as Received["body"] });
      response.writeHead(answerStatus).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const alertmanager of running.splice(0)) await alertmanager.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function start(config: string, storagePath = join(folder, "data")): Promise<Alertmanager> {
  writeFileSync(join(folder, "alertmanager.yml"), config);
  const alertmanager = new Alertmanager(
    {
      configFile: join(folder, "alertmanager.yml"),
      storagePath,
      retentionMs: 3_600_000,
      maintenanceIntervalMs: 0,
      maxSilences: 0,
      maxSilenceBytes: 0,
      logsSilences: false,
      alertGcIntervalMs: 0,
      maxAlertsPerName: 0,
      dispatchStartDelayMs: 0,
      dispatchMaintenanceIntervalMs: 30_000,
      externalUrl: "http://am.example",
      matcherMode: "fallback",
      historyMaxEntries: 100,
    },
    { clock: systemClock, timers: systemTimers, log: silentLogger, random: Math.random, cluster: undefined },
  );
  await alertmanager.start();
  running.push(alertmanager);
  return alertmanager;
}

async function post(alertmanager: Alertmanager, path: string, body: unknown) {
  const answer = await alertmanager.handle({
    method: "POST",
    path,
    query: new URLSearchParams(),
    contentType: "application/json",
    accept: "",
    body: JSON.stringify(body),
  });
  expect(answer.status, String(answer.body)).toBe(200);
  return answer;
}

async function history(alertmanager: Alertmanager): Promise<readonly string[]> {
  const answer = await alertmanager.handle({
    method: "GET",
    path: "/api/v1/notifications/history",
    query: new URLSearchParams(),
    contentType: "",
    accept: "",
    body: "",
  });
  const { data } = JSON.parse(String(answer.body)) as { data: readonly { result: string; groupKey: string }[] };
  return data.map(({ result, groupKey }) => `${groupKey} ${result}`);
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

const ROUTE = "group_by: [g], group_wait: 10ms, group_interval: 50ms, repeat_interval: 1h";
const config = (more = "") => `
route: {receiver: hook, ${ROUTE}}
receivers: [{name: hook, webhook_configs: [{url: "${url}/hook"}]}]
${more}`;

describe("an Alertmanager", () => {
  test("a group is told once, again when an alert joins, and when all is resolved", async () => {
    const alertmanager = await start(config());
    await post(alertmanager, "/api/v2/alerts", [{ labels: { g: "1", a: "x" } }]);
    await waitFor(() => received.length === 1);
    await post(alertmanager, "/api/v2/alerts", [{ labels: { g: "1", a: "y" } }]);
    await waitFor(() => received.length === 2);
    const endsAt = new Date().toISOString();
    await post(alertmanager, "/api/v2/alerts", [
      { labels: { g: "1", a: "x" }, endsAt },
      { labels: { g: "1", a: "y" }, endsAt },
    ]);
    await waitFor(() => received.length >= 3 && received.at(-1)?.body.status === "resolved");
    expect(received.map(({ body }) => body.alerts.map(({ status }) => status))).toEqual([
      ["firing"],
      ["firing", "firing"],
      ["resolved", "resolved"],
    ]);
  });

  test("a restart repeats nothing, keeps silences, and tells that an alert was resolved", async () => {
    const first = await start(config());
    await post(first, "/api/v2/alerts", [{ labels: { g: "1" }, endsAt: new Date(Date.now() + 1500).toISOString() }]);
    await waitFor(() => received.length === 1);
    const silence = {
      matchers: [{ name: "g", value: "2", isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 60_000).toISOString(),
      createdBy: "me",
      comment: "",
    };
    await post(first, "/api/v2/silences", silence);
    await first.stop();
    running.length = 0;
    const second = await start(config());
    await post(second, "/api/v2/alerts", [{ labels: { g: "2" } }, { labels: { g: "3" } }]);
    await waitFor(() => received.some(({ body }) => body.status === "resolved"));
    const told = received.map(({ body }) => `${JSON.stringify(body.alerts[0]?.labels)} ${body.status}`);
    expect(told).toEqual(['{"g":"1"} firing', '{"g":"3"} firing', '{"g":"1"} resolved']);
  });

  test("an answer of 500 is tried again, one of 400 is not", async () => {
    answerStatus = 500;
    const alertmanager = await start(config());
    await post(alertmanager, "/api/v2/alerts", [{ labels: { g: "1" } }]);
    await waitFor(() => received.length === 1);
    answerStatus = 200;
    await waitFor(() => received.length === 2);
    // The answer is known here a little later than there.
    for (let i = 0; i < 500 && (await history(alertmanager)).length < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await history(alertmanager)).toEqual(['{}:{g="1"} sent', '{}:{g="1"} retry: unexpected status code 500']);
  });

  test("the history of notifications is kept over a stop, and over a kill", async () => {
    const first = await start(config());
    await post(first, "/api/v2/alerts", [{ labels: { g: "1" } }]);
    await waitFor(() => received.length === 1);
    await first.stop();
    running.length = 0;
    const second = await start(config());
    await post(second, "/api/v2/alerts", [{ labels: { g: "2" } }]);
    await waitFor(() => received.length === 2);
    for (let i = 0; i < 500 && (await history(second)).length < 2; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // What is on disk at this moment is what a kill leaves.
    const left = join(folder, "left");
    cpSync(join(folder, "data"), left, { recursive: true });
    const third = await start(config(), left);
    expect(await history(third)).toEqual(['{}:{g="2"} sent', '{}:{g="1"} sent']);
  });
});
