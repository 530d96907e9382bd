/** `gce_sd_configs`: instances of Google's Compute Engine in a zone of a project. */
import { VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf, HttpClientConfig } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages, parseJson } from "./api.js";
import { at, itemsAt, textAt, textsAt } from "./json.js";
import { address, type Labels, listed, mapped, oneGroup, sanitizeLabelName } from "./labels.js";

type Config = ApiDiscoveryOf<"gce">;
const BASE_URL = "https://compute.googleapis.com/compute/v1";
const SCOPE = "https://www.googleapis.com/auth/compute.readonly";

/** Requests carry a token of the default credentials; the section has no HTTP settings, so the environment names a proxy. */
export function gceHttp({ http }: Config): HttpClientConfig {
  const proxy = { ...http.proxy, fromEnvironment: true };
  return { ...http, proxy, identity: { kind: "google_iam", credentialsFile: "", scope: SCOPE } };
}

export async function gceGroups(api: Api, { section }: Config): Promise<readonly TargetGroup[]> {
  const { project, zone, filter, port, tag_separator: separator } = section;
  const path = `/projects/${encodeURIComponent(project)}/zones/${encodeURIComponent(zone)}/instances`;
  const instances = await allPages(async (page) => {
    const query = new URLSearchParams();
    if (filter !== "") query.set("filter", filter);
    if (page !== undefined) query.set("pageToken", page);
    const answer = await api.answer({ url: `${BASE_URL}${path}?${query}`, headers: { accept: "application/json" } });
    const body = parseJson(answer.body.toString("utf8"));
    if (answer.status !== 200) {
      const why = textAt(body, "error", "message");
      throw new VestalError("DISCOVERY", `error retrieving refresh targets from gce: ${answer.status} ${why}`.trim());
    }
    return { items: itemsAt(body, "items"), next: textAt(body, "nextPageToken") };
  });
  const own = "__meta_gce_";
  const targets = instances.flatMap((instance): readonly Labels[] => {
    const cards = itemsAt(instance, "networkInterfaces");
    const [first] = cards;
    if (first === undefined) return [];
    const labels: Labels = {
      __address__: address(textAt(first, "networkIP"), port),
      [`${own}project`]: project,
      [`${own}zone`]: textAt(instance, "zone"),
      [`${own}instance_id`]: textAt(instance, "id"),
      [`${own}instance_name`]: textAt(instance, "name"),
      [`${own}instance_status`]: textAt(instance, "status"),
      [`${own}machine_type`]: textAt(instance, "machineType"),
      [`${own}network`]: textAt(first, "network"),
      [`${own}subnetwork`]: textAt(first, "subnetwork"),
      [`${own}private_ip`]: textAt(first, "networkIP"),
      ...listed(`${own}tags`, textsAt(instance, "tags", "items"), separator),
      ...mapped(`${own}label_`, instance, "labels"),
    };
    for (const card of cards) {
      labels[`${own}interface_ipv4_${sanitizeLabelName(textAt(card, "name"))}`] = textAt(card, "networkIP");
    }
    for (const item of itemsAt(instance, "metadata", "items")) {
      const value = at(item, "value");
      if (typeof value === "string") labels[`${own}metadata_${sanitizeLabelName(textAt(item, "key"))}`] = value;
    }
    const [access] = itemsAt(first, "accessConfigs");
    if (textAt(access, "type") === "ONE_TO_ONE_NAT") labels[`${own}public_ip`] = textAt(access, "natIP");
    return [labels];
  });
  return oneGroup(`GCE_${project}_${zone}`, targets);
}
