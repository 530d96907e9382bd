/** `kuma_sd_configs`: dataplanes that a Kuma control plane assigns, by the JSON form of its discovery protocol. */
import { hostname } from "node:os";
import { VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf } from "../../config/index.js";
import type { TargetGroup } from "../messages.js";
import { type Api, parseJson } from "./api.js";
import { itemsAt, textAt } from "./json.js";
import { type Labels, mapped } from "./labels.js";

const KUMA_TYPE = "type.googleapis.com/kuma.observability.v1.MonitoringAssignment";

/** Remembers what it was told last: the server answers 304 while that holds. */
export function kumaGroups({ section }: ApiDiscoveryOf<"kuma">): (api: Api) => Promise<readonly TargetGroup[]> {
  let version = "";
  let nonce = "";
  let targets: readonly Labels[] = [];
  const seconds = Math.round(section.fetch_timeout / 1000);
  const url = new URL(section.server);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v3/discovery:monitoringassignments`;
  url.search = new URLSearchParams({ "fetch-timeout": goDuration(seconds) }).toString();
  return async (api) => {
    const request = {
      ...(version !== "" && { versionInfo: version }),
      node: { id: section.client_id || hostname() },
      typeUrl: KUMA_TYPE,
      ...(nonce !== "" && { responseNonce: nonce }),
    };
    const headers = { accept: "application/json", "content-type": "application/json" };
    const answer = await api.answer({ method: "POST", url: url.href, headers, body: JSON.stringify(request) });
    if (answer.status !== 304) {
      if (answer.status !== 200) {
        throw new VestalError("DISCOVERY", `non 200 status '${answer.status}' response during xDS fetch`);
      }
      const found = parseJson(answer.body.toString("utf8"));
      const type = textAt(found, "typeUrl") || textAt(found, "type_url");
      if (type !== KUMA_TYPE) {
        throw new VestalError("DISCOVERY", `received invalid typeURL for Kuma MADS v1 Resource: ${type}`);
      }
      targets = itemsAt(found, "resources").flatMap(kumaTargets);
      version = textAt(found, "versionInfo") || textAt(found, "version_info");
      nonce = textAt(found, "nonce");
    }
    return [{ source: "kuma", targets, labels: {} }];
  };
}

function kumaTargets(assignment: unknown): readonly Labels[] {
  const own = "__meta_kuma_";
  return itemsAt(assignment, "targets").map((target) => ({
    ...mapped(`${own}label_`, target, "labels"),
    ...mapped(`${own}label_`, assignment, "labels"),
    [`${own}mesh`]: textAt(assignment, "mesh"),
    [`${own}service`]: textAt(assignment, "service"),
    [`${own}dataplane`]: textAt(target, "name"),
    __address__: textAt(target, "address"),
    instance: textAt(target, "name"),
    __scheme__: textAt(target, "scheme"),
    __metrics_path__: textAt(target, "metricsPath") || textAt(target, "metrics_path"),
  }));
}

/** Whole seconds as Prometheus writes a duration: `2m`. */
function goDuration(seconds: number): string {
  return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60}m` : `${seconds}s`;
}
