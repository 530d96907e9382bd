/** The query thread's end of a lane: takes one request after the other until it is told to stop. */
import { receiveMessageOnPort } from "node:worker_threads";
import { assert } from "../../base/index.js";
import { type LaneMessage, type LaneTask, REPLY_IN_MEMORY } from "./query-lane.js";
import { QueryLaneMemory } from "./query-lane-memory.js";
import type { QueryContext, QueryJob, QueryReply, QueryRequestMessage } from "./query-messages.js";
import type { QueryThread } from "./query-thread.js";

/** Only their encoders promise that a body's buffer is nobody else's. */
const OWN_BODIES: ReadonlySet<QueryJob["kind"]> = new Set(["instant", "range", "series", "labelNames", "labelValues"]);

/** Resolves when the main thread has asked to stop. Between requests the thread sleeps; nothing else of it runs then. */
export async function serveLane(thread: QueryThread, { memory: buffer, port }: LaneTask): Promise<void> {
  const memory = new QueryLaneMemory(buffer);
  let context: QueryContext | undefined;
  let posted: QueryRequestMessage | undefined;
  const readPort = (): void => {
    for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
      const message = received.message as LaneMessage;
      if (message.kind === "context") context = message.context;
      else posted = message.request;
    }
  };
  let seen = 0;
  for (;;) {
    const requests = memory.next(seen);
    if (requests === undefined) {
      port.close();
      return;
    }
    if (requests === seen) continue;
    seen = requests;
    const text = memory.readRequest();
    readPort();
    const request = text === undefined ? posted : (JSON.parse(text) as QueryRequestMessage);
    assert(request !== undefined && context !== undefined, "a request of a query lane has not come along");
    posted = undefined;
    const reply = await thread.run({ ...request, ...context });
    if (isInMemory(reply, memory)) port.postMessage(REPLY_IN_MEMORY);
    else port.postMessage(reply, buffersOf(reply, request.job));
  }
}

/** Whether all that a reply says has found room. */
function isInMemory({ answer, timings, ...rest }: QueryReply, memory: QueryLaneMemory): boolean {
  const isPlain = rest.damagedBlocks.length + rest.exchanges.length + rest.logLines.length === 0;
  return isPlain && answer.kind === "encoded" && memory.writeAnswer(answer.body, timings);
}

/** A copy of megabytes would cost both threads, so the buffer moves. */
function buffersOf({ answer }: QueryReply, job: QueryJob): ArrayBuffer[] {
  const isMoved = answer.kind === "encoded" && OWN_BODIES.has(job.kind);
  return isMoved ? [answer.body.buffer as ArrayBuffer] : [];
}
