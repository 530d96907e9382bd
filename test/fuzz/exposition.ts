/**
 * Mutated expositions through every path of the parser. Each round takes lines of the corpus, spoils some bytes, and
 * scrapes a sequence of bodies with targets that remember (position, hash) and with fresh ones (grammar), on release
 * and debug kernels. All must agree with the twin, and a model of staleness with the markers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STATUS_DUPLICATE, STATUS_OK } from "../../assembly/layout.js";
import { packageRoot } from "../../src/base/index.js";
import { type TwinResult, twinParse } from "../twins/exposition/parse.js";
import { type Scraped, TestShard } from "../twins/exposition/shard.js";

/** Reproducible random numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const SNIPPETS = [
  '"',
  "\\",
  "\n",
  " ",
  "\t",
  "{",
  "}",
  ",",
  "=",
  "#",
  "\0",
  "\x80",
  "\xff",
  "\xc3\xa9",
  "0",
  "1e400",
  "1e-320",
  "NaN",
  "+Inf",
  " 123",
  ' # {a="b"} 1',
  "# EOF\n",
  "# HELP x y\n",
  "# TYPE x counter\n",
  "# UNIT a_s s\n",
  "e",
  ".",
  "-",
  "_",
  "12345678901234567890123",
  '\\"',
  "\r",
  '{"a b"} 1\n',
  "0x1p3",
  "1_0",
  " 1.5e9",
  "\n\n",
  "  ",
].map((text) => Buffer.from(text, "latin1"));

function mutate(body: Buffer, random: () => number): Buffer {
  const pick = (limit: number): number => Math.floor(random() * limit);
  let bytes = body;
  for (let i = 1 + pick(4); i > 0; i--) {
    const at = pick(bytes.length + 1);
    const kind = pick(5);
    if (kind === 0)
      bytes = Buffer.concat([bytes.subarray(0, at), SNIPPETS[pick(SNIPPETS.length)]!, bytes.subarray(at)]);
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + pick(6)))]);
    else if (kind === 2 && at < bytes.length) {
      bytes = Buffer.from(bytes);
      bytes[at] = pick(256);
    } else if (kind === 3) bytes = bytes.subarray(0, at);
    else {
      const from = pick(bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + pick(80)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

function shuffle(body: Buffer, random: () => number): Buffer {
  const lines = body.toString("latin1").split("\n");
  for (let i = 0; i < 3; i++) {
    const [line] = lines.splice(Math.floor(random() * lines.length), 1);
    if (line !== undefined && random() < 0.7) lines.splice(Math.floor(random() * lines.length), 0, line);
  }
  return Buffer.from(lines.join("\n"), "latin1");
}

/** A target together with the plain model of what it must say. */
class Checked {
  readonly #shard: TestShard;
  #target: number;
  #tracked = new Set<number>();

  constructor(shard: TestShard) {
    this.#shard = shard;
    this.#target = shard.parser.openTarget() ?? 0;
  }

  close(): void {
    this.#shard.parser.closeTarget(this.#target);
    this.#target = 0;
  }

  /** Returns what is wrong, or undefined. */
  check(body: Buffer, isOpenMetrics: boolean, twin: TwinResult): string | undefined {
    const scraped = this.#shard.scrape(this.#target, body, { isOpenMetrics, timestampMs: 77 });
    const { outcome } = scraped;
    if (outcome.status === "too many rows" || outcome.status === "no memory") return outcome.status;
    // Names that only the slow path refuses (empty, not UTF-8, twice) are no matter of the grammar.
    if (outcome.status === "failed" && /^(missing metric|invalid metric name|label name)/.test(outcome.error)) {
      return undefined;
    }
    if ((outcome.status === "parsed") !== twin.isAccepted) return `verdict: ${JSON.stringify(outcome)}`;
    if (outcome.samples !== twin.samples.length) return `${outcome.samples} samples, twin has ${twin.samples.length}`;
    return outcome.status === "parsed" ? this.#compare(scraped, twin) : undefined;
  }

