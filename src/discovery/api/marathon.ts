import type { ApiDiscoveryOf } from "../../config/index.js";
import { readSecretFile } from "../../http/index.js";
import type { TargetGroup } from "../messages.js";
import type { Api } from "./api.js";
import { at, itemsAt, numberAt, textAt } from "./json.js";
import { address, type Labels, mapped } from "./labels.js";

export async function marathonGroups(
  api: Api,
  { section }: ApiDiscoveryOf<"marathon">,
): Promise<readonly TargetGroup[]> {
  const servers = section.servers ?? [];
  const server = servers[Math.floor(Math.random() * servers.length)] ?? "";
  const token =
    section.auth_token_file === ""
      ? section.auth_token
      : readSecretFile(section.auth_token_file, "marathon auth token");
  const headers: Record<string, string> = token === "" ? {} : { authorization: `token=${token}` };
  const answer = await api.get(`${server}/v2/apps/?embed=apps.tasks`, headers);
  const own = "__meta_marathon_";
  return itemsAt(answer, "apps").map((app) => ({
    source: textAt(app, "id"),
    targets: marathonTargets(app),
    labels: {
      [`${own}app`]: textAt(app, "id"),
      [`${own}image`]: textAt(app, "container", "docker", "image"),
      ...mapped(`${own}app_label_`, app, "labels"),
    },
  }));
}

interface MarathonPorts {
  readonly ports: readonly number[];
  readonly labels: readonly Labels[];
}

function marathonPorts(app: unknown, isContainerNet: boolean): MarathonPorts {
  const mappings = [
    itemsAt(app, "container", "portMappings"),
    itemsAt(app, "container", "docker", "portMappings"),
  ].find((list) => list.length > 0);
  if (mappings !== undefined) {
    return {
      ports: mappings.map((each) => numberAt(each, isContainerNet ? "containerPort" : "hostPort")),
      labels: mappings.map((each) => mapped("__meta_marathon_port_mapping_label_", each, "labels")),
    };
  }
  const definitions = itemsAt(app, "portDefinitions");
  // Without `requirePorts` the port is the load balancer's; the task has its own.
  const isOwn = at(app, "requirePorts") === true;
  return {
    ports: definitions.map((each) => (isOwn ? numberAt(each, "port") : 0)),
    labels: definitions.map((each) => mapped("__meta_marathon_port_definition_label_", each, "labels")),
  };
}

function marathonTargets(app: unknown): readonly Labels[] {
  const isContainerNet = textAt(itemsAt(app, "networks")[0], "mode") === "container";
  const { ports: configured, labels } = marathonPorts(app, isContainerNet);
  let ports = configured;
  return itemsAt(app, "tasks").flatMap((task) => {
    const taskPorts = itemsAt(task, "ports").map((port) => Number(port));
    if (ports.length === 0) ports = taskPorts;
    const [ip] = itemsAt(task, "ipAddresses");
    const host = isContainerNet && ip !== undefined ? textAt(ip, "ipAddress") : textAt(task, "host");
    return ports.map((given, i) => {
      const port = given === 0 && taskPorts.length === ports.length ? (taskPorts[i] ?? 0) : given;
      return {
        __address__: address(host, port),
        __meta_marathon_task: textAt(task, "id"),
        __meta_marathon_port_index: String(i),
        ...labels[i],
      };
    });
  });
}
