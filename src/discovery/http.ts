/** `http_sd_configs`: target groups that a web server tells as JSON. */
import { VestalError } from "../base/index.js";
import type { HttpDiscoveryConfig } from "../config/index.js";
import { HttpClient } from "../http/index.js";
import type { Discovery } from "./discovery.js";
import { readJsonGroups } from "./group-file.js";
import type { TargetGroup } from "./messages.js";
import { type RefreshDeps, RefreshingDiscovery } from "./refresh.js";

/** Of an answer; 100,000 targets take some 10 MB. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const JSON_TYPE = /^\s*application\/json\s*(?:;\s*charset\s*=\s*(?:"utf-8"|utf-8)\s*)?$/i;

export function httpDiscovery(config: HttpDiscoveryConfig, userAgent: string, deps: RefreshDeps): Discovery {
  const { url, refreshIntervalMs } = config;
  const client = new HttpClient(config.http, userAgent);
  const headers = {
    accept: "application/json",
    "x-prometheus-refresh-interval-seconds": String(refreshIntervalMs / 1000),
  };
  const ask = async (signal: AbortSignal): Promise<readonly TargetGroup[]> => {
    const timeoutMs = Math.max(refreshIntervalMs, 1000);
    const answer = await client.request({ url, headers, timeoutMs, bodyBytesMax: ANSWER_BYTES_MAX, signal });
    if (answer.status !== 200) {
      throw new VestalError("DISCOVERY", `server returned HTTP status ${answer.status}`, { status: answer.status });
    }
    const type = answer.headers["content-type"] ?? "";
    if (!JSON_TYPE.test(type)) throw new VestalError("DISCOVERY", `unsupported content type ${JSON.stringify(type)}`);
    return readJsonGroups(answer.body.toString("utf8")).map(({ targets, labels }, i) => ({
      source: `${url}:${i}`,
      targets: targets.map((address) => ({ __address__: address })),
      labels: { ...labels, __meta_url: url },
    }));
  };
  const inner = new RefreshingDiscovery("http", refreshIntervalMs, ask, deps);
  return {
    get groups() {
      return inner.groups;
    },
    start: () => inner.start(),
    close: () => {
      inner.close();
      client.close();
    },
  };
}
