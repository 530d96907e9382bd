/** The mechanisms of discovery: every `*_sd_configs` section that Prometheus knows, and `static_configs`. */
import { quoteGo } from "../../model/index.js";
import { parseUrl } from "../go-url.js";
import {
  bool,
  checked,
  duration,
  type Field,
  field,
  int,
  list,
  map,
  newer,
  path,
  pointer,
  type Shape,
  secret,
  shown,
  stringMap,
  strings,
  struct,
  text,
} from "../shape.js";
import { awsSections } from "./discovery-aws.js";
import { kubernetesDiscovery } from "./discovery-kubernetes.js";
import { countSet, finishHttpClient, httpClientFields, refuse, tlsConfig } from "./http-client.js";

const http = httpClientFields();
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const refresh = (ms: number): Field<number> => field(duration(), ms);
const shownRefresh = (ms = MINUTE): Field<number> => shown(duration(), ms);

export const oneOf = (known: readonly string[], message: (written: string) => string): Shape<string> =>
  checked("string", (written) => {
    if (!known.includes(written)) refuse(message(written));
    return written;
  });

export const targetGroup = struct(
  'struct { Targets []string "yaml:\\"targets\\""; Labels model.LabelSet "yaml:\\"labels\\"" }',
  {
    targets: shown(strings()),
    labels: field(map(text(), { goType: "model.LabelSet", labelNames: true })),
  },
);

/** A file of target groups, as file discovery reads it. */
export const targetGroupsShape = list(pointer(targetGroup));

const filters = () => list(struct("moby.Filter", { name: shown(text()), values: shown(strings()) }));

const FILE_NAME = /^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/;

const fileDiscovery = struct(
  "file.plain",
  { files: shown(list(path())), refresh_interval: refresh(5 * MINUTE) },
  (sd) => {
    if ((sd.files ?? []).length === 0) {
      refuse("file service discovery config must contain at least one path name");
    }
    for (const name of sd.files ?? []) {
      if (!FILE_NAME.test(name)) refuse(`path name ${quoteGo(name)} is not valid for file discovery`);
    }
    return sd;
  },
);

const dnsDiscovery = struct(
  "dns.plain",
  {
    names: shown(strings()),
    refresh_interval: refresh(30 * SECOND),
    type: shown(text(), "SRV"),
    port: shown(int()),
  },
  (sd) => {
    if ((sd.names ?? []).length === 0) refuse("DNS-SD config must contain at least one SRV record name");
    const type = sd.type.toUpperCase();
    if (!["SRV", "A", "AAAA", "MX", "NS"].includes(type)) refuse(`invalid DNS-SD records type ${sd.type}`);
    if (type !== "SRV" && sd.port === 0) {
      refuse("a port is required in DNS-SD configs for all record types except SRV");
    }
    return sd;
  },
);

const httpDiscovery = struct("http.plain", { ...http, refresh_interval: refresh(MINUTE), url: shown(text()) }, (sd) => {
  checkHttpUrl(sd.url);
  return finishHttpClient(sd);
});

const consulDiscovery = struct(
  "consul.plain",
  {
    server: field(text(), "localhost:8500"),
    path_prefix: field(text()),
    token: field(secret()),
    datacenter: field(text()),
    namespace: field(text()),
    partition: field(text()),
    tag_separator: field(text(), ","),
    scheme: field(text(), "http"),
    username: field(text()),
    password: field(secret()),
    allow_stale: shown(bool(), true),
    refresh_interval: refresh(30 * SECOND),
    services: field(strings()),
    tags: field(strings()),
    node_meta: field(stringMap()),
    filter: field(text()),
    health_filter: newer(text()),
    ...http,
  },
  (sd) => {
    if (sd.server.trim() === "") refuse("consul SD configuration requires a server address");
    let basic = sd.basic_auth;
    if (sd.username !== "" || sd.password !== "") {
      if (basic)
        refuse("at most one of consul SD configuration username and password and basic auth can be configured");
      basic = {
        username: sd.username,
        username_file: "",
        username_ref: "",
        password: sd.password,
        password_file: "",
        password_ref: "",
      };
    }
    if (sd.token !== "" && (sd.authorization || sd.oauth2)) {
      refuse("at most one of consul SD token, authorization, or oauth2 can be configured");
    }
    return finishHttpClient({ ...sd, basic_auth: basic });
  },
);

