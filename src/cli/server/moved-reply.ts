/** An answer's bytes go to the main thread by moving their buffer: a copy of megabytes would cost both threads. */
import { move, transferableSymbol, valueSymbol } from "piscina";
import type { QueryJob, QueryReply, UNKNOWN_HEADS } from "./query-messages.js";

/** What a task of the query pool returns for `reply`; the bytes of a PromQL query's answer are gone from this thread then. */
export function movedReply(reply: QueryReply | typeof UNKNOWN_HEADS, job: QueryJob): unknown {
  // Only their encoder promises that the buffer is nobody else's.
  const isPromql = job.kind === "instant" || job.kind === "range";
  if (typeof reply === "string" || !isPromql || reply.answer.kind !== "encoded") return reply;
  const { buffer } = reply.answer.body;
  return move({ [transferableSymbol]: [buffer], [valueSymbol]: reply } as unknown as Parameters<typeof move>[0]);
}
