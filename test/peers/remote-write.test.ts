/**
 * The receiver of remote write beside a real Prometheus: the same bodies, good, partly bad, garbage and mutated, are answered
 * with the same status and the same words, and leave the same samples behind. One shard, since a 1.0 request with a bad
 * sample is refused whole only within a shard.
 *
 * VESTAL_WRITE_ROUNDS (60) random requests of each version, VESTAL_SEED (1).
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compressSync } from "snappy";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  postWrite,
  type WriteHistogram,
  type WriteSeries,
  writeRequestV1,
  writeRequestV2,
} from "../support/write-request.js";
import { api, killAll, makeFolder, removeFolder, type Server, startPrometheus, startVestal } from "./harness.js";
import { peerBinary } from "./peer-binary.js";

const ROUNDS = Number(process.env["VESTAL_WRITE_ROUNDS"] ?? 60);
const SEED = Number(process.env["VESTAL_SEED"] ?? 1);
const STALE = 0x7ff0000000000002n;

const folders = [makeFolder(), makeFolder()];
let prometheus: Server;
let vestal: Server;

beforeAll(async () => {
  const args = ["--web.enable-remote-write-receiver", "--enable-feature=native-histograms,exemplar-storage"];
  [prometheus, vestal] = await Promise.all([
    startPrometheus({ config: {}, folder: folders[0]!, args }),
    startVestal({ config: {}, folder: folders[1]!, args: [...args, "--ingest.threads=1"] }),
  ]);
}, 90_000);

afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly written: readonly (string | null)[];
}

async function both(
  version: 1 | 2,
  body: Uint8Array,
  options: Parameters<typeof postWrite>[3] = {},
): Promise<{ theirs: Answer; ours: Answer }> {
  const [theirs, ours] = await Promise.all(
    [prometheus, vestal].map(({ url }) => postWrite(url, version, body, options)),
  );
  return { theirs: theirs!, ours: ours! };
}

/** Everything stored under a metric name, as one comparable text. */
async function stored(server: Server, name: string): Promise<string> {
  const answer = await api(server, "query", { query: `{__name__=~"${name}"}[3h]` });
  if (answer.status !== "success") throw new Error(answer.error);
  const { result } = answer.data as { result: { metric: Record<string, string>; values: unknown }[] };
  const lines = result.map(({ metric, values }) => JSON.stringify([Object.entries(metric).sort(), values]));
  return lines.sort().join("\n");
}

async function expectSameStored(name: string): Promise<void> {
  const [theirs, ours] = await Promise.all([stored(prometheus, name), stored(vestal, name)]);
  expect(ours).toBe(theirs);
}

const now = Math.floor(Date.now() / 1000) * 1000;

function series(
  name: string,
  labels: Record<string, string>,
  ...samples: (readonly [number, number | bigint])[]
): WriteSeries {
  return {
    labels: Object.entries({ __name__: name, ...labels }),
    samples: samples.map(([secondsAgo, value]) => ({ timeMs: now - secondsAgo * 1000, value })),
  };
}

const FIRST = series("first", { job: "a" }, [60, 1]);

