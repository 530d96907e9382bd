import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodeGzip } from "./decode.js";
import { errorCode } from "./errors.js";

const BODY = Buffer.from("up 1\n".repeat(1000));
const GZ = gzipSync(BODY);
const WIDE = { compressedBytesMax: 1 << 20, decodedBytesMax: 1 << 20 };

/** The same member with another size in its trailer. */
function declaring(bytes: number): Uint8Array {
  const copy = Buffer.from(GZ);
  copy.writeUInt32LE(bytes, copy.length - 4);
  return copy;
}

test.each([
  { name: "one member", bytes: GZ },
  { name: "in shared memory", bytes: shared(GZ) },
  { name: "exactly as large as allowed", bytes: GZ, bounds: { ...WIDE, decodedBytesMax: BODY.length } },
])("decodes $name", ({ bytes, bounds }) => {
  expect(Buffer.from(decodeGzip(bytes, bounds ?? WIDE)).equals(BODY)).toBe(true);
});

test("joins members", () => {
  const two = Buffer.concat([GZ, gzipSync("x")]);
  expect(Buffer.from(decodeGzip(two, WIDE)).toString()).toBe(`${BODY}x`);
});

test.each([
  {
    name: "more compressed bytes than allowed",
    bytes: GZ,
    bounds: { ...WIDE, compressedBytesMax: 10 },
    code: "DECODE_LIMIT",
  },
  {
    name: "one byte more than allowed",
    bytes: GZ,
    bounds: { ...WIDE, decodedBytesMax: BODY.length - 1 },
    code: "DECODE_LIMIT",
  },
  {
    name: "a bomb that declares little",
    bytes: declaring(1),
    bounds: { ...WIDE, decodedBytesMax: 100 },
    code: "DECODE_LIMIT",
  },
  {
    name: "a size that is not the declared one",
    bytes: declaring(4_000_000_000),
    bounds: WIDE,
    code: "DECODE_CORRUPT",
  },
  { name: "no gzip", bytes: Buffer.from("up 1\nup 1\nup 1\n"), bounds: WIDE, code: "DECODE_CORRUPT" },
  { name: "a cut stream", bytes: GZ.subarray(0, -9), bounds: WIDE, code: "DECODE_TRUNCATED" },
  { name: "a cut header", bytes: GZ.subarray(0, 5), bounds: WIDE, code: "DECODE_TRUNCATED" },
  { name: "nothing", bytes: new Uint8Array(0), bounds: WIDE, code: "DECODE_TRUNCATED" },
  { name: "a tail", bytes: Buffer.concat([GZ, Buffer.alloc(100)]), bounds: WIDE, code: "DECODE_CORRUPT" },
])("refuses $name", ({ bytes, bounds, code }) => {
  let thrown: unknown;
  try {
    decodeGzip(bytes, bounds);
  } catch (error) {
    thrown = error;
  }
  expect(errorCode(thrown)).toBe(code);
});

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