const azureDiscovery = struct(
  "azure.plain",
  {
    environment: field(text(), "AzurePublicCloud"),
    port: shown(int(), 80),
    subscription_id: shown(text()),
    tenant_id: field(text()),
    client_id: field(text()),
    client_secret: field(secret()),
    refresh_interval: refresh(5 * MINUTE),
    authentication_method: field(text(), "OAuth"),
    resource_group: field(text()),
    ...http,
  },
  (sd) => {
    const required = (value: string, name: string): void => {
      if (value === "") refuse(`azure SD configuration requires a ${name}`);
    };
    required(sd.subscription_id, "subscription_id");
    if (sd.authentication_method === "OAuth") {
      required(sd.tenant_id, "tenant_id");
      required(sd.client_id, "client_id");
      required(sd.client_secret, "client_secret");
    }
    if (!["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"].includes(sd.authentication_method)) {
      refuse(
        `unknown authentication_type ${quoteGo(sd.authentication_method)}. ` +
          'Supported types are "OAuth", "ManagedIdentity", "SDK" or "WorkloadIdentity"',
      );
    }
    return finishHttpClient(sd);
  },
);

const digitaloceanDiscovery = struct(
  "digitalocean.plain",
  {
    ...http,
    refresh_interval: shownRefresh(),
    port: shown(int(), 80),
    role: newer(
      oneOf(["droplets", "databases"], (role) => `unknown DigitalOcean SD role ${quoteGo(role)}`),
      "droplets",
    ),
  },
  (sd) => {
    if (sd.role === "") refuse("role missing (one of: droplets, databases)");
    return finishHttpClient(sd);
  },
);

const dockerFields = {
  ...http,
  host: shown(text()),
  port: shown(int(), 80),
  filters: shown(filters(), []),
};

const dockerDiscovery = struct(
  "moby.plain",
  {
    ...dockerFields,
    host_networking_host: shown(text(), "localhost"),
    refresh_interval: shownRefresh(),
    match_first_network: shown(bool(), true),
  },
  (sd) => {
    if (sd.host === "") refuse("host missing");
    parseUrl(sd.host);
    return finishHttpClient(sd);
  },
);

const dockerswarmDiscovery = struct(
  "moby.plain",
  {
    ...http,
    host: shown(text()),
    role: shown(text()),
    port: shown(int(), 80),
    filters: shown(filters(), []),
    refresh_interval: shownRefresh(),
  },
  (sd) => {
    if (sd.host === "") refuse("host missing");
    parseUrl(sd.host);
    if (sd.role === "") refuse("role missing (one of: tasks, services, nodes)");
    if (!["services", "nodes", "tasks"].includes(sd.role)) {
      refuse(`invalid role ${sd.role}, expected tasks, services, or nodes`);
    }
    return finishHttpClient(sd);
  },
);

const eurekaDiscovery = struct(
  "eureka.plain",
  { server: field(text()), ...http, refresh_interval: refresh(30 * SECOND) },
  (sd) => {
    if (sd.server === "") refuse("eureka_sd: empty or null eureka server");
    const url = parseUrl(sd.server);
    if (url.scheme === "" || url.host === "") refuse("eureka_sd: invalid eureka server URL");
    return finishHttpClient(sd);
  },
);

const gceDiscovery = struct(
  "gce.plain",
  {
    project: shown(text()),
    zone: shown(text()),
    filter: field(text()),
    refresh_interval: refresh(MINUTE),
    port: shown(int(), 80),
    tag_separator: field(text(), ","),
  },
  (sd) => {
    if (sd.project === "") refuse("GCE SD configuration requires a project");
    if (sd.zone === "") refuse("GCE SD configuration requires a zone");
    return sd;
  },
);

