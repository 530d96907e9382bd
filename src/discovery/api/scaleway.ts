/** `scaleway_sd_configs`: instances and bare metal of a zone. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import { readSecretFile } from "../../http/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages, parseJson } from "./api.js";
import { at, itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, type Labels, listed, oneGroup } from "./labels.js";

type Scaleway = ApiDiscoveryOf<"scaleway">;

class ScalewayApi {
  readonly #api: Api;
  readonly #config: Scaleway;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(api: Api, config: Scaleway) {
    const { secret_key: secret, secret_key_file: file } = config.section;
    this.#api = api;
    this.#config = config;
    this.#headers = { "x-auth-token": file === "" ? secret : readSecretFile(file, "scaleway secret key") };
  }

  /** All of a list, which says how many there are; where there is none of that the last page is the first short one. */
  async list(path: string, key: string, query = new URLSearchParams()): Promise<readonly unknown[]> {
    const { api_url: base } = this.#config.section;
    let count = 0;
    return await allPages(async (page) => {
      query.set("page", page ?? "1");
      const answer = await this.#api.answer({
        url: `${base.replace(/\/+$/, "")}${path}?${query}`,
        headers: { accept: "application/json", ...this.#headers },
      });
      const body = parseJson(answer.body.toString("utf8"));
      if (answer.status !== 200) throw new Error(`scaleway: ${answer.status} ${textAt(body, "message")}`);
      const items = itemsAt(body, key);
      count += items.length;
      const total = numberAt(body, "total_count") || Number(answer.headers["x-total-count"] ?? 0);
      return { items, next: items.length > 0 && count < total ? String(Number(page ?? "1") + 1) : "" };
    });
  }

  /** What the section lets through, in its zone. */
  filters(): URLSearchParams {
    const { name_filter: name, tags_filter: tags } = this.#config.section;
    const query = new URLSearchParams();
    if (name !== "") query.set("name", name);
    if (tags !== undefined) query.set("tags", tags.join(","));
    return query;
  }
}

export async function scalewayGroups(api: Api, config: Scaleway): Promise<readonly TargetGroup[]> {
  const own = new ScalewayApi(api, config);
  return oneGroup(
    "scaleway",
    await (config.section.role === "baremetal" ? metalTargets(own, config) : scalewayTargets(own, config)),
  );
}

async function metalTargets(api: ScalewayApi, { section: { zone, port } }: Scaleway): Promise<readonly Labels[]> {
  const base = `/baremetal/v1/zones/${zone}`;
  const servers = await api.list(`${base}/servers`, "servers", api.filters());
  const offers = await api.list(`${base}/offers`, "offers");
  const systems = await api.list(`${base}/os`, "os");
  const own = "__meta_scaleway_baremetal_";
  const byId = (list: readonly unknown[], id: string): unknown => list.find((each) => textAt(each, "id") === id);
  return servers.map((server) => {
    const ip = (version: string): string | undefined => {
      const found = itemsAt(server, "ips").find((each) => textAt(each, "version") === version);
      return found === undefined ? undefined : textAt(found, "address");
    };
    const four = ip("IPv4");
    const six = ip("IPv6");
    const offer = byId(offers, textAt(server, "offer_id"));
    const system = at(server, "install") ? byId(systems, textAt(server, "install", "os_id")) : undefined;
    const host = four ?? six;
    return {
      ...(host !== undefined && { __address__: address(host, port) }),
      [`${own}id`]: textAt(server, "id"),
      [`${own}name`]: textAt(server, "name"),
      [`${own}zone`]: textAt(server, "zone"),
      [`${own}status`]: textAt(server, "status"),
      [`${own}project_id`]: textAt(server, "project_id"),
      ...(offer !== undefined && { [`${own}type`]: textAt(offer, "name") }),
      ...(system !== undefined && {
        [`${own}os_name`]: textAt(system, "name"),
        [`${own}os_version`]: textAt(system, "version"),
      }),
      ...(four !== undefined && { [`${own}public_ipv4`]: four }),
      ...(six !== undefined && { [`${own}public_ipv6`]: six }),
      ...listed(`${own}tags`, textsAt(server, "tags")),
    };
  });
}

