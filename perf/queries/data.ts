/**
 * The series that the queries read: what a fleet of services exposes, 100 series an instance, 20 instances a job. Values follow
 * from the series and the time alone, so that every system stores the same.
 */

export const SERIES_PER_INSTANCE = 100;
const INSTANCES_PER_JOB = 20;

type Kind = "counter" | "gauge" | "constant";

export interface Series {
  readonly labels: readonly (readonly [string, string])[];
  readonly kind: Kind;
  /** Of its own: phase of a gauge, speed of a counter. */
  readonly seed: number;
}

const LE = ["0.005", "0.01", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "10", "+Inf"];
const CODES = ["200", "204", "404", "500"];
const MODES = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"];

/** About `count` series, in the order of instances. */
export function seriesOf(count: number): Series[] {
  const all: Series[] = [];
  for (let i = 0; i < Math.max(1, Math.round(count / SERIES_PER_INSTANCE)); i++) addInstance(i, all);
  return all;
}

function addInstance(i: number, all: Series[]): void {
  const job = `job-${Math.floor(i / INSTANCES_PER_JOB)}`;
  const instance = `10.${(i >> 8) & 255}.${i & 255}.7:9100`;
  const add = (kind: Kind, name: string, rest: Readonly<Record<string, string>> = {}): void => {
    const labels = Object.entries({ __name__: name, job, instance, ...rest });
    labels.sort(([a], [b]) => (a < b ? -1 : 1));
    const seed = (Math.imul(all.length + 1, 2654435761) >>> 8) / 2 ** 24;
    all.push({ labels, kind, seed });
  };
  for (const handler of ["/", "/api/v1/query", "/api/v1/write", "/login", "/static"]) {
    for (const method of ["GET", "POST"]) {
      for (const code of CODES) add("counter", "http_requests_total", { handler, method, code });
    }
  }
  for (const handler of ["/", "/api/v1/query", "/api/v1/write", "/login"]) {
    for (const le of LE) add("counter", "http_request_duration_seconds_bucket", { handler, le });
  }
  for (const mode of MODES) add("counter", "node_cpu_seconds_total", { cpu: "0", mode });
  for (let k = 0; k < 4; k++) {
    const pod = `pod-${i}-${k}`;
    const place = { namespace: `ns-${i % 40}`, pod };
    add("gauge", "container_memory_working_set_bytes", { ...place, container: "main" });
  }
  add("constant", "kube_pod_info", { namespace: `ns-${i % 40}`, pod: `pod-${i}-0`, node: `node-${i % 50}` });
  add("constant", "up");
  add("constant", "process_start_time_seconds");
  add("gauge", "go_goroutines");
  add("gauge", "process_resident_memory_bytes");
  add("gauge", "node_load1");
  add("gauge", "node_filesystem_avail_bytes", { device: "sda1", mountpoint: "/" });
  add("counter", "node_network_receive_bytes_total", { device: "eth0" });
}

/** The value of the `n`-th sample. */
export function valueAt({ kind, labels, seed }: Series, n: number): number {
  if (kind === "constant") return 1;
  if (kind === "gauge") return Math.round((50 + 40 * Math.sin(n / 37 + seed * 6.28) + 5 * noise(seed, n)) * 1e4) / 10;
  // A bucket is at least as full as the one below it: all of a histogram grow alike, wider ones faster.
  const le = labels.find(([name]) => name === "le")?.[1];
  if (le !== undefined) return n * (LE.indexOf(le) + 1) * 3;
  // Some counters restart in the middle.
  const since = seed > 0.9 && n > 500 ? n - 500 : n;
  return Math.floor(since * (1 + seed * 20) + 3 * noise(seed, n));
}

function noise(seed: number, n: number): number {
  const x = Math.sin((seed + 1) * 12.9898 + n * 78.233) * 43758.5453;
  return x - Math.floor(x);
}
