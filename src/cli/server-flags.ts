/**
 * Every flag of `vestal server`: Prometheus' own up to 3.14 (hidden ones and those it has dropped included), and ours.
 * What a flag does is said in our words; its name, kind and default are Prometheus'.
 */
import type { FlagKind } from "./flag-values.js";
import type { Flag, FlagState, FlagTable } from "./flags.js";

type Extra = Partial<Pick<Flag, "choices" | "placeholder" | "hidden" | "isOfOtherVersion">>;

function flag(
  name: string,
  kind: FlagKind,
  fallback: string | readonly string[] | undefined,
  state: FlagState,
  help: string,
  extra: Extra = {},
): Flag {
  const base = { name, kind, state, help, ...extra };
  return fallback === undefined ? base : { ...base, default: fallback };
}

const HIDDEN: Extra = { hidden: true };
const OTHER_VERSION: Extra = { isOfOtherVersion: true };
const DURATION: Extra = { placeholder: "<duration>" };
const HIDDEN_DURATION: Extra = { hidden: true, placeholder: "<duration>" };
const HIDDEN_BYTES: Extra = { hidden: true, placeholder: "<bytes>" };
const COMPRESSIONS: Extra = { hidden: true, choices: ["snappy", "zstd"] };

const CONFIG: readonly Flag[] = [
  flag("config.file", "string", "prometheus.yml", "supported", "Configuration file."),
  flag(
    "config.auto-reload",
    "bool",
    "false",
    "not-yet",
    "Reload the configuration file when it changes.",
    OTHER_VERSION,
  ),
  flag(
    "config.auto-reload-interval",
    "duration",
    "30s",
    "not-yet",
    "How often to look for a change of the configuration file.",
  ),
];

const WEB: readonly Flag[] = [
  flag(
    "web.listen-address",
    "strings",
    ["0.0.0.0:9090"],
    "supported",
    "Address of API and pages, host:port or :port. Repeatable.",
  ),
  flag(
    "web.config.file",
    "string",
    "",
    "supported",
    "File with TLS and authentication settings. A file that asks for either is refused for now.",
  ),
  flag("web.read-timeout", "duration", "5m", "supported", "Most time for a client to send its request."),
  flag("web.max-connections", "int", "512", "supported", "Most connections at a time over all addresses."),
  flag("web.max-notifications-subscribers", "int", "16", "not-yet", "Most subscribers of live notifications."),
  flag(
    "web.external-url",
    "string",
    "",
    "supported",
    "URL under which users reach this server; its path prefixes all routes.",
    { placeholder: "<URL>" },
  ),
  flag(
    "web.route-prefix",
    "string",
    "",
    "supported",
    "Prefix of all routes; the path of --web.external-url if not given.",
    { placeholder: "<path>" },
  ),
  flag("web.local-assets", "string", "", "no-effect", "Folder of page assets, in distributions' builds.", {
    placeholder: "<path>",
    hidden: true,
  }),
  flag("web.user-assets", "string", "", "not-yet", "Folder served at /user.", { placeholder: "<path>" }),
  flag("web.enable-lifecycle", "bool", "false", "supported", "Allow /-/reload and /-/quit."),
  flag("web.enable-admin-api", "bool", "false", "not-yet", "Allow deleting series and taking snapshots over the API."),
  flag("web.enable-remote-write-receiver", "bool", "false", "supported", "Accept remote write at /api/v1/write."),
  flag(
    "web.remote-write-receiver.accepted-protobuf-messages",
    "strings",
    ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"],
    "supported",
    "Remote write messages to accept.",
  ),
  flag("web.enable-otlp-receiver", "bool", "false", "supported", "Accept OTLP metrics at /api/v1/otlp/v1/metrics."),
  flag("web.console.templates", "string", "consoles", "not-yet", "Folder of console templates, served at /consoles."),
  flag("web.console.libraries", "string", "console_libraries", "not-yet", "Folder of console libraries."),
  flag(
    "web.page-title",
    "string",
    "Prometheus Time Series Collection and Processing Server",
    "not-yet",
    "Title of the pages.",
  ),
  flag(
    "web.cors.origin",
    "string",
    ".*",
    "supported",
    "Origins that may call the API from browsers: an anchored regular expression, such as 'https?://(a|b)\\.com'.",
  ),
  flag(
    "web.search.max-limit",
    "int",
    "10000",
    "not-yet",
    "Highest limit that the search API accepts; 0 is none.",
    OTHER_VERSION,
  ),
];

