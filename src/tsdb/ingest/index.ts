export {
  type CommitConditions,
  Committer,
  type CommitterDeps,
  type CommitterOptions,
  type HeadBounds,
} from "./committer.js";
export { type ForeignOutlet, type ForeignSample, ShardAppender, type ShardAppenderDeps } from "./shard-appender.js";
export {
  WriteAppender,
  type WriteAppenderOptions,
  type WriteLimits,
  type WriteOutcome,
  type WriteRefusal,
  type WriteVersion,
} from "./write-appender.js";
