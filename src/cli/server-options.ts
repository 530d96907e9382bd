/** The server's options, parsed and typed: what `runServer` is given. Nothing behind it reads the command line again. */

import { hostname } from "node:os";
import { type ListenAddress, type LiveOptions, parseListenAddress } from "../api/index.js";
import { errorMessage, type LogFormat, type LogLevel, VestalError } from "../base/index.js";
import { compileRegex, formatDuration, type Regex } from "../model/index.js";
import { WRITE_MESSAGES } from "../remote/index.js";
import { refuseMixedFlags } from "./agent-flags.js";
import type { FlagValue } from "./flag-values.js";
import { type EarlyEnd, flagStrings, type ParsedFlags, parseFlags } from "./flags.js";
import type { DashboardSettings } from "./server/dashboard-messages.js";
import { FEATURES, SERVER_FLAGS } from "./server-flags.js";
import { versionText } from "./version.js";

/** Of samples, where neither a time nor a size is given. */
export const DEFAULT_RETENTION_MS = 15 * 86_400_000;
/** Prometheus' bound of a block that compaction makes. */
/** As in Prometheus. */
const DEFAULT_COMPACTION_DELAY_PERCENT = 10;
const LARGEST_BLOCK_MS = 31 * 86_400_000;

export type WalSync = "segment" | "interval" | "commit";

export interface ServerOptions {
  readonly configFile: string;
  readonly web: {
    readonly listenAddresses: readonly ListenAddress[];
    /** Holds TLS and authentication settings; "" is none. Read it with `validateWebConfig`. */
    readonly configFile: string;
    readonly readTimeoutMs: number;
    readonly maxConnections: number;
    /** No slash at the end of its path. */
    readonly externalUrl: URL;
    /** "" or "/prefix". */
    readonly routePrefix: string;
    readonly enableLifecycle: boolean;
    readonly notificationSubscribersMax: number;
    readonly enableAdminApi: boolean;
    readonly enableSilences: boolean;
    readonly corsOrigin: Regex;
  };
  readonly dashboards: DashboardSettings;
  /** Of what other servers send. */
  readonly receivers: {
    readonly acceptsWrites: boolean;
    readonly acceptsOtlp: boolean;
    /** Names of remote-write messages. */
    readonly accepted: readonly string[];
    readonly bodyBytesMax: number;
    readonly decodedBytesMax: number;
    readonly samplesMax: number;
  };
  /** Undefined: a server. Where an agent keeps its log and how, stands in `tsdb`. */
  readonly agent:
    | {
        readonly truncateMs: number;
        /** Samples and idle series that were sent may go after the first, and must go after the second. */
        readonly minTimeMs: number;
        readonly maxTimeMs: number;
      }
    | undefined;
  readonly tsdb: {
    readonly path: string;
    /** 0 where the flag was not given: the configuration file or the default of 15 days decides. */
    readonly retentionMs: number;
    /** 0 is no limit. */
    readonly retentionBytes: number;
    readonly hasLockfile: boolean;
    readonly minBlockMs: number;
    /** 0 where the flag was not given: a tenth of the retention. */
    readonly maxBlockMs: number;
    readonly compactsOverlapping: boolean;
    readonly blockReloadMs: number;
    /** 0 is the format's default. */
    readonly maxChunkSegmentBytes: number;
    /** 0 is the format's default, 128 MiB. */
    readonly walSegmentBytes: number;
    readonly walCompression: "none" | "snappy" | "zstd";
    readonly samplesPerChunk: number;
    readonly walSync: WalSync;
    readonly walSalvage: boolean;
    /** Of all shards together; 0 is the default share of the memory limit. */
    readonly headBytesMax: number;
    readonly seriesBudget: number;
    /** Of all query threads together. */
    readonly blockCacheBytesMax: number;
    /** "": none. */
    readonly delayCompactFile: string;
    /** Of the head's chunk range; 0 where the feature is off. */
    readonly compactionDelayPercent: number;
  };
  readonly query: {
    readonly lookbackDeltaMs: number;
    readonly timeoutMs: number;
    readonly maxConcurrency: number;
    readonly maxSamples: number;
    /** Characters of an expression. */
    readonly maxLength: number;
    readonly language: "3.5" | "3.14";
    /** 0 is the default. */
    readonly threads: number;
  };
  readonly rules: {
    readonly resendDelayMs: number;
    readonly forOutageToleranceMs: number;
    readonly forGracePeriodMs: number;
    readonly maxConcurrentEvals: number;
    readonly historyRetentionMs: number;
    readonly historyEntriesMax: number;
  };
  /** To Alertmanagers. */
  readonly notifications: {
    readonly queueCapacity: number;
    readonly batchSize: number;
    readonly drainsOnShutdown: boolean;
  };
  /** Undefined: none runs inside the server. */
  readonly alertmanager: EmbeddedAlertmanagerOptions | undefined;
  readonly remoteWrite: { readonly flushDeadlineMs: number };
  readonly remoteRead: {
    /** 0 is no limit. */
    readonly samplesMax: number;
    /** 0 is no limit. */
    readonly concurrencyMax: number;
    readonly frameBytesMax: number;
  };
  /** Live queries over WebSockets. */
  readonly live: LiveOptions;
  readonly ingest: {
    /** 0 is the default. */
    readonly threads: number;
  };
  readonly scrape: {
    /** Timestamps that are off their schedule by at most this are aligned; 0 never. */
    readonly timestampToleranceMs: number;
    readonly discoveryReloadMs: number;
  };
  readonly features: ReadonlySet<string>;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** All flags as `status/flags` shows them. */
  readonly flags: Readonly<Record<string, string>>;
  /** To be logged once the logger stands. */
  readonly warnings: readonly string[];
}

