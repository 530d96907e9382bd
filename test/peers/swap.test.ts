/**
 * One data directory handed to and fro between a real Prometheus and Vestal, everything about it drawn from a seed: who comes next,
 * with which options (ranges, compression, chunk sizes, shards, snapshots of memory), what it takes in (swap-load.ts), how and when
 * it ends. After each round both start on copies and must answer the same, series by series and sample by sample, and nothing that was
 * acknowledged in order is missing.
 *
 * SWAP_ROUNDS sets the rounds, SWAP_SEED the first directory's seed, SWAP_DIRECTORIES how many there are.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { randomFrom } from "../support/random.js";
import { type AllSamples, allSamples } from "./crash-load.js";
import { killAll, makeFolder, removeFolder, startPrometheus, startVestal } from "./harness.js";
import { difference, SwapLoad } from "./swap-load.js";

const ROUNDS = Number(process.env["SWAP_ROUNDS"] ?? 3);
const SEED = Number(process.env["SWAP_SEED"] ?? 24);
const DIRECTORIES = Number(process.env["SWAP_DIRECTORIES"] ?? 1);
/** Half a second behind its start, and at most so long later, a server ends. */
const LONGEST_MS = 5000;
const SNAPSHOT = "memory-snapshot-on-shutdown";

afterAll(killAll);

const FEATURES = ["native-histograms", "exemplar-storage"];
const COMMON = ["--web.enable-remote-write-receiver", "--web.enable-admin-api"];

test.each(Array.from({ length: DIRECTORIES }, (_, i) => SEED + i))(
  `a directory of seed %i goes through ${ROUNDS} rounds`,
  async (seed) => {
    const random = randomFrom(seed);
    const pick = <T>(...of: readonly T[]): T => of[Math.trunc(random() * of.length)]!;
    const load = await SwapLoad.start(randomFrom(seed ^ 0x10ad)); // its own: it draws as time goes
    const folder = makeFolder();
    const range = pick(0, 2, 4, 8);
    const windowSeconds = pick(0, 3, 20, 600);
    const ranges =
      range === 0
        ? []
        : [
            `--storage.tsdb.min-block-duration=${range}s`,
            `--storage.tsdb.max-block-duration=${range * pick(1, 3, 9)}s`,
          ];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const isTheirs = random() < 0.5;
        const features = [...FEATURES, ...(random() < 0.3 ? [SNAPSHOT] : [])];
        const isZstd = random() < 0.3;
        const signal = random() < 0.75 ? "SIGKILL" : "SIGTERM";
        const args = [
          ...COMMON,
          ...ranges,
          `--enable-feature=${features.join(",")}`,
          `--storage.tsdb.samples-per-chunk=${pick(6, 16, 120)}`,
          ...(isZstd
            ? ["--storage.tsdb.wal-compression-type=zstd"]
            : random() < 0.2
              ? ["--no-storage.tsdb.wal-compression"]
              : []),
          ...(isTheirs ? [] : [`--ingest.threads=${pick(1, 2, 3)}`]),
        ];
        const what = `seed ${seed}, round ${round} (${isTheirs ? "Prometheus" : "Vestal"}, ${signal}, window ${windowSeconds} s, ${args.slice(2).join(" ")})`;
        const start = isTheirs ? startPrometheus : startVestal;
        const server = await start({ config: load.config(round, windowSeconds), folder, args });
        load.run(server, windowSeconds * 1000);
        await new Promise((resolve) => setTimeout(resolve, 500 + random() * LONGEST_MS));
        await server.kill(signal);
        await load.stop();
        await compare({
          folder,
          args: [...COMMON, ...ranges],
          windowSeconds,
          load,
          what,
          shards: pick(1, 3),
          features: [...FEATURES, ...pick<readonly string[]>([], [SNAPSHOT])],
        });
      }
    } finally {
      await killAll();
      load.close();
      removeFolder(folder);
    }
  },
  60_000 + ROUNDS * 60_000,
);

interface Comparison {
  readonly folder: string;
  readonly args: readonly string[];
  readonly windowSeconds: number;
  readonly load: SwapLoad;
  readonly what: string;
  readonly shards: number;
  readonly features: readonly string[];
}

/** Both on copies of the directory; what they answer. */
async function compare({ folder, args, windowSeconds, load, what, shards, features }: Comparison): Promise<void> {
  const [ours, theirs] = [makeFolder(), makeFolder()];
  const copies = [ours, theirs];
  for (const copy of copies) cpSync(join(folder, "data"), join(copy, "data"), { recursive: true });
  const config = { storage: { tsdb: { out_of_order_time_window: `${windowSeconds}s` } } };
  const all = [...args, `--enable-feature=${features.join(",")}`];
  const vestal = await startVestal({ config, folder: ours, args: [...all, `--ingest.threads=${shards}`] });
  const prometheus = await startPrometheus({ config, folder: theirs, args: all });
  const timeSeconds = Date.now() / 1000 + 1;
  const [got, want] = [await allSamples(vestal, timeSeconds), await allSamples(prometheus, timeSeconds)];
  await Promise.all([vestal.kill("SIGKILL"), prometheus.kill("SIGKILL")]);
  for (const copy of copies) removeFolder(copy);
  const found = [difference(got, want), lost(load, got, "Vestal"), lost(load, want, "Prometheus")];
  const problems = found.filter((one) => one !== "").join("\n");
  if (problems !== "") expect.fail(`${what}, then Vestal with ${shards} shards, ${features.join(",")}: ${problems}`);
  expect(got.size, `${what}: series`).toBeGreaterThan(20);
}

/** Acknowledged samples that an answer lacks. */
function lost(load: SwapLoad, samples: AllSamples, who: string): string {
  const lines: string[] = [];
  for (const [series, times] of load.acknowledged) {
    const found = new Set(
      (samples.get(series) ?? []).map((one) => Math.round((JSON.parse(one) as [number])[0] * 1000)),
    );
    const missing = [...times].filter((time) => !found.has(time));
    if (missing.length > 0)
      lines.push(`${who} lost ${missing.length} of ${times.size} of ${series}: ${missing.slice(0, 5)}`);
  }
  return lines.slice(0, 5).join("\n");
}
