/** Bytes as Go's `%q` prints them: what is not UTF-8 becomes `\xNN`. */
import { quoteGo } from "../model/index.js";

/** Longest text that a message quotes; Prometheus has no such limit, and a line may be the whole body. */
const QUOTED_BYTES_MAX = 16_384;

export function quoteGoBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, QUOTED_BYTES_MAX);
  let quoted = '"';
  let from = 0;
  for (let at = 0; at < shown.length; ) {
    const length = sequenceBytes(shown, at);
    if (length > 0) {
      at += length;
      continue;
    }
    quoted += inner(shown, from, at);
    quoted += `\\x${shown[at]!.toString(16).padStart(2, "0")}`;
    at++;
    from = at;
  }
  return `${quoted}${inner(shown, from, shown.length)}"`;
}

function inner(bytes: Buffer, from: number, to: number): string {
  return from === to ? "" : quoteGo(bytes.toString("utf8", from, to)).slice(1, -1);
}

/** Bytes of the UTF-8 sequence at `at`, or 0 if there is none. */
function sequenceBytes(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}
