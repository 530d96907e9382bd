/** Entry of the control worker. */
import { parentPort, workerData } from "node:worker_threads";
import type { ControlData } from "../src/cli/server/control-messages.js";
import { runControlThread } from "../src/cli/server/control-thread.js";

if (parentPort === null) throw new Error("workers/control must be started as a worker");
runControlThread(parentPort, workerData as ControlData);
