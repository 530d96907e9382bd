export { ByteReader } from "./byte-reader.js";
export { ByteWriter } from "./byte-writer.js";
export { type Clock, systemClock } from "./clock.js";
export { crc32c } from "./crc32c.js";
export { type DecodeBounds, decodeGzip } from "./decode.js";
export { type Deferred, deferred } from "./deferred.js";
export {
  AssertionError,
  assert,
  CorruptionError,
  errorCode,
  errorMessage,
  fromPlain,
  type PlainError,
  systemReason,
  toPlain,
  VestalError,
} from "./errors.js";
export { type FileStat, type Files, type OpenMode, systemFiles, writeWhole } from "./file.js";
export { returnFreeHeap } from "./heap.js";
export {
  createLogger,
  type LogFields,
  type LogFormat,
  type Logger,
  type LogLevel,
  type LogOptions,
  silentLogger,
} from "./log.js";
export { NumberList } from "./number-list.js";
export { ProtoReader, ProtoWriter, WIRE_BYTES } from "./proto.js";
export { packageRoot } from "./root.js";
export { decodeSnappy, encodeSnappy, literalSnappy } from "./snappy.js";
export { SMALL_YOUNG_GENERATION } from "./threads.js";
export { systemTimers, type Timers } from "./timers.js";
