/** Alerting and recording rules that an installation begins with: few enough to be read, each with what to do about it. */
import { GROUP } from "../schema/index.js";
import { type Installation, labelsOf, type Manifest } from "./objects.js";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly severity: "critical" | "warning" | "info" | "none";
  readonly summary: string;
  readonly description: string;
}

interface Recording {
  readonly record: string;
  readonly expr: string;
}

interface Group {
  readonly name: string;
  readonly rules: readonly (Alert | Recording)[];
}

const GENERAL: Group = {
  name: "general",
  rules: [
    {
      alert: "Watchdog",
      expr: "vector(1)",
      severity: "none",
      summary: "The way of alerts works.",
      description: "This alert always fires. Let something outside of the cluster notice when it stops coming.",
    },
    {
      alert: "TargetDown",
      expr: "100 * (count by (job, namespace, service) (up == 0) / count by (job, namespace, service) (up)) > 10",
      for: "10m",
      severity: "warning",
      summary: "Targets of a job cannot be scraped.",
      description:
        '{{ printf "%.4g" $value }}% of the targets of {{ $labels.job }} in namespace {{ $labels.namespace }} are down. The page of targets tells the last error of each.',
    },
    {
      alert: "InfoInhibitor",
      expr: 'ALERTS{severity="info"} == 1 unless on (namespace) ALERTS{alertname!="InfoInhibitor", severity=~"warning|critical", alertstate="firing"} == 1',
      severity: "none",
      summary: "Keeps alerts of severity info quiet while nothing worse fires in their namespace.",
      description: "Route this alert to nowhere; an inhibition rule makes it silence alerts of severity info.",
    },
  ],
};

