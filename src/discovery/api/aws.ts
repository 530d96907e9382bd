/** `ec2_sd_configs` and `lightsail_sd_configs`: instances of Amazon's services. */
import { VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf, HttpClientConfig } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages } from "./api.js";
import { at, itemsAt, textAt, textsAt } from "./json.js";
import { address, type Labels, listed, oneGroup, sanitizeLabelName, separated } from "./labels.js";
import { childAt, childrenOf, parseXml, textOf, type XmlElement } from "./xml.js";

type AwsConfig = ApiDiscoveryOf<"ec2"> | ApiDiscoveryOf<"lightsail">;

/** HTTP settings whose requests are signed for the service. */
export function awsHttp({ kind, section, http }: AwsConfig): HttpClientConfig {
  return {
    ...http,
    identity: {
      kind: "sigv4",
      region: section.region,
      accessKey: section.access_key,
      secretKey: section.secret_key,
      profile: section.profile,
      roleArn: section.role_arn,
      externalId: section.external_id,
      usesFipsSts: false,
      service: kind,
    },
  };
}

function endpointOf({ kind, section }: AwsConfig, region: string): string {
  if (section.endpoint !== "")
    return section.endpoint.includes("://") ? section.endpoint : `https://${section.endpoint}`;
  return `https://${kind}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}/`;
}

/** The section's, or the environment's. @throws VestalError DISCOVERY */
function regionOf({ kind, section }: AwsConfig): string {
  const region = section.region || process.env["AWS_REGION"] || process.env["AWS_DEFAULT_REGION"] || "";
  if (region === "") throw new VestalError("DISCOVERY", `${kind} SD configuration requires a region`);
  return region;
}

const FORM = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
const EC2_VERSION = "2016-11-15";

/** Remembers the zones' numbers, which change only when Amazon builds a zone. */
export function ec2Groups(config: ApiDiscoveryOf<"ec2">): (api: Api) => Promise<readonly TargetGroup[]> {
  let zones: ReadonlyMap<string, string> | undefined;
  return async (api) => {
    const region = regionOf(config);
    const ask = async (action: string, parameters: Readonly<Record<string, string>>): Promise<XmlElement> => {
      const body = new URLSearchParams({ Action: action, Version: EC2_VERSION, ...parameters }).toString();
      const url = endpointOf(config, region);
      const answer = await api.answer({ method: "POST", url, headers: FORM, body });
      const text = answer.body.toString("utf8");
      if (answer.status === 200) return parseXml(text);
      const why = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? "";
      throw new VestalError("DISCOVERY", `could not describe instances: ${answer.status} ${why}`.trim());
    };
    zones ??= await zoneIds(ask).catch((error: unknown) => {
      // Asking for them may not be allowed: instances have no such label then.
      if (!(error instanceof VestalError)) throw error;
      return undefined;
    });
    const reservations = await allPages(async (token) => {
      const more: Record<string, string> = token === undefined ? {} : { NextToken: token };
      const root = await ask("DescribeInstances", { ...filterParameters(config), ...more });
      return {
        items: childrenOf(childAt(root, "reservationSet"), "item"),
        next: textOf(root, "nextToken") ?? "",
      };
    });
    const targets = reservations.flatMap((reservation) =>
      childrenOf(childAt(reservation, "instancesSet"), "item").flatMap((instance) => {
        const owner = textOf(reservation, "ownerId");
        const target = ec2Target(instance, config.section.port, region, zones ?? new Map());
        if (target === undefined) return [];
        return [owner === undefined ? target : { ...target, __meta_ec2_owner_id: owner }];
      }),
    );
    return oneGroup(region, targets);
  };
}

type AskEc2 = (action: string, parameters: Readonly<Record<string, string>>) => Promise<XmlElement>;

async function zoneIds(ask: AskEc2): Promise<ReadonlyMap<string, string>> {
  const root = await ask("DescribeAvailabilityZones", {});
  const items = childrenOf(childAt(root, "availabilityZoneInfo"), "item");
  return new Map(items.map((zone) => [textOf(zone, "zoneName") ?? "", textOf(zone, "zoneId") ?? ""]));
}

function filterParameters({ section }: ApiDiscoveryOf<"ec2">): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [i, filter] of (section.filters ?? []).entries()) {
    parameters[`Filter.${i + 1}.Name`] = filter?.name ?? "";
    for (const [j, value] of (filter?.values ?? []).entries()) parameters[`Filter.${i + 1}.Value.${j + 1}`] = value;
  }
  return parameters;
}

