export { MemoryIndex } from "./memory-index.js";
export { selectSlots } from "./select.js";
