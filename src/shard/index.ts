export * from "./control-memory.js";
export { decodeLabelBytes, encodeLabelBytes } from "./label-bytes.js";
export { shardOf } from "./shard-of.js";