const hetznerDiscovery = struct(
  "hetzner.plain",
  {
    ...http,
    refresh_interval: shownRefresh(),
    port: shown(int(), 80),
    role: shown(oneOf(["robot", "hcloud"], (role) => `unknown role ${quoteGo(role)}`)),
    label_selector: newer(text()),
  },
  (sd) => {
    if (sd.role === "") refuse("role missing (one of: robot, hcloud)");
    return finishHttpClient(sd);
  },
);

const ionosDiscovery = struct(
  "ionos.plain",
  { datacenter_id: shown(text()), ...http, refresh_interval: shownRefresh(), port: shown(int(), 80) },
  (sd) => {
    if (sd.datacenter_id === "") refuse("datacenter id can't be empty");
    return finishHttpClient(sd);
  },
);

const kumaDiscovery = struct(
  "xds.plainKumaConf",
  {
    ...http,
    refresh_interval: refresh(15 * SECOND),
    fetch_timeout: field(duration(), 2 * MINUTE),
    server: field(text()),
    client_id: field(text()),
  },
  (sd) => {
    if (sd.server === "") refuse(`kuma SD server must not be empty: ${sd.server}`);
    const url = parseUrl(sd.server);
    if (url.scheme === "" || url.host === "") {
      refuse(`kuma SD server must not be empty and have a scheme: ${sd.server}`);
    }
    return finishHttpClient(sd);
  },
);

const linodeDiscovery = struct(
  "linode.plain",
  {
    ...http,
    refresh_interval: shownRefresh(),
    port: shown(int(), 80),
    tag_separator: field(text(), ","),
    region: field(text()),
  },
  finishHttpClient,
);

const marathonDiscovery = struct(
  "marathon.plain",
  {
    servers: field(strings()),
    refresh_interval: refresh(30 * SECOND),
    auth_token: field(secret()),
    auth_token_file: field(path()),
    ...http,
  },
  (sd) => {
    if ((sd.servers ?? []).length === 0) refuse("marathon_sd: must contain at least one Marathon server");
    const tokens = countSet(sd.auth_token, sd.auth_token_file);
    if (tokens > 1) refuse("marathon_sd: at most one of auth_token & auth_token_file must be configured");
    if (tokens > 0) {
      if (sd.basic_auth) {
        refuse("marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured");
      }
      if (countSet(sd.bearer_token, sd.bearer_token_file) > 0) {
        refuse(
          "marathon_sd: at most one of bearer_token, bearer_token_file, auth_token & auth_token_file must be configured",
        );
      }
      if (sd.authorization) {
        refuse("marathon_sd: at most one of auth_token, auth_token_file & authorization must be configured");
      }
    }
    return finishHttpClient(sd);
  },
);

const nomadDiscovery = struct(
  "nomad.plain",
  {
    allow_stale: shown(bool(), true),
    ...http,
    namespace: shown(text(), "default"),
    refresh_interval: shownRefresh(),
    region: shown(text(), "global"),
    server: shown(text(), "http://localhost:4646"),
    tag_separator: field(text(), ","),
  },
  (sd) => {
    if (sd.server.trim() === "") refuse("nomad SD configuration requires a server address");
    return finishHttpClient(sd);
  },
);

const ociDiscovery = struct(
  "oci.plain",
  {
    auth: field(text(), "api_key"),
    tenancy: field(text()),
    user: field(text()),
    fingerprint: field(text()),
    key_file: field(path()),
    key_passphrase: field(secret()),
    key_passphrase_file: field(path()),
    region: shown(text()),
    compartments: field(strings()),
    ...http,
    port: shown(int(), 80),
    refresh_interval: shownRefresh(),
  },
  (sd) => {
    if (!["api_key", "instance_principal"].includes(sd.auth)) {
      refuse(`oci_sd: unknown auth method ${quoteGo(sd.auth)}, expected "api_key" or "instance_principal"`);
    }
    return finishHttpClient(sd);
  },
);

