/** What `/api/v1/admin/tsdb` does: snapshots, deletion, and writing blocks anew without what was deleted. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type AdminService, failure, type RequestSignal, type ServiceAnswer } from "../../api/index.js";
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
    signal: RequestSignal,
  ): Promise<ServiceAnswer> {
    const answer = await this.#deps.queries.selectors(matchers, signal);
    if (answer.kind !== "data") return answer;
    const selectors = answer.data as readonly PlainSelector[];
    const { storage, shards } = this.#deps;
    const deleteAll = async (): Promise<void> => {
      const ulids = storage.list.blocks
        .filter(({ meta }) => meta.minTimeMs <= maxTimeMs && meta.maxTimeMs > minTimeMs)
        .map(({ meta }) => meta.ulid);
      await storage.pool.run({ kind: "delete-series", ulids, selectors, minTimeMs, maxTimeMs });
      await storage.keeper.reload();
      // Logs keep no deletion of samples out of order for longer than those of samples in order: blocks do.
      if (await shards.deleteSeries(selectors, minTimeMs, maxTimeMs)) await storage.cutter.cutOutOfOrder();
    };
    try {
      // A block that is made meanwhile would bring back what is deleted.
      await storage.cutter.exclusively(() => storage.keeper.exclusively(deleteAll));
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      return failure("unavailable", error.message);
    }
    return { kind: "empty" };
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
