import { MessageChannel, type MessagePort } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { histogramOf } from "../../test/golden/histogram-chunks/series.js";
import { VestalError } from "../base/index.js";
import { decodeHistogram, type Histogram, Labels, STALE_NAN_HIGH, STALE_NAN_LOW } from "../model/index.js";
import { decodeLabelBytes, encodeLabelBytes } from "../model/label-bytes.js";
import {
  DEFAULT_RECEIVER_OPTIONS,
  DEFAULT_SENDER_OPTIONS,
  ForeignReceiver,
  type ForeignRefusal,
  type ForeignResult,
  type ForeignRow,
  ForeignSender,
  type ForeignSenderOptions,
  type ForeignSink,
  isRetryable,
  NO_RESULT,
} from "./foreign-append.js";
import {
  BATCH_ALL_OR_NOTHING,
  ForeignBatchBuilder,
  ForeignBatchReader,
  ROW_EXEMPLAR,
  ROW_FLOAT,
  ROW_HISTOGRAM,
  ROW_METADATA,
} from "./foreign-batch.js";
import { shardOf } from "./shard-of.js";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Stores everything, as text. */
class ListSink implements ForeignSink {
  readonly rows: string[] = [];
  commits = 0;
  gate: Promise<void> = Promise.resolve();

  async commitBatch(reader: ForeignBatchReader): Promise<ForeignResult> {
    await this.gate;
    this.commits++;
    while (reader.next()) this.rows.push(`${reader.labels()} ${reader.timestampMs} ${reader.value}`);
    return { ...NO_RESULT, accepted: reader.rowCount };
  }
}

function connect(
  sinks: readonly ForeignSink[],
  options: Partial<ForeignSenderOptions> = {},
  receiverOptions = DEFAULT_RECEIVER_OPTIONS,
) {
  const sender = new ForeignSender(sinks.length, { ...DEFAULT_SENDER_OPTIONS, ...options });
  const receivers = sinks.map((sink, shard) => {
    const receiver = new ForeignReceiver(sink, receiverOptions);
    // The first shard lives in the sender's thread, the others behind ports.
    if (shard === 0) {
      sender.setOwner(0, receiver);
    } else {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      receiver.attach(port2);
      sender.setOwner(shard, port1);
    }
    return receiver;
  });
  return { sender, receivers };
}

function rows(count: number): ForeignRow[] {
  return Array.from({ length: count }, (_, i) => ({
    labels: Labels.of({ __name__: "m", instance: `h${i}`, job: "j" }),
    timestampMs: 1_700_000_000_000 + i,
    value: i / 2,
  }));
}

function textOf({ labels, timestampMs, value }: ForeignRow): string {
  return `${labels} ${timestampMs} ${value}`;
}

test("a batch gives back every row to the bit", () => {
  const label = fc
    .dictionary(fc.string({ minLength: 1 }), fc.string({ unit: "grapheme", minLength: 1 }))
    .map((set) => Labels.of(set));
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.maxSafeInteger(), word, word)), (list) => {
      const builder = new ForeignBatchBuilder();
      for (const [labels, time, low, high] of list) {
        expect(builder.appendBits(encodeLabelBytes(labels), time, low, high)).toBe(true);
      }
      const reader = new ForeignBatchReader(builder.buffer);
      for (const [labels, time, low, high] of list) {
        expect(reader.next()).toBe(true);
        expect([reader.labels().key, reader.timestampMs, reader.valueLow, reader.valueHigh]).toEqual([
          labels.key,
          time,
          low,
          high,
        ]);
      }
      expect(reader.next()).toBe(false);
    }),
  );
});

test("a full batch refuses a row and stays whole", () => {
  const builder = new ForeignBatchBuilder(new SharedArrayBuffer(140));
  const labels = encodeLabelBytes(Labels.of({ a: "b" }));
  const appended = Array.from({ length: 9 }, () => builder.appendStale(labels, -1));
  // A header of 16 bytes, a row of 32 + 5 bytes that takes 40, and rows of the same series that take 32: three in 140.
  expect(appended.filter(Boolean).length).toBe(3);
  const reader = new ForeignBatchReader(builder.buffer);
  while (reader.next())
    expect([reader.valueLow, reader.valueHigh, reader.timestampMs]).toEqual([STALE_NAN_LOW, STALE_NAN_HIGH, -1]);
  expect(reader.rowIndex).toBe(2);
});

