/** Discoveries that ask an API over HTTP: which module asks for which section. */
import type { ApiDiscoveryConfig } from "../../config/index.js";
import type { Discovery } from "../discovery.js";
import type { TargetGroup } from "../messages.js";
import type { RefreshDeps } from "../refresh.js";
import { type Api, type ApiSettings, apiDiscovery } from "./api.js";
import { awsHttp, ec2Groups, lightsailGroups } from "./aws.js";
import { ConsulDiscovery } from "./consul.js";
import { digitaloceanGroups } from "./digitalocean.js";
import { dockerGroups, dockerswarmGroups, dockerUrl } from "./docker.js";
import { eurekaGroups } from "./eureka.js";
import { gceGroups, gceHttp } from "./gce.js";
import { hetznerGroups } from "./hetzner.js";
import { ionosGroups } from "./ionos.js";
import { kumaGroups } from "./kuma.js";
import { linodeGroups } from "./linode.js";
import { marathonGroups } from "./marathon.js";
import { nomadGroups } from "./nomad.js";
import { openstackGroups } from "./openstack.js";
import { puppetdbGroups } from "./puppetdb.js";
import { scalewayGroups } from "./scaleway.js";
import { uyuniGroups } from "./uyuni.js";
import { vultrGroups } from "./vultr.js";

export function createApiDiscovery(config: ApiDiscoveryConfig, userAgent: string, deps: RefreshDeps): Discovery {
  const asking = (ask: (api: Api) => Promise<readonly TargetGroup[]>, settings: ApiSettings = config): Discovery =>
    apiDiscovery(settings, userAgent, deps, ask);
  switch (config.kind) {
    case "consul":
      return new ConsulDiscovery(config, userAgent, deps);
    case "digitalocean":
      return asking((api) => digitaloceanGroups(api, config));
    case "docker":
      return asking((api) => dockerGroups(api, config), overSocket(config));
    case "dockerswarm":
      return asking((api) => dockerswarmGroups(api, config), overSocket(config));
    case "ec2":
      return asking(ec2Groups(config), { ...config, http: awsHttp(config) });
    case "eureka":
      return asking((api) => eurekaGroups(api, config));
    case "gce":
      return asking((api) => gceGroups(api, config), { ...config, http: gceHttp(config) });
    case "hetzner":
      return asking((api) => hetznerGroups(api, config));
    case "ionos":
      return asking((api) => ionosGroups(api, config));
    case "kuma":
      return asking(kumaGroups(config));
    case "lightsail":
      return asking((api) => lightsailGroups(api, config), { ...config, http: awsHttp(config) });
    case "linode":
      return asking((api) => linodeGroups(api, config));
    case "marathon":
      return asking((api) => marathonGroups(api, config));
    case "nomad":
      return asking((api) => nomadGroups(api, config));
    case "openstack":
      return asking((api) => openstackGroups(api, config));
    case "puppetdb":
      return asking((api) => puppetdbGroups(api, config));
    case "scaleway":
      return asking((api) => scalewayGroups(api, config));
    case "uyuni":
      return asking(uyuniGroups(config));
    case "vultr":
      return asking((api) => vultrGroups(api, config));
  }
}

function overSocket(config: ApiDiscoveryConfig & { readonly kind: "docker" | "dockerswarm" }): ApiSettings {
  const { socketPath } = dockerUrl(config.section.host);
  return socketPath === "" ? config : { ...config, http: { ...config.http, socketPath } };
}
