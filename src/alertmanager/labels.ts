/** Label sets of alerts: sorted maps, and the texts and numbers that Alertmanager makes of them. */
import { compareBytes, quoteGo } from "../model/index.js";

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
  // The prime is 2^40 + 0x1b3; the state is held in two halves of 32 bits.
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of hashedBytes(labels)) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    const carry = Math.floor(product / 0x1_0000_0000);
    high = (Math.imul(high, 0x1b3) + (low << 8) + carry) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

const MASK = 0xffff_ffff_ffff_ffffn;
const PRIMES = [
  11400714785074694791n,
  14029467366897019727n,
  1609587929392839161n,
  9650029242287828579n,
  2870177450012600261n,
] as const;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function round(state: bigint, input: bigint): bigint {
  return (rotate((state + input * PRIMES[1]) & MASK, 31n) * PRIMES[0]) & MASK;
}

/** xxHash64 with seed 0. @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
export function xxhash64(bytes: Buffer): bigint {
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const states = [(PRIMES[0] + PRIMES[1]) & MASK, PRIMES[1], 0n, (MASK + 1n - PRIMES[0]) & MASK];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) states[i] = round(states[i]!, bytes.readBigUInt64LE(at + 8 * i));
    }
    hash = (rotate(states[0]!, 1n) + rotate(states[1]!, 7n) + rotate(states[2]!, 12n) + rotate(states[3]!, 18n)) & MASK;
    for (const state of states) hash = ((hash ^ round(0n, state)) * PRIMES[0] + PRIMES[3]) & MASK;
  } else hash = PRIMES[4];
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * PRIMES[0] + PRIMES[3]) & MASK;
  }
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * PRIMES[0]) & MASK), 23n) * PRIMES[1] + PRIMES[2]) & MASK;
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at]!) * PRIMES[4]) & MASK), 11n) * PRIMES[0]) & MASK;
  }
  hash = ((hash ^ (hash >> 33n)) * PRIMES[1]) & MASK;
  hash = ((hash ^ (hash >> 29n)) * PRIMES[2]) & MASK;
  return hash ^ (hash >> 32n);
}

/** What the notification log knows an alert by. */
export function alertHash(labels: LabelSet): bigint {
  return xxhash64(hashedBytes(labels));
}
