/** An answer's bytes go to the main thread by moving their buffer: a copy of megabytes would cost both threads. */
import { move, transferableSymbol, valueSymbol } from "piscina";
import type { QueryJob, QueryReply, UNKNOWN_HEADS } from "./query-messages.js";

const OWN_BODIES: ReadonlySet<QueryJob["kind"]> = new Set(["instant", "range", "series", "labelNames", "labelValues"]);

/** What a task of the query pool returns for `reply`; most bodies are gone from this thread then. */
export function movedReply(reply: QueryReply | typeof UNKNOWN_HEADS, job: QueryJob): unknown {
  // Only their encoders promise that the buffer is nobody else's.
  const isOwn = OWN_BODIES.has(job.kind);
  if (typeof reply === "string" || !isOwn || reply.answer.kind !== "encoded") return reply;
  const { buffer } = reply.answer.body;
  return move({ [transferableSymbol]: [buffer], [valueSymbol]: reply } as unknown as Parameters<typeof move>[0]);
}
