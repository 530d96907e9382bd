/** Flags of the operator that shape workloads. */

export interface ReloaderOptions {
  readonly image: string;
  /** Quantities; "0" or nothing is no request or limit. */
  readonly cpuRequests?: string;
  readonly cpuLimits?: string;
  readonly memoryRequests?: string;
  readonly memoryLimits?: string;
  readonly enableProbes?: boolean;
}

export interface WorkloadOptions {
  /** Put on every object that is made; they win over those of the custom resource. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** How a container reaches another one of its pod. */
  readonly localHost: string;
  readonly clusterDomain?: string;
  readonly reloader: ReloaderOptions;
  readonly prometheusBaseImage: string;
  readonly alertmanagerBaseImage: string;
  readonly thanosBaseImage: string;
}

/** What is known at the time of making, beside the custom resource. */
export interface WorkloadInput {
  readonly options: WorkloadOptions;
  /** Over everything that the workload depends on; a change rolls the pods. */
  readonly inputHash: string;
  /** Secrets with TLS assets, projected into one folder. */
  readonly tlsSecrets: readonly string[];
}
