/** A live client that stops reading: others go on as before, nothing piles up for it, and it gets what it missed when it reads again. */
import { connect, type Socket } from "node:net";
import { WebSocket } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { killAll, makeFolder, removeFolder, type Server, startVestal, waitUntil } from "../peers/harness.js";

const folder = makeFolder();
let server: Server;
/** Of a label: each frame has it, so that the buffers of both sides are full after a few. */
const LONG = "x".repeat(40_000);
const SUBSCRIPTIONS = 100;

beforeAll(async () => {
  server = await startVestal({ config: { global: {} }, folder, args: ["--live.max-buffer=1MB"] });
}, 60_000);
afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

/** Masked with zeros, which leave it as it is. */
function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = 0x81;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

async function stalledClient(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.write(
    "GET /api/v1/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  for (let i = 0; i < SUBSCRIPTIONS; i++) {
    const query = `label_replace(vector(${i}), "a", "${LONG}", "", "")`;
    socket.write(clientFrame(JSON.stringify({ type: "subscribe", id: String(i), query, step: "1s" })));
  }
  return socket;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}

test("others are served on time, its frames are held back and merged, and memory stays", async () => {
  const times: number[] = [];
  const other = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/live`);
  other.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as { type: string; steps?: readonly { time: number }[] };
    for (const { time } of message.steps ?? []) times.push(time);
  });
  await new Promise((resolve) => other.addEventListener("open", resolve));
  other.send(JSON.stringify({ type: "subscribe", id: "x", query: "vector(1)", step: "1s" }));
  await waitUntil("the other client is served", 30_000, async () => times.length > 0);

  const stalled = await stalledClient();
  await waitUntil(
    "frames are held back",
    60_000,
    async () => (await metric("vestal_live_frames_held_total")) > SUBSCRIPTIONS,
  );
  expect(await metric("vestal_live_sockets")).toBe(2);
  expect(await metric("vestal_live_subscriptions")).toBe(SUBSCRIPTIONS + 1);
  expect(await metric("vestal_live_streams")).toBe(SUBSCRIPTIONS + 1);
  const handed = await metric("vestal_live_frames_total");
  const before = times.length;
  await waitUntil("five more steps came to the other", 60_000, async () => times.length >= before + 5);
  // Each step once and in order; a busy machine may leave one out.
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  // Only the other's frames were handed over meanwhile: a few of the stalled one may have been on their way.
  expect((await metric("vestal_live_frames_total")) - handed).toBeLessThan(SUBSCRIPTIONS);

  let bytes = 0;
  let text = "";
  stalled.on("data", (data: Buffer) => {
    bytes += data.length;
    // Texts are small beside the label.
    text += data.toString("latin1").replaceAll(LONG.slice(0, 1000), "");
  });
  stalled.resume();
  await waitUntil("it gets several steps in one message", 60_000, async () =>
    /"steps":\[\{"time":\d+[^\]]*\]\}?\]?.*?,\{"time":\d+/s.test(text),
  );
  expect(bytes).toBeGreaterThan(1 << 20);
  stalled.destroy();
  await waitUntil("its socket is gone", 30_000, async () => (await metric("vestal_live_sockets")) === 1);
  expect(await metric("vestal_live_streams")).toBe(1);
  other.close();
}, 240_000);
