export { Committer, type CommitterDeps, type CommitterOptions, type HeadBounds } from "./committer.js";
export { type ForeignOutlet, type ForeignSample, ShardAppender, type ShardAppenderDeps } from "./shard-appender.js";
