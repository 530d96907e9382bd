/** Checks of remote write. */
import type { PrometheusRemoteWrite, PrometheusRemoteWriteAzureAd } from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import type { NamespacedStore } from "../store.js";
import { nonEmpty } from "../value.js";
import type { VersionGate } from "../version.js";
import { needAuthorization, needBasicAuth, needOauth2, needProxy, needSigv4, needTls } from "./check-http-client.js";

/** @throws InvalidConfigurationError with the reason. */
export function checkRemoteWrite(spec: PrometheusRemoteWrite, gate: VersionGate, store: NamespacedStore): void {
  const used = (["basicAuth", "oauth2", "authorization", "sigv4", "azureAd"] as const).filter(
    (name) => spec[name] !== undefined,
  );
  if (used.length > 1) invalid(`${used.join(" and ")} exclude each other`);
  if (spec.azureAd !== undefined) at("azureAd", () => checkAzureAd(spec.azureAd ?? {}, gate));
  needBasicAuth(store, spec.basicAuth);
  needOauth2(store, spec.oauth2);
  needTls(store, spec.tlsConfig);
  needAuthorization(store, spec.authorization);
  needSigv4(store, spec.sigv4);
  if (spec.azureAd?.oauth !== undefined) {
    at("azureAd.oauth.clientSecret", () => store.needSecret(spec.azureAd?.oauth?.clientSecret));
  }
  needProxy(store, spec);
}

const UUID = /^(?:urn:uuid:)?\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i;

function checkAzureAd(config: PrometheusRemoteWriteAzureAd, gate: VersionGate): void {
  const methods = (["managedIdentity", "oauth", "sdk", "workloadIdentity"] as const).filter(
    (name) => config[name] !== undefined,
  );
  if (methods.length === 0) invalid("managedIdentity, oauth, sdk or workloadIdentity is needed");
  if (methods.length > 1) invalid(`${methods.join(" and ")} exclude each other`);
  const { managedIdentity, oauth, sdk, workloadIdentity } = config;
  if (managedIdentity !== undefined && nonEmpty(managedIdentity.clientId) === undefined && !gate.allows("3.5.0")) {
    invalid("managedIdentity: without a clientId it needs Prometheus 3.5.0 or later");
  }
  need(gate, "oauth", oauth, "2.48.0");
  need(gate, "sdk", sdk, "2.52.0");
  need(gate, "workloadIdentity", workloadIdentity, "3.7.0");
  const ids = { ...(oauth && { "oauth.clientId": oauth.clientId }) };
  for (const [field, id] of Object.entries({
    ...ids,
    ...(workloadIdentity && {
      "workloadIdentity.clientId": workloadIdentity.clientId,
      "workloadIdentity.tenantId": workloadIdentity.tenantId,
    }),
  })) {
    if (!UUID.test(id ?? "")) invalid(`${field}: "${id ?? ""}" is not a UUID`);
  }
}

function need(gate: VersionGate, field: string, value: object | undefined, since: string): void {
  if (value !== undefined && !gate.allows(since)) invalid(`${field} needs Prometheus ${since} or later`);
}
