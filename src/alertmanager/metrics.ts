/** `/metrics` under Alertmanager's names. */
import { systemClock } from "../base/index.js";
import { type CollectedFamily, type MetricSample, Registry, registerProcess, writeText } from "../metrics/index.js";
import type { FailureReason } from "./pipeline/context.js";
import type { SuppressedReason } from "./pipeline/mute-stages.js";
import { ALERTMANAGER_VERSION } from "./version.js";

export const INTEGRATIONS = [
  "discord",
  "email",
  "incidentio",
  "jira",
  "mattermost",
  "msteams",
  "msteamsv2",
  "opsgenie",
  "pagerduty",
  "pushover",
  "rocketchat",
  "slack",
  "sns",
  "telegram",
  "victorops",
  "webex",
  "webhook",
  "wechat",
] as const;
const REASONS: readonly FailureReason[] = [
  "clientError",
  "contextCanceled",
  "contextDeadlineExceeded",
  "other",
  "serverError",
];
const SUPPRESSIONS: readonly SuppressedReason[] = [
  "active_time_interval",
  "inhibition",
  "mute_time_interval",
  "silence",
];
const LATENCY_BUCKETS = [1, 5, 10, 15, 20];
const SIZE_BUCKETS = [100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8];
/** Paths that the metrics of requests tell apart: strangers could else fill the memory with them. */
const HANDLERS_MAX = 200;
const PARTS = ["silences", "nflog"] as const;
type Part = (typeof PARTS)[number];
const HTTP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Values by their labels' values, joined. */
class Counts {
  readonly #values = new Map<string, number>();
  add(amount: number, ...labels: string[]): void {
    const key = labels.join("\xff");
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }
  *samples(): Generator<MetricSample> {
    for (const [key, value] of this.#values) yield { labels: key === "" ? [] : key.split("\xff"), value };
  }
}

interface Distribution {
  readonly counts: number[];
  sum: number;
  count: number;
}

class Distributions {
  readonly #bounds: readonly number[];
  readonly #states = new Map<string, Distribution>();
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }
  of(...labels: string[]): Distribution {
    const key = labels.join("\xff");
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
      this.#states.set(key, state);
    }
    return state;
  }
  observe(value: number, ...labels: string[]): void {
    const state = this.of(...labels);
    state.sum += value;
    state.count++;
    // Cumulative: from the last bound down to the first that is below.
    for (let i = this.#bounds.length - 1; i >= 0 && value <= this.#bounds[i]!; i--) state.counts[i]!++;
  }
  *samples(): Generator<MetricSample> {
    for (const [key, { counts, sum, count }] of this.#states) {
      const buckets = this.#bounds.map((bound, i) => [bound, counts[i]!] as const);
      yield { labels: key === "" ? [] : key.split("\xff"), buckets, sum, count };
    }
  }
}

/** How often something was done, and how long it took in all. */
class Durations {
  seconds = 0;
  count = 0;
  observe(seconds: number): void {
    this.seconds += seconds;
    this.count++;
  }
}

/** Of the silences or the notification log. */
export class PartMetrics {
  readonly gc = new Durations();
  readonly snapshot = new Durations();
  readonly queries = new Distributions(HTTP_BUCKETS);
  propagated = 0;
}

/** What is asked for when the page is. */
export interface MetricReaders {
  readonly alerts: () => { readonly active: number; readonly suppressed: number };
  readonly silences: () => {
    readonly active: number;
    readonly pending: number;
    readonly expired: number;
    readonly all: number;
  };
  readonly groups: () => number;
  /** Entries that were looked at for an alert, and those that an earlier answer spared. */
  readonly silenceQueries: () => { readonly scanned: number; readonly skipped: number };
  readonly processing: () => { readonly count: number; readonly seconds: number };
  readonly limited: () => number;
  readonly perNameLimit: number;
  readonly config: () => {
    readonly hash: number;
    readonly isReloaded: boolean;
    readonly reloadedSeconds: number;
    readonly receivers: number;
    readonly integrations: number;
    readonly inhibitRules: number;
  };
  readonly cluster: () => { readonly members: number; readonly failed: number; readonly position: number } | undefined;
}

