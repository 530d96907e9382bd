import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import type { Api } from "./api.js";
import { address, type Labels, sanitizeLabelName } from "./labels.js";
import { childAt, childrenOf, parseXml, textOf, type XmlElement } from "./xml.js";

export async function eurekaGroups(
  api: Api,
  { section: { server } }: ApiDiscoveryOf<"eureka">,
): Promise<readonly TargetGroup[]> {
  const applications = parseXml(await api.text({ url: `${server}/apps` }));
  const targets = childrenOf(applications, "application").flatMap((application) =>
    childrenOf(application, "instance").map((instance) => eurekaTarget(application, instance)),
  );
  return [{ source: "eureka", targets, labels: {} }];
}

function eurekaTarget(application: XmlElement, instance: XmlElement): Labels {
  const own = "__meta_eureka_app_instance_";
  const text = (...path: readonly string[]): string => textOf(instance, ...path)?.trim() ?? "";
  const host = text("hostName");
  const port = eurekaPort(application, instance, "port");
  const secure = eurekaPort(application, instance, "securePort");
  const labels: Labels = {
    __address__: address(host, port?.number ?? "80"),
    instance: text("instanceId"),
    __meta_eureka_app_name: textOf(application, "name") ?? "",
    [`${own}hostname`]: host,
    [`${own}homepage_url`]: text("homePageUrl"),
    [`${own}statuspage_url`]: text("statusPageUrl"),
    [`${own}healthcheck_url`]: text("healthCheckUrl"),
    [`${own}ip_addr`]: text("ipAddr"),
    [`${own}vip_address`]: text("vipAddress"),
    [`${own}secure_vip_address`]: text("secureVipAddress"),
    [`${own}status`]: text("status"),
    [`${own}country_id`]: text("countryId") || "0",
    [`${own}id`]: text("instanceId"),
  };
  if (port !== undefined) {
    labels[`${own}port`] = port.number;
    labels[`${own}port_enabled`] = port.isEnabled;
  }
  if (secure !== undefined) {
    labels[`${own}secure_port`] = secure.number;
    labels[`${own}secure_port_enabled`] = secure.isEnabled;
  }
  const center = childAt(instance, "dataCenterInfo");
  if (center !== undefined) labels[`${own}datacenterinfo_name`] = textOf(center, "name") ?? "";
  for (const [prefix, list] of [
    ["datacenterinfo_metadata_", childAt(center, "metadata")],
    ["metadata_", childAt(instance, "metadata")],
  ] as const) {
    for (const { name, text: value } of list?.children ?? [])
      labels[`${own}${prefix}${sanitizeLabelName(name)}`] = value;
  }
  return labels;
}

function eurekaPort(_: XmlElement, instance: XmlElement, name: string) {
  const element = childAt(instance, name);
  if (element === undefined) return undefined;
  return { number: element.text.trim(), isEnabled: element.attributes["enabled"] === "true" ? "true" : "false" };
}