const TSDB: readonly Flag[] = [
  flag("storage.tsdb.path", "string", "data/", "supported", "Data directory."),
  flag(
    "storage.tsdb.retention.time",
    "duration",
    undefined,
    "supported",
    "How long to keep samples; 15d if neither this nor a size is given. Units: y, w, d, h, m, s, ms.",
    DURATION,
  ),
  flag(
    "storage.tsdb.retention.size",
    "bytes",
    undefined,
    "supported",
    "Most bytes of blocks to keep. Units: B, KB, MB, GB, TB, PB, EB, powers of 1024.",
    { placeholder: "<bytes>" },
  ),
  flag("storage.tsdb.no-lockfile", "bool", "false", "supported", "Do not lock the data directory."),
  flag(
    "storage.tsdb.head-chunks-write-queue-size",
    "int",
    "0",
    "no-effect",
    "Size of the queue before chunks are written to chunks_head.",
  ),
  flag(
    "storage.tsdb.min-block-duration",
    "duration",
    "2h",
    "supported",
    "Time range of the smallest blocks.",
    HIDDEN_DURATION,
  ),
  flag(
    "storage.tsdb.max-block-duration",
    "duration",
    undefined,
    "supported",
    "Time range of the largest blocks; a tenth of the retention if not given.",
    HIDDEN_DURATION,
  ),
  flag(
    "storage.tsdb.max-block-chunk-segment-size",
    "bytes",
    undefined,
    "supported",
    "Most bytes of one chunk file of a block.",
    HIDDEN_BYTES,
  ),
  flag(
    "storage.tsdb.wal-segment-size",
    "bytes",
    undefined,
    "supported",
    "Bytes of one WAL segment, such as 100MB.",
    HIDDEN_BYTES,
  ),
  flag("storage.tsdb.wal-compression", "bool", "true", "supported", "Compress WAL records.", HIDDEN),
  flag(
    "storage.tsdb.wal-compression-type",
    "enum",
    "snappy",
    "supported",
    "How WAL records are compressed.",
    COMPRESSIONS,
  ),
  flag("storage.tsdb.samples-per-chunk", "int", "120", "supported", "Target number of samples of a chunk.", HIDDEN),
  flag(
    "storage.tsdb.allow-overlapping-compaction",
    "bool",
    "true",
    "not-yet",
    "Compact blocks that overlap in time.",
    HIDDEN,
  ),
  flag(
    "storage.tsdb.delayed-compaction.max-percent",
    "int",
    "10",
    "not-yet",
    "Most random delay of a compaction, as a percentage of the head's chunk range.",
    HIDDEN,
  ),
  flag(
    "storage.tsdb.delay-compact-file.path",
    "string",
    "",
    "not-yet",
    "JSON file that lists uploaded blocks; only those are compacted further.",
    OTHER_VERSION,
  ),
  flag(
    "storage.tsdb.block-reload-interval",
    "duration",
    "1m",
    "not-yet",
    "How often to look for blocks that came or went.",
    { ...HIDDEN, ...OTHER_VERSION },
  ),
  flag(
    "storage.tsdb.retention",
    "duration",
    undefined,
    "no-effect",
    "Dropped by Prometheus 3; use --storage.tsdb.retention.time.",
    { ...HIDDEN_DURATION, ...OTHER_VERSION },
  ),
  flag("storage.tsdb.allow-overlapping-blocks", "bool", "false", "no-effect", "Dropped by Prometheus; always on.", {
    ...HIDDEN,
    ...OTHER_VERSION,
  }),
];

