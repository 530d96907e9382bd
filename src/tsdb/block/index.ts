export { Block, blockBytes } from "./block.js";
export { type BlockRequest, BlockSeries, type FloatDecoder, readingBlock } from "./block-series.js";
export type { StoredChunk } from "./chunk-reader.js";
export { CREATION_SUFFIX, DELETION_SUFFIX } from "./format.js";
export { IndexReader, type SeriesEntry } from "./index-reader.js";
export type { ChunkMeta } from "./index-writer.js";
export {
  type BlockCompaction,
  type BlockDescription,
  type BlockMeta,
  type BlockStats,
  encodeMeta,
  HINT_FROM_OUT_OF_ORDER,
  isOutOfOrder,
  readMeta,
  writeMeta,
} from "./meta.js";
export { PageCache, PagedFile } from "./page-cache.js";
export { intersect, selectRefs } from "./select.js";
export {
  addInterval,
  countIntervals,
  type Interval,
  isCovered,
  isTouched,
  readTombstones,
  type Tombstones,
  tombstonesVersion,
  writeTombstones,
} from "./tombstones.js";
export { isUlid, makeUlid, ulidTimeMs } from "./ulid.js";
export { readWhole, removeTree, treeBytes, writeWhole } from "./whole-file.js";
export { BlockWriter, type BlockWriterOptions, type FinishedBlock } from "./writer.js";
