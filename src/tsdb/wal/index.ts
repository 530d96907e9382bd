export { ArenaBuffer } from "./arena-buffer.js";
export {
  type CheckpointOptions,
  type CheckpointOutcome,
  planCheckpoint,
  removeLeftovers,
  removeReplaced,
  writeCheckpoint,
} from "./checkpoint.js";
export type { WalKernels } from "./kernels.js";
export { type WalDamage, WalReader, type WalReaderOptions } from "./reader.js";
export {
  decodeExemplars,
  decodeHistograms,
  decodeMetadata,
  decodeSamples,
  decodeTombstones,
  type ExemplarEntry,
  encodeExemplars,
  encodeHistograms,
  encodeMetadata,
  encodeMmapMarkers,
  encodeSamples,
  encodeTombstones,
  type HistogramEntry,
  isHistogramRecord,
  type MetadataEntry,
  type MmapMarker,
  type SampleEntry,
  type TombstoneEntry,
} from "./records.js";
export { damageError, repairWal, type WalRepair } from "./repair.js";
export {
  type ReplayHead,
  type ReplayOptions,
  type ReplayOutcome,
  type ReplayOutOfOrder,
  replayInto,
} from "./replay.js";
export {
  type Checkpoint,
  lastCheckpoint,
  lastSegmentNumber,
  listSegments,
  type Segment,
  walBytes,
} from "./segments.js";
export {
  releaseDead,
  segmentPath,
  startWal,
  WAL_STATE_BYTES,
  type WalCounter,
  type WalPosition,
  WalState,
} from "./state.js";
export {
  type FsyncPolicy,
  type WalCommit,
  WalWriter,
  type WalWriterOptions,
} from "./writer.js";
