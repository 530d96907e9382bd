/** `hetzner_sd_configs`: servers of the cloud and of Robot. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages } from "./api.js";
import { at, flagAt, itemsAt, numberAt, textAt } from "./json.js";
import { address, type Labels, mapped, oneGroup, sanitizeLabelName } from "./labels.js";

const HETZNER = "__meta_hetzner_";
/** How an address that is none is written. */
const NO_ADDRESS = "<nil>";

export async function hetznerGroups(
  api: Api,
  { section: { role, port, label_selector: selector } }: ApiDiscoveryOf<"hetzner">,
): Promise<readonly TargetGroup[]> {
  const targets = role === "robot" ? await robotTargets(api, port) : await cloudTargets(api, port, selector);
  return oneGroup("hetzner", targets);
}

async function robotTargets(api: Api, port: number): Promise<readonly Labels[]> {
  const servers = itemsAt(await api.get("https://robot-ws.your-server.de/server"));
  return servers.map((item) => {
    const server = at(item, "server");
    const datacenter = textAt(server, "dc").toLowerCase();
    const subnet = itemsAt(server, "subnet").find((each) => textAt(each, "ip").includes(":"));
    return {
      __address__: address(textAt(server, "server_ip"), port),
      [`${HETZNER}role`]: "robot",
      [`${HETZNER}server_id`]: textAt(server, "server_number"),
      [`${HETZNER}server_name`]: textAt(server, "server_name"),
      [`${HETZNER}datacenter`]: datacenter,
      [`${HETZNER}public_ipv4`]: textAt(server, "server_ip"),
      [`${HETZNER}server_status`]: textAt(server, "status"),
      [`${HETZNER}robot_datacenter`]: datacenter,
      [`${HETZNER}robot_product`]: textAt(server, "product"),
      [`${HETZNER}robot_cancelled`]: flagAt(server, "cancelled"),
      ...(subnet !== undefined && {
        [`${HETZNER}public_ipv6_network`]: `${textAt(subnet, "ip")}/${textAt(subnet, "mask")}`,
      }),
    };
  });
}

async function hetznerList(api: Api, what: string, query: string): Promise<readonly unknown[]> {
  return await allPages(async (page) => {
    const answer = await api.get(`https://api.hetzner.cloud/v1/${what}?${query}page=${page ?? "1"}&per_page=50`);
    return { items: itemsAt(answer, what), next: textAt(answer, "meta", "pagination", "next_page") };
  });
}

async function cloudTargets(api: Api, port: number, selector: string): Promise<readonly Labels[]> {
  const query = selector === "" ? "" : `label_selector=${encodeURIComponent(selector)}&`;
  const servers = await hetznerList(api, "servers", query);
  const networks = await hetznerList(api, "networks", "");
  const names = new Map(networks.map((network) => [textAt(network, "id"), textAt(network, "name")]));
  const own = `${HETZNER}hcloud_`;
  return servers.map((server) => {
    const ip = textAt(server, "public_net", "ipv4", "ip") || NO_ADDRESS;
    const location = at(server, "location") ?? at(server, "datacenter", "location");
    const image = at(server, "image");
    const labels: Labels = {
      __address__: address(ip, port),
      [`${HETZNER}role`]: "hcloud",
      [`${HETZNER}server_id`]: textAt(server, "id"),
      [`${HETZNER}server_name`]: textAt(server, "name"),
      [`${HETZNER}public_ipv4`]: ip,
      [`${HETZNER}public_ipv6_network`]: textAt(server, "public_net", "ipv6", "ip") || NO_ADDRESS,
      [`${HETZNER}server_status`]: textAt(server, "status"),
      [`${own}server_type`]: textAt(server, "server_type", "name"),
      [`${own}cpu_cores`]: String(numberAt(server, "server_type", "cores")),
      [`${own}cpu_type`]: textAt(server, "server_type", "cpu_type"),
      [`${own}memory_size_gb`]: String(Math.trunc(numberAt(server, "server_type", "memory"))),
      [`${own}disk_size_gb`]: String(numberAt(server, "server_type", "disk")),
    };
    const datacenter = textAt(server, "datacenter", "name");
    if (datacenter !== "") labels[`${HETZNER}datacenter`] = datacenter;
    for (const prefix of ["", "datacenter_"]) {
      labels[`${own}${prefix}location`] = textAt(location, "name");
      labels[`${own}${prefix}location_network_zone`] = textAt(location, "network_zone");
    }
    if (image !== undefined && image !== null) {
      labels[`${own}image_name`] = textAt(image, "name");
      labels[`${own}image_description`] = textAt(image, "description");
      labels[`${own}image_os_version`] = textAt(image, "os_version");
      labels[`${own}image_os_flavor`] = textAt(image, "os_flavor");
    }
    for (const each of itemsAt(server, "private_net")) {
      const name = names.get(textAt(each, "network"));
      if (name !== undefined) labels[`${own}private_ipv4_${sanitizeLabelName(name)}`] = textAt(each, "ip");
    }
    const present = Object.keys(mapped(`${own}labelpresent_`, server, "labels")).map((name) => [name, "true"] as const);
    return { ...labels, ...Object.fromEntries(present), ...mapped(`${own}label_`, server, "labels") };
  });
}
