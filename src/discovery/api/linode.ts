/** `linode_sd_configs`: instances with their addresses. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages } from "./api.js";
import { at, itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, type Labels, listed, oneGroup } from "./labels.js";

const MEGABYTE = 2 ** 20;

export async function linodeGroups(
  api: Api,
  { section: { region, port, tag_separator: separator } }: ApiDiscoveryOf<"linode">,
): Promise<readonly TargetGroup[]> {
  const headers: Record<string, string> = region === "" ? {} : { "x-filter": JSON.stringify({ region }) };
  const list = (path: string): Promise<readonly unknown[]> =>
    allPages(async (page) => {
      const query = `page=${page ?? "1"}&page_size=500`;
      const answer = await api.get(`https://api.linode.com/v4/${path}?${query}`, headers);
      const number = numberAt(answer, "page");
      return { items: itemsAt(answer, "data"), next: number < numberAt(answer, "pages") ? String(number + 1) : "" };
    });
  const instances = await list("linode/instances");
  const addresses = await list("networking/ips");
  const ranges = await list("networking/ipv6/ranges");
  const targets = instances
    .filter((instance) => itemsAt(instance, "ipv4").length > 0)
    .map((instance) => linodeTarget(instance, addresses, ranges, port, separator));
  return oneGroup("Linode", targets);
}

function linodeTarget(
  instance: unknown,
  addresses: readonly unknown[],
  ranges: readonly unknown[],
  port: number,
  separator: string,
): Labels {
  const detailed = (ip: string): readonly unknown[] => addresses.filter((each) => textAt(each, "address") === ip);
  const reverse = (found: unknown): string => textAt(found, "rdns").replace(/^null$/, "");
  let inside: unknown;
  let outside: unknown;
  const others: string[] = [];
  for (const found of textsAt(instance, "ipv4").flatMap(detailed)) {
    const isPublic = at(found, "public") === true;
    if (isPublic && outside === undefined) outside = found;
    else if (!isPublic && inside === undefined) inside = found;
    else others.push(textAt(found, "address"));
  }
  const six = textAt(instance, "ipv6").replace(/\/.*$/, "");
  const outsideSix = six === "" ? undefined : detailed(six).at(-1);
  const sixRanges = ranges
    .filter((range) => six !== "" && textAt(range, "route_target") === six)
    .map((range) => `${textAt(range, "range")}/${numberAt(range, "prefix")}`);
  const own = "__meta_linode_";
  const spec = (name: string): number => numberAt(instance, "specs", name);
  return {
    __address__: address(textAt(outside, "address"), port),
    [`${own}instance_id`]: textAt(instance, "id"),
    [`${own}instance_label`]: textAt(instance, "label"),
    [`${own}image`]: textAt(instance, "image"),
    [`${own}private_ipv4`]: textAt(inside, "address"),
    [`${own}public_ipv4`]: textAt(outside, "address"),
    [`${own}public_ipv6`]: textAt(outsideSix, "address"),
    [`${own}private_ipv4_rdns`]: reverse(inside),
    [`${own}public_ipv4_rdns`]: reverse(outside),
    [`${own}public_ipv6_rdns`]: reverse(outsideSix),
    [`${own}region`]: textAt(instance, "region"),
    [`${own}type`]: textAt(instance, "type"),
    [`${own}status`]: textAt(instance, "status"),
    [`${own}group`]: textAt(instance, "group"),
    [`${own}gpus`]: String(spec("gpus")),
    [`${own}hypervisor`]: textAt(instance, "hypervisor"),
    [`${own}backups`]: at(instance, "backups", "enabled") === true ? "enabled" : "disabled",
    [`${own}specs_disk_bytes`]: String(spec("disk") * MEGABYTE),
    [`${own}specs_memory_bytes`]: String(spec("memory") * MEGABYTE),
    [`${own}specs_vcpus`]: String(spec("vcpus")),
    [`${own}specs_transfer_bytes`]: String(spec("transfer") * MEGABYTE),
    ...listed(`${own}tags`, textsAt(instance, "tags"), separator),
    ...listed(`${own}extra_ips`, others, separator),
    ...listed(`${own}ipv6_ranges`, sixRanges, separator),
  };
}
