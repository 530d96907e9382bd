/** The kernel exports that this module calls. */
export interface ShardKernels {
  /** Shard of LABEL BYTES at `address`, −1 if they are malformed. */
  shardOfLabelBytes(address: number, length: number, shardCount: number): number;
}
