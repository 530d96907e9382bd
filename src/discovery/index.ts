export { type CreateDiscoveryDeps, createDiscovery } from "./create.js";
export type { Discovery } from "./discovery.js";
export { diskDiscoveryFiles } from "./disk.js";
export type { DiscoveryFiles } from "./file.js";
export { readGroups } from "./group-file.js";
export { InformerPool } from "./kubernetes/informers.js";
export { DiscoveryManager, type DiscoveryManagerDeps, type DiscoveryManagerOptions } from "./manager.js";
export type {
  DiscoveryChanges,
  DiscoveryRefresh,
  DiscoveryStats,
  DroppedTarget,
  DroppedTargets,
  LabelRecord,
  Target,
  TargetChanges,
  TargetGroup,
} from "./messages.js";
export type { TargetFailure } from "./pool.js";
export { discoveredLabels, makeTarget, type TargetJob, type TargetOutcome } from "./target.js";
export { type GlobalUrlOptions, globalUrl } from "./url.js";
