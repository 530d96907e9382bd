/** What every part of a Prometheus' configuration depends on. */
import type {
  Prometheus,
  PrometheusAgent,
  PrometheusAgentSpec,
  PrometheusScrapeClass,
} from "../../schema/generated/types.js";
import { DEFAULT_PROMETHEUS_VERSION } from "../defaults.js";
import { at, invalid } from "../invalid.js";
import { nonEmpty } from "../value.js";
import { Version, VersionGate } from "../version.js";
import { checkAuthorization, checkTlsConfig } from "./check-http-client.js";
import { checkRelabelConfigs } from "./check-relabel.js";

export type PrometheusObject = Prometheus | PrometheusAgent;

/** What servers and agents share. */
export type CommonSpec = PrometheusAgentSpec;

/** What the cluster offers and which feature gates are on; all off by default. */
export interface ConfigOptions {
  readonly isEndpointSliceSupported?: boolean;
  readonly isDaemonSet?: boolean;
  readonly hasTopologySharding?: boolean;
  readonly hasRetentionPolicies?: boolean;
  /** The cluster puts the zone of the node on each pod. */
  readonly hasPodTopologyLabels?: boolean;
  /** TLS material is written into the configuration instead of being named. */
  readonly isTlsInline?: boolean;
  /** Every field is written, whatever the version. */
  readonly isVersionIgnored?: boolean;
}

export interface PrometheusContext {
  readonly name: string;
  readonly namespace: string;
  readonly spec: CommonSpec;
  readonly version: Version;
  readonly gate: VersionGate;
  readonly options: ConfigOptions;
  readonly scrapeClasses: ReadonlyMap<string, PrometheusScrapeClass>;
  readonly defaultScrapeClass: PrometheusScrapeClass | undefined;
}

/** @throws InvalidConfigurationError if nothing can be made of the object. */
export function contextOf(
  object: PrometheusObject,
  options: ConfigOptions = {},
  componentVersion?: string,
): PrometheusContext {
  const spec: CommonSpec = object.spec ?? {};
  const text = nonEmpty(componentVersion) ?? nonEmpty(spec.version) ?? DEFAULT_PROMETHEUS_VERSION;
  const version = Version.parse(text);
  if (version.major !== 2 && version.major !== 3) invalid(`Prometheus ${text} is not supported; versions 2 and 3 are`);
  return {
    name: object.metadata?.name ?? "",
    namespace: object.metadata?.namespace ?? "",
    spec,
    version,
    gate: new VersionGate(version, options.isVersionIgnored),
    options,
    ...scrapeClassesOf(spec, version),
  };
}

function scrapeClassesOf(spec: CommonSpec, version: Version) {
  const scrapeClasses = new Map<string, PrometheusScrapeClass>();
  let defaultScrapeClass: PrometheusScrapeClass | undefined;
  for (const scrapeClass of spec.scrapeClasses ?? []) {
    const name = scrapeClass.name ?? "";
    at(`scrapeClasses[${name}]`, () => {
      at("relabelings", () => checkRelabelConfigs(scrapeClass.relabelings, version));
      at("metricRelabelings", () => checkRelabelConfigs(scrapeClass.metricRelabelings, version));
      at("tlsConfig", () => checkTlsConfig(scrapeClass.tlsConfig));
      at("authorization", () => checkAuthorization(scrapeClass.authorization));
      if (scrapeClass.default && defaultScrapeClass !== undefined) invalid("only one scrape class can be the default");
    });
    if (scrapeClass.default) defaultScrapeClass = scrapeClass;
    scrapeClasses.set(name, scrapeClass);
  }
  return { scrapeClasses, defaultScrapeClass };
}

const NO_CLASS: PrometheusScrapeClass = {};

/** The class that a monitor names, else the default one. */
export function scrapeClassOf(context: PrometheusContext, name: string | undefined): PrometheusScrapeClass {
  return (name === undefined ? undefined : context.scrapeClasses.get(name)) ?? context.defaultScrapeClass ?? NO_CLASS;
}

/** How many StatefulSets share the targets. */
export function shardCount(spec: CommonSpec): number {
  return Math.max(spec.shards ?? 1, 1);
}
