/** Entry of the thread that sends samples to other servers. */
import { parentPort, workerData } from "node:worker_threads";
import type { RemoteData } from "../src/cli/server/remote-messages.js";
import { runRemoteThread } from "../src/cli/server/remote-thread.js";

if (parentPort === null) throw new Error("workers/remote must be started as a worker");
runRemoteThread(parentPort, workerData as RemoteData);
