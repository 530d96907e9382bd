import { expect, test } from "vitest";
import { ManualTime } from "../../../test/doubles/manual-time.js";
import { silentLogger } from "../../base/index.js";
import type { AlertListener, InstantQuery, RangeQuery, ServiceAnswer } from "../deps.js";
import { failure } from "../types.js";
import { DEFAULT_LIVE_OPTIONS, LiveHub, type LiveOptions } from "./hub.js";

/** A hub whose queries answer with their times, and sockets that write down what they are sent. */
function world(options: Partial<LiveOptions> = {}) {
  const time = new ManualTime(1_000_500);
  const asked: string[] = [];
  const watched: { matchers: readonly string[]; listener: AlertListener; isClosed: boolean }[] = [];
  const answer = (text: string, expression: string): ServiceAnswer => {
    asked.push(`${expression} ${text}`);
    if (expression === "bad") return failure("bad_data", "it is bad");
    return { kind: "encoded", body: Buffer.from(JSON.stringify(text)) };
  };
  const hub = new LiveHub(
    { ...DEFAULT_LIVE_OPTIONS, ...options },
    {
      queries: {
        query: async ({ timeMs, expression }: InstantQuery) => answer(`at ${timeMs / 1000}`, expression),
        queryRange: async ({ startMs, endMs, expression }: RangeQuery) =>
          answer(`${startMs / 1000}-${endMs / 1000}`, expression),
        queryFrame: async ({ startMs, endMs, expression }: RangeQuery) =>
          answer(`${startMs / 1000}-${endMs / 1000}`, expression),
      },
      alerts: {
        watch: (matchers, listener) => {
          const entry = { matchers, listener, isClosed: false };
          watched.push(entry);
          return () => {
            entry.isClosed = true;
          };
        },
      },
      clock: time,
      timers: time,
      log: silentLogger,
    },
  );
  const open = (format: "json" | "flatbuffers" = "json") => {
    const frames: (string | Uint8Array)[] = [];
    const state = { buffered: 0 };
    const session = hub.open({ format, bufferedBytes: () => state.buffered, send: (frame) => frames.push(frame) });
    const take = () => frames.splice(0).map((frame) => (typeof frame === "string" ? JSON.parse(frame) : frame));
    const subscribe = (more: object) =>
      session.receive(JSON.stringify({ type: "subscribe", id: "a", step: "5s", query: "x", ...more }));
    return { session, state, take, subscribe };
  };
  return { time, hub, asked, watched, open };
}

const step = (time: number) => ({ time, answer: `at ${time}` });

test("history first, then each step; equal queries are evaluated once and have one stream", async () => {
  const { time, hub, asked, open } = world();
  const [a, b] = [open(), open()];
  a.subscribe({ range: "10s" });
  b.subscribe({ range: 10, id: "b" });
  await time.advance(0);
  expect(a.take()).toEqual([
    { type: "subscribed", id: "a", stream: 1 },
    { type: "full", id: "a", stream: 1, end: 1000, answer: "990-1000" },
  ]);
  expect(b.take()[1]).toEqual({ type: "full", id: "b", stream: 1, end: 1000, answer: "990-1000" });
  await time.advance(9_600);
  expect(a.take()).toEqual([1005, 1010].map((at) => ({ type: "steps", stream: 1, steps: [step(at)] })));
  expect(asked).toEqual(["x 990-1000", "x at 1005", "x at 1010"]);
  a.session.closed();
  b.session.receive('{"type":"unsubscribe","id":"b"}');
  expect(b.take().at(-1)).toEqual({ type: "unsubscribed", id: "b" });
  await time.advance(20_000);
  expect([asked.length, hub.streamCount, time.timerCount]).toEqual([3, 0, 0]);
});

test("with a delay, step t is evaluated at t + delay", async () => {
  const { time, open } = world();
  const a = open();
  a.subscribe({ delay: "2s" });
  await time.advance(0);
  expect(a.take()[1]).toMatchObject({ end: 995 });
  await time.advance(1_400);
  expect(a.take()).toEqual([]);
  await time.advance(200);
  expect(a.take()).toEqual([{ type: "steps", stream: 1, steps: [step(1000)] }]);
});

