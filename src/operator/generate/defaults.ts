/** Versions that the operator deploys where an object names none: those of prometheus-operator 0.93. */
export const DEFAULT_PROMETHEUS_VERSION = "v3.13.2";
export const DEFAULT_ALERTMANAGER_VERSION = "v0.33.1";
export const DEFAULT_THANOS_VERSION = "v0.42.4";
