import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import type { Api } from "./api.js";
import { itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, type Labels, separated } from "./labels.js";

export async function nomadGroups(api: Api, { section }: ApiDiscoveryOf<"nomad">): Promise<readonly TargetGroup[]> {
  const query = new URLSearchParams();
  if (section.namespace !== "") query.set("namespace", section.namespace);
  if (section.region !== "") query.set("region", section.region);
  if (section.allow_stale) query.set("stale", "");
  const base = section.server.replace(/\/+$/, "");
  const own = "__meta_nomad_";
  const targets: Labels[] = [];
  for (const stub of itemsAt(await api.get(`${base}/v1/services?${query}`))) {
    for (const service of itemsAt(stub, "Services")) {
      const name = encodeURIComponent(textAt(service, "ServiceName"));
      for (const instance of itemsAt(await api.get(`${base}/v1/service/${name}?${query}`))) {
        const tags = textsAt(instance, "Tags");
        targets.push({
          __address__: address(textAt(instance, "Address"), numberAt(instance, "Port")),
          [`${own}address`]: textAt(instance, "Address"),
          [`${own}dc`]: textAt(instance, "Datacenter"),
          [`${own}node_id`]: textAt(instance, "NodeID"),
          [`${own}namespace`]: textAt(instance, "Namespace"),
          [`${own}service_address`]: textAt(instance, "Address"),
          [`${own}service_id`]: textAt(instance, "ID"),
          [`${own}service_port`]: String(numberAt(instance, "Port")),
          [`${own}service`]: textAt(instance, "ServiceName"),
          ...(tags.length > 0 && { [`${own}tags`]: separated(tags, section.tag_separator) }),
        });
      }
    }
  }
  return [{ source: "Nomad", targets, labels: {} }];
}
