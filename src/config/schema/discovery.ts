/** The mechanisms of discovery: every `*_sd_configs` section that Prometheus knows, and `static_configs`. */
import { quoteGo } from "../../model/index.js";
import { parseUrl } from "../go-url.js";
import {
  bool,
  duration,
  type Field,
  field,
  int,
  list,
  map,
  newer,
  path,
  pointer,
  secret,
  shown,
  stringMap,
  strings,
  struct,
  text,
} from "../shape.js";
import { awsSections } from "./discovery-aws.js";
import {
  azureDiscovery,
  digitaloceanDiscovery,
  gceDiscovery,
  hetznerDiscovery,
  ionosDiscovery,
  linodeDiscovery,
  ociDiscovery,
  openstackDiscovery,
  outscaleDiscovery,
  ovhcloudDiscovery,
  scalewayDiscovery,
  stackitDiscovery,
  tritonDiscovery,
  vultrDiscovery,
} from "./discovery-cloud.js";
import { kubernetesDiscovery } from "./discovery-kubernetes.js";
import { countSet, finishHttpClient, httpClientFields, refuse } from "./http-client.js";

const http = httpClientFields();
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const refresh = (ms: number): Field<number> => field(duration(), ms);
const shownRefresh = (ms = MINUTE): Field<number> => shown(duration(), ms);

const targetGroup = struct(
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
