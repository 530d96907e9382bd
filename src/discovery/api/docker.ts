/** `docker_sd_configs` and `dockerswarm_sd_configs`: the Engine's API. */
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import type { Api } from "./api.js";
import { at, entriesAt, flagAt, itemsAt, numberAt, textAt } from "./json.js";
import { address, type Labels, mapped } from "./labels.js";

const DOCKER = "__meta_docker_";
const SWARM = "__meta_dockerswarm_";

/** Where the daemon's API is: over a socket of the file system the host in the URL is any. */
export function dockerUrl(host: string): { readonly url: string; readonly socketPath: string } {
  if (host.startsWith("unix://")) return { url: "http://localhost", socketPath: host.slice("unix://".length) };
  return { url: host.replace(/^tcp:/, "http:").replace(/\/+$/, ""), socketPath: "" };
}

class Engine {
  readonly #api: Api;
  readonly #url: string;
  readonly #filters: string;

  constructor(
    api: Api,
    host: string,
    filters: readonly { readonly name: string; readonly values: readonly string[] | undefined }[] | undefined,
  ) {
    this.#api = api;
    this.#url = dockerUrl(host).url;
    const byName: Record<string, string[]> = {};
    for (const { name, values } of filters ?? []) byName[name] = [...(byName[name] ?? []), ...(values ?? [])];
    this.#filters = (filters ?? []).length === 0 ? "" : `?filters=${encodeURIComponent(JSON.stringify(byName))}`;
  }

