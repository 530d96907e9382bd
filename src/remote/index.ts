export { type OtlpBody, type OtlpSettings, translateOtlpBody } from "./otlp/index.js";
export { OtlpReceiver, type OtlpTranslator } from "./receive/otlp-receiver.js";
export {
  type ReceiverCounters,
  type RemoteAnswer,
  type RemoteRequest,
  type ShardWriters,
  WRITE_MESSAGES,
  WriteReceiver,
  type WriteReceiverOptions,
} from "./receive/write-receiver.js";
