export { compileKernels, type KernelSet, type KernelVariant, startKernels } from "./kernels.js";
export { QueryMemory } from "./query-memory.js";
