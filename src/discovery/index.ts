export { diskDiscoveryFiles } from "./disk.js";
export { type DiscoveryFiles, FileDiscovery, type FileDiscoveryStats } from "./file.js";
export { readGroups } from "./group-file.js";
export { DiscoveryManager, type DiscoveryManagerDeps, type DiscoveryManagerOptions } from "./manager.js";
export type {
  DiscoveryChanges,
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
