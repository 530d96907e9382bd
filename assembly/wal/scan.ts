/**
 * Takes the records out of a segment's pages: checks each fragment, joins those of one record, decompresses snappy. The
 * bytes are foreign. What Prometheus' reader accepts is accepted, with one exception: data behind padding of more than 6
 * bytes is refused (SCAN_HOLE). No writer leaves such padding but at a segment's end; in the middle it is a write that a
 * power cut swallowed, and records behind it would follow a hole.
 */
import { crc32c } from "../bytes/crc32c";
import { snappyDecodedBytes, snappyDecompress } from "../bytes/snappy-decompress";
import {
  SCAN_BAD_CHECKSUM,
  SCAN_BAD_COMPRESSION,
  SCAN_BAD_LENGTH,
  SCAN_BAD_ORDER,
  SCAN_BAD_PADDING,
  SCAN_BAD_TYPE,
  SCAN_GROW_JOIN,
  SCAN_GROW_OUT,
  SCAN_HOLE,
  SCAN_MORE,
  SCAN_RECORD,
  SCAN_ZSTD,
  WAL_FIRST,
  WAL_FULL,
  WAL_HEADER_BYTES,
  WAL_LAST,
  WAL_MIDDLE,
  WAL_PAGE_BYTES,
  WAL_SCAN_BUFFER,
  WAL_SCAN_END,
  WAL_SCAN_FLAG,
  WAL_SCAN_GAP,
  WAL_SCAN_JOIN,
  WAL_SCAN_JOIN_CAPACITY,
  WAL_SCAN_JOIN_LENGTH,
  WAL_SCAN_NEEDED,
  WAL_SCAN_OPEN,
  WAL_SCAN_ORPHANS,
  WAL_SCAN_OUT,
  WAL_SCAN_OUT_CAPACITY,
  WAL_SCAN_PENDING,
  WAL_SCAN_POSITION,
  WAL_SCAN_RECORD,
  WAL_SCAN_RECORD_LENGTH,
  WAL_SNAPPY,
  WAL_TYPE_MASK,
  WAL_ZSTD,
} from "../layout";

const PAGE: u32 = <u32>WAL_PAGE_BYTES;
const HEADER: u32 = <u32>WAL_HEADER_BYTES;

/**
 * Goes on to the next record. Returns SCAN_RECORD (its address and length are in the SCAN; valid until the next call),
 * SCAN_MORE (fill the buffer and set position and end), SCAN_GROW_* (replace that buffer by one of WAL_SCAN_NEEDED bytes,
 * contents of the join buffer kept, and call again), SCAN_ZSTD, or a negative status: damage at WAL_SCAN_POSITION.
 */
