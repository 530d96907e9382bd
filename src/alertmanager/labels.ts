/** Label sets of alerts: sorted maps, and the texts and numbers that Alertmanager makes of them. */
import { compareBytes, quoteGo, xxHash64 } from "../model/index.js";

/** Sorted by the bytes of the names. */
export type LabelSet = ReadonlyMap<string, string>;

export const EMPTY_LABELS: LabelSet = new Map();

export function labelSet(entries: Iterable<readonly [string, string]>): LabelSet {
  return new Map([...entries].sort(([a], [b]) => compareBytes(a, b)));
}

/** `{a="1", b="2"}`, as Go prints a model.LabelSet. */
export function labelsText(labels: LabelSet): string {
  return `{${[...labels].map(([name, value]) => `${name}=${quoteGo(value)}`).join(", ")}}`;
}

/** Go's LabelSet.Before, as an order: fewer labels first, then by name and value. */
export function compareLabelSets(a: LabelSet, b: LabelSet): number {
  if (a.size !== b.size) return a.size - b.size;
  const names = [...new Set([...a.keys(), ...b.keys()])].sort(compareBytes);
  for (const name of names) {
    const [x, y] = [a.get(name), b.get(name)];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    const order = compareBytes(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

const SEPARATOR = 255;

/** What hashes are made of: names and values in order, each followed by a byte that is in no UTF-8. */
function hashedBytes(labels: LabelSet): Buffer {
  const parts: Uint8Array[] = [];
  const separator = Uint8Array.of(SEPARATOR);
  for (const [name, value] of labels) parts.push(Buffer.from(name), separator, Buffer.from(value), separator);
  return Buffer.concat(parts);
}

/** model.Fingerprint, FNV-1a of 64 bits, as 16 hexadecimal digits. */
export function fingerprint(labels: LabelSet): string {
  const hash = new Fnv();
  for (const [name, value] of labels) {
    hash.text(name);
    hash.byte(SEPARATOR);
    hash.text(value);
    hash.byte(SEPARATOR);
  }
  return hash.hex();
}

/** The prime is 2^40 + 0x1b3; the state is held in two halves of 32 bits. */
class Fnv {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  byte(byte: number): void {
    const low = (this.#low ^ byte) >>> 0;
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    this.#high = (Math.imul(this.#high, 0x1b3) + (low << 8) + carry) >>> 0;
    this.#low = product >>> 0;
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        for (const byte of Buffer.from(text.slice(i))) this.byte(byte);
        return;
      }
      this.byte(code);
    }
  }

  hex(): string {
    return this.#high.toString(16).padStart(8, "0") + this.#low.toString(16).padStart(8, "0");
  }
}

/** What the notification log knows an alert by. */
export function alertHash(labels: LabelSet): bigint {
  return xxHash64(hashedBytes(labels));
}
