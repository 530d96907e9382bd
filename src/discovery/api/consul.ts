/**
 * `consul_sd_configs`: services of a Consul catalogue. Both lists are asked for by blocking queries, which Consul answers
 * when something changes, and at most once in each refresh interval: the services of the catalogue, and for each that is
 * wanted its instances with their health.
 */
import { errorMessage, VestalError } from "../../base/index.js";
import type { ApiDiscoveryOf } from "../../config/index.js";
import { HttpClient } from "../../http/index.js";
import type { Discovery } from "../discovery.js";
import type { TargetGroup } from "../messages.js";
import type { RefreshDeps } from "../refresh.js";
import { parseJson } from "./api.js";
import { entriesAt, itemsAt, numberAt, textAt, textsAt } from "./json.js";
import { address, type Labels, mapped, separated } from "./labels.js";

const WAIT_MS = 120_000;
const RETRY_MS = 15_000;
/** Consul adds up to a sixteenth to the time that it waits. */
const TIMEOUT_MS = WAIT_MS + 15_000;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const MIN_INTERVAL_MS = 1000;
const OWN = "__meta_consul_";

type Config = ApiDiscoveryOf<"consul">;

/** One list that is watched: its index, and how to end it. */
interface Watch {
  index: string;
  readonly ending: AbortController;
}

export class ConsulDiscovery implements Discovery {
  readonly #config: Config;
  readonly #deps: RefreshDeps;
  readonly #client: HttpClient;
  readonly #intervalMs: number;
  readonly #known = new Map<string, TargetGroup>();
  readonly #services = new Map<string, Watch>();
  readonly #closing = new AbortController();
  #datacenter: string;

  constructor(config: Config, userAgent: string, deps: RefreshDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#client = new HttpClient(config.http, userAgent);
    this.#intervalMs = Math.max(config.refreshIntervalMs, MIN_INTERVAL_MS);
    this.#datacenter = config.section.datacenter;
  }

