export { Head, type HeadMemoryUse, type HeadOptions } from "./head.js";
export type { ChunkKernels, HeadKernels } from "./kernels.js";
export { LabelBytesEncoder } from "./label-bytes.js";
