export { DiscardedChunks } from "./discard.js";
export { ChunkFlusher, type FlushedHead } from "./flusher.js";
export type { DiskKernels } from "./kernels.js";
export {
  type HeadChunkDamage,
  headChunkDamageError,
  LoadedChunks,
  type LoadOptions,
  loadChunksHead,
} from "./loader.js";
export { type Checksums, HeadChunkReader, type HeadChunkRef } from "./reader.js";
export {
  CHUNKS_HEAD_STATE_BYTES,
  type ChunksHeadCounter,
  ChunksHeadState,
  headChunkPath,
  listHeadChunkFiles,
  releaseDeadChunksHead,
  startChunksHead,
} from "./state.js";
export { trimChunksHead } from "./trim.js";
export { type ChunkRecords, ChunksHeadWriter, type ChunksHeadWriterOptions, HEAD_CHUNK_FILE_BYTES } from "./writer.js";