/** @returns options, or how the process should end: help, version, or what is wrong. */
export function parseServerOptions(args: readonly string[]): { kind: "options"; options: ServerOptions } | EarlyEnd {
  const parsed = parseFlags(SERVER_FLAGS, args, versionText());
  if (parsed.kind === "end") return parsed;
  const mixed = refuseMixedFlags(parsed.given, parsed.values.get("agent") === true);
  if (mixed !== undefined) return mixed;
  try {
    return { kind: "options", options: optionsOf(parsed) };
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    return { kind: "end", exitCode: 2, stderr: `${error.message}\n` };
  }
}

function optionsOf(parsed: ParsedFlags): ServerOptions {
  const value = <T extends FlagValue>(name: string): T => parsed.values.get(name) as T;
  const text = value<string>;
  const number = value<number>;
  const isOn = value<boolean>;
  const listenAddresses = value<readonly string[]>("web.listen-address").map((address) => listenAddress(address));
  const externalUrl = parseExternalUrl(text("web.external-url"), listenAddresses[0]!.port);
  const features = new Set(
    value<readonly string[]>("enable-feature")
      .flatMap((names) => names.split(","))
      .filter(Boolean),
  );
  const retentionMs = number("storage.tsdb.retention.time");
  const givenDelay = number("storage.tsdb.delayed-compaction.max-percent");
  const isDelayWrong = features.has("delayed-compaction") && (givenDelay > 100 || givenDelay <= 0);
  const delayPercent = isDelayWrong ? DEFAULT_COMPACTION_DELAY_PERCENT : givenDelay;
  const prefix = routePrefix(text("web.route-prefix"), externalUrl);
  return {
    configFile: text("config.file"),
    web: {
      listenAddresses,
      configFile: text("web.config.file"),
      readTimeoutMs: number("web.read-timeout"),
      maxConnections: number("web.max-connections"),
      externalUrl,
      routePrefix: prefix,
      enableLifecycle: isOn("web.enable-lifecycle"),
      notificationSubscribersMax: atLeastZero(
        "web.max-notifications-subscribers",
        number("web.max-notifications-subscribers"),
      ),
      enableAdminApi: isOn("web.enable-admin-api"),
      enableSilences: isOn("web.enable-silences"),
      corsOrigin: corsOrigin(text("web.cors.origin")),
    },
    dashboards: {
      paths: value<readonly string[]>("web.dashboards.path"),
      configMaps: text("web.dashboards.config-maps"),
      namespace: text("web.dashboards.namespace"),
      kubeconfig: text("web.dashboards.kubeconfig"),
      bytesMax: number("web.dashboards.max-size"),
      countMax: atLeastZero("web.dashboards.max-count", number("web.dashboards.max-count")),
      rescanMs: number("web.dashboards.rescan-interval"),
    },
    receivers: {
      acceptsWrites: isOn("web.enable-remote-write-receiver"),
      acceptsOtlp: isOn("web.enable-otlp-receiver"),
      accepted: acceptedMessages(value<readonly string[]>("web.remote-write-receiver.accepted-protobuf-messages")),
      bodyBytesMax: number("web.remote-write-receiver.max-body-size"),
      decodedBytesMax: number("web.remote-write-receiver.max-decoded-size"),
      samplesMax: number("web.remote-write-receiver.max-samples"),
    },
    agent: isOn("agent") ? agentOptions(value) : undefined,
    tsdb: {
      path: text("storage.tsdb.path"),
      retentionMs,
      retentionBytes: number("storage.tsdb.retention.size"),
      hasLockfile: !isOn("storage.tsdb.no-lockfile"),
      minBlockMs: number("storage.tsdb.min-block-duration"),
      maxBlockMs: number("storage.tsdb.max-block-duration"),
      compactsOverlapping: isOn("storage.tsdb.allow-overlapping-compaction"),
      blockReloadMs: number("storage.tsdb.block-reload-interval"),
      maxChunkSegmentBytes: number("storage.tsdb.max-block-chunk-segment-size"),
      walSegmentBytes: number("storage.tsdb.wal-segment-size"),
      walCompression: isOn("storage.tsdb.wal-compression")
        ? value<"snappy" | "zstd">("storage.tsdb.wal-compression-type")
        : "none",
      samplesPerChunk: number("storage.tsdb.samples-per-chunk"),
      walSync: value<WalSync>("storage.wal.fsync"),
      walSalvage: isOn("storage.wal.salvage"),
      headBytesMax: number("storage.head.max-memory"),
      seriesBudget: number("storage.head.series-budget"),
      blockCacheBytesMax: number("storage.block-cache.max-memory"),
      delayCompactFile: value<string>("storage.tsdb.delay-compact-file.path"),
      compactionDelayPercent: features.has("delayed-compaction") ? delayPercent : 0,
      ...(isOn("agent") && agentStorage(value)),
    },
    query: {
      lookbackDeltaMs: number("query.lookback-delta"),
      timeoutMs: number("query.timeout"),
      maxConcurrency: number("query.max-concurrency"),
      maxSamples: number("query.max-samples"),
      maxLength: number("query.max-length"),
      language: value<"3.5" | "3.14">("query.language"),
      threads: atLeastZero("query.threads", number("query.threads")),
    },
    rules: {
      resendDelayMs: number("rules.alert.resend-delay"),
      forOutageToleranceMs: number("rules.alert.for-outage-tolerance"),
      forGracePeriodMs: number("rules.alert.for-grace-period"),
      maxConcurrentEvals: number("rules.max-concurrent-evals"),
      historyRetentionMs: number("rules.alert-history.retention"),
      historyEntriesMax: atLeastZero("rules.alert-history.max-entries", number("rules.alert-history.max-entries")),
    },
    notifications: {
      queueCapacity: number("alertmanager.notification-queue-capacity"),
      batchSize: number("alertmanager.notification-batch-size"),
      drainsOnShutdown: isOn("alertmanager.drain-notification-queue-on-shutdown"),
    },
    alertmanager: isOn("alertmanager.embedded")
      ? {
          configFile: text("alertmanager.embedded.config-file"),
          listenAddress: embeddedAddress(text("alertmanager.embedded.listen-address")),
          externalUrl: text("alertmanager.embedded.external-url"),
        }
      : undefined,
    remoteWrite: { flushDeadlineMs: number("storage.remote.flush-deadline") },
    remoteRead: {
      samplesMax: number("storage.remote.read-sample-limit"),
      concurrencyMax: number("storage.remote.read-concurrent-limit"),
      frameBytesMax: number("storage.remote.read-max-bytes-in-frame"),
    },
    live: {
      subscriptionsMax: atLeastZero("live.max-subscriptions", number("live.max-subscriptions")),
      streamsMax: atLeastZero("live.max-queries", number("live.max-queries")),
      bufferBytesMax: number("live.max-buffer"),
    },
    ingest: { threads: atLeastZero("ingest.threads", number("ingest.threads")) },
    scrape: {
      timestampToleranceMs: isOn("scrape.adjust-timestamps") ? number("scrape.timestamp-tolerance") : 0,
      discoveryReloadMs: number("scrape.discovery-reload-interval"),
    },
    features,
    log: { level: value<LogLevel>("log.level"), format: value<LogFormat>("log.format") },
    flags: shownFlags(parsed, retentionMs, prefix),
    warnings: [
      ...parsed.warnings,
      ...(isDelayWrong
        ? [
            "The --storage.tsdb.delayed-compaction.max-percent should have a value between 1 and 100. Using default: " +
              `${DEFAULT_COMPACTION_DELAY_PERCENT}`,
          ]
        : []),
      ...[...features]
        .filter((name) => !FEATURES.has(name))
        .map((name) => `unknown feature ${JSON.stringify(name)} in --enable-feature`),
    ],
  };
}

