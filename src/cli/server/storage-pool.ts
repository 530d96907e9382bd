/**
 * The pool of storage threads, as the main thread sees it: one task at a time. A thread that idles longer than blocks are left alone ends, and
 * gives its memory back with it.
 */
import { join } from "node:path";
import { Piscina } from "piscina";
import { PINS } from "../../../assembly/layout.js";
import { errorMessage, type Logger, packageRoot, systemFiles } from "../../base/index.js";
import { CONTROL_WAL_STATE, type ControlMemory } from "../../shard/index.js";
import { releaseDead, WalState } from "../../tsdb/wal/index.js";
import type { HeadSource } from "./query-service.js";
import type { StorageReplies, StorageTask, StorageThreadSettings } from "./storage-messages.js";
import { STORAGE_OWNER_ID } from "./storage-thread.js";

const IDLE_MS = 90_000;

export class StoragePool {
  readonly #pool: Piscina;
  readonly #control: ControlMemory;
  readonly #source: HeadSource;
  readonly #settings: StorageThreadSettings;

  constructor(settings: StorageThreadSettings, control: ControlMemory, source: HeadSource, log: Logger) {
    this.#control = control;
    this.#source = source;
    this.#settings = settings;
    this.#pool = new Piscina({
      filename: join(packageRoot(), "dist", "workers", "storage.js"),
      name: "runStorage",
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      workerData: settings,
      atomics: "sync",
    });
    this.#pool.on("workerDestroy", (worker: { readonly id: number }) => this.#cleanUp(worker.id));
    this.#pool.on("error", (error: unknown) => log.error("A storage thread failed", { err: errorMessage(error) }));
  }

  /** Rejects with the task's error, or if its thread ended. */
  run<Kind extends StorageTask["kind"]>(task: StorageTask & { readonly kind: Kind }): Promise<StorageReplies[Kind]> {
    return this.#pool.run(task) as Promise<StorageReplies[Kind]>;
  }

  /** Ends the thread; a task under way fails, and what it left unfinished is removed at the next start. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** A thread is gone: what it had pinned or locked is free. */
  #cleanUp(threadId: number): void {
    for (const pin of this.#control.pinSlotsOf(threadId)) {
      for (const memory of this.#source.memories()) {
        Atomics.store(new Uint32Array(memory.buffer), (PINS >> 2) + pin, 0);
      }
      this.#control.releasePinSlot(pin);
    }
    const state = new WalState(this.#control.buffer, CONTROL_WAL_STATE);
    releaseDead(state, systemFiles, this.#settings.walDir, STORAGE_OWNER_ID);
  }
}