test("a batch gives back histograms, exemplars and metadata, and says the series once", () => {
  const builder = new ForeignBatchBuilder();
  const labels = Labels.of({ __name__: "m", job: "j" });
  const other = Labels.of({ __name__: "n" });
  const histogram: Histogram = {
    isFloat: false,
    counterResetHint: 2,
    schema: 3,
    zeroThreshold: 1e-9,
    zeroCount: 4,
    count: 17,
    sum: -2.5,
    positiveSpans: [
      { offset: -7, length: 2 },
      { offset: 3, length: 1 },
    ],
    negativeSpans: [{ offset: 1, length: 1 }],
    positiveBuckets: Float64Array.of(5, 1, 2),
    negativeBuckets: Float64Array.of(5),
    customValues: new Float64Array(0),
  };
  const trace = Labels.of({ trace_id: "ä" });
  const bytes = encodeLabelBytes(labels);
  expect(builder.appendHistogram(bytes, 5, histogram)).toBe(true);
  expect(builder.appendExemplar(bytes, 4, 0.25, encodeLabelBytes(trace))).toBe(true);
  expect(builder.appendMetadata(bytes, { type: "counter", unit: "bytes", help: "Wörter\n" })).toBe(true);
  expect(builder.appendCreatedZero(bytes, 1)).toBe(true);
  expect(builder.append(encodeLabelBytes(other), 6, 7)).toBe(true);
  builder.setFlags(BATCH_ALL_OR_NOTHING);

  const reader = new ForeignBatchReader(builder.buffer);
  expect(reader.isAllOrNothing).toBe(true);
  expect([reader.next(), reader.kind, reader.isSameSeries, reader.timestampMs]).toEqual([
    true,
    ROW_HISTOGRAM,
    false,
    5,
  ]);
  expect(decodeHistogram(reader.payload, false)).toEqual(histogram);
  expect([reader.next(), reader.kind, reader.isSameSeries]).toEqual([true, ROW_EXEMPLAR, true]);
  expect([reader.labels().key, reader.value, reader.timestampMs, reader.isTimed]).toEqual([labels.key, 0.25, 4, true]);
  expect(decodeLabelBytes(reader.payload).toObject()).toEqual({ trace_id: "ä" });
  expect([reader.next(), reader.kind]).toEqual([true, ROW_METADATA]);
  expect(reader.metadata()).toEqual({ type: "counter", unit: "bytes", help: "Wörter\n" });
  expect([reader.next(), reader.kind, reader.isCreatedZero, reader.value]).toEqual([true, ROW_FLOAT, true, 0]);
  expect([reader.next(), reader.kind, reader.isSameSeries, reader.labels().key]).toEqual([
    true,
    ROW_FLOAT,
    false,
    other.key,
  ]);
  expect(reader.next()).toBe(false);
});

test("damaged batches are refused, never read past their end", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(95), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
      const builder = new ForeignBatchBuilder(new SharedArrayBuffer(96));
      builder.append(encodeLabelBytes(Labels.of({ a: "b" })), 1, 2);
      const bytes = new Uint8Array(builder.buffer);
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        const reader = new ForeignBatchReader(builder.buffer);
        for (let i = 0; reader.next() && i < 100; i++) expect(reader.labelBytes.length).toBeLessThanOrEqual(96);
      } catch (error) {
        expect((error as VestalError).code).toBe("FOREIGN_BATCH");
      }
    }),
    { numRuns: 500 },
  );
});