export function scanRecord(scan: usize): i32 {
  if (load<u32>(scan, WAL_SCAN_PENDING) !== 0) return finishRecord(scan);
  const buffer = <usize>load<u32>(scan, WAL_SCAN_BUFFER);
  const end = load<u32>(scan, WAL_SCAN_END);
  while (true) {
    const position = load<u32>(scan, WAL_SCAN_POSITION);
    if (position >= end) return SCAN_MORE;
    const at = buffer + <usize>position;
    const room = PAGE - (position & (PAGE - 1));
    const header = <u32>load<u8>(at);
    const type = header & <u32>WAL_TYPE_MASK;
    if (type === 0) {
      if (header !== 0 || !isZero(at, room)) return SCAN_BAD_PADDING;
      if (room >= HEADER) store<u32>(scan, 1, WAL_SCAN_GAP);
      store<u32>(scan, position + room, WAL_SCAN_POSITION);
      continue;
    }
    if (load<u32>(scan, WAL_SCAN_GAP) !== 0) return SCAN_HOLE;
    const flag = header & ~(<u32>WAL_TYPE_MASK);
    if (type > <u32>WAL_LAST || (flag !== 0 && flag !== <u32>WAL_SNAPPY && flag !== <u32>WAL_ZSTD))
      return SCAN_BAD_TYPE;
    if (room < HEADER) return SCAN_BAD_LENGTH;
    const length = <u32>bswap(load<u16>(at, 1));
    if (length > room - HEADER) return SCAN_BAD_LENGTH;
    const data = at + <usize>HEADER;
    if (crc32c(data, length) !== bswap(load<u32>(at, 3))) return SCAN_BAD_CHECKSUM;

    const open = load<u32>(scan, WAL_SCAN_OPEN);
    const begins = type === <u32>WAL_FULL || type === <u32>WAL_FIRST;
    if (begins !== (open === 0) || (!begins && open !== 1 + flag)) {
      if (begins || open !== 0 || load<u32>(scan, WAL_SCAN_ORPHANS) === 0) return SCAN_BAD_ORDER;
      store<u32>(scan, position + HEADER + length, WAL_SCAN_POSITION);
      continue;
    }
    store<u32>(scan, 0, WAL_SCAN_ORPHANS);
    if (type === <u32>WAL_FULL) {
      store<u32>(scan, <u32>data, WAL_SCAN_RECORD);
      store<u32>(scan, length, WAL_SCAN_RECORD_LENGTH);
    } else {
      const joined: u32 = type === <u32>WAL_FIRST ? 0 : load<u32>(scan, WAL_SCAN_JOIN_LENGTH);
      if (joined + length > load<u32>(scan, WAL_SCAN_JOIN_CAPACITY)) {
        store<u32>(scan, joined + length, WAL_SCAN_NEEDED);
        return SCAN_GROW_JOIN;
      }
      const join = <usize>load<u32>(scan, WAL_SCAN_JOIN);
      memory.copy(join + <usize>joined, data, <usize>length);
      store<u32>(scan, joined + length, WAL_SCAN_JOIN_LENGTH);
      store<u32>(scan, <u32>join, WAL_SCAN_RECORD);
      store<u32>(scan, joined + length, WAL_SCAN_RECORD_LENGTH);
    }
    store<u32>(scan, position + HEADER + length, WAL_SCAN_POSITION);
    if (type === <u32>WAL_FIRST || type === <u32>WAL_MIDDLE) {
      store<u32>(scan, 1 + flag, WAL_SCAN_OPEN);
      continue;
    }
    store<u32>(scan, 0, WAL_SCAN_OPEN);
    store<u32>(scan, flag, WAL_SCAN_FLAG);
    return finishRecord(scan);
  }
}

/** Decompresses the stored record that RECORD and RECORD_LENGTH describe. */
function finishRecord(scan: usize): i32 {
  const flag = load<u32>(scan, WAL_SCAN_FLAG);
  const length = load<u32>(scan, WAL_SCAN_RECORD_LENGTH);
  store<u32>(scan, 0, WAL_SCAN_PENDING);
  if (flag === 0 || length === 0) return SCAN_RECORD; // Prometheus takes an empty compressed record for an empty one
  if (flag === <u32>WAL_ZSTD) return SCAN_ZSTD;
  const stored = <usize>load<u32>(scan, WAL_SCAN_RECORD);
  const declared = snappyDecodedBytes(stored, length);
  if (declared < 0) return SCAN_BAD_COMPRESSION;
  const capacity = load<u32>(scan, WAL_SCAN_OUT_CAPACITY);
  if (<u32>declared > capacity) {
    store<u32>(scan, 1, WAL_SCAN_PENDING);
    store<u32>(scan, <u32>declared, WAL_SCAN_NEEDED);
    return SCAN_GROW_OUT;
  }
  const out = <usize>load<u32>(scan, WAL_SCAN_OUT);
  if (snappyDecompress(stored, length, out, capacity) < 0) return SCAN_BAD_COMPRESSION;
  store<u32>(scan, <u32>out, WAL_SCAN_RECORD);
  store<u32>(scan, <u32>declared, WAL_SCAN_RECORD_LENGTH);
  return SCAN_RECORD;
}

function isZero(at: usize, length: u32): bool {
  const end = at + <usize>length;
  while (at + 8 <= end) {
    if (load<u64>(at) !== 0) return false;
    at += 8;
  }
  while (at < end) {
    if (load<u8>(at) !== 0) return false;
    at++;
  }
  return true;
}
