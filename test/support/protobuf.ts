/** Writes protobuf messages field by field: for bodies of remote write and read in tests, wrong ones included. */

export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];

  static message(fill: (writer: ProtoWriter) => void): Uint8Array {
    const writer = new ProtoWriter();
    fill(writer);
    return writer.bytes();
  }

  varint(field: number, value: bigint | number): this {
    this.#tag(field, 0);
    this.#parts.push(varintBytes(BigInt.asUintN(64, BigInt(value))));
    return this;
  }

  sint(field: number, value: bigint | number): this {
    const wide = BigInt(value);
    return this.varint(field, (wide << 1n) ^ (wide >> 63n));
  }

  double(field: number, value: number): this {
    this.#tag(field, 1);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(bytes);
    return this;
  }

  /** The 64 bits of a double: NaNs keep their payload. */
  bits(field: number, value: bigint): this {
    this.#tag(field, 1);
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
    this.#parts.push(bytes);
    return this;
  }

  bytesField(field: number, bytes: Uint8Array): this {
    this.#tag(field, 2);
    this.#parts.push(varintBytes(BigInt(bytes.length)), bytes);
    return this;
  }

  text(field: number, text: string): this {
    return this.bytesField(field, Buffer.from(text, "utf8"));
  }

  message(field: number, fill: (writer: ProtoWriter) => void): this {
    return this.bytesField(field, ProtoWriter.message(fill));
  }

  packedVarints(field: number, values: readonly (bigint | number)[]): this {
    return this.bytesField(field, Buffer.concat(values.map((value) => varintBytes(BigInt.asUintN(64, BigInt(value))))));
  }

  packedSints(field: number, values: readonly (bigint | number)[]): this {
    return this.packedVarints(
      field,
      values.map((value) => (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)),
    );
  }

  packedDoubles(field: number, values: readonly number[]): this {
    return this.bytesField(field, new Uint8Array(Float64Array.from(values).buffer));
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  #tag(field: number, wire: number): void {
    this.#parts.push(varintBytes((BigInt(field) << 3n) | BigInt(wire)));
  }
}

function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
