/**
 * xxHash64 with seed 0, in halves of 32 bits: BigInts take ten times as long. The registers `high` and `low` hold the result of
 * each step.
 * @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */
class Xxh64 {
  high = 0;
  low = 0;

  set(high: number, low: number): void {
    this.high = high >>> 0;
    this.low = low >>> 0;
  }

  add(high: number, low: number): void {
    const sum = this.low + low;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    this.low = sum >>> 0;
  }

  xor(high: number, low: number): void {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
  }

  /** Below 32. */
  rotate(bits: number): void {
    const { high, low } = this;
    this.high = ((high << bits) | (low >>> (32 - bits))) >>> 0;
    this.low = ((low << bits) | (high >>> (32 - bits))) >>> 0;
  }

  /** Xor with itself, shifted to the right. */
  fold(bits: number): void {
    const { high, low } = this;
    if (bits === 32) this.low = (low ^ high) >>> 0;
    else if (bits > 32) this.low = (low ^ (high >>> (bits - 32))) >>> 0;
    else this.xor(high >>> bits, (low >>> bits) | (high << (32 - bits)));
  }

  multiply([high, low]: readonly [number, number]): void {
    const [a0, a1, b0, b1] = [this.low & 0xffff, this.low >>> 16, low & 0xffff, low >>> 16];
    const lowest = a0 * b0;
    const first = a1 * b0 + (lowest >>> 16);
    const second = a0 * b1 + (first & 0xffff);
    const carry = a1 * b1 + Math.floor(first / 0x1_0000) + Math.floor(second / 0x1_0000);
    this.high = (carry + Math.imul(this.high, low) + Math.imul(this.low, high)) >>> 0;
    this.low = (((second & 0xffff) << 16) | (lowest & 0xffff)) >>> 0;
  }

  round(high: number, low: number): void {
    const lane = new Xxh64();
    lane.set(high, low);
    lane.multiply(PRIMES[1]);
    this.add(lane.high, lane.low);
    this.rotate(31);
    this.multiply(PRIMES[0]);
  }
}

const PRIMES = [
  [0x9e3779b1, 0x85ebca87],
  [0xc2b2ae3d, 0x27d4eb4f],
  [0x165667b1, 0x9e3779f9],
  [0x85ebca77, 0xc2b2ae63],
  [0x27d4eb2f, 0x165667c5],
] as const;
/** Of the four lanes: the sum of the first two primes, the second, none, the first one's negative. */
const LANES = [
  [0x60ea27ee, 0xadc0b5d6],
  [0xc2b2ae3d, 0x27d4eb4f],
  [0, 0],
  [0x61c8864e, 0x7a143579],
] as const;

export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = new Xxh64();
  let at = 0;
  if (bytes.length >= 32) {
    const lanes = LANES.map(([high, low]) => {
      const lane = new Xxh64();
      lane.set(high, low);
      return lane;
    });
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) {
        lanes[i]!.round(view.getUint32(at + 8 * i + 4, true), view.getUint32(at + 8 * i, true));
      }
    }
    const rotated = new Xxh64();
    for (const [i, bits] of [1, 7, 12, 18].entries()) {
      rotated.set(lanes[i]!.high, lanes[i]!.low);
      rotated.rotate(bits);
      hash.add(rotated.high, rotated.low);
    }
    for (const lane of lanes) {
      rotated.set(0, 0);
      rotated.round(lane.high, lane.low);
      hash.xor(rotated.high, rotated.low);
      hash.multiply(PRIMES[0]);
      hash.add(...PRIMES[3]);
    }
  } else hash.set(...PRIMES[4]);
  hash.add(0, bytes.length);
  const lane = new Xxh64();
  for (; at + 8 <= bytes.length; at += 8) {
    lane.set(0, 0);
    lane.round(view.getUint32(at + 4, true), view.getUint32(at, true));
    hash.xor(lane.high, lane.low);
    hash.rotate(27);
    hash.multiply(PRIMES[0]);
    hash.add(...PRIMES[3]);
  }
  if (at + 4 <= bytes.length) {
    lane.set(0, view.getUint32(at, true));
    lane.multiply(PRIMES[0]);
    hash.xor(lane.high, lane.low);
    hash.rotate(23);
    hash.multiply(PRIMES[1]);
    hash.add(...PRIMES[2]);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    lane.set(0, bytes[at]!);
    lane.multiply(PRIMES[4]);
    hash.xor(lane.high, lane.low);
    hash.rotate(11);
    hash.multiply(PRIMES[0]);
  }
  hash.fold(33);
  hash.multiply(PRIMES[1]);
  hash.fold(29);
  hash.multiply(PRIMES[2]);
  hash.fold(32);
  return (BigInt(hash.high) << 32n) | BigInt(hash.low);
}
