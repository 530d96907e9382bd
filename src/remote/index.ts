export {
  type ReceiverCounters,
  type RemoteAnswer,
  type RemoteRequest,
  type ShardWriters,
  WRITE_MESSAGES,
  WriteReceiver,
  type WriteReceiverOptions,
} from "./receive/write-receiver.js";
