/** `uyuni_sd_configs`: exporters of systems that a Uyuni server manages, asked for by XML-RPC. */
import { VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import type { Api } from "./api.js";
import { itemsAt, numberAt, textAt } from "./json.js";
import { type Labels, oneGroup } from "./labels.js";
import { childAt, childrenOf, parseXml, textOf, type XmlElement } from "./xml.js";

const TOKEN_SECONDS = 600;

type Config = ApiDiscoveryOf<"uyuni">;
type Argument = string | number | readonly number[];

/** Keeps its session's key for half of the time for which it counts. */
export function uyuniGroups({ section }: Config): (api: Api) => Promise<readonly TargetGroup[]> {
  let token = "";
  let renewMs = 0;
  const url = new URL(section.server);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/rpc/api`;
  return async (api) => {
    const call = async (method: string, values: readonly Argument[]): Promise<unknown> =>
      readResponse(
        await api.text({
          method: "POST",
          url: url.href,
          headers: { "content-type": "text/xml" },
          body: writeCall(method, values),
        }),
      );
    if (performance.now() >= renewMs) {
      token = textAt(await call("auth.login", [section.username, section.password, TOKEN_SECONDS]));
      renewMs = performance.now() + (TOKEN_SECONDS * 1000) / 2;
    }
    try {
      return oneGroup(url.href, await targetsOf(call, token, section));
    } catch (error) {
      renewMs = 0; // the key may count no more
      throw error;
    }
  };
}

async function targetsOf(
  call: (method: string, values: readonly Argument[]) => Promise<unknown>,
  token: string,
  { entitlement, separator }: Config["section"],
): Promise<readonly Labels[]> {
  const systems = itemsAt(await call("system.listSystemGroupsForSystemsWithEntitlement", [token, entitlement]));
  const groups = new Map(
    systems.map((system) => [
      numberAt(system, "id"),
      itemsAt(system, "system_groups").map((group) => textAt(group, "name")),
    ]),
  );
  const ids = [...groups.keys()];
  const endpoints = itemsAt(await call("system.monitoring.listEndpoints", [token, ids]));
  const networks = itemsAt(await call("system.getNetworkForSystems", [token, ids]));
  const byId = new Map(networks.map((network) => [numberAt(network, "system_id"), network]));
  const own = "__meta_uyuni_";
  return endpoints.map((endpoint) => {
    const id = numberAt(endpoint, "system_id");
    const network = byId.get(id);
    return {
      __address__: `${textAt(network, "hostname")}:${numberAt(endpoint, "port")}`,
      [`${own}minion_hostname`]: textAt(network, "hostname"),
      [`${own}primary_fqdn`]: textAt(network, "primary_fqdn"),
      [`${own}system_id`]: String(id),
      [`${own}groups`]: (groups.get(id) ?? []).join(separator),
      [`${own}endpoint_name`]: textAt(endpoint, "endpoint_name"),
      [`${own}exporter`]: textAt(endpoint, "exporter_name"),
      [`${own}proxy_module`]: textAt(endpoint, "module"),
      [`${own}metrics_path`]: textAt(endpoint, "path"),
      [`${own}scheme`]: textAt(endpoint, "tls_enabled") === "true" ? "https" : "http",
    };
  });
}

function writeCall(method: string, values: readonly Argument[]): string {
  const params = values.map((value) => `<param>${writeValue(value)}</param>`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?><methodCall><methodName>${method}</methodName><params>${params}</params></methodCall>`;
}

function writeValue(value: Argument): string {
  if (typeof value === "number") return `<value><int>${value}</int></value>`;
  if (typeof value === "string") return `<value><string>${escapeXml(value)}</string></value>`;
  return `<value><array><data>${value.map(writeValue).join("")}</data></array></value>`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (char) => (char === "&" ? "&amp;" : char === "<" ? "&lt;" : "&gt;"));
}

/** @throws VestalError DISCOVERY with the server's words where it answers with a fault. */
function readResponse(text: string): unknown {
  const root = parseXml(text);
  const fault = childAt(root, "fault", "value");
  if (fault !== undefined) {
    throw new VestalError("DISCOVERY", `the server answered with a fault: ${textAt(readValue(fault), "faultString")}`);
  }
  return readValue(childAt(root, "params", "param", "value"));
}

function readValue(value: XmlElement | undefined): unknown {
  const [typed] = value?.children ?? [];
  if (typed === undefined) return value?.text ?? "";
  switch (typed.name) {
    case "array":
      return childrenOf(childAt(typed, "data"), "value").map(readValue);
    case "struct":
      return Object.fromEntries(
        childrenOf(typed, "member").map((member) => [
          textOf(member, "name")?.trim() ?? "",
          readValue(childAt(member, "value")),
        ]),
      );
    case "int":
    case "i4":
    case "i8":
    case "double":
      return Number(typed.text);
    case "boolean":
      return typed.text.trim() === "1";
    default:
      return typed.text;
  }
}
