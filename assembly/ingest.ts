/** Kernels of an ingest thread: one instance over the shared memory of its shard's head (see layout.ts). */
import { LAYOUT_VERSION } from "./layout";

export { crc32c } from "./bytes/crc32c";
export { snappyCompress, snappyMaxBytes, snappyTableBytes } from "./bytes/snappy-compress";
export { snappyDecodedBytes, snappyDecompress } from "./bytes/snappy-decompress";
export { decodeXor } from "./chunk/xor-decode";
export { encodeXor } from "./chunk/xor-encode";
export {
  acceptAllStale,
  acceptScrape,
  collectAllStale,
  collectStale,
  cutScrape,
  rejectScrape,
  rememberNew,
  resolveRepeated,
} from "./exposition/accept";
export { makeDigestKeys } from "./exposition/digest";
export { parseFloat64 } from "./exposition/float";
export { parseScrape } from "./exposition/parse";
export { addProtoFloat } from "./exposition/proto-output";
export { protoScratchBytes, readProtobuf } from "./exposition/protobuf";
export { closeTarget, openTarget } from "./exposition/target";
export { appendBatch, publishBatch, rowsOutOfOrder, validateBatch } from "./head/append";
export {
  attachChunks,
  attachOutOfOrder,
  closeOldChunks,
  collectClosed,
  dropChunks,
  linkFlushed,
  lowestFile,
  releaseChunkTable,
  scanChunks,
} from "./head/disk";
export {
  abandonHistogram,
  beginHistogram,
  claimHistogram,
  endHistogram,
  isRoomForHistogram,
  replaceHistogram,
} from "./head/histogram";
export { initHead, refsLeft, setRefRange } from "./head/init";
export { findSeries, resolveSeries, resolveSeriesWithRef } from "./head/series";
export { slotAddress } from "./head/slots";
export { freeDeadSlots, sealOutOfOrder, sweepPostings, truncateOutOfOrder, truncateSlots } from "./head/truncate";
export { beginSweep, endSweep, sweepPairs, sweepSymbols } from "./index/sweep";
export {
  advanceEpoch,
  allocate,
  beginReservation,
  classBytes,
  classOf,
  endReservation,
  initArena,
  reclaim,
  release,
  reserve,
  retire,
  roomFor,
  shrink,
} from "./memory/arena";
export { checkWrite } from "./remote/protobuf";
export { moveCache } from "./remote/series-cache";
export { beginWrite, readSymbols, stageWriteV1, stageWriteV2 } from "./remote/write";
export { shardOfLabelBytes } from "./shard/shard-of";
export { frameBatch } from "./wal/frame";
export { encodeSamplesRecord, encodeSeriesRecord, markRecorded } from "./wal/records";
export { createRefTable, findRef, releaseRefTable } from "./wal/ref-table";
export { adoptSeries, beginRecord, initReplay, nextSeries, stageSamples } from "./wal/replay";
export { scanRecord } from "./wal/scan";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}
