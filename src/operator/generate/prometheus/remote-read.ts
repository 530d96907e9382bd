/** The `remote_read` section. */
import type { PrometheusRemoteRead } from "../../schema/generated/types.js";
import { type Mapping, nonEmpty, sortedMap } from "../value.js";
import { authorization, basicAuth, type ClientContext, oauth2, proxy, tls } from "./http-client.js";

export function remoteReadConfigs(client: ClientContext, specs: readonly PrometheusRemoteRead[]): Mapping[] {
  return specs.map((spec) => remoteRead(client, spec));
}

function remoteRead(client: ClientContext, spec: PrometheusRemoteRead): Mapping {
  const { gate } = client;
  return {
    url: spec.url ?? "",
    remote_timeout: spec.remoteTimeout,
    headers: gate.since("2.26.0", sortedMap(spec.headers)),
    name: gate.since("2.15.0", nonEmpty(spec.name)),
    required_matchers: sortedMap(spec.requiredMatchers),
    read_recent: spec.readRecent ? true : undefined,
    ...basicAuth(client, spec.basicAuth),
    bearer_token: nonEmpty(spec.bearerToken),
    bearer_token_file: nonEmpty(spec.bearerTokenFile),
    ...oauth2(client, spec.oauth2),
    ...tls(client, spec.tlsConfig),
    ...authorization(client, spec.authorization),
    ...proxy(client, spec),
    follow_redirects: gate.since("2.26.0", spec.followRedirects),
    filter_external_labels: gate.since("2.34.0", spec.filterExternalLabels),
  };
}