type ReadFlag = <T extends FlagValue>(name: string) => T;

/** Prometheus' defaults. */
function agentOptions(value: ReadFlag): NonNullable<ServerOptions["agent"]> {
  const duration = (name: string, fallbackMs: number): number => value<number>(`storage.agent.${name}`) || fallbackMs;
  return {
    truncateMs: duration("wal-truncate-frequency", 7_200_000),
    minTimeMs: duration("retention.min-time", 300_000),
    maxTimeMs: duration("retention.max-time", 14_400_000),
  };
}

const AGENT_SEGMENT_MIN = 10 << 20;
const AGENT_SEGMENT_MAX = 256 << 20;
/** An agent makes no blocks: chunks need no border, and hardly a sample is too old. The head keeps it in 32 bits. */
const AGENT_RANGE_MS = 2 ** 31;

function agentStorage(value: ReadFlag): Partial<ServerOptions["tsdb"]> {
  const walSegmentBytes = value<number>("storage.agent.wal-segment-size");
  if (walSegmentBytes !== 0 && (walSegmentBytes < AGENT_SEGMENT_MIN || walSegmentBytes > AGENT_SEGMENT_MAX)) {
    throw new VestalError("FLAG", "flag 'storage.agent.wal-segment-size' must be set between 10MB and 256MB");
  }
  return {
    path: value<string>("storage.agent.path"),
    hasLockfile: !value<boolean>("storage.agent.no-lockfile"),
    walSegmentBytes,
    walCompression: value<boolean>("storage.agent.wal-compression")
      ? value<"snappy" | "zstd">("storage.agent.wal-compression-type")
      : "none",
    minBlockMs: AGENT_RANGE_MS,
  };
}

