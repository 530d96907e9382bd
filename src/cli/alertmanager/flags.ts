/** The flags of `vestal alertmanager`: Alertmanager's, and a few of our own. */
import type { Flag, FlagTable } from "../flags.js";

const flag = (
  name: string,
  kind: Flag["kind"],
  initial: string | readonly string[],
  help: string,
  more: Partial<Flag> = {},
): Flag => ({ name, kind, default: initial, help, state: "supported", ...more });

export const ALERTMANAGER_FLAGS: FlagTable = {
  program: "alertmanager",
  summary: "Groups, silences and inhibits alerts, and tells receivers of them.",
  flags: [
    flag("config.file", "string", "alertmanager.yml", "The configuration file."),
    flag("storage.path", "string", "data/", "The folder for silences, the notification log and alerts."),
    flag("data.retention", "string", "120h", "How long to keep ended silences and notification log entries.", {
      placeholder: "120h",
    }),
    flag("data.maintenance-interval", "string", "15m", "How often state is cleaned and written to its files.", {
      placeholder: "15m",
    }),
    flag("silences.max-silences", "int", "0", "Silences at most, ended ones included; 0 is no limit."),
    flag("silences.max-silence-size-bytes", "int", "0", "Bytes of one silence at most; 0 is no limit."),
    flag("log.silences", "bool", "false", "Log each change of a silence."),
    flag("alerts.gc-interval", "string", "30m", "How often resolved alerts are forgotten.", { placeholder: "30m" }),
    flag("alerts.per-alertname-limit", "int", "0", "Alerts of one name at most; 0 is no limit."),
    flag("dispatch.maintenance-interval", "string", "30s", "How often groups that ended are forgotten.", {
      placeholder: "30s",
    }),
    flag("dispatch.start-delay", "string", "0s", "Wait after the start before anybody is told.", { placeholder: "0s" }),
    flag("web.systemd-socket", "bool", "false", "Listen on sockets of systemd.", { state: "not-yet" }),
    flag("web.listen-address", "strings", [":9093"], "Addresses to listen on."),
    flag("web.config.file", "string", "", "File with TLS and passwords for the web."),
    flag("web.external-url", "string", "", "The URL under which this is reached from outside."),
    flag("web.route-prefix", "string", "", "Prefix of all paths; by default that of --web.external-url."),
    flag(
      "web.get-concurrency",
      "int",
      "0",
      "GET requests at a time; 0 is the number of processors or 8, whichever is more.",
    ),
    flag("web.timeout", "string", "0", "Longest time of a request; 0 is no limit.", { placeholder: "0" }),
    flag("web.ui-path", "string", "", "Folder of the original's user interface.", { state: "no-effect" }),
    flag("auto-gomemlimit.ratio", "float", "0.9", "Of Go's memory limit.", { state: "no-effect" }),
    flag("cluster.listen-address", "string", "0.0.0.0:9094", "Address for other members; empty is no cluster."),
    flag("cluster.advertise-address", "string", "", "Address that other members reach this one by."),
    flag("cluster.peer-name", "string", "", "Name of this member; by default a random one."),
    flag("cluster.peer", "strings", [], "Members to join."),
    flag("cluster.peer-timeout", "string", "15s", "How long a member waits for each one before it in order.", {
      placeholder: "15s",
    }),
    flag("cluster.peers-resolve-timeout", "string", "15s", "Longest time to look up members.", {
      placeholder: "15s",
      state: "no-effect",
    }),
    flag("cluster.gossip-interval", "string", "200ms", "How often changes are sent to members.", {
      placeholder: "200ms",
    }),
    flag("cluster.pushpull-interval", "string", "1m0s", "How often whole states are compared.", {
      placeholder: "1m0s",
    }),
    flag("cluster.tcp-timeout", "string", "10s", "Longest time of a connection to a member.", { placeholder: "10s" }),
    flag("cluster.probe-timeout", "string", "500ms", "How long a member may take to answer.", { placeholder: "500ms" }),
    flag("cluster.probe-interval", "string", "1s", "How often members are asked whether they are there.", {
      placeholder: "1s",
    }),
    flag("cluster.settle-timeout", "string", "1m0s", "Longest wait for the cluster before anybody is told.", {
      placeholder: "1m0s",
    }),
    flag("cluster.reconnect-interval", "string", "10s", "How often a lost member is tried again.", {
      placeholder: "10s",
    }),
    flag("cluster.reconnect-timeout", "string", "6h0m0s", "How long a lost member is tried.", {
      placeholder: "6h0m0s",
    }),
    flag("cluster.tls-config", "string", "", "File with TLS for the cluster."),
    flag("cluster.allow-insecure-public-advertise-address-discovery", "bool", "false", "Allow a public address.", {
      state: "no-effect",
    }),
    flag("cluster.label", "string", "", "Members with another label are refused."),
    flag("cluster.secret-file", "string", "", "File with a secret that all members share."),
    flag("enable-feature", "string", "", "Features, joined by commas: classic-mode, utf8-strict-mode, …"),
    flag("history.max-entries", "int", "10000", "Notifications kept for /api/v1/notifications/history."),
    flag("web.max-body-bytes", "int", "67108864", "Bytes of a request's body at most."),
    flag("log.level", "level", "info", "Least severity of log lines: debug, info, warn or error.", {
      choices: ["debug", "info", "warn", "error"],
    }),
    flag("log.format", "enum", "logfmt", "Format of log lines: logfmt or json.", { choices: ["logfmt", "json"] }),
  ],
};

/** Of `--enable-feature`; what has no meaning here is accepted. */
export const FEATURES: ReadonlySet<string> = new Set([
  "alert-names-in-metrics",
  "receiver-name-in-metrics",
  "group-key-in-metrics",
  "classic-mode",
  "utf8-strict-mode",
  "auto-gomemlimit",
  "auto-gomaxprocs",
  "event-recorder",
]);
