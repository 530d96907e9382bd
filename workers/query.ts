/** Entry of a query thread. */
import { workerData } from "node:worker_threads";
import type { LaneTask } from "../src/cli/server/query-lane.js";
import { serveLane } from "../src/cli/server/query-lane-thread.js";
import type { QueryThreadSettings } from "../src/cli/server/query-messages.js";
import { QueryThread } from "../src/cli/server/query-thread.js";

const thread = new QueryThread(workerData as QueryThreadSettings);

export async function serveQueries(task: LaneTask): Promise<void> {
  await serveLane(thread, task);
}

/** Settles once the thread has started. */
export function awaitStart(): void {}
