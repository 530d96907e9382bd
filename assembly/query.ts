/** Kernels of a query thread: one instance over that thread's private memory. */
import { LAYOUT_VERSION } from "./layout";

/** Compared by the bridge with the constant it was compiled with, before first use. */
export function layoutVersion(): u32 {
  return LAYOUT_VERSION;
}