  get groups(): readonly TargetGroup[] {
    return [...this.#known.values()];
  }

  start(): void {
    void this.#run(); // reports its own failures
  }

  close(): void {
    this.#closing.abort();
    for (const { ending } of this.#services.values()) ending.abort();
    this.#client.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (this.#datacenter === "" && !signal.aborted) {
      await this.#try("Error retrieving datacenter name", signal, async () => {
        const { body } = await this.#ask("/v1/agent/self", new URLSearchParams(), signal);
        this.#datacenter = textAt(body, "Config", "Datacenter");
        if (this.#datacenter === "") throw new VestalError("DISCOVERY", "invalid value for Config.Datacenter");
      });
    }
    const { services, tags, filter } = this.#config.section;
    const names = services ?? [];
    if (names.length > 0 && (tags ?? []).length === 0 && filter === "") {
      for (const name of names) this.#watchService(name);
      return;
    }
    const watch: Watch = { index: "0", ending: this.#closing };
    await this.#each(signal, "Error refreshing service list", () => this.#refreshServices(watch));
  }

  /** Runs `refresh` at most once in each interval; a failed one is tried again after a while. */
  async #each(signal: AbortSignal, message: string, refresh: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const begunMs = performance.now();
      const isDone = await this.#try(message, signal, refresh);
      if (isDone) await this.#wait(this.#intervalMs - (performance.now() - begunMs), signal);
    }
  }

  async #try(message: string, signal: AbortSignal, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#deps.onFailure();
      this.#deps.log.error(message, { discovery: "consul", err: errorMessage(error) });
      await this.#wait(RETRY_MS, signal);
      return false;
    }
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const stop = this.#deps.timers.after(ms, end);
      signal.addEventListener("abort", end);
    });
  }

  async #refreshServices(watch: Watch): Promise<void> {
    const { filter } = this.#config.section;
    const answer = await this.#ask("/v1/catalog/services", this.#query(watch.index, filter), watch.ending.signal);
    if (answer.index === watch.index) return;
    watch.index = answer.index;
    const found = new Map(entriesAt(answer.body));
    for (const [name, tags] of found) {
      if (this.#isWanted(name, textsAt(tags)) && !this.#services.has(name)) this.#watchService(name);
    }
    for (const [name, { ending }] of this.#services) {
      if (found.has(name)) continue;
      ending.abort();
      this.#services.delete(name);
      this.#known.delete(name);
      this.#deps.onGroups([{ source: name, targets: [], labels: {} }]);
    }
  }

  #isWanted(name: string, tags: readonly string[]): boolean {
    const { services, tags: wanted } = this.#config.section;
    if ((services ?? []).length > 0 && !(services ?? []).includes(name)) return false;
    return (wanted ?? []).every((tag) => tags.includes(tag));
  }

  #watchService(name: string): void {
    const watch: Watch = { index: "0", ending: new AbortController() };
    this.#services.set(name, watch);
    void this.#each(watch.ending.signal, "Error refreshing service", () => this.#refreshService(name, watch));
  }

  async #refreshService(name: string, watch: Watch): Promise<void> {
    const { health_filter: filter, tags } = this.#config.section;
    const query = this.#query(watch.index, filter);
    for (const tag of tags ?? []) query.append("tag", tag);
    const { signal } = watch.ending;
    const answer = await this.#ask(`/v1/health/service/${encodeURIComponent(name)}`, query, signal);
    if (signal.aborted || answer.index === watch.index) return;
    watch.index = answer.index;
    const targets = itemsAt(answer.body).map((node) => this.#target(node));
    const labels = { [`${OWN}service`]: name, [`${OWN}dc`]: this.#datacenter };
    const group = { source: name, targets, labels };
    this.#known.set(name, group);
    this.#deps.onGroups([group]);
  }

  #target(node: unknown): Labels {
    const host = textAt(node, "Service", "Address") || textAt(node, "Node", "Address");
    const port = numberAt(node, "Service", "Port");
    return {
      __address__: address(host, port),
      [`${OWN}address`]: textAt(node, "Node", "Address"),
      [`${OWN}node`]: textAt(node, "Node", "Node"),
      [`${OWN}namespace`]: textAt(node, "Service", "Namespace"),
      [`${OWN}partition`]: textAt(node, "Service", "Partition"),
      [`${OWN}tags`]: separated(textsAt(node, "Service", "Tags"), this.#config.section.tag_separator),
      [`${OWN}service_address`]: textAt(node, "Service", "Address"),
      [`${OWN}service_port`]: String(port),
      [`${OWN}service_id`]: textAt(node, "Service", "ID"),
      [`${OWN}health`]: healthOf(itemsAt(node, "Checks")),
      ...mapped(`${OWN}metadata_`, node, "Node", "Meta"),
      ...mapped(`${OWN}service_metadata_`, node, "Service", "Meta"),
      ...mapped(`${OWN}tagged_address_`, node, "Node", "TaggedAddresses"),
    };
  }

  #query(index: string, filter: string): URLSearchParams {
    const { allow_stale: isStale, node_meta: meta } = this.#config.section;
    const query = new URLSearchParams();
    if (isStale) query.set("stale", "");
    if (index !== "0") query.set("index", index);
    query.set("wait", `${WAIT_MS}ms`);
    for (const [name, value] of Object.entries(meta ?? {})) query.append("node-meta", `${name}:${value}`);
    if (filter !== "") query.set("filter", filter);
    return query;
  }

  async #ask(
    path: string,
    query: URLSearchParams,
    signal: AbortSignal,
  ): Promise<{ readonly body: unknown; readonly index: string }> {
    const { scheme, server, path_prefix: prefix, datacenter, namespace, partition, token } = this.#config.section;
    if (datacenter !== "") query.set("dc", datacenter);
    if (namespace !== "") query.set("ns", namespace);
    if (partition !== "") query.set("partition", partition);
    const base = server.includes("://") ? server : `${scheme}://${server}`;
    const own = prefix === "" ? "" : `/${prefix.replace(/^\/+|\/+$/g, "")}`;
    const answer = await this.#client.request({
      url: `${base.replace(/\/+$/, "")}${own}${path}?${query}`,
      headers: { accept: "application/json", ...(token !== "" && { "x-consul-token": token }) },
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: ANSWER_BYTES_MAX,
      signal,
    });
    const text = answer.body.toString("utf8");
    if (answer.status !== 200) {
      throw new VestalError("DISCOVERY", `Unexpected response code: ${answer.status} (${text.trim().slice(0, 256)})`);
    }
    return { body: parseJson(text), index: answer.headers["x-consul-index"] ?? "" };
  }
}

/** The worst of an instance's checks, as Consul's own client sums them up. */
function healthOf(checks: readonly unknown[]): string {
  const isMaintenance = checks.some((check) => {
    const id = textAt(check, "CheckID");
    return id === "_node_maintenance" || id.startsWith("_service_maintenance:");
  });
  if (isMaintenance) return "maintenance";
  const states = new Set(checks.map((check) => textAt(check, "Status")));
  return ["critical", "warning"].find((state) => states.has(state)) ?? "passing";
}
