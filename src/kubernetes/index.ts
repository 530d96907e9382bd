export { type JsonObject, KubernetesApi, KubernetesError, type PropagationPolicy, type StoredObject } from "./api.js";
export {
  connectByKubeconfig,
  connectInCluster,
  connectTo,
  KubernetesConnection,
  type KubernetesRequest,
  ownNamespace,
} from "./connection.js";
export {
  type ApiServer,
  DEFAULT_INFORMER_LIMITS,
  Informer,
  type InformerDeps,
  type InformerHandlers,
  type InformerLimits,
  type InformerOptions,
  type KubernetesObject,
  keyOf,
  type ObjectMeta,
  type OwnerReference,
  type Reduce,
} from "./informer.js";
export { LeaderElection, type LeaseOptions } from "./leader.js";
export { DEFAULT_WORK_QUEUE, WorkQueue, type WorkQueueOptions } from "./work-queue.js";
