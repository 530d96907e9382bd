import { decodeGzip, literalSnappy } from "../../base/index.js";
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
  const shared = (size: number) => new Uint8Array(new SharedArrayBuffer(size));
  return { request: literalSnappy(request, shared), problems };
}