const NODES: Group = {
  name: "nodes",
  rules: [
    {
      record: "instance:node_cpu_utilisation:rate5m",
      expr: '1 - avg without (cpu) (sum without (mode) (rate(node_cpu_seconds_total{mode=~"idle|iowait|steal"}[5m])))',
    },
    { record: "instance:node_num_cpu:sum", expr: 'count without (cpu, mode) (node_cpu_seconds_total{mode="idle"})' },
    {
      record: "instance:node_memory_utilisation:ratio",
      expr: "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    },
    {
      alert: "NodeFilesystemFull",
      expr: 'node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} < 0.05 and node_filesystem_readonly{fstype!=""} == 0',
      for: "30m",
      severity: "critical",
      summary: "A file system is nearly full.",
      description:
        "{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} of its space left. Remove data or enlarge it.",
    },
    {
      alert: "NodeFilesystemFillsUp",
      expr: 'node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} < 0.2 and predict_linear(node_filesystem_avail_bytes{fstype!=""}[6h], 24 * 3600) < 0 and node_filesystem_readonly{fstype!=""} == 0',
      for: "1h",
      severity: "warning",
      summary: "A file system will be full within a day.",
      description:
        "{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} of its space left and goes on filling.",
    },
    {
      alert: "NodeMemoryScarce",
      expr: "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.08",
      for: "15m",
      severity: "warning",
      summary: "A node is short of memory.",
      description:
        "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left: pods will be evicted.",
    },
    {
      alert: "NodeClockWrong",
      expr: "abs(node_timex_offset_seconds) > 0.05 and deriv(node_timex_offset_seconds[5m]) * sgn(node_timex_offset_seconds) >= 0",
      for: "10m",
      severity: "warning",
      summary: "A node's clock is wrong.",
      description:
        "The clock of {{ $labels.instance }} is off by {{ $value | humanizeDuration }}. Is NTP at work there?",
    },
    {
      alert: "NodeNetworkErrors",
      expr: "rate(node_network_receive_errs_total[2m]) / rate(node_network_receive_packets_total[2m]) > 0.01 or rate(node_network_transmit_errs_total[2m]) / rate(node_network_transmit_packets_total[2m]) > 0.01",
      for: "1h",
      severity: "warning",
      summary: "A network interface has errors.",
      description:
        "{{ $labels.device }} on {{ $labels.instance }}: {{ $value | humanizePercentage }} of packets are lost to errors.",
    },
  ],
};

const WORKLOADS: Group = {
  name: "kubernetes-workloads",
  rules: [
    {
      record: "namespace_pod_container:cpu_usage_seconds:rate5m",
      expr: 'sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{container!="", image!=""}[5m]))',
    },
    {
      record: "namespace_pod_container:memory_working_set_bytes:max",
      expr: 'max by (namespace, pod, container) (container_memory_working_set_bytes{container!="", image!=""})',
    },
    {
      alert: "PodCrashLooping",
      expr: 'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1',
      for: "15m",
      severity: "warning",
      summary: "A pod crashes again and again.",
      description:
        "Container {{ $labels.container }} of pod {{ $labels.namespace }}/{{ $labels.pod }} is started anew and ends. `kubectl logs --previous` shows its last words.",
    },
    {
      alert: "PodNotReady",
      expr: 'sum by (namespace, pod) (max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown|Failed"}) * on (namespace, pod) group_left () topk by (namespace, pod) (1, max by (namespace, pod, owner_kind) (kube_pod_owner{owner_kind!="Job"}))) > 0',
      for: "15m",
      severity: "warning",
      summary: "A pod is not ready.",
      description:
        "Pod {{ $labels.namespace }}/{{ $labels.pod }} has not run for 15 minutes. `kubectl describe` says why.",
    },
    {
      alert: "DeploymentReplicasMissing",
      expr: "kube_deployment_spec_replicas > kube_deployment_status_replicas_available and changes(kube_deployment_status_replicas_updated[10m]) == 0",
      for: "15m",
      severity: "warning",
      summary: "A Deployment has fewer pods than it should.",
      description:
        "Deployment {{ $labels.namespace }}/{{ $labels.deployment }} has not had all of its replicas for 15 minutes.",
    },
    {
      alert: "StatefulSetReplicasMissing",
      expr: "kube_statefulset_replicas > kube_statefulset_status_replicas_ready and changes(kube_statefulset_status_replicas_updated[10m]) == 0",
      for: "15m",
      severity: "warning",
      summary: "A StatefulSet has fewer pods than it should.",
      description:
        "StatefulSet {{ $labels.namespace }}/{{ $labels.statefulset }} has not had all of its replicas for 15 minutes.",
    },
    {
      alert: "DaemonSetRolloutStuck",
      expr: "kube_daemonset_status_number_available < kube_daemonset_status_desired_number_scheduled and changes(kube_daemonset_status_updated_number_scheduled[5m]) == 0",
      for: "15m",
      severity: "warning",
      summary: "A DaemonSet lacks pods.",
      description:
        "DaemonSet {{ $labels.namespace }}/{{ $labels.daemonset }} lacks pods on some nodes and makes no progress.",
    },
    {
      alert: "JobFailed",
      expr: "kube_job_failed > 0",
      for: "15m",
      severity: "warning",
      summary: "A Job has failed.",
      description:
        "Job {{ $labels.namespace }}/{{ $labels.job_name }} has failed. Remove it once its cause is mended, and this alert ends.",
    },
    {
      alert: "VolumeNearlyFull",
      expr: "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.03 and kubelet_volume_stats_used_bytes > 0",
      for: "1m",
      severity: "critical",
      summary: "A volume is nearly full.",
      description:
        "The claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} of its space left.",
    },
    {
      alert: "VolumeFillsUp",
      expr: "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.15 and predict_linear(kubelet_volume_stats_available_bytes[6h], 4 * 24 * 3600) < 0",
      for: "1h",
      severity: "warning",
      summary: "A volume will be full within four days.",
      description:
        "The claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} of its space left and goes on filling.",
    },
  ],
};

const CONTROL_PLANE: Group = {
  name: "kubernetes-control-plane",
  rules: [
    {
      record: "cluster:apiserver_request_duration_seconds:p99",
      expr: 'histogram_quantile(0.99, sum by (verb, resource, le) (rate(apiserver_request_duration_seconds_bucket{subresource!~"proxy|log|exec|attach", verb!~"WATCH|CONNECT"}[5m])))',
    },
    {
      alert: "NodeNotReady",
      expr: 'kube_node_status_condition{condition="Ready", status="true"} == 0 and on (node) kube_node_spec_unschedulable == 0',
      for: "15m",
      severity: "warning",
      summary: "A node is not ready.",
      description: "Node {{ $labels.node }} has not been ready for 15 minutes.",
    },
    {
      alert: "KubeletDown",
      expr: 'absent(up{job="kubelet", metrics_path="/metrics"} == 1)',
      for: "15m",
      severity: "critical",
      summary: "No kubelet is scraped.",
      description:
        "No target of the job kubelet answers. Is the operator's --kubelet-service set, and may Prometheus read nodes/metrics?",
    },
    {
      alert: "ApiServerDown",
      expr: 'absent(up{job="apiserver"} == 1)',
      for: "15m",
      severity: "critical",
      summary: "No API server is scraped.",
      description: "No target of the job apiserver answers.",
    },
    {
      alert: "ApiServerErrors",
      expr: 'sum(rate(apiserver_request_total{code=~"5.."}[5m])) / sum(rate(apiserver_request_total[5m])) > 0.03',
      for: "10m",
      severity: "critical",
      summary: "The API server answers with errors.",
      description: "{{ $value | humanizePercentage }} of requests to the API server fail.",
    },
  ],
};

const SERVER: Group = {
  name: "prometheus",
  rules: [
    {
      alert: "PrometheusBadConfig",
      expr: "max_over_time(prometheus_config_last_reload_successful[5m]) == 0",
      for: "10m",
      severity: "critical",
      summary: "A configuration cannot be loaded.",
      description:
        "{{ $labels.namespace }}/{{ $labels.pod }} runs an older configuration. Its log says what is wrong with the new one.",
    },
    {
      alert: "PrometheusRuleFailures",
      expr: "increase(prometheus_rule_evaluation_failures_total[5m]) > 0",
      for: "15m",
      severity: "critical",
      summary: "Rules cannot be evaluated.",
      description:
        '{{ $labels.namespace }}/{{ $labels.pod }}: {{ printf "%.0f" $value }} evaluations failed in 5 minutes, in {{ $labels.rule_group }}.',
    },
    {
      alert: "PrometheusMissingRuleEvaluations",
      expr: "increase(prometheus_rule_group_iterations_missed_total[5m]) > 0",
      for: "15m",
      severity: "warning",
      summary: "Rule groups take longer than their interval.",
      description:
        "{{ $labels.namespace }}/{{ $labels.pod }} skips evaluations of {{ $labels.rule_group }}: split the group or lengthen its interval.",
    },
    {
      alert: "PrometheusNotIngestingSamples",
      expr: "rate(prometheus_tsdb_head_samples_appended_total[5m]) <= 0 and (sum without (scrape_job) (prometheus_target_metadata_cache_entries) > 0 or sum without (rule_group) (prometheus_rule_group_rules) > 0)",
      for: "10m",
      severity: "warning",
      summary: "No samples are stored.",
      description: "{{ $labels.namespace }}/{{ $labels.pod }} has targets or rules, and stores nothing.",
    },
    {
      alert: "PrometheusNotConnectedToAlertmanagers",
      expr: "max_over_time(prometheus_notifications_alertmanagers_discovered[5m]) < 1",
      for: "10m",
      severity: "warning",
      summary: "There is nobody to send alerts to.",
      description: "{{ $labels.namespace }}/{{ $labels.pod }} finds no Alertmanager.",
    },
    {
      alert: "PrometheusAlertsLost",
      expr: "rate(prometheus_notifications_dropped_total[5m]) > 0",
      for: "15m",
      severity: "critical",
      summary: "Alerts are dropped.",
      description: "{{ $labels.namespace }}/{{ $labels.pod }} cannot get its alerts to an Alertmanager in time.",
    },
    {
      alert: "PrometheusRemoteWriteBehind",
      expr: "(max_over_time(prometheus_remote_storage_queue_highest_timestamp_seconds[5m]) - max_over_time(prometheus_remote_storage_queue_highest_sent_timestamp_seconds[5m])) > 120",
      for: "15m",
      severity: "critical",
      summary: "Remote write is behind.",
      description:
        "{{ $labels.namespace }}/{{ $labels.pod }} is {{ $value | humanizeDuration }} behind in sending to {{ $labels.url }}.",
    },
    {
      alert: "PrometheusCorruption",
      expr: "increase(prometheus_tsdb_wal_corruptions_total[3h]) > 0",
      severity: "warning",
      summary: "Damage in the write-ahead log.",
      description:
        "{{ $labels.namespace }}/{{ $labels.pod }} found damage in its log and cut it off. Is the disk well?",
    },
  ],
};

const ALERTMANAGER: Group = {
  name: "alertmanager",
  rules: [
    {
      alert: "AlertmanagerBadConfig",
      expr: "max_over_time(alertmanager_config_last_reload_successful[5m]) == 0",
      for: "10m",
      severity: "critical",
      summary: "An Alertmanager's configuration cannot be loaded.",
      description: "{{ $labels.namespace }}/{{ $labels.pod }} runs an older configuration.",
    },
    {
      alert: "AlertmanagerMembersMissing",
      expr: "max_over_time(alertmanager_cluster_members[5m]) < on (namespace, service) group_left () count by (namespace, service) (max_over_time(alertmanager_cluster_members[5m]))",
      for: "15m",
      severity: "critical",
      summary: "An Alertmanager has not found all of its peers.",
      description:
        "{{ $labels.namespace }}/{{ $labels.pod }} sees {{ $value }} members of its cluster only: notifications may come twice.",
    },
    {
      alert: "AlertmanagerNotificationsFail",
      expr: "rate(alertmanager_notifications_failed_total[5m]) / ignoring (reason) group_left () rate(alertmanager_notifications_total[5m]) > 0.01",
      for: "5m",
      severity: "warning",
      summary: "Notifications cannot be sent.",
      description:
        "{{ $labels.namespace }}/{{ $labels.pod }}: {{ $value | humanizePercentage }} of notifications by {{ $labels.integration }} fail.",
    },
  ],
};

const OPERATOR: Group = {
  name: "operator",
  rules: [
    {
      alert: "OperatorReconcileErrors",
      expr: "sum by (controller, namespace, pod) (rate(prometheus_operator_reconcile_errors_total[5m])) / sum by (controller, namespace, pod) (rate(prometheus_operator_reconcile_operations_total[5m])) > 0.1",
      for: "10m",
      severity: "warning",
      summary: "The operator cannot do what objects ask for.",
      description:
        "{{ $value | humanizePercentage }} of the reconciliations of {{ $labels.controller }} fail. The objects' condition Reconciled says why.",
    },
    {
      alert: "OperatorNotReady",
      expr: "min by (namespace, controller) (max_over_time(prometheus_operator_ready[5m])) == 0",
      for: "5m",
      severity: "warning",
      summary: "The operator is not ready.",
      description:
        "The controller of {{ $labels.controller }} in {{ $labels.namespace }} is not ready. Its log names rights that are missing.",
    },
  ],
};

/** One object an area, so that one can be left out. */
export function ruleManifests({ namespace }: Installation): readonly Manifest[] {
  const areas = [
    ["general", [GENERAL, OPERATOR]],
    ["nodes", [NODES]],
    ["kubernetes", [WORKLOADS, CONTROL_PLANE]],
    ["prometheus", [SERVER]],
    ["alertmanager", [ALERTMANAGER]],
  ] as const;
  return areas.map(([name, groups]) => ({
    apiVersion: `${GROUP}/v1`,
    kind: "PrometheusRule",
    metadata: { name: `vestal-${name}`, namespace, labels: labelsOf("vestal-rules", "rules") },
    spec: { groups: groups.map(({ name: group, rules }) => ({ name: group, rules: rules.map(ruleOf) })) },
  }));
}

function ruleOf(rule: Alert | Recording) {
  if ("record" in rule) return { record: rule.record, expr: rule.expr };
  const { alert, expr, for: pending, severity, summary, description } = rule;
  return {
    alert,
    expr,
    ...(pending !== undefined && { for: pending }),
    labels: { severity },
    annotations: { summary, description },
  };
}