const openstackDiscovery = struct(
  "openstack.plain",
  {
    identity_endpoint: shown(text()),
    username: shown(text()),
    userid: shown(text()),
    password: shown(secret()),
    project_name: shown(text()),
    project_id: shown(text()),
    domain_name: shown(text()),
    domain_id: shown(text()),
    application_credential_name: shown(text()),
    application_credential_id: shown(text()),
    application_credential_secret: shown(secret()),
    role: shown(
      oneOf(["hypervisor", "instance", "loadbalancer"], (role) => `unknown OpenStack SD role ${quoteGo(role)}`),
    ),
    region: shown(text()),
    refresh_interval: shownRefresh(),
    port: shown(int(), 80),
    all_tenants: field(bool()),
    tls_config: field(tlsConfig),
    availability: field(text(), "public"),
  },
  (sd) => {
    if (!["public", "internal", "admin"].includes(sd.availability)) {
      refuse(`unknown availability ${sd.availability}, must be one of admin, internal or public`);
    }
    if (sd.role === "") refuse("role missing (one of: instance, hypervisor, loadbalancer)");
    if (sd.region === "") refuse("openstack SD configuration requires a region");
    return sd;
  },
);

const outscaleDiscovery = struct(
  "outscale.plain",
  {
    endpoint: field(text()),
    region: shown(text(), "eu-west-2"),
    access_key: shown(text()),
    secret_key: shown(secret()),
    secret_key_file: shown(path()),
    refresh_interval: refresh(MINUTE),
    port: shown(int(), 80),
    ...http,
  },
  (sd) => {
    if (sd.region === "") refuse("outscale SD configuration requires a region");
    if (sd.access_key === "") refuse("outscale SD configuration requires access_key");
    checkSecretKey(sd);
    return finishHttpClient(sd);
  },
);

const ovhcloudDiscovery = struct(
  "ovhcloud.plain",
  {
    endpoint: shown(text(), "ovh-eu"),
    application_key: shown(text()),
    application_secret: shown(secret()),
    consumer_key: shown(secret()),
    refresh_interval: shownRefresh(),
    service: shown(text()),
  },
  (sd) => {
    if (sd.endpoint === "") refuse("endpoint can not be empty");
    if (sd.application_key === "") refuse("application key can not be empty");
    if (sd.application_secret === "") refuse("application secret can not be empty");
    if (sd.consumer_key === "") refuse("consumer key can not be empty");
    if (!["dedicated_server", "vps"].includes(sd.service)) refuse(`unknown service: ${sd.service}`);
    return sd;
  },
);

const puppetdbDiscovery = struct(
  "puppetdb.plain",
  {
    ...http,
    refresh_interval: refresh(MINUTE),
    url: shown(text()),
    query: shown(text()),
    include_parameters: shown(bool()),
    port: shown(int(), 80),
  },
  (sd) => {
    checkHttpUrl(sd.url);
    if (sd.query === "") refuse("query missing");
    return finishHttpClient(sd);
  },
);

const scalewayDiscovery = struct(
  "scaleway.plain",
  {
    project_id: shown(text()),
    api_url: field(text(), "https://api.scaleway.com"),
    zone: shown(text(), "fr-par-1"),
    access_key: shown(text()),
    secret_key: shown(secret()),
    secret_key_file: shown(path()),
    name_filter: field(text()),
    tags_filter: field(strings()),
    ...http,
    refresh_interval: shownRefresh(),
    port: shown(int(), 80),
    role: shown(oneOf(["baremetal", "instance"], (role) => `unknown role ${quoteGo(role)}`)),
  },
  (sd) => {
    if (sd.role === "") refuse("role missing (one of: instance, baremetal)");
    if (sd.project_id === "") refuse("project_id is mandatory");
    checkSecretKey(sd);
    if (sd.access_key === "") refuse("access_key is mandatory");
    return finishHttpClient(sd);
  },
);

