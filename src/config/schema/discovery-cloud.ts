/** Discoveries of cloud providers other than Amazon. */
import { quoteGo } from "../../model/index.js";
import { parseUrl } from "../go-url.js";
import {
  bool,
  checked,
  duration,
  type Field,
  field,
  int,
  newer,
  path,
  type Shape,
  secret,
  shown,
  strings,
  struct,
  text,
} from "../shape.js";
import { countSet, finishHttpClient, httpClientFields, refuse, tlsConfig } from "./http-client.js";

const http = httpClientFields();
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const refresh = (ms: number): Field<number> => field(duration(), ms);
const shownRefresh = (ms = MINUTE): Field<number> => shown(duration(), ms);

const oneOf = (known: readonly string[], message: (written: string) => string): Shape<string> =>
  checked("string", (written) => {
    if (!known.includes(written)) refuse(message(written));
    return written;
  });

export const azureDiscovery = struct(
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

export const digitaloceanDiscovery = struct(
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

export const gceDiscovery = struct(
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

export const hetznerDiscovery = struct(
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

export const ionosDiscovery = struct(
  "ionos.plain",
  { datacenter_id: shown(text()), ...http, refresh_interval: shownRefresh(), port: shown(int(), 80) },
  (sd) => {
    if (sd.datacenter_id === "") refuse("datacenter id can't be empty");
    return finishHttpClient(sd);
  },
);

export const linodeDiscovery = struct(
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

export const ociDiscovery = struct(
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

export const openstackDiscovery = struct(
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

export const outscaleDiscovery = struct(
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

export const ovhcloudDiscovery = struct(
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

export const scalewayDiscovery = struct(
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

export const stackitDiscovery = struct(
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

export const tritonDiscovery = struct(
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

export const vultrDiscovery = struct(
  "vultr.plain",
  { ...http, refresh_interval: shownRefresh(), port: shown(int(), 80) },
  finishHttpClient,
);

function checkSecretKey(sd: { readonly secret_key: string; readonly secret_key_file: string }): void {
  const keys = countSet(sd.secret_key, sd.secret_key_file);
  if (keys === 0) refuse("one of secret_key & secret_key_file must be configured");
  if (keys > 1) refuse("at most one of secret_key & secret_key_file must be configured");
}
