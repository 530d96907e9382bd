/** Kernels of a query thread: one instance over that thread's private memory. */
import { LAYOUT_VERSION } from "./layout";

export { decodeXor } from "./chunk/xor-decode";
export { encodeXor } from "./chunk/xor-encode";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}