const stackitDiscovery = struct(
  "stackit.plain",
  {
    ...http,
    project: shown(text()),
    refresh_interval: refresh(MINUTE),
    port: field(int(), 80),
    region: field(text(), "eu01"),
    endpoint: field(text()),
    service_account_key: field(secret()),
    private_key: field(secret()),
    service_account_key_path: field(text()),
    private_key_path: field(text()),
    credentials_file_path: field(text()),
  },
  (sd) => {
    if (sd.endpoint === "" && sd.region === "") refuse("stackit_sd: endpoint and region missing");
    try {
      parseUrl(sd.endpoint);
    } catch (error) {
      refuse(`stackit_sd: invalid endpoint ${quoteGo(sd.endpoint)}: ${error instanceof Error ? error.message : error}`);
    }
    return finishHttpClient(sd);
  },
);

const tritonDiscovery = struct(
  "triton.plain",
  {
    account: shown(text()),
    role: shown(text(), "container"),
    dns_suffix: shown(text()),
    endpoint: shown(text()),
    groups: field(strings()),
    port: shown(int(), 9163),
    refresh_interval: refresh(MINUTE),
    tls_config: field(tlsConfig),
    version: shown(int(), 1),
  },
  (sd) => {
    if (sd.role !== "container" && sd.role !== "cn") {
      refuse("triton SD configuration requires role to be 'container' or 'cn'");
    }
    if (sd.account === "") refuse("triton SD configuration requires an account");
    if (sd.dns_suffix === "") refuse("triton SD configuration requires a dns_suffix");
    if (sd.endpoint === "") refuse("triton SD configuration requires an endpoint");
    if (sd.refresh_interval <= 0) {
      refuse("triton SD configuration requires RefreshInterval to be a positive integer");
    }
    return sd;
  },
);

const uyuniDiscovery = struct(
  "uyuni.plain",
  {
    server: shown(text()),
    username: shown(text()),
    password: shown(secret()),
    ...http,
    entitlement: field(text(), "monitoring_entitled"),
    separator: field(text(), ","),
    refresh_interval: refresh(MINUTE),
  },
  (sd) => {
    if (sd.server === "") refuse("Uyuni SD configuration requires server host");
    try {
      parseUrl(sd.server);
    } catch (error) {
      refuse(`Uyuni Server URL is not valid: ${error instanceof Error ? error.message : error}`);
    }
    if (sd.username === "") refuse("Uyuni SD configuration requires a username");
    if (sd.password === "") refuse("Uyuni SD configuration requires a password");
    return finishHttpClient(sd);
  },
);

const vultrDiscovery = struct(
  "vultr.plain",
  { ...http, refresh_interval: shownRefresh(), port: shown(int(), 80) },
  finishHttpClient,
);

/** Serversets and Nerve, both in ZooKeeper. */
const zookeeperDiscovery = (name: "serverset" | "nerve") =>
  struct(
    "zookeeper.plain",
    { servers: shown(strings()), paths: shown(strings()), timeout: field(duration(), 10 * SECOND) },
    (sd) => {
      if ((sd.servers ?? []).length === 0) refuse(`${name} SD config must contain at least one Zookeeper server`);
      if ((sd.paths ?? []).length === 0) refuse(`${name} SD config must contain at least one path`);
      for (const zookeeperPath of sd.paths ?? []) {
        if (!zookeeperPath.startsWith("/")) refuse(`${name} SD config paths must begin with '/': ${zookeeperPath}`);
      }
      return sd;
    },
  );

function checkHttpUrl(text: string): void {
  if (text === "") refuse("URL is missing");
  const url = parseUrl(text);
  if (url.scheme !== "http" && url.scheme !== "https") refuse("URL scheme must be 'http' or 'https'");
  if (url.host === "") refuse("host is missing in URL");
}

function checkSecretKey(sd: { readonly secret_key: string; readonly secret_key_file: string }): void {
  const keys = countSet(sd.secret_key, sd.secret_key_file);
  if (keys === 0) refuse("one of secret_key & secret_key_file must be configured");
  if (keys > 1) refuse("at most one of secret_key & secret_key_file must be configured");
}

