/** Removes files of chunks_head that no chunk of any head lies in. */
import type { Files } from "../../base/index.js";
import { type ChunksHeadState, listHeadChunkFiles } from "./state.js";

/**
 * Removes the files before `firstFile`, from the lowest number up so that no gap is left; never the one that is written.
 * No query that may know them runs any more. Returns how many.
 */
export function trimChunksHead(state: ChunksHeadState, files: Files, dir: string, firstFile: number): number {
  const current = state.log.position().segment;
  let removed = 0;
  for (const { path, number } of listHeadChunkFiles(files, dir)) {
    if (number >= firstFile || number >= current) break;
    files.unlink(path);
    removed++;
  }
  if (removed > 0) files.fsyncDir(dir);
  return removed;
}
