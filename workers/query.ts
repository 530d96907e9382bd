/** Entry of a query thread. */
import { workerData } from "node:worker_threads";
import { movedReply } from "../src/cli/server/moved-reply.js";
import type { QueryTask, QueryThreadSettings } from "../src/cli/server/query-messages.js";
import { QueryThread } from "../src/cli/server/query-thread.js";

const thread = new QueryThread(workerData as QueryThreadSettings);

export async function runQuery(task: QueryTask): Promise<unknown> {
  return movedReply(await thread.run(task), task.job);
}

/** Settles once the thread has started. */
export function awaitStart(): void {}
