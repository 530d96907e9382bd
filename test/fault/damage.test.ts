/**
 * Damaged bytes: a last record that is torn at any byte, a byte that is changed anywhere in log, checkpoint or chunks_head. The
 * start succeeds and names file, offset and remedy; what is found was written; the next start finds the same and nothing wrong.
 *
 * DAMAGE_FLIPS sets how many bytes of each kind of file are tried, DAMAGE_SEED which.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { randomFrom } from "../support/random.js";
import { Acknowledged, valueAt } from "./acknowledged.js";
import { MemoryFiles } from "./memory-files.js";
import { labelsOf, MiniDatabase, RANGE_MS } from "./mini-database.js";

const FLIPS = Number(process.env["DAMAGE_FLIPS"] ?? 20);
const SEED = Number(process.env["DAMAGE_SEED"] ?? 20261126);
const START_MS = 28_000_000 * RANGE_MS;
const STEP_MS = 1000;
const SERIES = [0, 1, 2];

const written = { files: new MemoryFiles(), acknowledged: new Acknowledged() };
/** The last segment with records, where its last record begins, and the time of that record's samples. */
const last = { path: "", from: 0, timeMs: 0 };

beforeAll(() => {
  const { files, acknowledged } = written;
  const database = new MiniDatabase(files);
  const step = (timeMs: number): void => {
    database.append(SERIES.map(labelsOf), timeMs, (row) => valueAt(SERIES[row]!, timeMs));
    for (const series of SERIES) acknowledged.add(series, timeMs);
  };
  for (let i = 0; i < 300; i++) {
    step(START_MS + i * STEP_MS);
    if (i % 60 === 35 && i > 90) database.cut();
    if (i % 40 === 39) database.flush();
  }
  const segments = files.readdir("/data/wal").filter((name) => /^\d+$/.test(name));
  last.path = `/data/wal/${segments.at(-1)}`;
  last.from = files.stat(last.path).bytes;
  last.timeMs = START_MS + 300 * STEP_MS;
  step(last.timeMs);
  expect(files.readdir("/data/wal").some((name) => name.startsWith("checkpoint"))).toBe(true);
  expect(files.readdir("/data/chunks_head").length).toBeGreaterThan(1);
});

test("a last record that is torn at any of its bytes costs itself, and is reported with file and offset", () => {
  const { files, acknowledged } = written;
  const whole = files.contentOf(last.path).slice();
  for (let bytes = last.from; bytes < whole.length; bytes++) {
    const torn = files.copy();
    torn.put(last.path, whole.slice(0, bytes));
    const database = new MiniDatabase(torn);
    const what = `torn at byte ${bytes}`;
    const got = new Map([...database.samples()].map(([key, samples]) => [key, [...samples].sort()]));
    expect(got, what).toEqual(acknowledged.all(last.timeMs - 1));
    if (bytes > last.from) {
      expect(database.messages, what).toHaveLength(1);
      expect(database.messages[0], what).toContain(last.path);
      expect(database.messages[0], what).toMatch(/byte \d+: .*/);
    }
    if (bytes % 8 !== 0) continue;
    const again = new MiniDatabase(torn);
    expect(again.messages, `${what}, second start`).toEqual([]);
    expect(again.samples(), `${what}, second start`).toEqual(database.samples());
  }
  expect(whole.length - last.from).toBeGreaterThan(30);
});

describe.each([
  ["segment of the log", (names: readonly string[]) => names.filter((name) => /wal\/\d+$/.test(name))],
  ["checkpoint", (names: readonly string[]) => names.filter((name) => name.includes("checkpoint"))],
  ["file of chunks_head", (names: readonly string[]) => names.filter((name) => name.includes("chunks_head"))],
] as const)("a changed byte in a %s", (kind, choose) => {
  test(`is found, costs what its checksum covers and what follows, and gives no wrong value (seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    const { files, acknowledged } = written;
    const candidates = choose(everyFile(files)).filter((path) => files.stat(path).bytes > 0);
    expect(candidates.length).toBeGreaterThan(0);
    let reported = 0;
    for (let flip = 0; flip < FLIPS; flip++) {
      const path = candidates[Math.floor(random() * candidates.length)]!;
      const spoilt = files.copy();
      const bytes = spoilt.contentOf(path).slice();
      const offset = Math.floor(random() * bytes.length);
      bytes[offset] = bytes[offset]! ^ (1 + Math.floor(random() * 255));
      spoilt.put(path, bytes);
      const what = `${path} at byte ${offset}`;
      const database = new MiniDatabase(spoilt);
      const found = database.samples();
      acknowledged.isPart(found, what);
      // chunks_head has nothing that the log has not.
      if (kind === "file of chunks_head") acknowledged.has(found, what);
      for (const message of database.messages) {
        reported++;
        expect(message, what).toContain(path);
        expect(message, what).toMatch(/byte \d+/);
        expect(message, what).toMatch(/cut off|lost until/);
      }
      const again = new MiniDatabase(spoilt);
      expect(again.samples(), `${what}, second start`).toEqual(found);
      if (kind !== "checkpoint") expect(again.messages, `${what}, second start`).toEqual([]);
    }
    // Some bytes are covered by no checksum: those behind a file's version, and what fills a page up.
    expect(reported).toBeGreaterThan(FLIPS / 2);
  });
});

function everyFile(files: MemoryFiles, folder = "/data"): string[] {
  return files.readdir(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    return files.stat(path).isDirectory ? everyFile(files, path) : [path];
  });
}