export class AlertmanagerMetrics {
  readonly received = new Counts();
  readonly invalid = new Counts();
  readonly notifications = new Counts();
  readonly notificationsFailed = new Counts();
  readonly requests = new Counts();
  readonly requestsFailed = new Counts();
  readonly suppressed = new Counts();
  readonly maintenance = new Counts();
  readonly maintenanceErrors = new Counts();
  readonly latency = new Distributions(LATENCY_BUCKETS);
  readonly http = new Distributions(HTTP_BUCKETS);
  readonly responseBytes = new Distributions(SIZE_BUCKETS);
  readonly parts: Readonly<Record<Part, PartMetrics>> = { silences: new PartMetrics(), nflog: new PartMetrics() };
  readonly pages = new Counts();
  readonly #process = new Registry(systemClock);
  readonly #handlers = new Set<string>();
  readonly concurrencyExceeded = new Counts();
  inFlight = 0;
  snapshotBytes: readonly [silences: number, nflog: number] = [0, 0];

  constructor() {
    for (const integration of INTEGRATIONS) {
      for (const counts of [this.notifications, this.requests, this.requestsFailed]) counts.add(0, integration);
      for (const reason of REASONS) this.notificationsFailed.add(0, integration, reason);
      this.latency.of(integration);
    }
    for (const reason of SUPPRESSIONS) if (reason !== "active_time_interval") this.suppressed.add(0, reason);
    for (const status of ["firing", "resolved"]) this.received.add(0, status, "v2");
    this.invalid.add(0, "v2");
    this.concurrencyExceeded.add(0, "get");
    for (const part of PARTS) {
      this.maintenance.add(0, part);
      this.maintenanceErrors.add(0, part);
      this.parts[part].queries.of();
    }
    for (const code of ["200", "500", "503"]) this.pages.add(0, code);
    registerProcess(this.#process);
  }

  observeRequest(handler: string, method: string, status: number, seconds: number, bytes: number): void {
    const isApi = handler.startsWith("/api/v2/");
    // What leads nowhere is not counted, as in the original.
    if (!isApi && (status === 301 || status === 404 || status === 405 || method === "options")) return;
    if (!this.#handlers.has(handler) && this.#handlers.size < HANDLERS_MAX) this.#handlers.add(handler);
    const name = this.#handlers.has(handler) ? handler : "/*";
    this.http.observe(seconds, name, method, String(status));
    if (!isApi) this.responseBytes.observe(bytes, name, method);
    if (name === "/metrics") this.pages.add(1, String(status));
  }

  page(readers: MetricReaders): string {
    const families = [...this.#families(readers), ...this.#process.collect()].sort((a, b) =>
      a.description.name < b.description.name ? -1 : 1,
    );
    return writeText(families);
  }

  *#families(readers: MetricReaders): Generator<CollectedFamily> {
    const config = readers.config();
    const silences = readers.silences();
    const alerts = readers.alerts();
    const cluster = readers.cluster();
    const processing = readers.processing();
    const gauge = (name: string, help: string, value: number): CollectedFamily => ({
      description: { name: `alertmanager_${name}`, type: "gauge", help, labels: [] },
      samples: [{ labels: [], value }],
    });
    const states = (name: string, help: string, values: Readonly<Record<string, number>>): CollectedFamily => ({
      description: { name: `alertmanager_${name}`, type: "gauge", help, labels: ["state"] },
      samples: Object.entries(values).map(([state, value]) => ({ labels: [state], value })),
    });
    const counter = (name: string, help: string, labels: readonly string[], counts: Counts): CollectedFamily => ({
      description: { name: `alertmanager_${name}`, type: "counter", help, labels },
      samples: [...counts.samples()],
    });
    const part = (name: string, help: string, counts: Counts, wanted: string): CollectedFamily => ({
      description: { name: `alertmanager_${wanted}_${name}`, type: "counter", help, labels: [] },
      samples: [...counts.samples()]
        .filter(({ labels }) => labels[0] === wanted)
        .map((sample) => ({ ...sample, labels: [] })),
    });
    yield states("alerts", "Alerts by state.", {
      active: alerts.active,
      suppressed: alerts.suppressed,
      unprocessed: 0,
    });
    yield states("silences", "Silences by state.", {
      active: silences.active,
      expired: silences.expired,
      pending: silences.pending,
    });
    yield gauge("silences_state_size", "Silences that are known.", silences.all);
    yield gauge("alerts_per_alert_limit", "Alerts that one alertname may have.", readers.perNameLimit);
    yield gauge("dispatcher_aggregation_groups", "Groups with alerts.", readers.groups());
    yield gauge("config_hash", "Hash of the configuration in force.", config.hash);
    yield gauge(
      "config_last_reload_successful",
      "Whether the last attempt to load the configuration succeeded.",
      config.isReloaded ? 1 : 0,
    );
    yield gauge(
      "config_last_reload_success_timestamp_seconds",
      "When a configuration was last loaded.",
      config.reloadedSeconds,
    );
    yield gauge("receivers", "Receivers of the configuration.", config.receivers);
    yield gauge("integrations", "Integrations of the configuration.", config.integrations);
    yield gauge("inhibition_rules", "Inhibition rules of the configuration.", config.inhibitRules);
    yield gauge("cluster_enabled", "Whether there is a cluster.", cluster === undefined ? 0 : 1);
    if (cluster !== undefined) {
      yield gauge("cluster_members", "Members of the cluster.", cluster.members);
      yield gauge("cluster_failed_peers", "Members that do not answer.", cluster.failed);
      yield gauge("cluster_peer_position", "Place of this member in the order of sending.", cluster.position);
      yield gauge("cluster_health_score", "0 is healthy.", 0);
      yield gauge("peer_position", "Place of this member in the order of sending.", cluster.position);
    }
    yield gauge("silences_snapshot_size_bytes", "Size of the last file of silences.", this.snapshotBytes[0]);
    yield gauge("nflog_snapshot_size_bytes", "Size of the last file of the notification log.", this.snapshotBytes[1]);
    yield counter("alerts_received_total", "Alerts received.", ["status", "version"], this.received);
    yield counter("alerts_invalid_total", "Alerts refused.", ["version"], this.invalid);
    if (readers.perNameLimit > 0) {
      const limited = new Counts();
      limited.add(readers.limited());
      yield counter("alerts_limited_total", "Alerts dropped because their name has too many.", [], limited);
    }
    yield counter("notifications_total", "Notifications begun.", ["integration"], this.notifications);
    yield counter(
      "notifications_failed_total",
      "Notifications given up.",
      ["integration", "reason"],
      this.notificationsFailed,
    );
    yield counter("notification_requests_total", "Attempts to notify.", ["integration"], this.requests);
    yield counter("notification_requests_failed_total", "Attempts that failed.", ["integration"], this.requestsFailed);
    yield counter("notifications_suppressed_total", "Alerts held back, by reason.", ["reason"], this.suppressed);
    yield counter(
      "http_concurrency_limit_exceeded_total",
      "Requests refused because too many ran.",
      ["method"],
      this.concurrencyExceeded,
    );
    const value = (name: string, help: string, amount: number): CollectedFamily => {
      const counts = new Counts();
      counts.add(amount);
      return counter(name, help, [], counts);
    };
    const duration = (name: string, help: string, { seconds, count }: Durations): CollectedFamily => ({
      description: { name: `alertmanager_${name}`, type: "summary", help, labels: [] },
      samples: [{ labels: [], quantiles: [], sum: seconds, count }],
    });
    const written = new Counts();
    for (const subscriber of ["dispatcher", "inhibitor"]) written.add(processing.count, subscriber);
    yield counter("alerts_subscriber_channel_writes_total", "Alerts handed on.", ["subscriber"], written);
    for (const [name, help] of [
      ["group_creation_given_up_total", "Alerts dropped for want of a group: none, groups are made at once."],
      ["group_creation_retries_total", "Attempts to make a group beyond the first: none."],
      ["group_limit_reached_total", "Groups not made because of a limit: there is none."],
    ] as const) {
      yield value(`dispatcher_aggregation_${name}`, help, 0);
    }
    const { scanned, skipped } = readers.silenceQueries();
    yield value("silences_query_silences_scanned_total", "Silences that were compared with an alert.", scanned);
    yield value("silences_query_silences_skipped_total", "Silences that an answer kept from before spared.", skipped);
    yield value("silences_gc_errors_total", "Garbage collections of silences that failed.", 0);
    yield gauge("silences_matcher_index_size", "Silences whose matchers are compiled.", silences.all);
    yield gauge("silences_version_index_size", "Silences by their change.", silences.all);
    const stages = new Counts();
    for (const stage of ["index", "load_snapshot"]) stages.add(0, stage);
    yield counter("silences_matcher_compile_errors_total", "Matchers that could not be compiled.", ["stage"], stages);
    for (const wanted of PARTS) {
      const { gc, snapshot, queries, propagated } = this.parts[wanted];
      yield duration(`${wanted}_gc_duration_seconds`, "Time for garbage collections.", gc);
      yield duration(`${wanted}_snapshot_duration_seconds`, "Time for writing the file.", snapshot);
      yield value(
        `${wanted}_gossip_messages_propagated_total`,
        "Changes that another member told of first.",
        propagated,
      );
      yield value(`${wanted}_queries_total`, "Questions asked.", queries.of().count);
      yield value(`${wanted}_query_errors_total`, "Questions that could not be answered.", 0);
      yield {
        description: {
          name: `alertmanager_${wanted}_query_duration_seconds`,
          type: "histogram",
          help: "How long answers took.",
          labels: [],
          buckets: HTTP_BUCKETS,
        },
        samples: [...queries.samples()],
      };
    }
    for (const wanted of PARTS) {
      yield part("maintenance_total", "Maintenances.", this.maintenance, wanted);
      yield part("maintenance_errors_total", "Maintenances that failed.", this.maintenanceErrors, wanted);
    }
    yield {
      description: {
        name: "alertmanager_notification_latency_seconds",
        type: "histogram",
        help: "How long attempts took.",
        labels: ["integration"],
        buckets: LATENCY_BUCKETS,
      },
      samples: [...this.latency.samples()],
    };
    yield {
      description: {
        name: "alertmanager_http_request_duration_seconds",
        type: "histogram",
        help: "How long requests took.",
        labels: ["handler", "method", "code"],
        buckets: HTTP_BUCKETS,
      },
      samples: [...this.http.samples()],
    };
    yield {
      description: {
        name: "alertmanager_http_response_size_bytes",
        type: "histogram",
        help: "Sizes of answers outside the API.",
        labels: ["handler", "method"],
        buckets: SIZE_BUCKETS,
      },
      samples: [...this.responseBytes.samples()],
    };
    yield {
      description: {
        name: "promhttp_metric_handler_requests_total",
        type: "counter",
        help: "Scrapes of this page.",
        labels: ["code"],
      },
      samples: [...this.pages.samples()],
    };
    yield {
      description: {
        name: "promhttp_metric_handler_requests_in_flight",
        type: "gauge",
        help: "Scrapes of this page under way.",
        labels: [],
      },
      samples: [{ labels: [], value: 1 }],
    };
    yield {
      description: {
        name: "alertmanager_http_requests_in_flight",
        type: "gauge",
        help: "Requests that run.",
        labels: ["method"],
      },
      samples: [{ labels: ["get"], value: this.inFlight }],
    };
    yield {
      description: {
        name: "alertmanager_dispatcher_alert_processing_duration_seconds",
        type: "summary",
        help: "Time to put alerts into groups.",
        labels: [],
      },
      samples: [{ labels: [], quantiles: [], sum: processing.seconds, count: processing.count }],
    };
    yield {
      description: {
        name: "alertmanager_build_info",
        type: "gauge",
        help: "Always 1; the labels say what this is.",
        labels: ["version", "revision", "branch", "goversion", "goos", "goarch", "tags"],
      },
      samples: [
        {
          labels: [
            ALERTMANAGER_VERSION,
            "vestal",
            "vestal",
            `node${process.versions.node}`,
            process.platform,
            process.arch === "x64" ? "amd64" : process.arch,
            "unknown",
          ],
          value: 1,
        },
      ],
    };
  }
}
