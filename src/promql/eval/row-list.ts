/** Lists of rows in the form that kernels over several rows take: f64 bound, u32 address of values, u32 of presence. */
import type { QueryMemory } from "../../memory/index.js";
import type { Frame } from "./rows.js";

const ENTRY_BYTES = 16;

/** Writes the rows of `frame`, with a bound each where there are any; returns the list's address. */
export function writeRowList(memory: QueryMemory, frame: Frame, bounds: readonly number[] | undefined): number {
  const list = memory.allocate(frame.count * ENTRY_BYTES);
  const { floats, words } = memory;
  for (let i = 0; i < frame.count; i++) {
    const at = list + i * ENTRY_BYTES;
    floats[at >>> 3] = bounds?.[i] ?? 0;
    words[(at >>> 2) + 2] = frame.values(i);
    words[(at >>> 2) + 3] = frame.present(i);
  }
  return list;
}
