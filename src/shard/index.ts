export { closePool } from "./close-pool.js";
export * from "./control-memory.js";
export {
  addResults,
  type BatchAnswer,
  DEFAULT_RECEIVER_OPTIONS,
  DEFAULT_SENDER_OPTIONS,
  type ForeignOutcome,
  ForeignReceiver,
  type ForeignReceiverOptions,
  type ForeignRefusal,
  type ForeignRejections,
  type ForeignResult,
  type ForeignRow,
  ForeignSender,
  type ForeignSenderOptions,
  type ForeignSink,
  isRetryable,
  NO_RESULT,
} from "./foreign-append.js";
export {
  BATCH_ALL_OR_NOTHING,
  BATCH_REFUSES_OUT_OF_ORDER,
  FOREIGN_BATCH_BYTES,
  ForeignBatchBuilder,
  ForeignBatchReader,
  ROW_EXEMPLAR,
  ROW_FLOAT,
  ROW_FLOAT_HISTOGRAM,
  ROW_HISTOGRAM,
  ROW_IS_CREATED_ZERO,
  ROW_METADATA,
} from "./foreign-batch.js";
export type { ShardKernels } from "./kernels.js";
export { shardOf } from "./shard-of.js";
// `ShardSupervisor` is imported from its file: it loads piscina, which only the main thread needs.
export type { SupervisorDeps, SupervisorHooks, SupervisorOptions } from "./supervisor.js";
export type { ShardTask } from "./task.js";
export { runShardTask } from "./thread.js";
