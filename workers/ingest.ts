/** Entry of an ingest thread: one task, one shard. */

import type { IngestData } from "../src/cli/server/ingest-messages.js";
import { runIngestThread } from "../src/cli/server/ingest-thread.js";
import { runShardTask, type ShardTask } from "../src/shard/index.js";

export function runShard(task: ShardTask<IngestData>): Promise<void> {
  return runShardTask(task, runIngestThread);
}