/** In the order of their names, in which Prometheus prints them. */
export const discoveryFields = {
  aws_sd_configs: field(list(pointer(awsSections.aws))),
  azure_sd_configs: field(list(pointer(azureDiscovery))),
  consul_sd_configs: field(list(pointer(consulDiscovery))),
  digitalocean_sd_configs: field(list(pointer(digitaloceanDiscovery))),
  dns_sd_configs: field(list(pointer(dnsDiscovery))),
  docker_sd_configs: field(list(pointer(dockerDiscovery))),
  dockerswarm_sd_configs: field(list(pointer(dockerswarmDiscovery))),
  ec2_sd_configs: field(list(pointer(awsSections.ec2))),
  ecs_sd_configs: field(list(pointer(awsSections.ecs))),
  elasticache_sd_configs: field(list(pointer(awsSections.elasticache))),
  eureka_sd_configs: field(list(pointer(eurekaDiscovery))),
  file_sd_configs: field(list(pointer(fileDiscovery))),
  gce_sd_configs: field(list(pointer(gceDiscovery))),
  hetzner_sd_configs: field(list(pointer(hetznerDiscovery))),
  http_sd_configs: field(list(pointer(httpDiscovery))),
  ionos_sd_configs: field(list(pointer(ionosDiscovery))),
  kubernetes_sd_configs: field(list(pointer(kubernetesDiscovery))),
  kuma_sd_configs: field(list(pointer(kumaDiscovery))),
  lightsail_sd_configs: field(list(pointer(awsSections.lightsail))),
  linode_sd_configs: field(list(pointer(linodeDiscovery))),
  marathon_sd_configs: field(list(pointer(marathonDiscovery))),
  msk_sd_configs: field(list(pointer(awsSections.msk))),
  nerve_sd_configs: field(list(pointer(zookeeperDiscovery("nerve")))),
  nomad_sd_configs: field(list(pointer(nomadDiscovery))),
  oci_sd_configs: field(list(pointer(ociDiscovery))),
  openstack_sd_configs: field(list(pointer(openstackDiscovery))),
  outscale_sd_configs: field(list(pointer(outscaleDiscovery))),
  ovhcloud_sd_configs: field(list(pointer(ovhcloudDiscovery))),
  puppetdb_sd_configs: field(list(pointer(puppetdbDiscovery))),
  rds_sd_configs: field(list(pointer(awsSections.rds))),
  scaleway_sd_configs: field(list(pointer(scalewayDiscovery))),
  serverset_sd_configs: field(list(pointer(zookeeperDiscovery("serverset")))),
  stackit_sd_configs: field(list(pointer(stackitDiscovery))),
  static_configs: field(list(pointer(targetGroup))),
  triton_sd_configs: field(list(pointer(tritonDiscovery))),
  uyuni_sd_configs: field(list(pointer(uyuniDiscovery))),
  vultr_sd_configs: field(list(pointer(vultrDiscovery))),
};
export type DiscoverySections = {
  readonly [K in keyof typeof discoveryFields]: (typeof discoveryFields)[K]["initial"];
};

/** A null entry is refused with the section's name; a URL where a host is wanted only where no rule may repair it. */
export function checkDiscoveries(sections: DiscoverySections, hasRules: boolean): void {
  for (const key of Object.keys(discoveryFields)) {
    // The keys of the table are the keys of its type.
    const entries = sections[key as keyof DiscoverySections];
    for (const entry of entries ?? []) {
      if (entry === undefined) refuse(`empty or null section in ${key}`);
    }
  }
  for (const group of sections.static_configs ?? []) {
    if (group?.targets === undefined && group?.labels === undefined) refuse("empty or null section in static_configs");
    if (hasRules) continue;
    for (const target of group.targets ?? []) {
      if (target.includes("/")) refuse(`${quoteGo(target)} is not a valid hostname`);
    }
  }
}
