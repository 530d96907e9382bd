/** The whole configuration of a Prometheus server or agent. */

import type { Json } from "../../kube-object.js";
import type {
  PodMonitor,
  Probe,
  Prometheus,
  PrometheusAgent,
  ScrapeConfig,
  ServiceMonitor,
} from "../../schema/generated/types.js";
import type { AssetStore } from "../store.js";
import { compact, type Mapping, nonEmptyList } from "../value.js";
import { type AlertingExtras, alertingSection, rawList } from "./alerting.js";
import { type ConfigOptions, contextOf, type PrometheusContext, shardCount } from "./context.js";
import type { ClientContext } from "./http-client.js";
import { podMonitorJobs } from "./pod-monitor.js";
import { probeJob } from "./probe.js";
import { remoteReadConfigs } from "./remote-read.js";
import { remoteWriteConfigs } from "./remote-write.js";
import { scrapeConfigJob } from "./scrape-config.js";
import {
  agentStorage,
  checkScrapeTimeout,
  globalSection,
  otlpSection,
  ruleFiles,
  runtimeSection,
  serverStorage,
  tracingSection,
} from "./sections.js";
import { serviceMonitorJobs } from "./service-monitor.js";
import { shardingStepsIfMissing } from "./sharding.js";

/** What a Prometheus selected, in the order of `namespace/name`. */
export interface Selection {
  readonly serviceMonitors: readonly ServiceMonitor[];
  readonly podMonitors: readonly PodMonitor[];
  readonly probes: readonly Probe[];
  readonly scrapeConfigs: readonly ScrapeConfig[];
}

/** Raw YAML from Secrets that users maintain themselves. */
export interface Extras extends AlertingExtras {
  readonly scrapeConfigs?: string | undefined;
}

export interface ConfigInput {
  readonly selection: Selection;
  readonly assets: AssetStore;
  readonly extras?: Extras;
  readonly options?: ConfigOptions;
  /** Wins over the version that the object names. */
  readonly version?: string | undefined;
  /** ConfigMaps with rules that are mounted in the pods. */
  readonly ruleConfigMaps?: readonly string[];
}

/** The jobs of one object, made when they are asked for: thousands of them seldom change together. */
export interface JobSource {
  /** Undefined for what is of the workload itself. */
  readonly object: object | undefined;
  jobs(): readonly Mapping[];
}

/** Where the jobs of a configuration come from, in their order. */
export function jobSources(workload: Prometheus | PrometheusAgent, isAgent: boolean, input: ConfigInput): JobSource[] {
  const { selection, assets, extras = {} } = input;
  const context = contextOf(workload, input.options, input.version);
  const of = <T extends object>(objects: readonly T[], jobs: (object: T) => readonly Mapping[]): JobSource[] =>
    objects.map((object) => ({ object, jobs: () => jobs(object) }));
  const services = of(selection.serviceMonitors, (each) => serviceMonitorJobs(context, each, assets));
  const pods = of(selection.podMonitors, (each) => podMonitorJobs(context, each, assets));
  const others = [
    ...of(selection.probes, (each) => [probeJob(context, each, assets)]),
    ...of(selection.scrapeConfigs, (each) => [scrapeConfigJob(context, each, assets)]),
  ];
  const additional: JobSource = { object: undefined, jobs: () => additionalJobs(context, extras) };
  if (!isAgent) return [...services, ...pods, ...others, additional];
  return [...pods, additional, ...(context.options.isDaemonSet ? [] : [...services, ...others])];
}

function allJobs(workload: Prometheus | PrometheusAgent, isAgent: boolean, input: ConfigInput): Mapping[] {
  return jobSources(workload, isAgent, input).flatMap(({ jobs }) => jobs());
}

/** @throws InvalidConfigurationError if no configuration can be made of the object. */
export function serverConfig(prometheus: Prometheus, input: ConfigInput): Json {
  const spec = prometheus.spec ?? {};
  const context = contextOf(prometheus, input.options, input.version);
  const client = clientOf(context, input.assets);
  const { extras = {} } = input;
  checkScrapeTimeout(spec.scrapeTimeout, spec.scrapeInterval);
  return compact({
    global: globalSection(context, spec),
    runtime: runtimeSection(context),
    rule_files: ruleFiles(input.ruleConfigMaps ?? [], spec),
    scrape_configs: allJobs(prometheus, false, input),
    storage: serverStorage(context, spec),
    alerting: alertingSection(context, client, spec.alerting, extras),
    remote_write: nonEmptyList(remoteWriteConfigs(client, spec.remoteWrite ?? [])),
    remote_read: nonEmptyList(remoteReadConfigs(client, spec.remoteRead ?? [])),
    otlp: otlpSection(context),
    tracing: tracingSection(client, spec.tracingConfig),
  });
}

/** As `serverConfig`, for an agent: it has no alerting, rules or remote read, and another order of jobs. */
export function agentConfig(agent: PrometheusAgent, input: ConfigInput): Json {
  const spec = agent.spec ?? {};
  const context = contextOf(agent, input.options, input.version);
  const client = clientOf(context, input.assets);
  checkScrapeTimeout(spec.scrapeTimeout, spec.scrapeInterval);
  return compact({
    global: globalSection(context),
    runtime: runtimeSection(context),
    scrape_configs: allJobs(agent, true, input),
    storage: agentStorage(context),
    remote_write: nonEmptyList(remoteWriteConfigs(client, spec.remoteWrite ?? [])),
    otlp: otlpSection(context),
    tracing: tracingSection(client, spec.tracingConfig),
  });
}

function clientOf({ namespace, gate, options }: PrometheusContext, assets: AssetStore): ClientContext {
  return { store: assets.forNamespace(namespace), gate, isTlsInline: options.isTlsInline };
}

/** A user's own jobs, spread over the shards as all others. */
function additionalJobs(context: PrometheusContext, { scrapeConfigs }: Extras): Mapping[] {
  const jobs = rawList("additional scrape configs", scrapeConfigs);
  const shards = shardCount(context.spec);
  if (context.options.isDaemonSet || shards === 1) return jobs;
  return jobs.map((job) => {
    const own = Array.isArray(job["relabel_configs"]) ? (job["relabel_configs"] as Mapping[]) : [];
    return { ...job, relabel_configs: [...own, ...shardingStepsIfMissing(context, shards, own)] };
  });
}
