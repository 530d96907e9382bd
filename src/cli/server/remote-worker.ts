/** The main thread's side of remote write: starts the thread once there is an endpoint, keeps its figures. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { errorMessage, type Logger, packageRoot, SMALL_YOUNG_GENERATION } from "../../base/index.js";
import type { EndpointConfig, FamilyMetadata, QueueStats } from "../../remote/index.js";
import type { WalPosition } from "../../tsdb/wal/index.js";
import type { FromRemote, RemoteData, ToRemote } from "./remote-messages.js";

const RESTART_MS = 5000;

export class RemoteWorker {
  readonly #data: RemoteData;
  readonly #walEnd: () => WalPosition;
  readonly #metadata: () => Promise<readonly FamilyMetadata[]>;
  readonly #log: Logger;
  #worker: Worker | undefined;
  #endpoints: readonly EndpointConfig[] = [];
  #externalLabels: Readonly<Record<string, string>> = {};
  #isStarted = false;
  #isStopping = false;
  #stopped: (() => void) | undefined;
  stats: readonly QueueStats[] = [];

  /** @param metadata  what all targets say of their metrics now. */
  constructor(
    data: RemoteData,
    walEnd: () => WalPosition,
    metadata: () => Promise<readonly FamilyMetadata[]>,
    log: Logger,
  ) {
    this.#metadata = metadata;
    this.#walEnd = walEnd;
    this.#data = data;
    this.#log = log;
  }

  apply(endpoints: readonly EndpointConfig[], externalLabels: Readonly<Record<string, string>>): void {
    this.#endpoints = endpoints;
    this.#externalLabels = externalLabels;
    if (this.#isStarted) this.#send();
  }

  /** The log is open. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#send();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs + 2000);
      this.#stopped = () => {
        clearTimeout(timer);
        resolve();
      };
      worker.postMessage({ type: "stop", deadlineMs } satisfies ToRemote);
    });
    await worker.terminate();
  }

  #send(): void {
    if (this.#worker === undefined) {
      if (this.#endpoints.length === 0) return;
      this.#worker = this.#start();
    }
    const message: ToRemote = {
      type: "endpoints",
      endpoints: this.#endpoints,
      externalLabels: this.#externalLabels,
      from: this.#walEnd(),
    };
    this.#worker.postMessage(message);
  }

  #answerMetadata(worker: Worker): void {
    this.#metadata().then(
      (entries) => worker.postMessage({ type: "metadata", entries } satisfies ToRemote),
      (error: unknown) => this.#log.warn("Metadata is not sent this time", { err: errorMessage(error) }),
    );
  }

  #start(): Worker {
    const worker = new Worker(join(packageRoot(), "dist", "workers", "remote.js"), {
      workerData: this.#data,
      resourceLimits: SMALL_YOUNG_GENERATION,
    });
    worker.on("message", (message: FromRemote) => {
      if (message.type === "stats") this.stats = message.queues;
      else if (message.type === "metadata-request") this.#answerMetadata(worker);
      else this.#stopped?.();
    });
    worker.on("error", (error) => this.#log.error("The thread of remote write failed", { err: errorMessage(error) }));
    worker.on("exit", () => {
      this.#stopped?.();
      if (this.#isStopping) return;
      this.#worker = undefined;
      setTimeout(() => {
        if (!this.#isStopping) this.#send();
      }, RESTART_MS).unref();
    });
    return worker;
  }
}
