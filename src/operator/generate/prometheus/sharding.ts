/** How targets are spread over the shards of a Prometheus. */
import { type Mapping, nonEmptyList } from "../value.js";
import type { CommonSpec, PrometheusContext } from "./context.js";

const HASH_LABEL = "__tmp_hash";
/** A monitor that sets this label has its targets scraped by every shard. */
const DISABLE_LABEL = "__tmp_disable_sharding";
const ZONE_LABEL = "__tmp_topology";

/** The zones among which shards are divided; undefined where they are not. */
export function shardingZones({ options, spec }: PrometheusContext): readonly string[] | undefined {
  return options.hasTopologySharding ? zonesOf(spec) : undefined;
}

function zonesOf({ shardingStrategy }: CommonSpec): readonly string[] | undefined {
  return shardingStrategy?.mode === "Topology" ? nonEmptyList(shardingStrategy.topology?.values) : undefined;
}

/** The zone of a shard; "" without zones. */
export function zoneOfShard(context: PrometheusContext, shard: number): string {
  const zones = shardingZones(context);
  return zones === undefined ? "" : (zones[shard % zones.length] ?? "");
}

/** The number of a shard inside its zone. */
export function shardInZone(context: PrometheusContext, shard: number): number {
  const zones = shardingZones(context);
  return zones === undefined ? shard : Math.floor(shard / zones.length);
}

/** Steps that keep the targets of one shard. `$(…)` is replaced in the pod, so that all shards share one configuration. */
export function shardingSteps(context: PrometheusContext, shards: number, hashedLabel = "__address__"): Mapping[] {
  const zones = shardingZones(context);
  const modulus = zones === undefined ? shards : Math.max(Math.floor(shards / zones.length), 1);
  return [
    ...(context.options.hasRetentionPolicies ? activeShardSteps(shards) : []),
    ...(zones === undefined ? [] : zoneSteps(context)),
    {
      source_labels: [hashedLabel, HASH_LABEL],
      target_label: HASH_LABEL,
      regex: "(.+);",
      replacement: "$1",
      action: "replace",
    },
    { source_labels: [HASH_LABEL], target_label: HASH_LABEL, modulus, action: "hashmod" },
    {
      source_labels: [HASH_LABEL, DISABLE_LABEL],
      regex: `$(${zones === undefined ? "SHARD" : "INZONE_SHARD"});|.+;.+`,
      action: "keep",
    },
  ];
}

/** As `shardingSteps`, unless the job spreads its targets itself. */
export function shardingStepsIfMissing(
  context: PrometheusContext,
  shards: number,
  steps: readonly Mapping[],
): Mapping[] {
  return steps.some((step) => step["action"] === "hashmod") ? [] : shardingSteps(context, shards);
}

/** A shard that was scaled away, and only keeps its data, scrapes nothing. */
function activeShardSteps(shards: number): Mapping[] {
  return [
    { target_label: "__tmp_current_shard", replacement: "$(SHARD)", action: "replace" },
    {
      source_labels: ["__tmp_current_shard"],
      regex: Array.from({ length: shards }, (_, shard) => shard).join("|"),
      action: "keep",
    },
  ];
}

/** The zone is that of the endpoint slice, else of the pod or its node. */
function zoneSteps({ options }: PrometheusContext): Mapping[] {
  const owner = options.hasPodTopologyLabels ? "pod" : "node";
  const label = "topology_kubernetes_io_zone";
  return [
    {
      source_labels: ["__meta_kubernetes_endpointslice_endpoint_zone", ZONE_LABEL],
      target_label: ZONE_LABEL,
      regex: "(.+);",
      replacement: "$1",
      action: "replace",
    },
    {
      source_labels: [
        `__meta_kubernetes_${owner}_label_${label}`,
        `__meta_kubernetes_${owner}_labelpresent_${label}`,
        ZONE_LABEL,
      ],
      target_label: ZONE_LABEL,
      regex: "(.+);true;",
      replacement: "$1",
      action: "replace",
    },
    { source_labels: [ZONE_LABEL, DISABLE_LABEL], regex: "$(TOPOLOGY_ZONE);|.+;.+", action: "keep" },
  ];
}