const AGENT: readonly Flag[] = [
  flag("agent", "bool", "false", "not-yet", "Run as an agent, which forwards samples and stores none."),
  flag("storage.agent.path", "string", "data-agent/", "not-yet", "Data directory of an agent."),
  flag(
    "storage.agent.wal-segment-size",
    "bytes",
    undefined,
    "not-yet",
    "Bytes of one WAL segment of an agent.",
    HIDDEN_BYTES,
  ),
  flag("storage.agent.wal-compression", "bool", "true", "not-yet", "Compress an agent's WAL records."),
  flag(
    "storage.agent.wal-compression-type",
    "enum",
    "snappy",
    "not-yet",
    "How an agent's WAL records are compressed.",
    COMPRESSIONS,
  ),
  flag(
    "storage.agent.wal-truncate-frequency",
    "duration",
    undefined,
    "not-yet",
    "How often an agent truncates its WAL.",
    HIDDEN_DURATION,
  ),
  flag(
    "storage.agent.retention.min-time",
    "duration",
    undefined,
    "not-yet",
    "Age from which an agent may drop samples.",
    DURATION,
  ),
  flag(
    "storage.agent.retention.max-time",
    "duration",
    undefined,
    "not-yet",
    "Age from which an agent must drop samples.",
    DURATION,
  ),
  flag("storage.agent.no-lockfile", "bool", "false", "not-yet", "Do not lock an agent's data directory."),
  flag(
    "storage.agent.checkpoint-from-in-memory-series",
    "bool",
    "false",
    "not-yet",
    "Write an agent's checkpoint from the series in memory.",
    OTHER_VERSION,
  ),
  flag(
    "storage.agent.checkpoint-batch-size",
    "int",
    "1000",
    "not-yet",
    "Records of one write of such a checkpoint.",
    OTHER_VERSION,
  ),
];

const REMOTE_AND_RULES: readonly Flag[] = [
  flag(
    "storage.remote.flush-deadline",
    "duration",
    "1m",
    "not-yet",
    "How long to go on sending samples at shutdown.",
    DURATION,
  ),
  flag(
    "storage.remote.read-sample-limit",
    "int",
    "5e7",
    "supported",
    "Most samples of one remote read; 0 is no limit.",
  ),
  flag("storage.remote.read-concurrent-limit", "int", "10", "supported", "Most remote reads at a time; 0 is no limit."),
  flag(
    "storage.remote.read-max-bytes-in-frame",
    "int",
    "1048576",
    "not-yet",
    "Most bytes of one frame of a streamed remote read.",
  ),
  flag(
    "rules.alert.for-outage-tolerance",
    "duration",
    "1h",
    "supported",
    'Longest outage over which the "for" state of alerts is restored.',
  ),
  flag(
    "rules.alert.for-grace-period",
    "duration",
    "10m",
    "supported",
    'Least time between a restored "for" state and its alert.',
  ),
  flag("rules.alert.resend-delay", "duration", "1m", "supported", "Least time between two sendings of an alert."),
  flag("rules.max-concurrent-evals", "int", "4", "supported", "Most independent rules evaluated at a time."),
  flag("alertmanager.notification-queue-capacity", "int", "10000", "supported", "Most alerts waiting to be sent."),
  flag(
    "alertmanager.notification-batch-size",
    "int",
    "256",
    "supported",
    "Most alerts in one request to an Alertmanager.",
  ),
  flag(
    "alertmanager.drain-notification-queue-on-shutdown",
    "bool",
    "true",
    "supported",
    "Send what is queued at shutdown.",
  ),
  flag(
    "alertmanager.timeout",
    "duration",
    "10s",
    "no-effect",
    "Dropped by Prometheus 3; set in the configuration file.",
    { ...HIDDEN, ...OTHER_VERSION },
  ),
];

const QUERY: readonly Flag[] = [
  flag("query.lookback-delta", "duration", "5m", "supported", "How far back an instant selector looks for a sample."),
  flag("query.timeout", "duration", "2m", "supported", "Most time a query may take."),
  flag("query.max-concurrency", "int", "20", "supported", "Most queries at a time."),
  flag("query.max-samples", "int", "50000000", "supported", "Most samples one query may hold in memory."),
  flag(
    "scrape.adjust-timestamps",
    "bool",
    "true",
    "supported",
    "Align timestamps of scrapes that are off their schedule by at most --scrape.timestamp-tolerance.",
    HIDDEN,
  ),
  flag(
    "scrape.timestamp-tolerance",
    "duration",
    "2ms",
    "supported",
    "See --scrape.adjust-timestamps.",
    HIDDEN_DURATION,
  ),
  flag(
    "scrape.discovery-reload-interval",
    "duration",
    "5s",
    "supported",
    "Least time between two updates of a scrape pool's targets.",
    HIDDEN_DURATION,
  ),
  flag(
    "enable-feature",
    "strings",
    undefined,
    "supported",
    "Names of features to switch on, separated by commas. Repeatable.",
    { placeholder: "<name>" },
  ),
];