  #compare(scraped: Scraped, twin: TwinResult): string | undefined {
    const seen = new Set<string>();
    const tracked = new Set<number>();
    for (const [i, sample] of twin.samples.entries()) {
      const slot = this.#shard.slotOf(sample.series);
      const isRepeated = seen.has(sample.series) && sample.timeMs === undefined;
      const wanted = [slot, isRepeated ? STATUS_DUPLICATE : STATUS_OK, sample.timeMs ?? 77n, sample.bits];
      const row = scraped.rows[i];
      const found = row === undefined ? [] : [row.slot, row.status, row.timeMs, row.bits];
      if (found.join() !== wanted.join()) return `row ${i} is ${found.join()}, twin has ${wanted.join()}`;
      seen.add(sample.series);
      if (sample.timeMs === undefined) tracked.add(slot);
    }
    if (scraped.rows.length !== twin.samples.length) return `${scraped.rows.length} rows`;
    const stale = [...this.#tracked].filter((slot) => !tracked.has(slot)).sort((a, b) => a - b);
    this.#tracked = tracked;
    if (stale.join() !== scraped.staleSlots.join())
      return `stale ${scraped.staleSlots.join()}, model has ${stale.join()}`;
    return undefined;
  }
}

/** Runs until `budgetMs` has passed or `rounds` are done. Throws with the seed of the round that failed. */
export function fuzzExposition(options: {
  readonly seed: number;
  readonly rounds: number;
  readonly budgetMs: number;
}): number {
  const folder = join(packageRoot(), "../shared/corpus");
  const names = ["node-exporter.txt", "kube-state-metrics.txt", "prometheus.txt", "etcd.txt", "victoria-metrics.txt"];
  const sources = names.map((name) => ({
    isOpenMetrics: false,
    lines: readFileSync(join(folder, name), "latin1").split("\n"),
  }));
  for (const name of ["1histogram.om.txt", "alltypes.5mfs.om.txt"]) {
    const file = join(packageRoot(), "../shared/conformance/exposition", name);
    sources.push({ isOpenMetrics: true, lines: readFileSync(file, "latin1").split("\n") });
  }
  const started = performance.now();
  let round = 0;
  for (; round < options.rounds && performance.now() - started < options.budgetMs; round += 20) {
    // Slots are given out for each new text, so the shards begin anew now and then.
    const size = { pages: 48, stagingRows: 4000, bodyBytes: 400_000 };
    const shards = [
      new TestShard({ ...size, seed: options.seed + round }),
      new TestShard({ ...size, variant: "debug" }),
    ];
    for (let i = round; i < round + 20; i++) fuzzRound(options.seed + i, sources, shards);
  }
  return round;
}

function fuzzRound(
  seed: number,
  sources: readonly { readonly isOpenMetrics: boolean; readonly lines: readonly string[] }[],
  shards: readonly TestShard[],
): void {
  const random = randomFrom(seed);
  const source = sources[Math.floor(random() * sources.length)]!;
  const from = Math.floor(random() * source.lines.length);
  const excerpt = source.lines.slice(from, from + 1 + Math.floor(random() * 40)).filter((line) => line !== "# EOF");
  const ending = source.isOpenMetrics ? "# EOF\n" : "";
  const original = Buffer.from(`${excerpt.join("\n")}\n${ending}`, "latin1");
  const spoiled = mutate(original, random);
  const bodies = [original, spoiled, spoiled, shuffle(spoiled, random), mutate(spoiled, random), original, original];
  const lasting = shards.map((shard) => new Checked(shard));
  for (const [step, body] of bodies.entries()) {
    const twin = twinParse(body, source.isOpenMetrics);
    for (const [i, checked] of lasting.entries()) {
      const fresh = new Checked(shards[i]!);
      for (const [what, one] of [
        ["remembering", checked],
        ["fresh", fresh],
      ] as const) {
        const wrong = one.check(body, source.isOpenMetrics, twin);
        if (wrong === undefined) continue;
        const kernel = i === 0 ? "release" : "debug";
        throw new Error(
          `seed ${seed}, body ${step}, ${kernel}, ${what} target: ${wrong}\n${JSON.stringify(body.toString("latin1"))}`,
        );
      }
      fresh.close();
    }
  }
  for (const checked of lasting) checked.close();
}
