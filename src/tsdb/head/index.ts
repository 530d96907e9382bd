export { type CapturedChunk, CapturedSeries } from "./captured.js";
export {
  type CutHead,
  type CutRange,
  type CutSink,
  cutOutOfOrder,
  cutRange,
  outOfOrderRanges,
} from "./cut.js";
export { addDeleted, hasOutOfOrderIn, seriesBounds, truncateDeleted } from "./deleted.js";
export { type ExemplarRefusal, ExemplarStore, type SeriesExemplars } from "./exemplars.js";
export { Head, type HeadMemoryUse, type HeadOptions, isForeseen } from "./head.js";
export { HeadsQuerier } from "./heads-querier.js";
export { HistogramChunks, type HistogramRow, histogramHash } from "./histogram-chunks.js";
export type { ChunkKernels, HeadKernels } from "./kernels.js";
export {
  type ChunkPlace,
  type ChunkRecordFile,
  OUT_OF_ORDER_SAMPLES_MAX,
  type OutOfOrderRecords,
  type OutOfOrderSample,
  OutOfOrderSamples,
} from "./out-of-order.js";
export { type DiskAccess, HeadReader, type HeadRequest, headOverlaps } from "./reader.js";
export { MetadataStore } from "./series-metadata.js";
