/**
 * The one decoder gate: whatever compressed bytes come from outside pass here, bounded in compressed and in actual size; a
 * declared size is believed within these bounds only. Each way in gives its own; a bomb costs at most `decodedBytesMax`.
 */
import { gunzipSync } from "node:zlib";
import { errorCode, errorMessage, VestalError } from "./errors.js";

export interface DecodeBounds {
  readonly compressedBytesMax: number;
  /** Inclusive. */
  readonly decodedBytesMax: number;
}

/** Smallest gzip member: ten bytes of header, two of an empty deflate stream, eight of trailer. */
const GZIP_BYTES_MIN = 20;
const GZIP_HEADER_BYTES = 10;

/** zlib.gunzipSync with `info: true`; Node's types do not know the option. */
interface GunzipInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * All members of a gzip stream.
 *
 * @returns decoded bytes; never a view of `bytes`.
 * @throws VestalError DECODE_LIMIT beyond the bounds, DECODE_TRUNCATED if the stream ends early, DECODE_CORRUPT otherwise;
 *   messages are those of Go's compress/gzip.
 */
export function decodeGzip(bytes: Uint8Array, bounds: DecodeBounds): Uint8Array {
  if (bytes.length > bounds.compressedBytesMax) {
    throw limitError("compressed", bytes.length, bounds.compressedBytesMax);
  }
  if (bytes.length === 0) throw new VestalError("DECODE_TRUNCATED", "EOF");
  if (bytes.length < GZIP_HEADER_BYTES) throw new VestalError("DECODE_TRUNCATED", "unexpected EOF");
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) {
    throw new VestalError("DECODE_CORRUPT", "gzip: invalid header");
  }
  // The trailer declares the size, but a stream that was cut off ends with anything: it is a hint for the first
  // allocation, within bounds, and never a verdict.
  const declared = bytes.length < GZIP_BYTES_MIN ? 0 : littleEndian32(bytes, bytes.length - 4);
  let info: GunzipInfo;
  try {
    info = gunzipSync(bytes, {
      info: true,
      maxOutputLength: bounds.decodedBytesMax,
      chunkSize: outputChunkBytes(declared, bytes.length, bounds.decodedBytesMax),
    } as object) as unknown as GunzipInfo;
  } catch (error) {
    throw decodeError(error, bounds);
  }
  const rest = bytes.length - info.engine.bytesWritten;
  if (rest > 0) {
    // Go takes what follows a member for another one, Node.js ignores what does not begin like one.
    if (rest < GZIP_HEADER_BYTES) throw new VestalError("DECODE_TRUNCATED", "unexpected EOF");
    throw new VestalError("DECODE_CORRUPT", "gzip: invalid header");
  }
  return info.buffer;
}

/** One allocation where the declared size is plausible; deflate cannot expand more than 1,032 times. */
function outputChunkBytes(declared: number, compressedBytes: number, bytesMax: number): number {
  const plausible = declared <= bytesMax && declared <= compressedBytes * 1032;
  // One byte more than the contents, so that zlib reaches the end of the stream within the first chunk.
  return plausible ? Math.max(64, declared + 1) : 65_536;
}

function decodeError(error: unknown, bounds: DecodeBounds): VestalError {
  const code = errorCode(error);
  const message = errorMessage(error);
  if (code === "ERR_BUFFER_TOO_LARGE") return limitError("decoded", undefined, bounds.decodedBytesMax, error);
  if (code === "Z_BUF_ERROR") return new VestalError("DECODE_TRUNCATED", "unexpected EOF", {}, error);
  if (/incorrect (data|length) check/.test(message)) {
    return new VestalError("DECODE_CORRUPT", "gzip: invalid checksum", {}, error);
  }
  if (/header/.test(message)) return new VestalError("DECODE_CORRUPT", "gzip: invalid header", {}, error);
  if (code.startsWith("Z_")) return new VestalError("DECODE_CORRUPT", `flate: corrupt input: ${message}`, {}, error);
  throw error;
}

function limitError(what: string, bytes: number | undefined, bytesMax: number, cause?: unknown): VestalError {
  return new VestalError(
    "DECODE_LIMIT",
    `${what} size is above the limit of ${bytesMax} bytes`,
    { bytes, bytesMax },
    cause,
  );
}

function littleEndian32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
