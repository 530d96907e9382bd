/** What dashboards ask: instants, ranges, and lists of labels and series. */

export interface Case {
  readonly kind: "instant" | "range" | "get";
  /** An expression, or the path of a GET. */
  readonly query: string;
}

const EXPRESSIONS = [
  "up",
  "count by (job) (up)",
  "sum by (job) (rate(http_requests_total[5m]))",
  "sum by (job, code) (rate(http_requests_total[5m]))",
  'sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))',
  "histogram_quantile(0.99, sum by (le, job) (rate(http_request_duration_seconds_bucket[5m])))",
  "topk(10, sum by (instance) (rate(http_requests_total[5m])))",
  '100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100',
  'container_memory_working_set_bytes{namespace="ns-1"}',
  "sum by (namespace) (container_memory_working_set_bytes)",
  "max_over_time(go_goroutines[1h])",
  'container_memory_working_set_bytes{pod=~".*-0"} * on (namespace, pod) group_left (node) kube_pod_info',
  "quantile by (job) (0.95, go_goroutines)",
  'http_requests_total{instance="10.0.3.7:9100"}',
  'rate(node_network_receive_bytes_total{job="job-1"}[2m])',
  'sum by (handler) (rate(http_requests_total{job=~"job-[0-3]", code!~"2.."}[5m]))',
] as const;

/** Costly over a range, or of no use there. */
const INSTANT_ONLY = [
  "count(http_requests_total)",
  "predict_linear(node_filesystem_avail_bytes[1h], 4 * 3600) < 0",
  'http_requests_total{job=~"job-[0-4]"}',
  'max_over_time(sum by (job) (rate(http_requests_total{job="job-1"}[2m]))[1h:1m])',
] as const;

const GETS = [
  "labels?",
  "label/instance/values?",
  "label/pod/values?match[]=kube_pod_info&",
  'series?match[]=http_requests_total{job="job-1"}&',
] as const;

export const CASES: readonly Case[] = [
  ...[...EXPRESSIONS, ...INSTANT_ONLY].map((query) => ({ kind: "instant", query }) as const),
  ...EXPRESSIONS.map((query) => ({ kind: "range", query }) as const),
  ...GETS.map((query) => ({ kind: "get", query }) as const),
];
