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
} from "./informer.js";