  async list(what: string): Promise<readonly unknown[]> {
    return itemsAt(await this.#api.get(`${this.#url}/${what}`));
  }

  /** What the section's filters let through. */
  async filtered(what: string): Promise<readonly unknown[]> {
    return itemsAt(await this.#api.get(`${this.#url}/${what}${this.#filters}`));
  }

  /** Labels of networks, by their number. */
  async networks(prefix: string): Promise<ReadonlyMap<string, Labels>> {
    const own = `${prefix}network_`;
    return new Map(
      (await this.list("networks")).map((network) => [
        textAt(network, "Id"),
        {
          [`${own}id`]: textAt(network, "Id"),
          [`${own}name`]: textAt(network, "Name"),
          [`${own}scope`]: textAt(network, "Scope"),
          [`${own}internal`]: flagAt(network, "Internal"),
          [`${own}ingress`]: flagAt(network, "Ingress"),
          ...mapped(`${own}label_`, network, "Labels"),
        },
      ]),
    );
  }
}

type DockerConfig = ApiDiscoveryOf<"docker">;

export async function dockerGroups(api: Api, { section }: DockerConfig): Promise<readonly TargetGroup[]> {
  const engine = new Engine(
    api,
    section.host,
    section.filters?.filter((filter) => filter !== undefined),
  );
  const containers = await engine.filtered("containers/json");
  const networkLabels = await engine.networks(DOCKER);
  const byId = new Map(containers.map((container) => [textAt(container, "Id"), container]));
  const targets: Labels[] = [];
  for (const container of containers) {
    const [name] = itemsAt(container, "Names");
    if (name === undefined) continue;
    const common: Labels = {
      [`${DOCKER}container_id`]: textAt(container, "Id"),
      [`${DOCKER}container_name`]: textAt(name),
      [`${DOCKER}container_network_mode`]: textAt(container, "HostConfig", "NetworkMode"),
      ...mapped(`${DOCKER}container_label_`, container, "Labels"),
    };
    for (const [label, key] of [
      ["image", "Image"],
      ["image_id", "ImageID"],
    ] as const) {
      const text = textAt(container, key);
      if (text !== "") common[`${DOCKER}container_${label}`] = text;
    }
    for (const network of networksOf(container, byId, section.match_first_network)) {
      const ip = textAt(network, "IPAddress") || textAt(network, "GlobalIPv6Address");
      const own = { [`${DOCKER}network_ip`]: ip, ...common, ...networkLabels.get(textAt(network, "NetworkID")) };
      const ports = itemsAt(container, "Ports").filter((port) => textAt(port, "Type") === "tcp");
      for (const port of ports) {
        const isPublic = numberAt(port, "PublicPort") > 0;
        targets.push({
          __address__: address(ip, numberAt(port, "PrivatePort")),
          [`${DOCKER}port_private`]: textAt(port, "PrivatePort"),
          ...(isPublic && {
            [`${DOCKER}port_public`]: textAt(port, "PublicPort"),
            [`${DOCKER}port_public_ip`]: textAt(port, "IP"),
          }),
          ...own,
        });
      }
      if (ports.length > 0) continue;
      const isHost = textAt(container, "HostConfig", "NetworkMode") === "host";
      targets.push({ __address__: isHost ? section.host_networking_host : address(ip, section.port), ...own });
    }
  }
  return [{ source: "Docker", targets, labels: {} }];
}

/** Those of the container, or of the one whose network it shares. */
function networksOf(container: unknown, byId: ReadonlyMap<string, unknown>, isFirstOnly: boolean): readonly unknown[] {
  let shared: unknown = container;
  let networks = entriesAt(container, "NetworkSettings", "Networks");
  const seen = new Set<unknown>();
  while (networks.length === 0 && !seen.has(shared)) {
    seen.add(shared);
    const other = /^container:(.*)$/.exec(textAt(shared, "HostConfig", "NetworkMode"))?.[1];
    const found = other === undefined ? undefined : byId.get(other);
    if (found === undefined) break;
    shared = found;
    networks = entriesAt(found, "NetworkSettings", "Networks");
  }
  const known = networks.filter(([, network]) => network !== null);
  if (!isFirstOnly || known.length < 2) return known.map(([, network]) => network);
  const [first] = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
  return [first?.[1]];
}

type SwarmConfig = ApiDiscoveryOf<"dockerswarm">;

export async function dockerswarmGroups(api: Api, { section }: SwarmConfig): Promise<readonly TargetGroup[]> {
  const engine = new Engine(
    api,
    section.host,
    section.filters?.filter((filter) => filter !== undefined),
  );
  const targets =
    section.role === "nodes"
      ? await nodeTargets(engine, section.port)
      : section.role === "services"
        ? await serviceTargets(engine, section.port)
        : await taskTargets(engine, section.port);
  return [{ source: "DockerSwarm", targets, labels: {} }];
}

function nodeLabels(node: unknown): Labels {
  const own = `${SWARM}node_`;
  return {
    [`${own}id`]: textAt(node, "ID"),
    [`${own}role`]: textAt(node, "Spec", "Role"),
    [`${own}availability`]: textAt(node, "Spec", "Availability"),
    [`${own}hostname`]: textAt(node, "Description", "Hostname"),
    [`${own}platform_architecture`]: textAt(node, "Description", "Platform", "Architecture"),
    [`${own}platform_os`]: textAt(node, "Description", "Platform", "OS"),
    [`${own}status`]: textAt(node, "Status", "State"),
    [`${own}address`]: textAt(node, "Status", "Addr"),
    ...mapped(`${own}label_`, node, "Spec", "Labels"),
  };
}

async function nodeTargets(engine: Engine, port: number): Promise<readonly Labels[]> {
  return (await engine.filtered("nodes")).map((node) => {
    const manager = at(node, "ManagerStatus");
    const own = `${SWARM}node_`;
    return {
      __address__: address(textAt(node, "Status", "Addr"), port),
      ...nodeLabels(node),
      [`${own}engine_version`]: textAt(node, "Description", "Engine", "EngineVersion"),
      ...(typeof manager === "object" &&
        manager !== null && {
          [`${own}manager_leader`]: flagAt(manager, "Leader"),
          [`${own}manager_reachability`]: textAt(manager, "Reachability"),
          [`${own}manager_address`]: textAt(manager, "Addr"),
        }),
    };
  });
}

function serviceLabels(service: unknown): Labels {
  const own = `${SWARM}service_`;
  const mode = at(service, "Spec", "Mode");
  return {
    [`${own}id`]: textAt(service, "ID"),
    [`${own}name`]: textAt(service, "Spec", "Name"),
    [`${own}mode`]: at(mode, "Global") ? "global" : at(mode, "Replicated") ? "replicated" : "",
    ...mapped(`${own}label_`, service, "Spec", "Labels"),
  };
}

const isTcp = (port: unknown): boolean => textAt(port, "Protocol") === "tcp";
/** The address of an address with its network's size. */
const hostOf = (cidr: string): string => cidr.replace(/\/.*$/, "");

async function serviceTargets(engine: Engine, port: number): Promise<readonly Labels[]> {
  const services = await engine.filtered("services");
  const networkLabels = await engine.networks(SWARM);
  const own = `${SWARM}service_`;
  return services.flatMap((service) => {
    const spec = at(service, "Spec", "TaskTemplate", "ContainerSpec");
    const update = at(service, "UpdateStatus");
    const common: Labels = {
      ...serviceLabels(service),
      ...(spec !== undefined && {
        [`${own}task_container_hostname`]: textAt(spec, "Hostname"),
        [`${own}task_container_image`]: textAt(spec, "Image"),
      }),
      ...(update !== undefined && update !== null && { [`${own}updating_status`]: textAt(update, "State") }),
    };
    return itemsAt(service, "Endpoint", "VirtualIPs").flatMap((virtual): readonly Labels[] => {
      const ip = hostOf(textAt(virtual, "Addr"));
      const all = { ...common, ...networkLabels.get(textAt(virtual, "NetworkID")) };
      const ports = itemsAt(service, "Endpoint", "Ports").filter(isTcp);
      if (ports.length === 0) return [{ __address__: address(ip, port), ...all }];
      return ports.map((each) => ({
        __address__: address(ip, numberAt(each, "PublishedPort")),
        [`${own}endpoint_port_name`]: textAt(each, "Name"),
        [`${own}endpoint_port_publish_mode`]: textAt(each, "PublishMode"),
        ...all,
      }));
    });
  });
}

async function taskTargets(engine: Engine, port: number): Promise<readonly Labels[]> {
  const tasks = await engine.filtered("tasks");
  const services = new Map((await engine.list("services")).map((service) => [textAt(service, "ID"), service]));
  const nodes = new Map((await engine.list("nodes")).map((node) => [textAt(node, "ID"), node]));
  const networkLabels = await engine.networks(SWARM);
  const own = `${SWARM}task_`;
  return tasks.flatMap((task) => {
    const service = services.get(textAt(task, "ServiceID"));
    const node = nodes.get(textAt(task, "NodeID"));
    const container = at(task, "Status", "ContainerStatus");
    const common: Labels = {
      [`${own}id`]: textAt(task, "ID"),
      [`${own}desired_state`]: textAt(task, "DesiredState"),
      [`${own}state`]: textAt(task, "Status", "State"),
      [`${own}slot`]: String(numberAt(task, "Slot")),
      ...(container !== undefined && { [`${own}container_id`]: textAt(container, "ContainerID") }),
      ...mapped(`${SWARM}container_label_`, task, "Spec", "ContainerSpec", "Labels"),
      ...(service !== undefined && serviceLabels(service)),
      ...(node !== undefined && nodeLabels(node)),
    };
    const mode = (each: unknown): Labels => ({ [`${own}port_publish_mode`]: textAt(each, "PublishMode") });
    const published = itemsAt(task, "Status", "PortStatus", "Ports")
      .filter(isTcp)
      .map((each) => ({
        __address__: address(textAt(node, "Status", "Addr"), numberAt(each, "PublishedPort")),
        ...mode(each),
        ...common,
      }));
    const attached = itemsAt(task, "NetworksAttachments").flatMap((attachment) => {
      const all = { ...common, ...networkLabels.get(textAt(attachment, "Network", "ID")) };
      const ports = itemsAt(service, "Endpoint", "Ports").filter(isTcp);
      return itemsAt(attachment, "Addresses").flatMap((cidr): readonly Labels[] => {
        const ip = hostOf(textAt(cidr));
        if (ports.length === 0) return [{ __address__: address(ip, port), ...all }];
        return ports.map((each) => ({
          __address__: address(ip, numberAt(each, "PublishedPort")),
          ...mode(each),
          ...all,
        }));
      });
    });
    return [...published, ...attached];
  });
}
