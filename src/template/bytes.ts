/**
 * Go's strings are bytes. A byte that is not UTF-8 stands in our strings as the lone surrogate U+DC80..U+DCFF (as `quoteGo`
 * reads it); everything else is what JavaScript makes of the bytes.
 */

export function toBytes(text: string): Buffer {
  if (!/[\udc80-\udcff]/.test(text)) return Buffer.from(text);
  const parts: Buffer[] = [];
  for (const rune of text) {
    const code = rune.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(rune));
  }
  return Buffer.concat(parts);
}

export function fromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString();
  if (!text.includes("\ufffd")) return text;
  let result = "";
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    if (length === 0) {
      result += String.fromCharCode(0xdc00 + buffer[at]!);
      at++;
    } else {
      result += buffer.toString("utf8", at, at + length);
      at += length;
    }
  }
  return result;
}

export function byteLength(text: string): number {
  return /[\udc80-\udcff]/.test(text) ? toBytes(text).length : Buffer.byteLength(text);
}

/** Bytes of the valid UTF-8 sequence at `at`, 0 if there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const sequence = bytes.toString("utf8", at, at + length);
  const isWhole = sequence !== "\ufffd" && !sequence.startsWith("\ufffd");
  return isWhole || (length === 3 && bytes.toString("hex", at, at + 3) === "efbfbd") ? length : 0;
}
