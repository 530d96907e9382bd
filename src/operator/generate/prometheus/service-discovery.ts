/** Prometheus' service discoveries, from the fields of a ScrapeConfig: a function a mechanism. */
import type {
  Filter,
  KeySelector,
  ScrapeConfigAzureSDConfig,
  ScrapeConfigConsulSDConfig,
  ScrapeConfigDigitalOceanSDConfig,
  ScrapeConfigDnsSDConfig,
  ScrapeConfigDockerSDConfig,
  ScrapeConfigDockerSwarmSDConfig,
  ScrapeConfigEc2SDConfig,
  ScrapeConfigEurekaSDConfig,
  ScrapeConfigGceSDConfig,
  ScrapeConfigHetznerSDConfig,
  ScrapeConfigHttpSDConfig,
  ScrapeConfigIonosSDConfig,
  ScrapeConfigKubernetesSDConfig,
  ScrapeConfigKumaSDConfig,
  ScrapeConfigLightSailSDConfig,
  ScrapeConfigLinodeSDConfig,
  ScrapeConfigNomadSDConfig,
  ScrapeConfigOpenstackSDConfig,
  ScrapeConfigOvhcloudSDConfig,
  ScrapeConfigPuppetDBSDConfig,
  ScrapeConfigScalewaySDConfig,
  ScrapeConfigSpec,
} from "../../schema/generated/types.js";
import { compareText, lower, type Mapping, nonEmpty, nonEmptyList, sortedMap } from "../value.js";
import {
  authorization,
  basicAuth,
  type ClientContext,
  type ClientFields,
  oauth2,
  proxy,
  safeTls,
} from "./http-client.js";

/** All service discoveries of a job, by their keys in Prometheus' configuration. */
export function discoveries(client: ClientContext, spec: ScrapeConfigSpec): Mapping {
  const list = <T>(configs: readonly T[] | undefined, make: (client: ClientContext, config: T) => Mapping) =>
    nonEmptyList(configs)?.map((config) => make(client, config));
  return {
    static_configs: list(spec.staticConfigs, (_, { targets = [], labels = {} }) => ({ targets, labels })),
    file_sd_configs: list(spec.fileSDConfigs, (_, { files = [], refreshInterval }) => ({
      files,
      refresh_interval: refreshInterval,
    })),
    http_sd_configs: list(spec.httpSDConfigs, httpSd),
    kubernetes_sd_configs: list(spec.kubernetesSDConfigs, kubernetesSdConfig),
    consul_sd_configs: list(spec.consulSDConfigs, consulSd),
    dns_sd_configs: list(spec.dnsSDConfigs, dnsSd),
    ec2_sd_configs: list(spec.ec2SDConfigs, ec2Sd),
    azure_sd_configs: list(spec.azureSDConfigs, azureSd),
    gce_sd_configs: list(spec.gceSDConfigs, gceSd),
    openstack_sd_configs: list(spec.openstackSDConfigs, openstackSd),
    digitalocean_sd_configs: list(spec.digitalOceanSDConfigs, digitalOceanSd),
    kuma_sd_configs: list(spec.kumaSDConfigs, kumaSd),
    eureka_sd_configs: list(spec.eurekaSDConfigs, eurekaSd),
    docker_sd_configs: list(spec.dockerSDConfigs, dockerSd),
    linode_sd_configs: list(spec.linodeSDConfigs, linodeSd),
    hetzner_sd_configs: list(spec.hetznerSDConfigs, hetznerSd),
    nomad_sd_configs: list(spec.nomadSDConfigs, nomadSd),
    dockerswarm_sd_configs: list(spec.dockerSwarmSDConfigs, dockerSwarmSd),
    puppetdb_sd_configs: list(spec.puppetDBSDConfigs, puppetDbSd),
    lightsail_sd_configs: list(spec.lightSailSDConfigs, lightsailSd),
    ovhcloud_sd_configs: list(spec.ovhcloudSDConfigs, ovhcloudSd),
    scaleway_sd_configs: list(spec.scalewaySDConfigs, scalewaySd),
    ionos_sd_configs: list(spec.ionosSDConfigs, ionosSd),
  };
}

interface HttpFields extends ClientFields {
  readonly followRedirects?: boolean;
  readonly enableHTTP2?: boolean;
}

/** The client of a discovery that speaks HTTP. */
function httpClient(client: ClientContext, config: HttpFields): Mapping {
  return {
    ...basicAuth(client, config.basicAuth),
    ...authorization(client, config.authorization),
    ...oauth2(client, config.oauth2),
    ...proxy(client, config),
    ...safeTls(client, config.tlsConfig),
    follow_redirects: config.followRedirects,
    enable_http2: config.enableHTTP2,
  };
}

function filters(list: readonly Filter[] | undefined): Mapping {
  return {
    filters: nonEmptyList(list)
      ?.toSorted((a, b) => compareText(a.name ?? "", b.name ?? ""))
      .map(({ name = "", values = [] }) => ({ name, values })),
  };
}

