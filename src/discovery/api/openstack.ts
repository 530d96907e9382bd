/** `openstack_sd_configs`: instances, hypervisors and load balancers, by Keystone's version 3 and the services it names. */
import { VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, allPages, parseJson } from "./api.js";
import { at, entriesAt, itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, type Labels, mapped, oneGroup } from "./labels.js";

type Config = ApiDiscoveryOf<"openstack">;
const OWN = "__meta_openstack_";

interface Session {
  /** All items of a list of a service, over its pages. */
  list(service: string, path: string, key: string): Promise<readonly unknown[]>;
}

export async function openstackGroups(api: Api, config: Config): Promise<readonly TargetGroup[]> {
  const { role, region } = config.section;
  const session = await authenticate(api, config);
  const ask = { hypervisor: hypervisorTargets, instance: instanceTargets, loadbalancer: balancerTargets };
  return oneGroup(`OS_${region}`, await ask[role as keyof typeof ask](session, config));
}

/** The environment's where the section names no server of identities, as OpenStack's own tools have them. */
function settings({ section }: Config): Readonly<Record<string, string>> {
  const { env } = process;
  if (section.identity_endpoint !== "") {
    return {
      url: section.identity_endpoint,
      username: section.username,
      userId: section.userid,
      password: section.password,
      projectName: section.project_name,
      projectId: section.project_id,
      domainName: section.domain_name,
      domainId: section.domain_id,
      credentialName: section.application_credential_name,
      credentialId: section.application_credential_id,
      credentialSecret: section.application_credential_secret,
    };
  }
  return {
    url: env["OS_AUTH_URL"] ?? "",
    username: env["OS_USERNAME"] ?? "",
    userId: env["OS_USERID"] ?? env["OS_USER_ID"] ?? "",
    password: env["OS_PASSWORD"] ?? "",
    projectName: env["OS_PROJECT_NAME"] ?? env["OS_TENANT_NAME"] ?? "",
    projectId: env["OS_PROJECT_ID"] ?? env["OS_TENANT_ID"] ?? "",
    domainName: env["OS_DOMAIN_NAME"] ?? env["OS_USER_DOMAIN_NAME"] ?? "",
    domainId: env["OS_DOMAIN_ID"] ?? env["OS_USER_DOMAIN_ID"] ?? "",
    credentialName: env["OS_APPLICATION_CREDENTIAL_NAME"] ?? "",
    credentialId: env["OS_APPLICATION_CREDENTIAL_ID"] ?? "",
    credentialSecret: env["OS_APPLICATION_CREDENTIAL_SECRET"] ?? "",
  };
}

/** What Keystone wants to know, without what is empty. */
function identityOf(config: Config): unknown {
  const given = settings(config);
  const named = (id: string | undefined, name: string | undefined) => (id ? { id } : name ? { name } : undefined);
  const domain = named(given["domainId"], given["domainName"]);
  const user = given["userId"]
    ? { id: given["userId"] }
    : { name: given["username"], ...(domain !== undefined && { domain }) };
  const secret = given["credentialSecret"];
  if (secret) {
    const credential = given["credentialId"]
      ? { id: given["credentialId"], secret }
      : { name: given["credentialName"], secret, user };
    return { identity: { methods: ["application_credential"], application_credential: credential } };
  }
  const project = given["projectId"]
    ? { id: given["projectId"] }
    : given["projectName"]
      ? { name: given["projectName"], ...(domain !== undefined && { domain }) }
      : undefined;
  const scope = project !== undefined ? { project } : domain !== undefined ? { domain } : undefined;
  return {
    identity: { methods: ["password"], password: { user: { ...user, password: given["password"] } } },
    ...(scope !== undefined && { scope }),
  };
}

async function authenticate(api: Api, config: Config): Promise<Session> {
  const { region, availability } = config.section;
  const base = (settings(config)["url"] ?? "").replace(/\/+$/, "");
  if (base === "") throw new VestalError("DISCOVERY", "could not authenticate to OpenStack: no identity_endpoint");
  const url = `${/\/v3$/.test(base) ? base : `${base}/v3`}/auth/tokens`;
  const headers = { "content-type": "application/json", accept: "application/json" };
  const answer = await api.answer({ method: "POST", url, headers, body: JSON.stringify({ auth: identityOf(config) }) });
  const token = answer.headers["x-subject-token"] ?? "";
  if (answer.status !== 201 || token === "") {
    throw new VestalError("DISCOVERY", `could not authenticate to OpenStack: the server answered ${answer.status}`);
  }
  const catalog = itemsAt(parseJson(answer.body.toString("utf8")), "token", "catalog");
  const endpoint = (service: string): string => {
    for (const entry of catalog) {
      if (textAt(entry, "type") !== service) continue;
      const found = itemsAt(entry, "endpoints").find(
        (each) =>
          textAt(each, "interface") === availability &&
          [textAt(each, "region_id"), textAt(each, "region")].includes(region),
      );
      if (found !== undefined) return textAt(found, "url").replace(/\/+$/, "");
    }
    throw new VestalError("DISCOVERY", `OpenStack has no ${availability} endpoint of ${service} in region ${region}`);
  };
  return {
    list: (service, path, key) => {
      const own = endpoint(service);
      return allPages(async (page) => {
        const body = await api.get(page ?? `${own}${path}`, { "x-auth-token": token });
        const links = itemsAt(body, `${key}_links`);
        const next = textAt(
          links.find((link) => textAt(link, "rel") === "next"),
          "href",
        );
        // Pages are the same service's; the token goes nowhere else.
        const url = next === "" ? "" : new URL(new URL(next, own).search, `${own}${path}`).href;
        return { items: itemsAt(body, key), next: url };
      });
    },
  };
}