/** As Prometheus shows flags: with what stands in for those that were not given. */
function shownFlags(parsed: ParsedFlags, retentionMs: number, prefix: string): Readonly<Record<string, string>> {
  const hasSize = (parsed.values.get("storage.tsdb.retention.size") as number) > 0;
  const keptMs = retentionMs > 0 ? retentionMs : hasSize ? 0 : DEFAULT_RETENTION_MS;
  const largestMs = keptMs > 0 ? Math.min(keptMs / 10, LARGEST_BLOCK_MS) : LARGEST_BLOCK_MS;
  return {
    ...flagStrings(SERVER_FLAGS, parsed),
    "storage.tsdb.retention.time": formatDuration(keptMs),
    ...(!parsed.given.has("storage.tsdb.max-block-duration") && {
      "storage.tsdb.max-block-duration": formatDuration(Math.floor(largestMs)),
    }),
    "web.route-prefix": prefix === "" ? "/" : prefix,
  };
}

function listenAddress(source: string): ListenAddress {
  try {
    return parseListenAddress(source);
  } catch (error) {
    throw new VestalError("FLAG", `parse external URL "": ${errorMessage(error)}`, { source }, error);
  }
}

/** Prometheus' words for a message that is none of its. */
function acceptedMessages(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (WRITE_MESSAGES[name] !== undefined) continue;
    const known = Object.keys(WRITE_MESSAGES).join(", ");
    throw new VestalError("FLAG", `unknown remote write protobuf message ${name}, supported: ${known}`, { name });
  }
  return names;
}

function atLeastZero(name: string, value: number): number {
  if (value < 0) throw new VestalError("FLAG", `--${name} must not be negative`, { value });
  return value;
}

/** Prometheus' rules: `http://<hostname>:<port>/` if not given, no slash at the end, no quotes around it. */
function parseExternalUrl(source: string, port: number): URL {
  const problem = (reason: string) =>
    new VestalError("FLAG", `parse external URL ${JSON.stringify(source)}: ${reason}`, { source });
  if (/^["']|["']$/.test(source)) throw problem("URL must not begin or end with quotes");
  let url: URL;
  try {
    url = new URL(source === "" ? `http://${hostname()}:${port}/` : source);
  } catch {
    // A path alone is allowed there too.
    if (!source.startsWith("/")) throw problem("it must be a URL such as http://example.org/prometheus, or a path");
    url = new URL(source, `http://${hostname()}:${port}/`);
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

function routePrefix(given: string, externalUrl: URL): string {
  const trimmed = (given === "" ? externalUrl.pathname : given).replace(/^\/+|\/+$/g, "");
  return trimmed === "" ? "" : `/${trimmed}`;
}

function corsOrigin(source: string): Regex {
  try {
    return compileRegex(source);
  } catch (error) {
    throw new VestalError(
      "FLAG",
      `could not compile CORS regex string ${JSON.stringify(source)}: ${errorMessage(error)}`,
    );
  }
}

export interface EmbeddedAlertmanagerOptions {
  readonly configFile: string;
  /** `host:port`; the server's alerts go there. */
  readonly listenAddress: string;
  readonly externalUrl: string;
}

function embeddedAddress(text: string): string {
  if (/^(?:\[[^\]]+\]|[^:]+):[1-9][0-9]*$/.test(text)) return text;
  throw new VestalError(
    "FLAG",
    `--alertmanager.embedded.listen-address must be HOST:PORT, not ${JSON.stringify(text)}`,
  );
}
