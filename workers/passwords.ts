/** Entry of the thread that checks passwords. */
import { parentPort } from "node:worker_threads";
import { runPasswordThread } from "../src/web-config/password-thread.js";

if (parentPort === null) throw new Error("workers/passwords must be started as a worker");
runPasswordThread(parentPort);
