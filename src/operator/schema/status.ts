/** What the operator says about an object. */
import { boolean, dateTime, type Fields, int32, int64, list, object, shape, string } from "./dsl.js";

const conditionFields = {
  lastTransitionTime: dateTime("when the status changed last", { required: true }),
  message: string("what a person should know"),
  observedGeneration: int64("generation of the object that this is about"),
  reason: string("one word for the cause"),
  status: string("True, False or Unknown", { required: true, minLength: 1 }),
  type: string("kind of condition", { required: true, minLength: 1 }),
} satisfies Fields;

const condition = shape("Condition", conditionFields);
const acceptance = shape("Acceptance", {
  ...conditionFields,
  type: string("kind of condition", { required: true, minLength: 1, oneOf: ["Accepted"] }),
});

const conditions = list("current state", condition(""), { keys: ["type"] });

const replicas: Fields = {
  availableReplicas: int32("pods that are ready long enough"),
  conditions,
  paused: boolean("true while the object is not reconciled"),
  replicas: int32("pods that belong to the object"),
  unavailableReplicas: int32("pods that are not available"),
  updatedReplicas: int32("pods of the wanted specification"),
};

/** Status of Alertmanager. */
export const alertmanagerStatus: Fields = { ...replicas, selector: string("pod selector, for the scale subresource") };

/** Status of ThanosRuler. */
export const thanosRulerStatus: Fields = replicas;

/** Status of Prometheus and PrometheusAgent. */
export const prometheusStatus: Fields = {
  ...alertmanagerStatus,
  shardStatuses: list(
    "state of each shard",
    object("", {
      availableReplicas: int32("pods that are ready long enough", { required: true }),
      replicas: int32("pods of the shard", { required: true }),
      shardID: string("number of the shard", { required: true }),
      unavailableReplicas: int32("pods that are not available", { required: true }),
      updatedReplicas: int32("pods of the wanted specification", { required: true }),
    }),
    { keys: ["shardID"] },
  ),
  shards: int32("number of shards, for the scale subresource"),
};

/** Status of objects that workloads select: one binding for each of those. */
export const bindingStatus: Fields = {
  bindings: list(
    "workloads that select the object",
    object("", {
      conditions: list("whether the workload accepted the object", acceptance(""), { keys: ["type"] }),
      group: string("API group of the workload", { required: true, oneOf: ["monitoring.coreos.com"] }),
      name: string("name of the workload", { required: true, minLength: 1 }),
      namespace: string("namespace of the workload", { required: true, minLength: 1 }),
      resource: string("resource of the workload", {
        required: true,
        oneOf: ["prometheuses", "prometheusagents", "thanosrulers", "alertmanagers"],
      }),
    }),
    { keys: ["group", "resource", "name", "namespace"] },
  ),
};
