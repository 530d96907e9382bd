/** What `/api/v1/admin/tsdb` does: snapshots, deletion, and writing blocks anew without what was deleted. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type AdminService, failure, type ServiceAnswer } from "../../api/index.js";
import { VestalError } from "../../base/index.js";
import type { ControlMemory } from "../../shard/index.js";
import type { PlainSelector } from "./ingest-messages.js";
import type { QueryPool } from "./query-service.js";
import type { ShardSet } from "./shards.js";
import type { Storage } from "./storage.js";

export interface AdminDeps {
  readonly dataDir: string;
  readonly storage: Storage;
  readonly shards: ShardSet;
  readonly control: ControlMemory;
  readonly queries: QueryPool;
}

export class Admin implements AdminService {
  readonly #deps: AdminDeps;

  constructor(deps: AdminDeps) {
    this.#deps = deps;
  }

  /** Hard links of all blocks, and a block of what the heads have. */
  async snapshot(withHead: boolean, nowMs: number): Promise<string> {
    const { storage, shards, control, dataDir } = this.#deps;
    const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");
    const name = `${stamp}-${randomBytes(8).toString("hex")}`;
    const dir = join(dataDir, "snapshots", name);
    await storage.keeper.exclusively(async () => {
      const { minTimeMs, maxTimeMs } = control;
      // The head first: what it forgets meanwhile is in a block by then.
      if (withHead && minTimeMs !== undefined && maxTimeMs !== undefined) {
        await shards.closeChunks(maxTimeMs + 1);
        const heads = shards.heads();
        await storage.pool.run({ kind: "cut", heads, minTimeMs, maxTimeMs: maxTimeMs + 1, parentDir: dir });
      }
      const ulids = storage.list.blocks.map(({ meta }) => meta.ulid);
      await storage.pool.run({ kind: "link-blocks", ulids, toDir: dir });
    });
    return name;
  }

  async deleteSeries(
    matchers: readonly string[],
    minTimeMs: number,
    maxTimeMs: number,
    signal: AbortSignal,
  ): Promise<ServiceAnswer> {
    const answer = await this.#deps.queries.selectors(matchers, signal);
    if (answer.kind !== "data") return answer;
    const selectors = answer.data as readonly PlainSelector[];
    const { storage } = this.#deps;
    await storage.keeper.exclusively(async () => {
      const ulids = storage.list.blocks
        .filter(({ meta }) => meta.minTimeMs <= maxTimeMs && meta.maxTimeMs > minTimeMs)
        .map(({ meta }) => meta.ulid);
      await storage.pool.run({ kind: "delete-series", ulids, selectors, minTimeMs, maxTimeMs });
      await storage.keeper.reload();
    });
    return (await this.#leftInHead(matchers, minTimeMs, maxTimeMs, signal)) ?? { kind: "empty" };
  }

  /** Nothing can be deleted from a head yet: where it has such samples the caller must know. */
  async #leftInHead(
    matchers: readonly string[],
    minTimeMs: number,
    maxTimeMs: number,
    signal: AbortSignal,
  ): Promise<ServiceAnswer | undefined> {
    const { control, queries } = this.#deps;
    if (control.minTimeMs === undefined || maxTimeMs < control.minTimeMs) return undefined;
    const startMs = Math.max(minTimeMs, control.minTimeMs);
    const left = await queries.series({ matchers, startMs, endMs: maxTimeMs, limit: 1 }, signal);
    if (left.kind !== "encoded") return undefined;
    const { data } = JSON.parse(Buffer.from(left.body).toString()) as { data: readonly unknown[] };
    if (data.length === 0) return undefined;
    const since = new Date(startMs).toISOString();
    return failure(
      "unavailable",
      `deleted from all blocks, but samples since ${since} are still in the head, from which nothing can be deleted yet; ` +
        "ask again when they are in a block",
    );
  }

  async cleanTombstones(): Promise<void> {
    const { storage } = this.#deps;
    await storage.keeper.exclusively(async () => {
      for (const { meta } of storage.list.blocks.filter((block) => block.meta.stats.tombstones > 0)) {
        const { isDone } = await storage.pool.run({ kind: "clean-tombstones", ulid: meta.ulid });
        if (!isDone) throw new VestalError("CLEAN_TOMBSTONES", `block ${meta.ulid} is not there any more`);
        await storage.keeper.reload();
      }
    });
  }
}
