export { CREATION_SUFFIX, DELETION_SUFFIX } from "./format.js";
export {
  type BlockCompaction,
  type BlockDescription,
  type BlockMeta,
  type BlockStats,
  HINT_FROM_OUT_OF_ORDER,
  readMeta,
  writeMeta,
} from "./meta.js";
export {
  addInterval,
  countIntervals,
  type Interval,
  isCovered,
  isTouched,
  readTombstones,
  type Tombstones,
  writeTombstones,
} from "./tombstones.js";
export { isUlid, makeUlid, ulidTimeMs } from "./ulid.js";
export { readWhole, removeTree, writeWhole } from "./whole-file.js";
export { BlockWriter, type BlockWriterOptions, type FinishedBlock } from "./writer.js";
