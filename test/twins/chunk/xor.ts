/** Plain twin of assembly/chunk/xor-encode.ts and xor-decode.ts: bit by bit, 64-bit numbers as BigInt. */

export interface TwinSample {
  readonly time: bigint;
  readonly bits: bigint;
}

class BitWriter {
  readonly bits: number[] = [];

  put(value: bigint, width: number): void {
    for (let i = width - 1; i >= 0; i--) this.bits.push(Number((value >> BigInt(i)) & 1n));
  }

  uvarint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.put((rest & 0x7fn) | 0x80n, 8);
      rest >>= 7n;
    }
    this.put(rest, 8);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array((this.bits.length + 7) >> 3);
    this.bits.forEach((bit, i) => {
      bytes[i >> 3] = bytes[i >> 3]! | (bit << (7 - (i & 7)));
    });
    return bytes;
  }
}

const u64 = (value: bigint) => BigInt.asUintN(64, value);

function leadingZeros(value: bigint): number {
  return 64 - value.toString(2).length;
}

function trailingZeros(value: bigint): number {
  let count = 0;
  while (((value >> BigInt(count)) & 1n) === 0n) count++;
  return count;
}

export function encodeTwin(samples: readonly TwinSample[]): Uint8Array {
  const out = new BitWriter();
  out.put(BigInt(samples.length), 16);
  let delta = 0n;
  let leading = -1;
  let trailing = 0;
  samples.forEach(({ time, bits }, i) => {
    const before = samples[i - 1];
    if (before === undefined) {
      out.uvarint(time >= 0n ? 2n * time : -2n * time - 1n);
      out.put(bits, 64);
      return;
    }
    const newDelta = time - before.time;
    if (i === 1) {
      out.uvarint(newDelta);
    } else {
      const change = newDelta - delta;
      const fits = (width: bigint) => change >= -((1n << (width - 1n)) - 1n) && change <= 1n << (width - 1n);
      if (change === 0n) out.put(0n, 1);
      else if (fits(14n)) {
        out.put(0b10n, 2);
        out.put(u64(change), 14);
      } else if (fits(17n)) {
        out.put(0b110n, 3);
        out.put(u64(change), 17);
      } else if (fits(20n)) {
        out.put(0b1110n, 4);
        out.put(u64(change), 20);
      } else {
        out.put(0b1111n, 4);
        out.put(u64(change), 64);
      }
    }
    delta = newDelta;
    const xor = bits ^ before.bits;
    if (xor === 0n) {
      out.put(0n, 1);
      return;
    }
    out.put(1n, 1);
    const zeros = Math.min(31, leadingZeros(xor));
    const behind = trailingZeros(xor);
    if (leading >= 0 && zeros >= leading && behind >= trailing) {
      out.put(0n, 1);
    } else {
      leading = zeros;
      trailing = behind;
      out.put(1n, 1);
      out.put(BigInt(leading), 5);
      out.put(BigInt(64 - leading - trailing) & 63n, 6);
    }
    out.put(xor >> BigInt(trailing), 64 - leading - trailing);
  });
  return out.bytes();
}

/** @throws Error if the bits end early. */
export function decodeTwin(chunk: Uint8Array, count: number): TwinSample[] {
  let position = 16;
  const take = (width: number): bigint => {
    let value = 0n;
    for (let i = 0; i < width; i++, position++) {
      if (position >> 3 >= chunk.length) throw new Error("the chunk ends early");
      value = (value << 1n) | BigInt((chunk[position >> 3]! >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const uvarint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = take(8);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
    }
  };
  const signed = (width: number): bigint => {
    const value = take(width);
    return value > 1n << BigInt(width - 1) ? value - (1n << BigInt(width)) : value;
  };
  const samples: TwinSample[] = [];
  let time = 0n;
  let bits = 0n;
  let delta = 0n;
  let leading = 0;
  let width = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const zigzag = uvarint();
      time = zigzag & 1n ? -(zigzag >> 1n) - 1n : zigzag >> 1n;
      bits = take(64);
    } else {
      if (i === 1) delta = uvarint();
      else {
        let ones = 0;
        while (ones < 4 && take(1) === 1n) ones++;
        if (ones === 4) delta += BigInt.asIntN(64, take(64));
        else if (ones > 0) delta += signed([0, 14, 17, 20][ones]!);
      }
      time += delta;
      if (take(1) === 1n) {
        if (take(1) === 1n) {
          leading = Number(take(5));
          width = Number(take(6)) || 64;
        }
        bits ^= take(width) << BigInt(64 - leading - width);
      }
    }
    samples.push({ time, bits });
  }
  return samples;
}