test("a client that does not read gets what it missed in one frame, or anew if that is too much", async () => {
  const { time, hub, open } = world();
  const [slow, other] = [open(), open()];
  slow.subscribe({});
  other.subscribe({});
  await time.advance(0);
  slow.take();
  other.take();
  slow.state.buffered = 2 << 20;
  await time.advance(15_000);
  expect([slow.take().length, other.take().length, hub.counters.held]).toEqual([0, 3, 3]);
  slow.state.buffered = 0;
  slow.session.drained();
  expect(slow.take()).toEqual([{ type: "steps", stream: 1, steps: [1005, 1010, 1015].map(step) }]);
  slow.state.buffered = 2 << 20;
  await time.advance(200 * 5000);
  slow.state.buffered = 0;
  slow.session.drained();
  await time.advance(0);
  expect(slow.take()).toEqual([{ type: "full", id: "a", stream: 1, end: 2015, answer: "1020-2015" }]);
  await time.advance(5000);
  expect(slow.take()).toEqual([{ type: "steps", stream: 1, steps: [step(2020)] }]);
});

test("a client that comes back gets what came after its last step", async () => {
  const { time, open } = world();
  const [a, b] = [open(), open()];
  a.subscribe({ after: 985 });
  b.subscribe({ after: 1000 });
  await time.advance(0);
  expect(a.take()[1]).toMatchObject({ type: "full", answer: "990-1000" });
  expect(b.take()[1].answer.data.result).toEqual([]);
});

test("binary frames begin with the stream's number", async () => {
  const { time, open } = world();
  const a = open("flatbuffers");
  a.subscribe({ range: 5 });
  await time.advance(4_600);
  const [, full, next] = a.take();
  expect(Buffer.from(full).toString("latin1")).toBe('\x01\0\0\0\0\0\0\0"995-1000"');
  expect(Buffer.from(next).toString("latin1")).toBe('\x01\0\0\0\0\0\0\0"1005-1005"');
});

test.each([
  ["no JSON", "{", undefined, /must be JSON/],
  ["no id", '{"type":"subscribe"}', undefined, /"id" must be/],
  ["an unknown type", '{"type":"x","id":"a"}', "a", /"type" must be/],
  ["no step", '{"type":"subscribe","id":"a","query":"x"}', "a", /"step" must be a duration/],
  ["a step that is too short", '{"type":"subscribe","id":"a","query":"x","step":0.5}', "a", /between 1s and 1d/],
  ["too many points", '{"type":"subscribe","id":"a","query":"x","step":1,"range":11001}', "a", /11,000 points/],
  ["an unknown subscription", '{"type":"unsubscribe","id":"a"}', "a", /no subscription a/],
])("%s is refused", (_name, text, id, reason) => {
  const a = world().open();
  a.session.receive(text);
  expect(a.take()).toEqual([
    { type: "error", ...(id !== undefined && { id }), errorType: "bad_data", error: expect.stringMatching(reason) },
  ]);
});

test("a query that fails ends its subscription; limits hold", async () => {
  const { time, hub, open } = world({ subscriptionsMax: 2, streamsMax: 2 });
  const a = open();
  a.subscribe({ query: "bad" });
  await time.advance(0);
  expect(a.take()[1]).toEqual({ type: "error", id: "a", errorType: "bad_data", error: "it is bad" });
  expect(hub.streamCount).toBe(0);
  a.subscribe({ id: "1", query: "1" });
  a.subscribe({ id: "2", query: "2" });
  a.subscribe({ id: "3", query: "3" });
  expect(a.take().at(-1)).toMatchObject({ error: "a connection has at most 2 subscriptions" });
  const b = open();
  b.subscribe({ id: "3", query: "3" });
  expect(b.take()).toMatchObject([{ error: "2 different live queries are running; try again later" }]);
});

test("alerts: the active ones, then changes", () => {
  const { watched, open } = world();
  const a = open();
  a.session.receive('{"type":"subscribe","id":"a","kind":"alerts","match":["{severity=\\"page\\"}"]}');
  expect(watched[0]!.matchers).toEqual(['{severity="page"}']);
  watched[0]!.listener.onFirst({ kind: "encoded", body: Buffer.from('{"x":1}') });
  a.state.buffered = 2 << 20;
  watched[0]!.listener.onChanges('{"to":"firing"}');
  watched[0]!.listener.onChanges('{"to":"inactive"}');
  a.state.buffered = 0;
  a.session.drained();
  expect(a.take()).toEqual([
    { type: "subscribed", id: "a", stream: 1 },
    { type: "alerts", id: "a", stream: 1, answer: { x: 1 } },
    { type: "alert-changes", id: "a", stream: 1, changes: [{ to: "firing" }, { to: "inactive" }] },
  ]);
  a.session.closed();
  expect(watched[0]!.isClosed).toBe(true);
});
