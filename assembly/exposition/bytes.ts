/** Checks bytes of scraped targets. */

/** True if the bytes are UTF-8 as Go defines it: no surrogates, no overlong forms, nothing above U+10FFFF. */
export function isUtf8(at: usize, end: usize): bool {
  while (at < end) {
    const c: u32 = load<u8>(at);
    if (c < 0x80) {
      at++;
      continue;
    }
    let more: usize = 1;
    let low: u32 = 0x80;
    let high: u32 = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) more = 1;
    else if (c >= 0xe0 && c <= 0xef) {
      more = 2;
      if (c === 0xe0) low = 0xa0;
      else if (c === 0xed) high = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
      more = 3;
      if (c === 0xf0) low = 0x90;
      else if (c === 0xf4) high = 0x8f;
    } else return false;
    if (at + more >= end) return false;
    const second: u32 = load<u8>(at + 1);
    if (second < low || second > high) return false;
    for (let i: usize = 2; i <= more; i++) if ((<u32>load<u8>(at + i) & 0xc0) !== 0x80) return false;
    at += more + 1;
  }
  return true;
}
