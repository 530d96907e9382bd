/** Entry of the thread of an Alertmanager inside the server. */
import { parentPort, workerData } from "node:worker_threads";
import { type EmbeddedAlertmanagerData, runAlertmanagerThread } from "../src/cli/server/embedded-alertmanager.js";

if (parentPort === null) throw new Error("workers/alertmanager must be started as a worker");
await runAlertmanagerThread(parentPort, workerData as EmbeddedAlertmanagerData);
