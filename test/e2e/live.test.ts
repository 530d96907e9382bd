/** Live queries and the alert history of a whole server, over real sockets. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteBuffer } from "flatbuffers";
import { WebSocket } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Frame } from "../../src/promql/frame/generated/vestal/live/frame.js";
import { api, killAll, type Server, startVestal, waitUntil } from "../peers/harness.js";

const folder = mkdtempSync(join(tmpdir(), "vestal-live-"));
let server: Server;
const CONFIG = {
  global: { evaluation_interval: "1s" },
  rule_files: ["rules.yml"],
  scrape_configs: [
    {
      job_name: "j",
      relabel_configs: [
        { target_label: "z", replacement: "w" },
        { source_labels: ["x"], regex: "y", action: "drop" },
      ],
    },
  ],
};

beforeAll(async () => {
  writeFileSync(
    join(folder, "rules.yml"),
    "groups: [{name: g, rules: [{alert: Always, expr: vector(1), labels: {severity: page}}, {record: 'r:one', expr: vector(time())}]}]",
  );
  server = await startVestal({ config: CONFIG, folder, args: ["--web.enable-lifecycle"] });
}, 60_000);

afterAll(async () => {
  await killAll();
  rmSync(folder, { recursive: true, force: true });
});

interface Step {
  readonly time: number;
  readonly answer: { readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] } };
}

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly stream?: number;
  readonly steps?: readonly Step[];
  readonly answer?: { readonly data: { readonly result?: readonly unknown[]; readonly alerts?: readonly unknown[] } };
  readonly changes?: readonly { readonly to: string }[];
}

async function connect(query = ""): Promise<{ socket: WebSocket; messages: (Message | ArrayBuffer)[] }> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/live${query}`);
  socket.binaryType = "arraybuffer";
  const messages: (Message | ArrayBuffer)[] = [];
  socket.addEventListener("message", ({ data }) => {
    messages.push(typeof data === "string" ? (JSON.parse(data) as Message) : (data as ArrayBuffer));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return { socket, messages };
}

test("each step equals the instant query of its time; equal queries share a stream", async () => {
  await waitUntil("the rule was evaluated", 10_000, async () => {
    const { data } = await api(server, "query", { query: "r:one" });
    return (data as { result: readonly unknown[] }).result.length > 0;
  });
  const [a, b] = [await connect(), await connect()];
  for (const { socket } of [a, b]) {
    // With a delay, or what the rule writes for the time just before a step may come between the step and the query.
    socket.send(JSON.stringify({ type: "subscribe", id: "x", query: "r:one", step: "1s", range: "5s", delay: "2s" }));
  }
  const stepsOf = ({ messages }: typeof a) => (messages as Message[]).flatMap(({ steps }) => steps ?? []);
  await waitUntil("three steps came", 10_000, async () => stepsOf(a).length >= 3 && stepsOf(b).length >= 3);
  const [subscribed, full] = a.messages as Message[];
  expect(subscribed).toMatchObject({ type: "subscribed", id: "x" });
  expect(full).toMatchObject({ type: "full", id: "x", answer: { status: "success", data: { resultType: "matrix" } } });
  expect((b.messages as Message[])[0]!.stream).toBe(subscribed!.stream);
  const steps = stepsOf(a);
  expect(steps.slice(1).map(({ time }, i) => time - steps[i]!.time)).toEqual(steps.slice(1).map(() => 1));
  const last = steps[1]!;
  expect(await api(server, "query", { query: "r:one", time: String(last.time) })).toEqual(last.answer);
  a.socket.close();
  b.socket.close();
});

test("FlatBuffers frames have the same numbers", async () => {
  const { socket, messages } = await connect("?format=flatbuffers");
  socket.send(
    JSON.stringify({
      type: "subscribe",
      id: "x",
      query: "label_replace(vector(time()), 'a', 'b', '', '')",
      step: 1,
      range: 2,
    }),
  );
  await waitUntil("two frames came", 10_000, async () => messages.length >= 3);
  const [subscribed, full, step] = messages as [Message, ArrayBuffer, ArrayBuffer];
  const read = (buffer: ArrayBuffer) => {
    expect(new DataView(buffer).getUint32(0, true)).toBe(subscribed.stream);
    return Frame.getRootAsFrame(new ByteBuffer(new Uint8Array(buffer, 8)));
  };
  const frame = read(full);
  expect([frame.endMs() - frame.startMs(), frame.stepMs(), frame.seriesLength()]).toEqual([2000, 1000, 1]);
  const series = frame.series(0)!;
  expect([series.labels(0), series.labels(1)]).toEqual(["a", "b"]);
  expect([...series.timesArray()!].map((ms) => ms / 1000)).toEqual([...series.valuesArray()!]);
  expect(series.valuesLength()).toBe(3);
  const next = read(step);
  expect(next.startMs()).toBe(frame.endMs() + 1000);
  expect(next.series(0)!.values(0)).toBe(next.startMs() / 1000);
  socket.close();
});

test("an alerting rule over stored history", async () => {
  const end = Math.floor(Date.now() / 1000);
  const times = { start: String(end - 10), end: String(end), step: "1" };
  const { data } = await api(server, "rules/backtest", { query: "vector(1)", alert: "A", for: "4s", ...times });
  expect(data).toEqual({
    alerts: [
      {
        labels: { alertname: "A" },
        annotations: {},
        periods: [
          { state: "pending", start: end - 10, end: end - 6 },
          { state: "firing", start: end - 6, end: null },
        ],
      },
    ],
  });
  expect((await api(server, "rules/backtest", { query: "vector(1)", for: "x", ...times })).error).toMatch(/"for"/);
});

test("relabelling step by step, features, the routes as OpenAPI", async () => {
  const ask = (params: Record<string, string>) => api(server, "targets/relabel_steps", params);
  expect(await ask({ scrapePool: "j", labels: '{"__address__":"a:1","x":"y"}' })).toEqual({
    status: "success",
    data: {
      steps: [
        {
          rule: { separator: ";", regex: "(.*)", target_label: "z", replacement: "w", action: "replace" },
          output: { __address__: "a:1", x: "y", z: "w" },
          keep: true,
        },
        {
          rule: { source_labels: ["x"], separator: ";", regex: "y", replacement: "$1", action: "drop" },
          output: {},
          keep: false,
        },
      ],
    },
  });
  expect((await ask({ labels: "{}" })).error).toBe("no scrapePool parameter provided");
  expect((await ask({ scrapePool: "k", labels: "{}" })).error).toMatch(/^error retrieving scrape config: /);
  expect((await ask({ scrapePool: "j", labels: "{" })).error).toMatch(/^error parsing labels: /);
  expect((await api(server, "features")).data).toMatchObject({ rules: { concurrent_rule_eval: false } });
  const text = await (await fetch(`${server.url}/api/v1/openapi.yaml`)).text();
  const { openapi, paths } = JSON.parse(text) as { openapi: string; paths: Record<string, Record<string, unknown>> };
  expect(openapi).toBe("3.1.0");
  expect(Object.keys(paths["/api/v1/query"]!)).toEqual(["get", "post"]);
  expect(paths["/api/v1/label/{name}/values"]).toBeDefined();
});

test("notes arrive as server-sent events when they appear and when they are over", async () => {
  const response = await fetch(`${server.url}/api/v1/notifications/live`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  const reading = (async () => {
    for await (const part of response.body!) text += Buffer.from(part).toString();
  })().catch(() => {}); // the server ends it
  const reload = async (config: unknown) => {
    writeFileSync(join(folder, "vestal.yml"), JSON.stringify(config));
    return (await fetch(`${server.url}/-/reload`, { method: "POST" })).status;
  };
  expect(await reload({ nothing: 1 })).toBe(500);
  await waitUntil("the note came", 5000, async () => /"active":true/.test(text));
  expect(await reload(CONFIG)).toBe(200);
  await waitUntil("it was over", 5000, async () => /"active":false/.test(text));
  expect(text).toMatch(/data: \{"text":"Configuration reload has failed.","date":".*Z","active":true\}\n\n/);
  await response.body!.cancel().catch(() => {}); // it is locked by the reader, which ends with the server
  void reading;
});

test("alerts: the active ones by socket, and what has happened by the history, also after a restart", async () => {
  const { socket, messages } = await connect();
  socket.send(JSON.stringify({ type: "subscribe", id: "x", kind: "alerts", match: ['{severity="page"}'] }));
  socket.send(JSON.stringify({ type: "subscribe", id: "y", kind: "alerts", match: ["{"] }));
  await waitUntil("the alerts came", 10_000, async () => messages.length >= 4);
  const byType = (type: string) => (messages as Message[]).find((message) => message.type === type);
  expect(byType("alerts")!.answer!.data.alerts).toMatchObject([{ labels: { alertname: "Always", severity: "page" } }]);
  expect(byType("error")).toMatchObject({ id: "y", errorType: "bad_data" });
  socket.close();
  const history = async (from: Server, match: string) =>
    (await api(from, "alerts/history", { "match[]": match })).data as {
      changes: readonly { from: string; to: string }[];
    };
  const { changes } = await history(server, '{alertname="Always"}');
  expect(changes.map(({ from, to }) => `${from} ${to}`)).toEqual(["inactive pending", "pending firing"]);
  expect((await history(server, '{alertname="Other"}')).changes).toEqual([]);
  await server.kill("SIGTERM");
  server = await startVestal({ config: { global: {} }, folder });
  expect((await history(server, '{alertname="Always"}')).changes).toEqual(changes);
}, 60_000);