test.each([1, 2] as const)(
  "requests of version %i: good ones, and each way to be wrong",
  async (version) => {
    const encode = version === 1 ? writeRequestV1 : writeRequestV2;
    const prefix = `case${version}`;
    const name = (of: string) => `${prefix}_${of}`;
    const cases: Record<string, readonly WriteSeries[]> = {
      nothing: [],
      first: [FIRST],
      plain: [series(name("plain"), { job: "x" }, [50, 1], [40, 2], [30, Number.NaN], [20, STALE], [10, -0])],
      repeated: [series(name("plain"), { job: "x" }, [10, -0])],
      "repeated and newer": [series(name("plain"), { job: "x" }, [10, -0], [5, 7])],
      duplicate: [series(name("plain"), { job: "x" }, [5, 8.5])],
      "out of order": [series(name("plain"), { job: "x" }, [45, 8])],
      "one of three is out of order": [
        series(name("good"), { job: "g1" }, [10, 1]),
        series(name("plain"), { job: "x" }, [45, 8]),
        series(name("good"), { job: "g2" }, [10, 1]),
      ],
      "one sample of a series": [series(name("plain"), { job: "x" }, [45, 8], [4, 1], [46, 3], [3, 1])],
      "out of order within the request": [series(name("within"), { job: "x" }, [20, 1], [30, 2], [10, 3])],
      "duplicate within the request": [series(name("within"), { job: "y" }, [20, 1], [20, 2], [10, 3])],
      "a series twice": [series(name("twice"), {}, [20, 1]), series(name("twice"), {}, [15, 2])],
      "too old": [series(name("old"), {}, [3 * 3600, 1])],
      "too far in the future": [series(name("future"), {}, [-700, 1])],
      "no name": [{ labels: [["job", "x"]], samples: [{ timeMs: now, value: 1 }] }],
      "no labels": [{ labels: [], samples: [{ timeMs: now, value: 1 }] }],
      "empty name": [{ labels: [["__name__", ""]], samples: [{ timeMs: now, value: 1 }] }],
      "empty label name": [
        {
          labels: [
            ["__name__", name("e")],
            ["", "x"],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
      ],
      "empty label value": [
        {
          labels: [
            ["__name__", name("ev")],
            ["a", ""],
            ["b", "1"],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
      ],
      "not sorted": [
        {
          labels: [
            ["z", "1"],
            ["a", "2"],
            ["__name__", name("sort")],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
      ],
      "repeated label": [
        {
          labels: [
            ["__name__", name("r")],
            ["a", "1"],
            ["a", "2"],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
        series(name("beside"), {}, [10, 1]),
      ],
      "no UTF-8 in a value": [
        {
          labels: [
            ["__name__", name("u")],
            ["a", Uint8Array.of(0x66, 0xff, 0x22)],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
      ],
      "no UTF-8 in a name": [
        {
          labels: [
            ["__name__", name("u")],
            [Uint8Array.of(0xc3), "v"],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
      ],
      "UTF-8 names": [
        {
          labels: [
            ["__name__", `${name("ü")}.x`],
            ["dot.ted", "ß"],
          ],
          samples: [{ timeMs: now, value: 1 }],
        },
      ],
      "series without samples": [{ labels: [["__name__", name("none")]], samples: [] }],
      "invalid series without samples": [{ labels: [["job", "x"]], samples: [] }],
      "two wrong series": [
        { labels: [["job", "x"]], samples: [{ timeMs: now, value: 1 }] },
        series(name("plain"), { job: "x" }, [45, 8]),
        series(name("rest"), {}, [2, 1]),
      ],
      "time zero": [{ labels: [["__name__", name("zero")]], samples: [{ timeMs: 0, value: 1 }] }],
      "negative time": [{ labels: [["__name__", name("neg")]], samples: [{ timeMs: -5, value: 1 }] }],
    };
    for (const [what, request] of Object.entries(cases)) {
      const { theirs, ours } = await both(version, encode(request));
      expect({ what, ...ours }).toEqual({ what, ...theirs });
    }
    await expectSameStored(`${prefix}_.*|first`);
  },
  60_000,
);

test.each([1, 2] as const)(
  "native histograms, exemplars and metadata of version %i",
  async (version) => {
    const encode = version === 1 ? writeRequestV1 : writeRequestV2;
    const name = `special${version}`;
    const plain: WriteHistogram = {
      timeMs: now - 60_000,
      isFloat: false,
      schema: 3,
      count: 21,
      sum: 18.5,
      zeroCount: 2,
      zeroThreshold: 0.001,
      positiveSpans: [
        [-2, 2],
        [1, 1],
      ],
      positive: [4, 5, 3],
      negativeSpans: [[0, 2]],
      negative: [6, 1],
    };
    const of = (labels: Record<string, string>, more: Partial<WriteSeries>): WriteSeries => ({
      labels: Object.entries({ __name__: name, ...labels }),
      samples: [],
      ...more,
    });
    const exemplar = (secondsAgo: number, value = 1, id = "a1") => ({
      labels: [["trace_id", id]] as const,
      value,
      timeMs: now - secondsAgo * 1000,
    });
    const custom = {
      schema: -53,
      zeroCount: 0,
      zeroThreshold: 0,
      negative: [],
      negativeSpans: [],
      positiveSpans: [[0, 3]] as const,
      positive: [4, 5, 3],
      count: 12,
      customValues: [0.5, 1, 2.5],
    };
    const a = { job: "a" };
    const cases: Record<string, readonly WriteSeries[]> = {
      "integer and float": [
        of(a, { histograms: [plain, { ...plain, timeMs: now - 50_000, count: 22, zeroCount: 3 }] }),
        of({ job: "f" }, { histograms: [{ ...plain, isFloat: true, count: 21.5, zeroCount: 2.5 }] }),
      ],
      "custom buckets": [of({ job: "c" }, { histograms: [{ ...plain, ...custom }] })],
      "a stale marker": [
        of({ job: "f" }, { histograms: [{ ...plain, isFloat: true, timeMs: now - 40_000, sum: STALE }] }),
      ],
      "a stale float ends a histogram": [of(a, { samples: [{ timeMs: now - 45_000, value: STALE }] })],
      "the same again": [of({ job: "c" }, { histograms: [{ ...plain, ...custom }] })],
      "another at the same time": [of({ job: "c" }, { histograms: [{ ...plain, ...custom, sum: 5 }] })],
      "out of order": [of({ job: "c" }, { histograms: [{ ...plain, ...custom, timeMs: now - 61_000 }] })],
      "a float at a histogram's time": [of({ job: "c" }, { samples: [{ timeMs: now - 60_000, value: 3 }] })],
      "a float behind a histogram": [of({ job: "c" }, { samples: [{ timeMs: now - 59_000, value: 3 }] })],
      "a histogram at a float's time": [
        of({ job: "c" }, { histograms: [{ ...plain, ...custom, timeMs: now - 59_000 }] }),
      ],
      "too old": [of({ job: "c" }, { histograms: [{ ...plain, ...custom, timeMs: now - 3 * 3_600_000 }] })],
      "too far in the future": [of({ job: "c" }, { histograms: [{ ...plain, ...custom, timeMs: now + 700_000 }] })],
      "counts that do not add up": [
        of({ job: "good" }, { samples: [{ timeMs: now - 20_000, value: 1 }] }),
        of({ job: "bad" }, { histograms: [{ ...plain, count: 20 }] }),
      ],
      "spans that do not fit": [of({ job: "bad" }, { histograms: [{ ...plain, positiveSpans: [[0, 2]] }] })],
      "a negative offset": [
        of(
          { job: "bad" },
          {
            histograms: [
              {
                ...plain,
                positiveSpans: [
                  [0, 2],
                  [-1, 1],
                ],
              },
            ],
          },
        ),
      ],
      "bounds that fall": [of({ job: "bad" }, { histograms: [{ ...plain, ...custom, customValues: [1, 0.5, 2] }] })],
      exemplars: [
        of({ job: "e" }, { samples: [{ timeMs: now - 20_000, value: 1 }], exemplars: [exemplar(20), exemplar(10)] }),
        of({ job: "e2" }, { samples: [{ timeMs: now - 20_000, value: 1 }], exemplars: [exemplar(20, 5, "zz")] }),
      ],
      "exemplars again": [
        of({ job: "e" }, { samples: [{ timeMs: now - 19_000, value: 1 }], exemplars: [exemplar(10), exemplar(5)] }),
      ],
      "exemplars out of order": [
        of({ job: "e" }, { samples: [{ timeMs: now - 18_000, value: 1 }], exemplars: [exemplar(15), exemplar(3, 2)] }),
      ],
      "exemplar too long": [
        of(
          { job: "e" },
          { samples: [{ timeMs: now - 17_000, value: 1 }], exemplars: [exemplar(1, 1, "x".repeat(200))] },
        ),
      ],
      metadata: [
        of(
          { job: "m" },
          {
            samples: [{ timeMs: now - 17_000, value: 1 }],
            metadata: { type: 1, help: "Help of it.", unit: "seconds" },
          },
        ),
      ],
    };
    for (const [what, request] of Object.entries(cases)) {
      const { theirs, ours } = await both(version, encode(request));
      expect({ what, ...ours }).toEqual({ what, ...theirs });
    }
    const [exemplars, ourExemplars] = await Promise.all(
      [prometheus, vestal].map((server) =>
        api(server, "query_exemplars", { query: name, start: String(now / 1000 - 100), end: String(now / 1000) }),
      ),
    );
    expect(ourExemplars).toEqual(exemplars);
  },
  60_000,
);

test("content negotiation", async () => {
  const body = writeRequestV1([FIRST]);
  const headers: readonly Readonly<Record<string, string>>[] = [
    { "Content-Type": "application/json" },
    { "Content-Type": "" },
    { "Content-Type": "application/x-protobuf; proto=prometheus.WriteRequest" },
    { "Content-Type": "application/x-protobuf;proto=prometheus.WriteRequest" },
    { "Content-Type": "application/x-protobuf;proto=other.Message" },
    { "Content-Type": "application/x-protobuf;charset" },
    { "Content-Type": "application/x-protobuf;charset=utf-8" },
    { "Content-Encoding": "SNAPPY" },
    { "Content-Encoding": "" },
  ];
  for (const one of headers) {
    const { theirs, ours } = await both(1, body, { headers: one });
    expect({ headers: one, ...ours }).toEqual({ headers: one, ...theirs });
  }
  // There the answer's status is said and the body read on; the words that follow differ.
  const { theirs, ours } = await both(1, body, { headers: { "Content-Encoding": "gzip" } });
  expect(ours.status).toBe(theirs.status);
  expect(theirs.text).toContain(ours.text.trim());
});

test("bodies that are no request", async () => {
  const random = randomOf(SEED);
  const good = Buffer.from(writeRequestV1([series("mut", { job: "m", instance: "i" }, [10, 1], [5, 2])]));
  const goodV2 = Buffer.from(writeRequestV2([series("mut2", { job: "m", instance: "i" }, [10, 1], [5, 2])]));
  const raw: Uint8Array[] = [new Uint8Array(0), Buffer.from("hello"), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff)];
  // Claims to be large.
  raw.push(Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0x00, 0x00));
  for (const body of raw) {
    const { theirs, ours } = await both(1, body, { isCompressed: true });
    expect(ours).toEqual(theirs);
  }
  for (let round = 0; round < ROUNDS; round++) {
    const version = round % 2 === 0 ? 1 : 2;
    const body = Buffer.from(version === 1 ? good : goodV2);
    const changes = 1 + Math.floor(random() * 3);
    for (let i = 0; i < changes; i++) body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
    const cut = random() < 0.3 ? body.subarray(0, Math.floor(random() * body.length)) : body;
    const answers = await Promise.allSettled([
      postWrite(prometheus.url, version, cut),
      postWrite(vestal.url, version, cut),
    ]);
    const [theirs, ours] = answers;
    // A reference to no symbol ends the real one's handler without an answer; here it is a bad request.
    if (theirs!.status === "rejected") {
      expect(ours).toMatchObject({ status: "fulfilled", value: { status: 400 } });
      continue;
    }
    expect({ round, hex: cut.toString("hex"), ours }).toEqual({ round, hex: cut.toString("hex"), ours: theirs });
  }
  await expectSameStored("mut.*");
}, 60_000);

test("a bomb is refused and costs nothing", async () => {
  const bomb = compressSync(Buffer.alloc(200 << 20));
  // The first ones make room for their compressed bodies, which the garbage collector gives back later.
  const sizes: number[] = [];
  for (let i = 0; i < 16; i++) {
    const { theirs, ours } = await both(1, bomb, { isCompressed: true });
    expect(ours).toEqual(theirs);
    sizes.push(rssBytes(vestal.pid));
  }
  expect(Math.max(...sizes.slice(8)) - Math.max(...sizes.slice(0, 8))).toBeLessThan(40 << 20);
}, 60_000);

test.each([1, 2] as const)(
  "random requests of version %i",
  async (version) => {
    const random = randomOf(SEED + version);
    const encode = version === 1 ? writeRequestV1 : writeRequestV2;
    const pick = (count: number) => Math.floor(random() * count);
    for (let round = 0; round < ROUNDS; round++) {
      const request = Array.from({ length: pick(12) }, (): WriteSeries => {
        const name = `random${version}_${pick(4)}`;
        const labels: [string, string][] = [["__name__", name]];
        for (let i = pick(4); i > 0; i--) labels.push([`l${pick(3)}`, `v${pick(3)}`]);
        if (random() < 0.7) labels.sort(([a], [b]) => (a < b ? -1 : 1));
        if (random() < 0.05) labels.shift();
        const base = 3000 - round * 40;
        const samples = Array.from({ length: pick(4) }, () => ({
          timeMs: now - (base - (random() < 0.9 ? pick(40) : -pick(4000))) * 1000,
          value: random() < 0.1 ? STALE : pick(3),
        }));
        if (random() < 0.8) samples.sort((a, b) => a.timeMs - b.timeMs);
        return { labels, samples };
      });
      const { theirs, ours } = await both(version, encode(request));
      expect({ round, request, ...ours }).toEqual({ round, request, ...theirs });
    }
    await expectSameStored(`random${version}_.*`);
  },
  60_000,
);

/** Last: both servers end. */
test("what is in the directories", async () => {
  await Promise.all([prometheus.kill("SIGTERM"), vestal.kill("SIGKILL")]);
  const [theirs, ours] = folders.map((folder) => {
    const out = execFileSync(peerBinary("promtool"), ["tsdb", "dump", join(folder, "data")], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return out.split("\n").sort();
  });
  expect(theirs!.length).toBeGreaterThan(20);
  expect(theirs!.some((line) => line.includes("special2") && line.includes("count:"))).toBe(true);
  expect(ours).toEqual(theirs);
}, 60_000);

function rssBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
