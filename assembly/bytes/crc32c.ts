/** CRC-32C (Castagnoli) as Prometheus' files carry it. Twin: test/twins/bytes/crc32c.ts. */
import { CRC32C_TABLES } from "./generated/crc32c-tables";

/** Word `byte` of slicing table `table`. */
function entry(table: u32, byte: u32): u32 {
  return load<u32>(CRC32C_TABLES + <usize>((table << 10) | (byte << 2)));
}

/** Checksum of `length` bytes at `at`. Reads only; the caller has checked the bounds. */
export function crc32c(at: usize, length: u32): u32 {
  let crc: u32 = 0xffffffff;
  while (length >= 8) {
    const low = load<u32>(at) ^ crc;
    const high = load<u32>(at, 4);
    crc =
      entry(7, low & 255) ^
      entry(6, (low >> 8) & 255) ^
      entry(5, (low >> 16) & 255) ^
      entry(4, low >> 24) ^
      entry(3, high & 255) ^
      entry(2, (high >> 8) & 255) ^
      entry(1, (high >> 16) & 255) ^
      entry(0, high >> 24);
    at += 8;
    length -= 8;
  }
  while (length > 0) {
    crc = (crc >> 8) ^ entry(0, (crc ^ <u32>load<u8>(at)) & 255);
    at++;
    length--;
  }
  return ~crc;
}