const GO_AND_LOG: readonly Flag[] = [
  flag("auto-gomaxprocs", "bool", "true", "no-effect", "Set Go's GOMAXPROCS from the CPU quota."),
  flag("auto-gomemlimit", "bool", "true", "no-effect", "Set Go's memory limit from the container's."),
  flag("auto-gomemlimit.ratio", "float", "0.9", "no-effect", "Share of the container's memory for Go."),
  flag(
    "auto-gomemlimit.refresh-interval",
    "duration",
    "0s",
    "no-effect",
    "How often to look at the container's memory limit again.",
    OTHER_VERSION,
  ),
  flag("log.level", "level", "info", "supported", "Least severity of log lines: debug, info, warn or error.", {
    choices: ["debug", "info", "warn", "error"],
  }),
  flag("log.format", "enum", "logfmt", "supported", "Format of log lines: logfmt or json.", {
    choices: ["logfmt", "json"],
  }),
];

/** Flags that Prometheus does not have. */
const OWN: readonly Flag[] = [
  flag(
    "ingest.threads",
    "int",
    "0",
    "supported",
    "Threads that scrape and append; each is a shard of the head. 0 is half the processors.",
  ),
  flag("query.threads", "int", "0", "supported", "Threads that answer queries. 0 is half the processors."),
  flag(
    "query.language",
    "enum",
    "3.5",
    "supported",
    "Which version of PromQL is answered: that of Prometheus 3.5, or with all that came up to 3.14.",
    { choices: ["3.5", "3.14"] },
  ),
  flag(
    "web.remote-write-receiver.max-body-size",
    "bytes",
    "32MB",
    "supported",
    "Most bytes of a remote write request as it is sent; more is answered with 413.",
    { placeholder: "<bytes>" },
  ),
  flag(
    "web.remote-write-receiver.max-decoded-size",
    "bytes",
    "32MB",
    "supported",
    "Most bytes of a decompressed remote write request; more is answered with 400, as Prometheus does.",
    { placeholder: "<bytes>" },
  ),
  flag(
    "web.remote-write-receiver.max-samples",
    "int",
    "2000000",
    "supported",
    "Most samples of a remote write request; more is answered with 413.",
  ),
  flag(
    "storage.head.max-memory",
    "bytes",
    undefined,
    "supported",
    "Most bytes of all shards' heads; 60 % of the memory limit if not given.",
    { placeholder: "<bytes>" },
  ),
  flag(
    "storage.block-cache.max-memory",
    "bytes",
    "128MB",
    "supported",
    "Most bytes of blocks' files that all query threads keep in memory.",
    { placeholder: "<bytes>" },
  ),
  flag(
    "storage.wal.fsync",
    "enum",
    "segment",
    "supported",
    "When the WAL is synced: at each segment's end, at intervals, or at each commit.",
    { choices: ["segment", "interval", "commit"] },
  ),
  flag(
    "storage.wal.salvage",
    "bool",
    "false",
    "supported",
    "After damage in the WAL, skip the damaged page only instead of all that follows.",
  ),
];

export const SERVER_FLAGS: FlagTable = {
  program: "prometheus",
  summary: "Vestal's server: scrapes, stores and answers as the Prometheus monitoring server does",
  flags: [...CONFIG, ...WEB, ...TSDB, ...AGENT, ...REMOTE_AND_RULES, ...QUERY, ...GO_AND_LOG, ...OWN],
};

/** Names that `--enable-feature` knows, up to Prometheus 3.14; those gone since 2.x are no longer an error there either. */
export const FEATURES: ReadonlySet<string> = new Set([
  "agent",
  "auto-gomaxprocs",
  "auto-gomemlimit",
  "auto-reload-config",
  "concurrent-rule-eval",
  "created-timestamp-zero-ingestion",
  "delayed-compaction",
  "exemplar-storage",
  "expand-external-labels",
  "extra-scrape-metrics",
  "fast-startup",
  "histograms-st-encoding",
  "memory-snapshot-on-shutdown",
  "metadata-wal-records",
  "native-histograms",
  "new-service-discovery-manager",
  "no-default-scrape-port",
  "old-ui",
  "ooo-native-histograms",
  "otlp-deltatocumulative",
  "otlp-native-delta-ingestion",
  "otlp-write-receiver",
  "promql-at-modifier",
  "promql-binop-fill-modifiers",
  "promql-delayed-name-removal",
  "promql-duration-expr",
  "promql-experimental-functions",
  "promql-extended-range-selectors",
  "promql-negative-offset",
  "promql-per-step-stats",
  "remote-write-receiver",
  "search-api",
  "st-storage",
  "st-synthesis",
  "type-and-unit-labels",
  "use-start-timestamps",
  "use-uncached-io",
  "xor2-encoding",
]);
