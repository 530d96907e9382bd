export {
  CHUNK_SAMPLES_MAX,
  type ChunkEncoding,
  chunkSampleCount,
  damagedChunk,
  ENCODING_FLOAT_HISTOGRAM,
  ENCODING_HISTOGRAM,
  ENCODING_XOR,
  type EncodedChunk,
  type HistogramEncoding,
  isChunkEncoding,
} from "./encoding.js";
export { encodingOf, type HistogramAppend, HistogramAppender, isStaleHistogram } from "./histogram-appender.js";
export { HEADER_GAUGE, HEADER_MASK, HEADER_NO_RESET, HEADER_RESET, HEADER_UNKNOWN } from "./histogram-layout.js";
export { HistogramReader } from "./histogram-reader.js";
export { partOfChunk } from "./part.js";
export { bucketCount, bucketsOf, spansOf } from "./spans.js";
export { XorAppender, XorReader } from "./xor.js";
