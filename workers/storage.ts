/** Entry of a storage thread. */
import { workerData } from "node:worker_threads";
import type { StorageTask, StorageThreadSettings } from "../src/cli/server/storage-messages.js";
import { StorageThread } from "../src/cli/server/storage-thread.js";

const thread = new StorageThread(workerData as StorageThreadSettings);

export function runStorage(task: StorageTask): ReturnType<StorageThread["run"]> {
  return thread.run(task);
}
