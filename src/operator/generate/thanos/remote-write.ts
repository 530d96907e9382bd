/** The remote-write file of a ThanosRuler. Thanos contains the code of a Prometheus, of which it knows what that knew. */
import type { Json } from "../../kube-object.js";
import type { PrometheusRemoteWrite, ThanosRuler } from "../../schema/generated/types.js";
import { DEFAULT_THANOS_VERSION } from "../defaults.js";
import { at, invalid } from "../invalid.js";
import { checkRemoteWrite } from "../prometheus/check-remote-write.js";
import { remoteWriteConfigs } from "../prometheus/remote-write.js";
import type { AssetStore } from "../store.js";
import { compact, nonEmpty } from "../value.js";
import { Version, VersionGate } from "../version.js";

const SINCE = "0.24.0";

/** @throws InvalidConfigurationError if the version cannot do it, or a setting contradicts another. */
export function thanosRemoteWrite(ruler: ThanosRuler, assets: AssetStore, version = versionOf(ruler)): Json {
  const namespace = ruler.metadata?.namespace ?? "";
  const specs = ruler.spec?.remoteWrite ?? [];
  if (specs.length > 0 && version.isBelow(SINCE)) invalid(`remoteWrite needs Thanos ${SINCE} or later`);
  const client = { store: assets.forNamespace(namespace), gate: new VersionGate(version, true) };
  const known = specs.map((spec, index) => at(`remoteWrite[${index}]`, () => knownFields(spec, version)));
  known.forEach((spec, index) => {
    at(`remoteWrite[${index}]`, () => checkRemoteWrite(spec, client.gate, client.store));
  });
  return compact({ remote_write: remoteWriteConfigs(client, known) });
}

export function versionOf({ spec }: ThanosRuler): Version {
  return Version.parse(nonEmpty(spec?.version) ?? DEFAULT_THANOS_VERSION);
}

/** First versions of Thanos that know a field; "never" for those that no version knows. */
const FIELD_SINCE: readonly (readonly [path: string, since: string])[] = [
  ["azureAd.workloadIdentity", "never"],
  ["azureAd.scope", "never"],
  ["sigv4.externalId", "never"],
  ["roundRobinDNS", "0.38.0"],
  ["messageVersion", "0.37.0"],
  ["azureAd.sdk", "0.36.0"],
  ["queueConfig.sampleAgeLimit", "0.32.0"],
  ["noProxy", "0.32.0"],
  ["proxyFromEnvironment", "0.32.0"],
  ["proxyConnectHeader", "0.32.0"],
  ["azureAd", "0.31.0"],
  ["tlsConfig.maxVersion", "0.30.0"],
  ["sendNativeHistograms", "0.30.0"],
  ["tlsConfig.minVersion", "0.28.0"],
];

function knownFields(spec: PrometheusRemoteWrite, version: Version): PrometheusRemoteWrite {
  const identity = spec.azureAd?.managedIdentity;
  if (identity !== undefined && nonEmpty(identity.clientId) === undefined && version.isBelow("0.40.0")) {
    invalid("azureAd.managedIdentity: without a clientId it needs Thanos 0.40.0 or later");
  }
  return FIELD_SINCE.reduce<PrometheusRemoteWrite>(
    (known, [path, since]) => (since !== "never" && version.isAtLeast(since) ? known : without(known, path.split("."))),
    spec,
  );
}

function without<T extends object>(object: T, [name = "", ...rest]: readonly string[]): T {
  const { [name]: value, ...others } = object as Record<string, unknown>;
  if (value === undefined) return object;
  if (rest.length === 0) return others as T;
  return { ...object, [name]: without(value as object, rest) };
}
