/** Entry of a query thread. */
import { workerData } from "node:worker_threads";
import type { QueryTask, QueryThreadSettings } from "../src/cli/server/query-messages.js";
import { QueryThread } from "../src/cli/server/query-thread.js";

const thread = new QueryThread(workerData as QueryThreadSettings);

export function runQuery(task: QueryTask): ReturnType<QueryThread["run"]> {
  return thread.run(task);
}
