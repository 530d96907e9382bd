/** The thread of remote write: a queue for each endpoint. */
import type { MessagePort } from "node:worker_threads";
import { errorMessage, systemFiles } from "../../base/index.js";
import { type FamilyMetadata, Queue } from "../../remote/index.js";
import { CONTROL_WAL_STATE, ControlMemory } from "../../shard/index.js";
import { WalState } from "../../tsdb/wal/index.js";
import { loggerOf } from "./log-settings.js";
import type { EndpointsMessage, FromRemote, RemoteData, ToRemote } from "./remote-messages.js";

const STATS_MS = 1000;
/** A changed endpoint gets so long to send what was read; its successor goes on from there. */
const REPLACE_MS = 500;

export function runRemoteThread(port: MessagePort, data: RemoteData): void {
  const log = loggerOf(data.log, "remote");
  const state = new WalState(ControlMemory.attach(data.control).buffer, CONTROL_WAL_STATE);
  const queues = new Map<string, Queue>();
  const post = (message: FromRemote): void => port.postMessage(message);
  const rounds = new MetadataRounds(() => post({ type: "metadata-request" }));
  const timer = setInterval(() => {
    post({ type: "stats", queues: [...queues.values()].map(({ stats }) => stats) });
    rounds.look(queues.values());
  }, STATS_MS);
  const apply = async ({ endpoints, externalLabels, from }: EndpointsMessage): Promise<void> => {
    const wanted = new Map(endpoints.map((endpoint) => [endpoint.hash, endpoint]));
    for (const [hash, queue] of [...queues]) {
      if (wanted.has(hash)) continue;
      queues.delete(hash);
      await queue.stop(REPLACE_MS);
    }
    for (const [hash, endpoint] of wanted) {
      if (queues.has(hash)) continue;
      const { walDir, positionDir, userAgent } = data;
      const wal = { dir: walDir, files: systemFiles, end: () => state.position() };
      const queue = new Queue(endpoint, {
        files: systemFiles,
        log,
        wal,
        dir: positionDir,
        externalLabels,
        from,
        userAgent,
      });
      queues.set(hash, queue);
      queue.run().catch((error: unknown) => {
        log.error("An endpoint of remote write failed", { remote_name: endpoint.name, err: errorMessage(error) });
      });
    }
  };
  let last: Promise<void> = Promise.resolve();
  port.on("message", (message: ToRemote) => {
    if (message.type === "metadata") {
      rounds.send(message.entries, (error) => log.error("Sending metadata failed", { err: errorMessage(error) }));
      return;
    }
    last = last.then(async () => {
      if (message.type === "endpoints") {
        await apply(message);
        return;
      }
      clearInterval(timer);
      await Promise.all([...queues.values()].map((queue) => queue.stop(message.deadlineMs)));
      post({ type: "stopped" });
      port.close();
    });
  });
}

/** When each queue is to send metadata; it is asked for once for all that are due. */
class MetadataRounds {
  readonly #ask: () => void;
  readonly #nextMs = new WeakMap<Queue, number>();
  #due: Queue[] = [];

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** A queue's first round comes an interval after its start. */
  look(queues: Iterable<Queue>): void {
    const nowMs = performance.now();
    const isAsked = this.#due.length > 0;
    for (const queue of queues) {
      const intervalMs = queue.metadataIntervalMs;
      if (intervalMs === undefined) continue;
      const nextMs = this.#nextMs.get(queue);
      if (nextMs !== undefined && nowMs >= nextMs && !this.#due.includes(queue)) this.#due.push(queue);
      if (nextMs === undefined || nowMs >= nextMs) this.#nextMs.set(queue, nowMs + intervalMs);
    }
    if (!isAsked && this.#due.length > 0) this.#ask();
  }

  send(entries: readonly FamilyMetadata[], onError: (error: unknown) => void): void {
    for (const queue of this.#due.splice(0)) queue.sendMetadata(entries).catch(onError);
  }
}
