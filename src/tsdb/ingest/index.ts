export { CardinalityGuard, type CardinalityGuardOptions, type RefusedSeries } from "./cardinality-guard.js";
export {
  type CommitExtras,
  Committer,
  type CommitterDeps,
  type CommitterOptions,
  type ExemplarRow,
  type HeadBounds,
  type MetadataRow,
  type OutOfOrderStore,
} from "./committer.js";
export { replayHistograms } from "./replay-histograms.js";
export { type ForeignOutlet, type ForeignSample, ShardAppender, type ShardAppenderDeps } from "./shard-appender.js";
export {
  WriteAppender,
  type WriteAppenderOptions,
  type WriteLimits,
  type WriteOutcome,
  type WriteRefusal,
  type WriteVersion,
} from "./write-appender.js";