async function hypervisorTargets(session: Session, { section: { port } }: Config): Promise<readonly Labels[]> {
  const hypervisors = await session.list("compute", "/os-hypervisors/detail", "hypervisors");
  const own = `${OWN}hypervisor_`;
  return hypervisors.map((hypervisor) => ({
    __address__: address(textAt(hypervisor, "host_ip"), port),
    [`${own}id`]: textAt(hypervisor, "id"),
    [`${own}hostname`]: textAt(hypervisor, "hypervisor_hostname"),
    [`${own}host_ip`]: textAt(hypervisor, "host_ip"),
    [`${own}status`]: textAt(hypervisor, "status"),
    [`${own}state`]: textAt(hypervisor, "state"),
    [`${own}type`]: textAt(hypervisor, "hypervisor_type"),
  }));
}

/** The network service's paths begin with its version, which the catalogue leaves out. */
const NETWORK = "/v2.0";

async function instanceTargets(session: Session, { section }: Config): Promise<readonly Labels[]> {
  const ports = await session.list("network", `${NETWORK}/ports`, "ports");
  const devices = new Map(ports.map((port) => [textAt(port, "id"), textAt(port, "device_id")]));
  const floating = new Map<string, string>();
  const isFloating = new Set<string>();
  for (const ip of await session.list("network", `${NETWORK}/floatingips`, "floatingips")) {
    const device = devices.get(textAt(ip, "port_id"));
    const fixed = textAt(ip, "fixed_ip_address");
    if (device === undefined || fixed === "") continue;
    floating.set(`${device} ${fixed}`, textAt(ip, "floating_ip_address"));
    isFloating.add(textAt(ip, "floating_ip_address"));
  }
  const query = section.all_tenants ? "?all_tenants=true" : "";
  const servers = await session.list("compute", `/servers/detail${query}`, "servers");
  return servers.flatMap((server) => {
    const flavor = textAt(server, "flavor", "original_name") || textAt(server, "flavor", "id");
    if (flavor === "") return [];
    const image = at(server, "image", "id");
    const common: Labels = {
      [`${OWN}instance_id`]: textAt(server, "id"),
      [`${OWN}instance_status`]: textAt(server, "status"),
      [`${OWN}instance_name`]: textAt(server, "name"),
      [`${OWN}project_id`]: textAt(server, "tenant_id"),
      [`${OWN}user_id`]: textAt(server, "user_id"),
      [`${OWN}instance_flavor`]: flavor,
      ...(typeof image === "string" && { [`${OWN}instance_image`]: image }),
      ...mapped(`${OWN}tag_`, server, "metadata"),
    };
    return entriesAt(server, "addresses").flatMap(([pool, list]) =>
      itemsAt(list).flatMap((item): readonly Labels[] => {
        const ip = textAt(item, "addr");
        if (ip === "" || isFloating.has(ip)) return [];
        const outside = floating.get(`${textAt(server, "id")} ${ip}`);
        return [
          {
            __address__: address(ip, section.port),
            ...common,
            [`${OWN}address_pool`]: pool,
            [`${OWN}private_ip`]: ip,
            ...(outside !== undefined && { [`${OWN}public_ip`]: outside }),
          },
        ];
      }),
    );
  });
}

async function balancerTargets(session: Session): Promise<readonly Labels[]> {
  const balancers = await session.list("load-balancer", `${NETWORK}/lbaas/loadbalancers`, "loadbalancers");
  const listeners = await session.list("load-balancer", `${NETWORK}/lbaas/listeners`, "listeners");
  const floating = await session.list("network", `${NETWORK}/floatingips`, "floatingips");
  const byPort = new Map(floating.map((ip) => [textAt(ip, "port_id"), textAt(ip, "floating_ip_address")]));
  const own = `${OWN}loadbalancer_`;
  return balancers.flatMap((balancer): readonly Labels[] => {
    // Listeners of that kind serve the balancer's metrics.
    const listener = listeners.find(
      (each) =>
        textAt(each, "protocol") === "PROMETHEUS" &&
        itemsAt(each, "loadbalancers").some((one) => textAt(one, "id") === textAt(balancer, "id")),
    );
    if (listener === undefined) return [];
    const vip = textAt(balancer, "vip_address");
    const outside = byPort.get(textAt(balancer, "vip_port_id"));
    return [
      {
        __address__: address(vip, numberAt(listener, "protocol_port")),
        [`${own}id`]: textAt(balancer, "id"),
        [`${own}name`]: textAt(balancer, "name"),
        [`${own}operating_status`]: textAt(balancer, "operating_status"),
        [`${own}provisioning_status`]: textAt(balancer, "provisioning_status"),
        [`${own}availability_zone`]: textAt(balancer, "availability_zone"),
        [`${own}vip`]: vip,
        [`${own}provider`]: textAt(balancer, "provider"),
        [`${OWN}project_id`]: textAt(balancer, "project_id"),
        ...(itemsAt(balancer, "tags").length > 0 && { [`${own}tags`]: textsAt(balancer, "tags").join(",") }),
        ...(outside !== undefined && { [`${own}floating_ip`]: outside }),
      },
    ];
  });
}
