/** For a head whose closed chunks nobody will read: an agent's, which only forwards. They count as written, to nowhere. */
import type { ChunkRecords, WrittenRecords } from "./writer.js";

export class DiscardedChunks implements ChunkRecords {
  append(): WrittenRecords {
    return { file: 1, offset: 0 };
  }

  close(): void {}
}
