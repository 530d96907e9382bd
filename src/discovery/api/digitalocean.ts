/** `digitalocean_sd_configs`: droplets and managed databases. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages } from "./api.js";
import { at, itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, type Labels, listed, oneGroup } from "./labels.js";

const DIGITALOCEAN_URL = "https://api.digitalocean.com";

async function digitaloceanList(api: Api, path: string, key: string): Promise<readonly unknown[]> {
  return await allPages(async (page) => {
    const answer = await api.get(page ?? `${DIGITALOCEAN_URL}${path}`);
    const next = textAt(answer, "links", "pages", "next");
    // Only their path and page: credentials are for the API's own host.
    const url = next === "" ? "" : `${DIGITALOCEAN_URL}${path.replace(/\?.*/, "")}${new URL(next).search}`;
    return { items: itemsAt(answer, key), next: url };
  });
}

export async function digitaloceanGroups(
  api: Api,
  { section: { role, port } }: ApiDiscoveryOf<"digitalocean">,
): Promise<readonly TargetGroup[]> {
  if (role === "databases") {
    const clusters = await digitaloceanList(api, "/v2/databases?page=1&per_page=100", "databases");
    return oneGroup(
      "DigitalOcean Databases",
      clusters.map((cluster) => databaseTarget(cluster, port)),
    );
  }
  const droplets = await digitaloceanList(api, "/v2/droplets", "droplets");
  const own = "__meta_digitalocean_";
  const targets = droplets.flatMap((droplet): readonly Labels[] => {
    if (itemsAt(droplet, "networks", "v4").length === 0) return [];
    const ip = (version: string, type: string): string =>
      textAt(
        itemsAt(droplet, "networks", version).find((network) => textAt(network, "type") === type),
        "ip_address",
      );
    return [
      {
        __address__: address(ip("v4", "public"), port),
        [`${own}droplet_id`]: textAt(droplet, "id"),
        [`${own}droplet_name`]: textAt(droplet, "name"),
        [`${own}image`]: textAt(droplet, "image", "slug"),
        [`${own}image_name`]: textAt(droplet, "image", "name"),
        [`${own}private_ipv4`]: ip("v4", "private"),
        [`${own}public_ipv4`]: ip("v4", "public"),
        [`${own}public_ipv6`]: ip("v6", "public"),
        [`${own}region`]: textAt(droplet, "region", "slug"),
        [`${own}size`]: textAt(droplet, "size_slug"),
        [`${own}status`]: textAt(droplet, "status"),
        [`${own}vpc`]: textAt(droplet, "vpc_uuid"),
        ...listed(`${own}features`, textsAt(droplet, "features")),
        ...listed(`${own}tags`, textsAt(droplet, "tags")),
      },
    ];
  });
  return oneGroup("DigitalOcean", targets);
}

function databaseTarget(cluster: unknown, port: number): Labels {
  const own = "__meta_digitalocean_db_";
  const inside = at(cluster, "private_connection");
  const outside = at(cluster, "connection");
  const host = textAt(inside, "host") || textAt(outside, "host");
  const tags = textsAt(cluster, "tags").map((tag) => [`${own}tag_${tag}`, "true"] as const);
  return {
    ...(host !== "" && { __address__: address(host, port) }),
    [`${own}id`]: textAt(cluster, "id"),
    [`${own}name`]: textAt(cluster, "name"),
    [`${own}engine`]: textAt(cluster, "engine"),
    [`${own}version`]: textAt(cluster, "version"),
    [`${own}status`]: textAt(cluster, "status"),
    [`${own}region`]: textAt(cluster, "region"),
    [`${own}size`]: textAt(cluster, "size"),
    [`${own}num_nodes`]: String(numberAt(cluster, "num_nodes")),
    ...(inside !== undefined && inside !== null && { [`${own}private_host`]: textAt(inside, "host") }),
    ...(outside !== undefined && outside !== null && { [`${own}host`]: textAt(outside, "host") }),
    ...Object.fromEntries(tags),
  };
}
