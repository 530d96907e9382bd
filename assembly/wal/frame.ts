/**
 * Cuts stored records into the fragments of 32 KiB pages (Prometheus tsdb/docs/format/wal.md):
 *
 *   u8 compression and type | u16 length | u32 CRC-32C of the data | data …      (big-endian)
 *
 * A fragment never crosses a page. A page with less than a header's room left is filled up with zeros at once, so a
 * position handed from one batch to the next always has room for a header.
 */
import { crc32c } from "../bytes/crc32c";
import {
  WAL_FIRST,
  WAL_FULL,
  WAL_HEADER_BYTES,
  WAL_ITEM_ADDR,
  WAL_ITEM_BYTES,
  WAL_ITEM_FLAG,
  WAL_ITEM_LENGTH,
  WAL_LAST,
  WAL_MIDDLE,
  WAL_PAGE_BYTES,
  WAL_STATS_PAGES,
  WAL_STATS_PART_BYTES,
  WAL_STATS_PARTS,
} from "../layout";

const PAGE: u32 = <u32>WAL_PAGE_BYTES;
const HEADER: u32 = <u32>WAL_HEADER_BYTES;

/** Bytes that a record of `length` bytes takes from `position` in a page on, padding included; at most 2^62. */
function framedBytes(length: u32, position: u32): u64 {
  let bytes: u64 = 0;
  let left = length;
  for (let isFirst = true; isFirst || left > 0; isFirst = false) {
    const room = PAGE - position - HEADER;
    if (!isFirst && position === 0 && left > room) {
      const pages = left / room; // whole pages need no loop
      bytes += <u64>pages * <u64>PAGE;
      left -= pages * room;
      if (left === 0) break;
      continue;
    }
    const part = min<u32>(left, room);
    left -= part;
    position += HEADER + part;
    bytes += <u64>(HEADER + part);
    if (PAGE - position < HEADER) {
      bytes += <u64>(PAGE - position);
      position = 0;
    }
  }
  return bytes;
}

/**
 * Frames `count` ITEMs at `items` as they stand from `position` (0 … page − header) of a page on. Adds to the STATS at
 * `stats`. Returns the bytes written to `out`, or −(bytes needed) if `capacity` is less; then nothing was written.
 */
export function frameBatch(items: usize, count: u32, position: u32, out: usize, capacity: u32, stats: usize): i32 {
  let needed: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(items + <usize>(i * <u32>WAL_ITEM_BYTES), WAL_ITEM_LENGTH);
    needed += framedBytes(length, <u32>((<u64>position + needed) & <u64>(PAGE - 1)));
  }
  if (needed > <u64>capacity) return -(<i32>min<u64>(needed, <u64>i32.MAX_VALUE));
  let at = out;
  for (let i: u32 = 0; i < count; i++) {
    const item = items + <usize>(i * <u32>WAL_ITEM_BYTES);
    const flag = load<u32>(item, WAL_ITEM_FLAG);
    const page = (position + <u32>(at - out)) & (PAGE - 1);
    at = putRecord(<usize>load<u32>(item, WAL_ITEM_ADDR), load<u32>(item, WAL_ITEM_LENGTH), flag, page, at, stats);
  }
  return <i32>(at - out);
}

/** Frames one record; room has been checked. Returns the address behind it. */
function putRecord(payload: usize, length: u32, flag: u32, position: u32, at: usize, stats: usize): usize {
  let left = length;
  for (let isFirst = true; isFirst || left > 0; isFirst = false) {
    const part = min<u32>(left, PAGE - position - HEADER);
    left -= part;
    const type = isFirst ? (left === 0 ? WAL_FULL : WAL_FIRST) : left === 0 ? WAL_LAST : WAL_MIDDLE;
    store<u8>(at, <u8>(<u32>type | flag));
    store<u16>(at, bswap(<u16>part), 1);
    store<u32>(at, bswap(crc32c(payload, part)), 3);
    memory.copy(at + <usize>HEADER, payload, <usize>part);
    payload += <usize>part;
    at += <usize>(HEADER + part);
    position += HEADER + part;
    store<u32>(stats, load<u32>(stats, WAL_STATS_PARTS) + 1, WAL_STATS_PARTS);
    store<u32>(stats, load<u32>(stats, WAL_STATS_PART_BYTES) + HEADER + part, WAL_STATS_PART_BYTES);
    if (PAGE - position < HEADER) {
      memory.fill(at, 0, <usize>(PAGE - position));
      at += <usize>(PAGE - position);
      position = 0;
      store<u32>(stats, load<u32>(stats, WAL_STATS_PAGES) + 1, WAL_STATS_PAGES);
    }
  }
  return at;
}
