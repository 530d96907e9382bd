export { MemoryIndex } from "./memory-index.js";