function httpSd(client: ClientContext, config: ScrapeConfigHttpSDConfig): Mapping {
  return { ...httpClient(client, config), url: config.url ?? "", refresh_interval: config.refreshInterval };
}

/** First version that attaches metadata for a role. */
const ATTACH_SINCE: Readonly<Record<string, string>> = { pod: "2.35.0", endpoints: "2.37.0", endpointslice: "2.37.0" };

function kubernetesSdConfig(client: ClientContext, config: ScrapeConfigKubernetesSDConfig): Mapping {
  const { gate } = client;
  const role = config.role?.toLowerCase() ?? "";
  const attachSince = ATTACH_SINCE[role];
  return {
    api_server: config.apiServer,
    role: role === "endpointslice" ? gate.since("2.21.0", role) : role,
    ...httpClient(client, config),
    namespaces:
      config.namespaces === undefined
        ? undefined
        : { names: config.namespaces.names ?? [], own_namespace: config.namespaces.ownNamespace },
    selectors: gate.since(
      "2.17.0",
      nonEmptyList(config.selectors)?.map(({ role, label, field }) => ({ role: lower(role) ?? "", label, field })),
    ),
    attach_metadata:
      config.attachMetadata === undefined || attachSince === undefined
        ? undefined
        : gate.since(attachSince, { node: config.attachMetadata.node ?? null }),
  };
}

function consulSd(client: ClientContext, config: ScrapeConfigConsulSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    server: config.server ?? "",
    path_prefix: config.pathPrefix,
    token: optionalSecret(client, config.tokenRef),
    datacenter: config.datacenter,
    namespace: config.namespace,
    partition: config.partition,
    scheme: lower(config.scheme),
    services: nonEmptyList(config.services),
    tags: nonEmptyList(config.tags),
    tag_separator: config.tagSeparator,
    node_meta: sortedMap(config.nodeMeta),
    filter: config.filter,
    health_filter: config.healthFilter,
    allow_stale: config.allowStale,
    refresh_interval: config.refreshInterval,
  };
}

/** First version that knows a record type. */
const RECORD_SINCE: Readonly<Record<string, string>> = { NS: "2.49.0", MX: "2.38.0" };

function dnsSd({ gate }: ClientContext, config: ScrapeConfigDnsSDConfig): Mapping {
  return {
    names: config.names ?? [],
    refresh_interval: config.refreshInterval,
    type: gate.since(RECORD_SINCE[config.type ?? ""] ?? "0.0.0", config.type),
    port: config.port,
  };
}

function ec2Sd(client: ClientContext, config: ScrapeConfigEc2SDConfig): Mapping {
  return {
    ...proxy(client, config),
    region: config.region,
    ...accessKeys(client, config),
    role_arn: config.roleARN,
    refresh_interval: config.refreshInterval,
    port: config.port,
    ...client.gate.since("2.3.0", filters(config.filters)),
    ...client.gate.since("2.41.0", {
      follow_redirects: config.followRedirects,
      enable_http2: config.enableHTTP2,
      ...safeTls(client, config.tlsConfig),
    }),
  };
}

/** An environment of its own replaces the settings of the HTTP client, as in the original. */
function azureSd(client: ClientContext, config: ScrapeConfigAzureSDConfig): Mapping {
  const { tlsConfig, followRedirects, enableHTTP2, ...http } = config;
  return {
    ...(config.environment === undefined ? httpClient(client, http) : { environment: config.environment }),
    authentication_method: config.authenticationMethod,
    subscription_id: nonEmpty(config.subscriptionID),
    tenant_id: config.tenantID,
    client_id: config.clientID,
    client_secret: optionalSecret(client, config.clientSecret),
    resource_group: config.resourceGroup,
    refresh_interval: config.refreshInterval,
    port: config.port,
  };
}

function gceSd(_: ClientContext, config: ScrapeConfigGceSDConfig): Mapping {
  return {
    project: config.project ?? "",
    zone: config.zone ?? "",
    filter: config.filter,
    refresh_interval: config.refreshInterval,
    port: config.port,
    tag_separator: config.tagSeparator,
  };
}

function openstackSd(client: ClientContext, config: ScrapeConfigOpenstackSDConfig): Mapping {
  return {
    role: lower(config.role) ?? "",
    region: config.region ?? "",
    identity_endpoint: config.identityEndpoint,
    username: config.username,
    userid: config.userid,
    password: optionalSecret(client, config.password),
    domain_name: config.domainName,
    domain_id: config.domainID,
    project_name: config.projectName,
    project_id: config.projectID,
    application_credential_name: config.applicationCredentialName,
    application_credential_id: config.applicationCredentialId,
    application_credential_secret: optionalSecret(client, config.applicationCredentialSecret),
    all_tenants: config.allTenants,
    refresh_interval: config.refreshInterval,
    port: config.port,
    availability: config.availability,
    ...safeTls(client, config.tlsConfig),
  };
}

