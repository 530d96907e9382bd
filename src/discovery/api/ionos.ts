/** `ionos_sd_configs`: servers of a data center. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import type { Api } from "./api.js";
import { at, itemsAt, textAt, textsAt } from "./json.js";
import { address, type Labels, oneGroup, sanitizeLabelName, separated } from "./labels.js";

export async function ionosGroups(
  api: Api,
  { section: { datacenter_id: datacenter, port } }: ApiDiscoveryOf<"ionos">,
): Promise<readonly TargetGroup[]> {
  const path = `/cloudapi/v6/datacenters/${encodeURIComponent(datacenter)}/servers?depth=3`;
  const servers = await api.get(`https://api.ionos.com${path}`);
  const own = "__meta_ionos_server_";
  const targets = itemsAt(servers, "items").flatMap((server): readonly Labels[] => {
    let ips: string[] = [];
    const byNic = new Map<string, string[]>();
    for (const nic of itemsAt(server, "entities", "nics", "items")) {
      const properties = at(nic, "properties");
      if (properties === undefined) continue;
      const name = typeof at(properties, "name") === "string" ? textAt(properties, "name") : "unnamed";
      const given = textsAt(properties, "ips");
      ips = [...given, ...ips];
      byNic.set(name, [...given, ...(byNic.get(name) ?? [])]);
    }
    const [first] = ips;
    if (first === undefined) return [];
    const labels: Labels = { __address__: address(first, port), [`${own}ip`]: separated(ips) };
    const properties = at(server, "properties");
    for (const [label, value] of [
      ["availability_zone", at(properties, "availabilityZone")],
      ["cpu_family", at(properties, "cpuFamily")],
      ["servers_id", at(servers, "id")],
      ["id", at(server, "id")],
      ["lifecycle", at(server, "metadata", "state")],
      ["name", at(properties, "name")],
      ["state", at(properties, "vmState")],
      ["type", at(properties, "type")],
      ["boot_cdrom_id", at(properties, "bootCdrom", "id")],
      ["boot_volume_id", at(properties, "bootVolume", "id")],
      ["boot_image_id", at(itemsAt(server, "entities", "volumes", "items")[0], "properties", "image")],
    ] as const) {
      if (value !== undefined && value !== null) labels[`${own}${label}`] = textAt(value);
    }
    for (const [name, list] of byNic) labels[`${own}nic_ip_${sanitizeLabelName(name)}`] = separated(list);
    return [labels];
  });
  return oneGroup("ionos", targets);
}