function ec2Target(
  instance: XmlElement,
  port: number,
  region: string,
  zones: ReadonlyMap<string, string>,
): Labels | undefined {
  const own = "__meta_ec2_";
  const text = (...path: readonly string[]): string | undefined => textOf(instance, ...path);
  const { first, primary, all } = ipv6Addresses(instance);
  const inside = text("privateIpAddress");
  const host = inside ?? first;
  if (host === undefined) return undefined;
  const zone = text("placement", "availabilityZone") ?? "";
  const labels: Labels = {
    __address__: address(host, port),
    [`${own}instance_id`]: text("instanceId") ?? "",
    [`${own}region`]: region,
    [`${own}ami`]: text("imageId") ?? "",
    [`${own}availability_zone`]: zone,
    [`${own}availability_zone_id`]: zones.get(zone) ?? "",
    [`${own}instance_state`]: text("instanceState", "name") ?? "",
    [`${own}instance_type`]: text("instanceType") ?? "",
  };
  const optional = (label: string, value: string | undefined): void => {
    if (value !== undefined) labels[`${own}${label}`] = value;
  };
  optional("default_ipv6_address", first);
  optional("private_ip", inside);
  optional("private_dns_name", text("privateDnsName"));
  optional("platform", text("platform") || undefined);
  optional("public_ip", text("ipAddress"));
  if (text("ipAddress") !== undefined) optional("public_dns_name", text("dnsName") ?? "");
  optional("primary_ipv6_addresses", primary.length === 0 ? undefined : separated(primary));
  optional("ipv6_addresses", all.length === 0 ? undefined : separated(all));
  optional("instance_lifecycle", text("instanceLifecycle") || undefined);
  optional("architecture", text("architecture") || undefined);
  if (text("vpcId") !== undefined) {
    optional("vpc_id", text("vpcId"));
    optional("primary_subnet_id", text("subnetId") ?? "");
    const subnets = interfacesOf(instance).flatMap((each) => textOf(each, "subnetId") ?? []);
    optional("subnet_id", separated([...new Set(subnets)]));
  }
  for (const tag of childrenOf(childAt(instance, "tagSet"), "item")) {
    const [key, value] = [textOf(tag, "key"), textOf(tag, "value")];
    if (key !== undefined && value !== undefined) labels[`${own}tag_${sanitizeLabelName(key)}`] = value;
  }
  return labels;
}

function interfacesOf(instance: XmlElement): readonly XmlElement[] {
  return childrenOf(childAt(instance, "networkInterfaceSet"), "item");
}

/** Primary ones stand at the place of their card, with empty places between. */
function ipv6Addresses(instance: XmlElement) {
  const primary: string[] = [];
  const all: string[] = [];
  for (const card of textOf(instance, "vpcId") === undefined ? [] : interfacesOf(instance)) {
    if (textOf(card, "subnetId") === undefined) continue;
    for (const item of childrenOf(childAt(card, "ipv6AddressesSet"), "item")) {
      const ip = textOf(item, "ipv6Address") ?? "";
      all.push(ip);
      if (textOf(item, "isPrimaryIpv6") !== "true") continue;
      const place = Number(textOf(card, "attachment", "deviceIndex") ?? 0);
      while (primary.length <= place) primary.push("");
      primary[place] = ip;
    }
  }
  return { first: [...primary, ...all].find((ip) => ip !== ""), primary, all };
}

export async function lightsailGroups(api: Api, config: ApiDiscoveryOf<"lightsail">): Promise<readonly TargetGroup[]> {
  const region = regionOf(config);
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "Lightsail_20161128.GetInstances",
  };
  const answer = await api.json({ method: "POST", url: endpointOf(config, region), headers, body: "{}" });
  const own = "__meta_lightsail_";
  const targets = itemsAt(answer, "instances").flatMap((instance): readonly Labels[] => {
    const inside = textAt(instance, "privateIpAddress");
    if (inside === "") return [];
    const labels: Labels = {
      __address__: address(inside, config.section.port),
      [`${own}private_ip`]: inside,
      [`${own}region`]: region,
      ...listed(`${own}ipv6_addresses`, textsAt(instance, "ipv6Addresses")),
    };
    for (const [label, value] of [
      ["availability_zone", at(instance, "location", "availabilityZone")],
      ["blueprint_id", at(instance, "blueprintId")],
      ["bundle_id", at(instance, "bundleId")],
      ["instance_name", at(instance, "name")],
      ["instance_state", at(instance, "state", "name")],
      ["instance_support_code", at(instance, "supportCode")],
      ["public_ip", at(instance, "publicIpAddress")],
    ] as const) {
      if (value !== undefined && value !== null) labels[`${own}${label}`] = textAt(value);
    }
    for (const tag of itemsAt(instance, "tags")) {
      if (at(tag, "value") !== undefined)
        labels[`${own}tag_${sanitizeLabelName(textAt(tag, "key"))}`] = textAt(tag, "value");
    }
    return [labels];
  });
  return oneGroup(region, targets);
}