describe("foreign append", () => {
  test("brings each row to its owner, in several batches where one is full", async () => {
    const sinks = [new ListSink(), new ListSink(), new ListSink()];
    const { sender } = connect(sinks);
    const sent = rows(60_000);
    const outcome = await sender.send(sent);
    expect(outcome).toMatchObject({ accepted: 60_000, failures: [], refusals: [] });
    for (const [shard, sink] of sinks.entries()) {
      expect(sink.rows).toEqual(sent.filter(({ labels }) => shardOf(labels, 3) === shard).map(textOf));
      expect(sink.commits).toBeGreaterThan(1);
    }
  });

  test("brings staleness markers as such", async () => {
    const seen: boolean[] = [];
    const sink: ForeignSink = {
      commitBatch: (reader) => {
        while (reader.next()) seen.push(reader.isStale);
        return { ...NO_RESULT, accepted: reader.rowCount };
      },
    };
    const { sender } = connect([sink]);
    await sender.send([
      { ...rows(1)[0]!, isStale: true },
      { ...rows(1)[0]!, value: Number.NaN },
    ]);
    expect(seen).toEqual([true, false]);
  });

  test("brings zeros at times of creation in front of what they belong to", async () => {
    const seen: unknown[] = [];
    const sink: ForeignSink = {
      commitBatch: (reader) => {
        while (reader.next()) seen.push([reader.kind, reader.timestampMs, reader.isCreatedZero]);
        return { ...NO_RESULT, accepted: reader.rowCount };
      },
    };
    const { sender } = connect([sink]);
    const { labels } = rows(1)[0]!;
    const histogram = histogramOf({ positive: { 1: 2 } });
    await sender.send([
      { labels, timestampMs: 9, value: 3, zero: { timestampMs: 4, histogram: undefined } },
      { labels, timestampMs: 19, histogram, zero: { timestampMs: 14, histogram: histogramOf({}) } },
    ]);
    expect(seen).toEqual([
      [ROW_FLOAT, 4, true],
      [ROW_FLOAT, 9, false],
      [ROW_HISTOGRAM, 14, true],
      [ROW_HISTOGRAM, 19, false],
    ]);
  });

  test("uses acknowledged memory again", async () => {
    const { sender } = connect([new ListSink()]);
    await sender.send(rows(1));
    const first = sender.newBatch().buffer;
    await sender.sendBatch(0, new ForeignBatchBuilder(first));
    expect(sender.newBatch().buffer).toBe(first);
  });

  test("sums counts and keeps the first errors", async () => {
    const sink: ForeignSink = {
      commitBatch: (reader) => ({
        ...NO_RESULT,
        accepted: reader.rowCount - 1,
        outOfOrder: 1,
        refusals: Array<ForeignRefusal>(8).fill({ reason: "outOfOrder", message: "out of order sample", series: "{}" }),
      }),
    };
    const { sender } = connect([sink, sink]);
    const outcome = await sender.send(rows(100));
    expect(outcome).toMatchObject({ accepted: 98, outOfOrder: 2 });
    expect(outcome.refusals.length).toBe(10);
  });

  test("an owner that fails says why, and the others store theirs", async () => {
    const good = new ListSink();
    const bad: ForeignSink = {
      commitBatch: () => {
        throw new VestalError("WAL_WRITE", "no space left on device");
      },
    };
    const { sender } = connect([good, bad]);
    const outcome = await sender.send(rows(100));
    expect(outcome.failures).toMatchObject([
      { shard: 1, error: { code: "WAL_WRITE", message: "no space left on device" } },
    ]);
    expect(outcome.accepted).toBe(good.rows.length);
    expect(isRetryable(outcome.failures[0]!.error)).toBe(false);
  });

  test("a full queue refuses at once, and what waits is stored", async () => {
    const sink = new ListSink();
    let open = (): void => undefined;
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { sender, receivers } = connect(
      [new ListSink(), sink],
      {},
      { waitingBatchesMax: 2, waitingBytesMax: 1 << 30 },
    );
    const batch = (i: number): ForeignBatchBuilder => {
      const builder = sender.newBatch();
      builder.append(encodeLabelBytes(Labels.of({ n: String(i) })), i, i);
      return builder;
    };
    const answers = [0, 1, 2, 3].map((i) => sender.sendBatch(1, batch(i)));
    const refused = await Promise.race([answers[2]!, answers[3]!]);
    expect(refused.error).toMatchObject({ code: "SHARD_BUSY" });
    expect(isRetryable(refused.error!)).toBe(true);
    open();
    const results = await Promise.all(answers);
    expect(results.map(({ result }) => result?.accepted)).toEqual([1, 1, undefined, undefined]);
    expect(receivers[1]!.refusedCount).toBe(2);
  });

  test("a sender has a bound of its own", async () => {
    const { sender } = connect([new ListSink()], { sentBytesMax: 1000 });
    const outcome = await sender.send(rows(1));
    expect(outcome.failures).toMatchObject([{ error: { code: "FOREIGN_QUEUE_FULL" } }]);
  });

  test("a late owner costs the deadline; its memory is not used again", async () => {
    const sink = new ListSink();
    let open = (): void => undefined;
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { sender } = connect([sink], { deadlineMs: 20 });
    const batch = sender.newBatch();
    const { error } = await sender.sendBatch(0, batch);
    expect(error).toMatchObject({ code: "SHARD_LATE" });
    open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sink.commits).toBe(1);
    expect(sender.newBatch().buffer).not.toBe(batch.buffer);
  });

  test("a lost owner fails what is on its way and what comes", async () => {
    const sink = new ListSink();
    sink.gate = new Promise(() => undefined);
    const { sender } = connect([sink]);
    const underWay = sender.send(rows(1));
    sender.loseOwner(0, "its thread ended");
    expect((await underWay).failures).toMatchObject([{ error: { code: "SHARD_LOST" } }]);
    expect((await sender.send(rows(1))).failures).toMatchObject([{ error: { code: "SHARD_LOST" } }]);
    sender.setOwner(0, new ForeignReceiver(new ListSink()));
    expect((await sender.send(rows(1))).accepted).toBe(1);
  });

  test("a stopping owner finishes what it took and refuses the rest", async () => {
    const sink = new ListSink();
    const { sender, receivers } = connect([sink]);
    const first = sender.send(rows(1));
    const stopped = receivers[0]!.stop();
    expect((await sender.send(rows(1))).failures).toMatchObject([{ error: { code: "SHARD_STOPPED" } }]);
    await stopped;
    expect((await first).accepted).toBe(1);
  });
});
