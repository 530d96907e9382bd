export { type CompactionFigures, type CompactionOutcome, Compactor, cleanedMeta, joinedMeta } from "./compactor.js";
export { deleteFromBlock } from "./delete.js";
export {
  BlockDirectory,
  CORRUPT_SUFFIX,
  type DirectoryState,
  type LoadedBlock,
  type QuarantinedBlock,
} from "./directory.js";
export { MatcherRetention, type RetentionRule } from "./matcher-retention.js";
export { type KeepChunk, mergeBlocks } from "./merge-blocks.js";
export { mergeChunks, withoutDeleted } from "./merge-chunks.js";
export { beyondRetention, blockRanges, compactable, type Expired, planCompaction, type Retention } from "./plan.js";
