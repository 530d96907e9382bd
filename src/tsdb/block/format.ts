/** Names and numbers of a block's files. @see Prometheus tsdb/docs/format */
export const CHUNKS_DIR = "chunks";
export const INDEX_FILE = "index";
export const META_FILE = "meta.json";
export const TOMBSTONES_FILE = "tombstones";
export const CREATION_SUFFIX = ".tmp-for-creation";
export const DELETION_SUFFIX = ".tmp-for-deletion";

export const CHUNKS_MAGIC = 0x85bd40dd;
export const CHUNKS_FORMAT = 1;
export const SEGMENT_HEADER_BYTES = 8;
/** `--storage.tsdb.max-block-chunk-segment-size` */
export const SEGMENT_BYTES_DEFAULT = 512 * 1024 * 1024;
/** Longest length in front of a chunk, its encoding, and its checksum. */
export const CHUNK_EXTRA_BYTES_MAX = 5 + 1 + 4;

export const INDEX_MAGIC = 0xbaaad700;
export const INDEX_FORMAT = 2;
/** Series stand at multiples of it; their refs are offset / 16. */
export const SERIES_ALIGN = 16;
export const TOC_BYTES = 6 * 8 + 4;

export const TOMBSTONES_MAGIC = 0x0130ba30;
export const TOMBSTONES_FORMAT = 1;

export function segmentName(number: number): string {
  return String(number).padStart(6, "0");
}
