/**
 * The way to one query thread and back. The pool owns the thread; to it the lane is one long task, which ends when it is told to
 * or with its thread. So a query pays for two wake-ups, and not for a task of its own.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { Piscina } from "piscina";
import { deferred } from "../../base/index.js";
import { QueryLaneMemory } from "./query-lane-memory.js";
import type { QueryContext, QueryReply, QueryRequestMessage } from "./query-messages.js";

/** Instead of a reply: body and timings lie in the lane's memory. */
export const REPLY_IN_MEMORY = 0;

/** What the long task is given. */
export interface LaneTask {
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** From the main thread to the lane's thread; what is known already is not sent again. */
export type LaneMessage =
  | { readonly kind: "context"; readonly context: QueryContext }
  | { readonly kind: "request"; readonly request: QueryRequestMessage };

/** Requests that JSON keeps as they are. */
const PLAIN_KINDS: ReadonlySet<QueryRequestMessage["job"]["kind"]> = new Set([
  "instant",
  "range",
  "series",
  "labelNames",
  "labelValues",
]);

export class QueryLane {
  readonly #memory = new QueryLaneMemory();
  readonly #port: MessagePort;
  readonly #terminate = new AbortController();
  #context: QueryContext | undefined;
  #asked: { resolve(reply: QueryReply): void; reject(error: unknown): void } | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Resolves when the lane can be used no more: it was stopped, or its thread is gone. */
  readonly ended: Promise<void>;

  constructor(pool: Piscina) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (message: QueryReply | typeof REPLY_IN_MEMORY) => this.#take(message));
    // What waits for an answer keeps the process alive, not the lane.
    port1.unref();
    const task: LaneTask = { memory: this.#memory.buffer, port: port2 };
    const options = { name: "serveQueries", transferList: [port2], signal: this.#terminate.signal };
    this.ended = pool.run(task, options).then(
      () => this.#end(new Error("the query thread was told to stop")),
      (error: unknown) => this.#end(error),
    );
  }

  /** The thread was ended by `terminate`. */
  get isTerminated(): boolean {
    return this.#terminate.signal.aborted;
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** One at a time. @throws what ended the thread, if it ends first. */
  ask(context: QueryContext, request: QueryRequestMessage): Promise<QueryReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#context === undefined || !areEqual(this.#context, context)) {
      this.#context = context;
      this.#post({ kind: "context", context });
    }
    const text = PLAIN_KINDS.has(request.job.kind) ? JSON.stringify(request) : undefined;
    if (text === undefined || !this.#memory.writeRequest(text)) {
      this.#memory.writeRequest("");
      this.#post({ kind: "request", request });
    }
    const { promise, resolve, reject } = deferred<QueryReply>();
    this.#asked = { resolve, reject };
    this.#memory.send();
    return promise;
  }

  /** Ends the thread with its query; the pool starts another. */
  terminate(): void {
    this.#terminate.abort();
  }

  /** Ends the task when its query has ended. */
  stop(): void {
    this.#memory.stop();
  }

  #post(message: LaneMessage): void {
    this.#port.postMessage(message);
  }

  #take(message: QueryReply | typeof REPLY_IN_MEMORY): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.resolve(message === REPLY_IN_MEMORY ? this.#replyInMemory() : message);
  }

  #replyInMemory(): QueryReply {
    const answer = { kind: "encoded", body: this.#memory.readBody() } as const;
    return { answer, timings: this.#memory.readTimings(), damagedBlocks: [], exchanges: [], logLines: [] };
  }

  #end(error: unknown): void {
    this.#failure = { error };
    this.#port.close();
    this.#asked?.reject(error);
    this.#asked = undefined;
  }
}

/** By identity where the owner of a list makes a new one for each change. */
function areEqual(a: QueryContext, b: QueryContext): boolean {
  return (
    a.blocks === b.blocks &&
    a.remoteReads === b.remoteReads &&
    a.missingShards.length === b.missingShards.length &&
    a.missingShards.every((shard, i) => shard === b.missingShards[i]) &&
    a.heads.length === b.heads.length &&
    a.heads.every(({ shard, generation }, i) => shard === b.heads[i]!.shard && generation === b.heads[i]!.generation)
  );
}
