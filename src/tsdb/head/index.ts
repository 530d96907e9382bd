export { type CapturedChunk, CapturedSeries } from "./captured.js";
export { type CutHead, type CutRange, type CutSink, cutRange } from "./cut.js";
export { type ExemplarRefusal, ExemplarStore, type SeriesExemplars } from "./exemplars.js";
export { Head, type HeadMemoryUse, type HeadOptions, isForeseen } from "./head.js";
export { HeadsQuerier } from "./heads-querier.js";
export { HistogramChunks, type HistogramRow, histogramHash } from "./histogram-chunks.js";
export type { ChunkKernels, HeadKernels } from "./kernels.js";
export { type DiskAccess, HeadReader, type HeadRequest } from "./reader.js";
export { MetadataStore } from "./series-metadata.js";
