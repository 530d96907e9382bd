/** `vultr_sd_configs`: instances. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages } from "./api.js";
import { itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, listed, oneGroup } from "./labels.js";

export async function vultrGroups(
  api: Api,
  { section: { port } }: ApiDiscoveryOf<"vultr">,
): Promise<readonly TargetGroup[]> {
  const instances = await allPages(async (cursor) => {
    const more = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await api.get(`https://api.vultr.com/v2/instances?per_page=100${more}`);
    return { items: itemsAt(answer, "instances"), next: textAt(answer, "meta", "links", "next") };
  });
  const own = "__meta_vultr_instance_";
  const targets = instances.map((instance) => ({
    __address__: address(textAt(instance, "main_ip"), port),
    [`${own}id`]: textAt(instance, "id"),
    [`${own}label`]: textAt(instance, "label"),
    [`${own}os`]: textAt(instance, "os"),
    [`${own}os_id`]: String(numberAt(instance, "os_id")),
    [`${own}region`]: textAt(instance, "region"),
    [`${own}plan`]: textAt(instance, "plan"),
    [`${own}vcpu_count`]: String(numberAt(instance, "vcpu_count")),
    [`${own}ram_mb`]: String(numberAt(instance, "ram")),
    [`${own}allowed_bandwidth_gb`]: String(numberAt(instance, "allowed_bandwidth")),
    [`${own}disk_gb`]: String(numberAt(instance, "disk")),
    [`${own}main_ip`]: textAt(instance, "main_ip"),
    [`${own}main_ipv6`]: textAt(instance, "v6_main_ip"),
    [`${own}internal_ip`]: textAt(instance, "internal_ip"),
    [`${own}hostname`]: textAt(instance, "hostname"),
    [`${own}server_status`]: textAt(instance, "server_status"),
    ...listed(`${own}features`, textsAt(instance, "features")),
    ...listed(`${own}tags`, textsAt(instance, "tags")),
  }));
  return oneGroup("Vultr", targets);
}