async function scalewayTargets(api: ScalewayApi, { section: { zone, port } }: Scaleway): Promise<readonly Labels[]> {
  const servers = await api.list(`/instance/v1/zones/${zone}/servers`, "servers", api.filters());
  const nicIps = await privateNicIps(api, servers);
  const own = "__meta_scaleway_instance_";
  return servers.flatMap((server): readonly Labels[] => {
    const labels: Labels = {
      [`${own}boot_type`]: textAt(server, "boot_type"),
      [`${own}hostname`]: textAt(server, "hostname"),
      [`${own}id`]: textAt(server, "id"),
      [`${own}name`]: textAt(server, "name"),
      [`${own}organization_id`]: textAt(server, "organization"),
      [`${own}project_id`]: textAt(server, "project"),
      [`${own}status`]: textAt(server, "state"),
      [`${own}type`]: textAt(server, "commercial_type"),
      [`${own}zone`]: textAt(server, "zone"),
      [`${own}region`]: textAt(server, "zone").replace(/-\d+$/, ""),
      ...listed(`${own}tags`, textsAt(server, "tags")),
    };
    const nested = (part: string, names: Readonly<Record<string, string>>): void => {
      const found = at(server, part);
      if (found === undefined || found === null) return;
      for (const [label, key] of Object.entries(names)) labels[`${own}${label}`] = textAt(found, key);
    };
    nested("image", { image_arch: "arch", image_id: "id", image_name: "name" });
    nested("location", {
      location_cluster_id: "cluster_id",
      location_hypervisor_id: "hypervisor_id",
      location_node_id: "node_id",
    });
    nested("security_group", { security_group_id: "id", security_group_name: "name" });
    const publicIps = itemsAt(server, "public_ips");
    for (const [family, version] of [
      ["inet", "ipv4"],
      ["inet6", "ipv6"],
    ] as const) {
      const ips = publicIps.filter((ip) => textAt(ip, "family") === family).map((ip) => textAt(ip, "address"));
      Object.assign(labels, listed(`${own}public_${version}_addresses`, ips));
    }
    const six = textAt(server, "ipv6", "address");
    if (six !== "") labels[`${own}public_ipv6`] = six;
    const outside = textAt(server, "public_ip", "address");
    if (outside !== "" && textAt(server, "public_ip", "family") !== "inet6") labels[`${own}public_ipv4`] = outside;
    const nicIp =
      itemsAt(server, "private_nics")
        .map((nic) => nicIps.get(textAt(nic, "id")) ?? "")
        .find(Boolean) ?? "";
    const inside = textAt(server, "private_ip") || (six === "" && outside === "" ? nicIp : "");
    if (inside !== "") labels[`${own}private_ipv4`] = inside;
    const host = inside || outside || six;
    return host === "" ? [] : [{ __address__: address(host, port), ...labels }];
  });
}

/** Addresses of private networks' cards, for machines that have no other address. */
async function privateNicIps(api: ScalewayApi, servers: readonly unknown[]): Promise<ReadonlyMap<string, string>> {
  const byRegion = new Map<string, string[]>();
  for (const server of servers) {
    if (at(server, "private_ip") || at(server, "public_ip") || at(server, "ipv6")) continue;
    const region = textAt(server, "zone").replace(/-\d+$/, "");
    const ids = itemsAt(server, "private_nics").map((nic) => textAt(nic, "id"));
    if (ids.length > 0) byRegion.set(region, [...(byRegion.get(region) ?? []), ...ids]);
  }
  const ips = new Map<string, string>();
  for (const [region, ids] of byRegion) {
    const query = new URLSearchParams({ resource_types: "instance_private_nic" });
    for (const id of ids) query.append("resource_ids", id);
    for (const ip of await api.list(`/ipam/v1/regions/${region}/ips`, "ips", query)) {
      const text = textAt(ip, "address").replace(/\/.*$/, "");
      if (text !== "" && at(ip, "is_ipv6") !== true) ips.set(textAt(ip, "resource", "id"), text);
    }
  }
  return ips;
}