function digitalOceanSd(client: ClientContext, config: ScrapeConfigDigitalOceanSDConfig): Mapping {
  return { ...httpClient(client, config), port: config.port, refresh_interval: config.refreshInterval };
}

function kumaSd(client: ClientContext, config: ScrapeConfigKumaSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    server: config.server ?? "",
    refresh_interval: config.refreshInterval,
    fetch_timeout: config.fetchTimeout,
    client_id: config.clientID,
  };
}

function eurekaSd(client: ClientContext, config: ScrapeConfigEurekaSDConfig): Mapping {
  return { ...httpClient(client, config), refresh_interval: config.refreshInterval, server: nonEmpty(config.server) };
}

function dockerSd(client: ClientContext, config: ScrapeConfigDockerSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    ...filters(config.filters),
    host: config.host ?? "",
    port: config.port,
    host_networking_host: config.hostNetworkingHost,
    match_first_network: client.gate.since("2.54.1", config.matchFirstNetwork),
    refresh_interval: config.refreshInterval,
  };
}

function linodeSd(client: ClientContext, config: ScrapeConfigLinodeSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    port: config.port,
    region: config.region,
    tag_separator: config.tagSeparator,
    refresh_interval: config.refreshInterval,
  };
}

function hetznerSd(client: ClientContext, config: ScrapeConfigHetznerSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    role: lower(config.role) ?? "",
    port: config.port,
    refresh_interval: config.refreshInterval,
    label_selector: client.gate.since("3.5.0", nonEmpty(config.labelSelector)),
  };
}

function nomadSd(client: ClientContext, config: ScrapeConfigNomadSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    server: config.server ?? "",
    allow_stale: config.allowStale,
    namespace: config.namespace,
    refresh_interval: config.refreshInterval,
    region: config.region,
    tag_separator: config.tagSeparator,
  };
}

function dockerSwarmSd(client: ClientContext, config: ScrapeConfigDockerSwarmSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    ...filters(config.filters),
    host: config.host ?? "",
    role: lower(config.role) ?? "",
    port: config.port,
    refresh_interval: config.refreshInterval,
  };
}

function puppetDbSd(client: ClientContext, config: ScrapeConfigPuppetDBSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    url: config.url ?? "",
    query: config.query ?? "",
    include_parameters: config.includeParameters,
    port: config.port,
    refresh_interval: config.refreshInterval,
  };
}

function lightsailSd(client: ClientContext, config: ScrapeConfigLightSailSDConfig): Mapping {
  return {
    ...httpClient(client, config),
    region: config.region,
    endpoint: config.endpoint,
    port: config.port,
    refresh_interval: config.refreshInterval,
    ...accessKeys(client, config),
    role_arn: config.roleARN,
  };
}

const OVH_SERVICE: Readonly<Record<string, string>> = { VPS: "vps", DedicatedServer: "dedicated_server" };

function ovhcloudSd(client: ClientContext, config: ScrapeConfigOvhcloudSDConfig): Mapping {
  return {
    application_key: config.applicationKey ?? "",
    application_secret: client.store.secret(config.applicationSecret) ?? "",
    consumer_key: client.store.secret(config.consumerKey) ?? "",
    service: OVH_SERVICE[config.service ?? ""],
    endpoint: config.endpoint,
    refresh_interval: config.refreshInterval,
  };
}

function scalewaySd(client: ClientContext, config: ScrapeConfigScalewaySDConfig): Mapping {
  return {
    access_key: config.accessKey ?? "",
    secret_key: client.store.secret(config.secretKey) ?? "",
    project_id: config.projectID ?? "",
    role: lower(config.role) ?? "",
    port: config.port,
    api_url: config.apiURL,
    zone: config.zone,
    name_filter: config.nameFilter,
    tags_filter: nonEmptyList(config.tagsFilter),
    refresh_interval: config.refreshInterval,
    ...proxy(client, config),
    ...safeTls(client, config.tlsConfig),
    follow_redirects: config.followRedirects,
    enable_http2: config.enableHTTP2,
  };
}

function ionosSd(client: ClientContext, config: ScrapeConfigIonosSDConfig): Mapping {
  const { authorization: auth = {}, ...others } = config;
  return {
    ...httpClient(client, config.oauth2 === undefined ? { ...others, authorization: auth } : others),
    datacenter_id: config.datacenterID ?? "",
    port: config.port,
    refresh_interval: config.refreshInterval,
  };
}

function optionalSecret(client: ClientContext, selector: KeySelector | undefined): string | undefined {
  return selector === undefined ? undefined : client.store.needSecret(selector);
}

function accessKeys(
  client: ClientContext,
  { accessKey, secretKey }: { readonly accessKey?: KeySelector; readonly secretKey?: KeySelector },
): Mapping {
  if (accessKey === undefined || secretKey === undefined) return {};
  return { access_key: client.store.needSecret(accessKey), secret_key: client.store.needSecret(secretKey) };
}
