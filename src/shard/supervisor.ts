/**
 * Keeps one thread for each shard: a piscina pool with as many threads as shards, each running one task for as long as the
 * process lives. A task is asked to stop by a message and never aborted: an abort would end its thread in the middle of a
 * commit. A thread that ends by itself is replaced, after the hooks have told everybody who counted on it.
 *
 * The pool waits with `atomics: "disabled"`: otherwise an idle thread would sleep in `Atomics.wait`, its timers and sockets
 * frozen, between a task's end and the next one's start.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import {
  type Clock,
  errorMessage,
  type Logger,
  type PlainError,
  SMALL_YOUNG_GENERATION,
  toPlain,
} from "../base/index.js";
import { closePool } from "./close-pool.js";
import type { ShardTask } from "./task.js";

/** What threads that have no task any more get to finish their start. */
const CLOSE_PATIENCE_MS = 2000;

export interface SupervisorOptions<Data> {
  readonly shardCount: number;
  /** Absolute path of the built entry; it exports a function named `handler` that takes a ShardTask. */
  readonly entryFile: string;
  readonly handler: string;
  /** Given to each thread at its start, as `workerData`. */
  readonly workerData: unknown;
  /** What the task of a shard is told, made anew for each thread. */
  readonly taskData: (shard: number, generation: number) => Data;
  /** How long a thread may take to stop before it is ended by force. */
  readonly stopTimeoutMs: number;
  /** So many losses of one shard within this time are no accident. */
  readonly lossesMax: number;
  readonly lossWindowMs: number;
}

export const DEFAULT_SUPERVISION = { stopTimeoutMs: 30_000, lossesMax: 3, lossWindowMs: 600_000 } as const;

export interface SupervisorHooks {
  /** A thread runs; `port` is the main thread's end of its channel. */
  onShardStarted(shard: number, generation: number, port: MessagePort): void;
  /**
   * The shard's thread ended unasked: fail its foreign appends, clear its locks and pins, decide whether its memory can be
   * adopted. A new thread starts when the promise has settled; its rejection ends the supervision as `onFatal`.
   */
  onShardLost(shard: number, error: PlainError): void | Promise<void>;
  /** Starting the shard again and again does not help: the process should end with this message. */
  onFatal(shard: number, message: string): void;
}

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

interface Shard {
  readonly index: number;
  generation: number;
  port: MessagePort | undefined;
  lossTimesMs: number[];
  task: Promise<void>;
}

export class ShardSupervisor<Data> {
  readonly #options: SupervisorOptions<Data>;
  readonly #hooks: SupervisorHooks;
  readonly #deps: SupervisorDeps;
  readonly #pool: Piscina;
  readonly #shards: Shard[];
  #isStopping = false;
  /** Threads that ended unasked, over all shards. */
  lossCount = 0;

  constructor(options: SupervisorOptions<Data>, hooks: SupervisorHooks, deps: SupervisorDeps) {
    this.#options = options;
    this.#hooks = hooks;
    this.#deps = deps;
    this.#pool = new Piscina({
      filename: options.entryFile,
      name: options.handler,
      workerData: options.workerData,
      resourceLimits: SMALL_YOUNG_GENERATION,
      minThreads: options.shardCount,
      maxThreads: options.shardCount,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      atomics: "disabled",
    });
    // A thread that fails while it runs no task has nobody else to say so.
    this.#pool.on("error", (error: unknown) => {
      deps.log.error("A thread of the ingest pool failed without a task", { err: errorMessage(error) });
    });
    this.#shards = Array.from({ length: options.shardCount }, (_, index) => ({
      index,
      generation: -1,
      port: undefined,
      lossTimesMs: [],
      task: Promise.resolve(),
    }));
  }

  /** Starts all shards; the hooks hear of each. */
  start(): void {
    for (const shard of this.#shards) this.#run(shard);
  }

  /** The main thread's end of a shard's channel; undefined while it has no thread. */
  port(shard: number): MessagePort | undefined {
    return this.#shards[shard]?.port;
  }

  /**
   * Asks every shard to stop and waits for it; threads that do not stop in time end by force.
   * @param abandoned  shards that have nothing to finish, such as one that still replays: they are not waited for.
   */
  async stop(abandoned: readonly number[] = []): Promise<void> {
    this.#isStopping = true;
    const awaited = this.#shards.filter(({ index }) => !abandoned.includes(index));
    for (const { port } of awaited) port?.postMessage({ type: "stop" });
    const { stopTimeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), stopTimeoutMs);
    });
    const ended = await Promise.race([Promise.all(awaited.map(({ task }) => task)), deadline]);
    clearTimeout(timer);
    if (ended === "late")
      this.#deps.log.error("Shards did not stop in time; their threads are ended", { timeoutMs: stopTimeoutMs });
    for (const shard of this.#shards) this.#closePort(shard);
    await closePool(this.#pool, ended === "late" ? 0 : CLOSE_PATIENCE_MS);
  }

  #run(shard: Shard): void {
    const { port1, port2 } = new MessageChannel();
    shard.generation++;
    shard.port = port1;
    const task: ShardTask<Data> = {
      shard: shard.index,
      shardCount: this.#options.shardCount,
      generation: shard.generation,
      port: port2,
      data: this.#options.taskData(shard.index, shard.generation),
    };
    shard.task = this.#pool.run(task, { transferList: [port2] }).then(
      () => this.#ended(shard, new Error("the shard's task returned without being asked to")),
      (error: unknown) => this.#ended(shard, error),
    );
    this.#hooks.onShardStarted(shard.index, shard.generation, port1);
  }

  /** Never rejects: what goes wrong here is fatal, and said so. */
  async #ended(shard: Shard, error: unknown): Promise<void> {
    this.#closePort(shard);
    if (this.#isStopping) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const { lossesMax, lossWindowMs } = this.#options;
    this.lossCount++;
    shard.lossTimesMs = [...shard.lossTimesMs, nowMs].filter((timeMs) => nowMs - timeMs < lossWindowMs);
    this.#deps.log.error("A shard's thread ended; it is started again", {
      shard: shard.index,
      err: errorMessage(error),
    });
    try {
      await this.#hooks.onShardLost(shard.index, toPlain(error));
    } catch (hookError) {
      this.#hooks.onFatal(shard.index, `shard ${shard.index} cannot be recovered: ${errorMessage(hookError)}`);
      return;
    }
    if (this.#isStopping) return;
    if (shard.lossTimesMs.length >= lossesMax) {
      const minutes = Math.round(lossWindowMs / 60_000);
      this.#hooks.onFatal(
        shard.index,
        `shard ${shard.index} ended ${shard.lossTimesMs.length} times within ${minutes} minutes, the last time with: ${errorMessage(error)}`,
      );
      return;
    }
    this.#run(shard);
  }

  #closePort(shard: Shard): void {
    shard.port?.close();
    shard.port = undefined;
  }
}
