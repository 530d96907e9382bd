export { Alertmanager, type AlertmanagerDeps, type AlertmanagerOptions, type Cluster } from "./alertmanager.js";
export { type ClusterOptions, PeerCluster } from "./cluster/cluster.js";
export { type AlertmanagerConfig, loadAlertmanagerConfig } from "./config/load.js";
export { type MatcherMode, matcherSyntax } from "./matchers/parse.js";
export { AlertmanagerServer, type WebOptions } from "./server.js";
export { ALERTMANAGER_VERSION } from "./version.js";
