import { decodeGzip } from "../../base/index.js";
import { readOtlpJson } from "./read-json.js";
import { readOtlpProto } from "./read-proto.js";
import { type OtlpSettings, type Translation, translateOtlp } from "./translate.js";

export type { OtlpSettings, Translation } from "./translate.js";

export interface OtlpBody {
  readonly bytes: Uint8Array;
  readonly format: "protobuf" | "json";
  readonly isGzip: boolean;
  /** Of the decompressed body. */
  readonly decodedBytesMax: number;
}

/**
 * A request as it came to a `prometheus.WriteRequest` that is a block of snappy's (of literals: it goes no further than the
 * shards).
 *
 * @throws VestalError DECODE_*, PROTO or OTLP_JSON
 */
export function translateOtlpBody(body: OtlpBody, settings: OtlpSettings): Translation {
  const { bytes, isGzip, decodedBytesMax } = body;
  const plain = isGzip ? decodeGzip(bytes, { compressedBytesMax: bytes.length, decodedBytesMax }) : bytes;
  const resources = body.format === "json" ? readOtlpJson(Buffer.from(plain).toString("utf8")) : readOtlpProto(plain);
  const { request, problems } = translateOtlp(resources, settings);
  return { request: literalBlock(request), problems };
}

/** uvarint length, then one literal: tag, length − 1 in four bytes, bytes. */
function literalBlock(bytes: Uint8Array): Uint8Array {
  const head: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    head.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  if (bytes.length > 0) {
    const last = bytes.length - 1;
    head.push(0xfc, last & 0xff, (last >>> 8) & 0xff, (last >>> 16) & 0xff, last >>> 24);
  }
  const block = new Uint8Array(new SharedArrayBuffer(head.length + bytes.length));
  block.set(head);
  block.set(bytes, head.length);
  return block;
}
