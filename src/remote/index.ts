export { type OtlpBody, type OtlpSettings, translateOtlpBody } from "./otlp/index.js";
export { type FederateRequest, federate } from "./read/federate.js";
export { type FederateFormat, federateContentType, negotiateFederation } from "./read/federate-format.js";
export { encodeReadSlice, type ReadCursor, type ReadSlice } from "./read/read-chunks.js";
export { decodeReadRequest, type ReadQuery, type ReadRequest } from "./read/read-request.js";
export { encodeReadResponse } from "./read/read-response.js";
export { ReadClient, type ReadEndpoint, type ReadExchange, RemoteQuerier } from "./read-client/index.js";
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
export type { FamilyMetadata } from "./send/metadata.js";
export { type EndpointConfig, Queue, type QueueStats, SENT_SECONDS } from "./send/queue.js";
