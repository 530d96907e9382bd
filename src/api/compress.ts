/** gzip and deflate for answers, off the main thread (libuv's pool) where they are not short. */
import { promisify } from "node:util";
import { deflate, deflateSync, gzip, gzipSync } from "node:zlib";

export type Coding = "gzip" | "deflate";

/** Below one packet, compressing costs more than it saves; answers of the API are compressed all the same, as Prometheus does. */
export const COMPRESSED_BYTES_MIN = 1400;
/** Up to here compressing takes 10 to 40 µs, less than the way to another thread and back. */
const SHORT_BYTES = 4096;
/**
 * From here on speed counts more than the last per cent: level 1 takes a fifth of level 6's time on JSON (5 against 29 ms
 * a megabyte here) for a twelfth more bytes. An instant query of some thousand series would else spend most of its time so.
 */
const FAST_BYTES = 1 << 16;

const COMPRESS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** The first coding of an `Accept-Encoding` that we have, as Prometheus takes it: by name, never for `*`, nor with q=0. */
export function codingFor(acceptEncoding: string): Coding | undefined {
  if (acceptEncoding === "") return undefined;
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [coding = "", ...parameters] = item.split(";").map((part) => part.trim());
    if (coding !== "gzip" && coding !== "deflate") continue;
    if (!parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))) return coding;
  }
  return undefined;
}

/** Of a short body at once; undefined: `compress` has to be asked. */
export function compressShort(body: Uint8Array, coding: Coding): Buffer | undefined {
  if (body.length > SHORT_BYTES) return undefined;
  return coding === "gzip" ? gzipSync(body) : deflateSync(body);
}

export function compress(body: Uint8Array, coding: Coding): Promise<Buffer> {
  return COMPRESS[coding](body, { level: body.length >= FAST_BYTES ? 1 : 6 });
}
