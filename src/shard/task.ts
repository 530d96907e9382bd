import type { MessagePort } from "node:worker_threads";

/** What a supervised thread is started with; `data` is the entry's own. */
export interface ShardTask<Data> {
  readonly shard: number;
  readonly shardCount: number;
  /** 0 for the first thread of this shard, then one more with each that is started anew. */
  readonly generation: number;
  readonly port: MessagePort;
  readonly data: Data;
}
