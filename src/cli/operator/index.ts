/**
 * `vestal operator`: connects to the API server, finds out what the cluster has and what this account may do, and starts the
 * controllers for it. What is missing is named once; the rest works.
 */
import { hostname } from "node:os";
import { createLogger, errorMessage, type Logger, systemTimers, VestalError } from "../../base/index.js";
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, type HttpClientOptions } from "../../http/index.js";
import {
  connectByKubeconfig,
  connectInCluster,
  connectTo,
  KubernetesApi,
  type KubernetesConnection,
  LeaderElection,
  ownNamespace,
} from "../../kubernetes/index.js";
import { isForbidden, KubeletService, type Operator, WebhookCertificates } from "../../operator/controller/index.js";
import type { OperatorOptions } from "../operator-options.js";
import { readWebAssets } from "../server/web-assets.js";
import { vestalVersion } from "../version.js";
import { ClusterApi } from "./cluster-api.js";
import { buildOperator } from "./controllers.js";
import { type Cluster, exploreCluster } from "./explore.js";
import { levelOf } from "./log.js";
import { userInterfaceAnswer } from "./user-interface.js";
import { type Answer, type MetricLine, metricsText, type Page, serveWeb } from "./web.js";
import { Webhooks } from "./webhook.js";

const FIELD_MANAGER = "PrometheusOperator";
const LEASE_SECONDS = 15;
/** Webhook configurations may come after the operator. */
const WEBHOOK_SYNC_MS = 60_000;
/** Something that is missing is asked for again after so long, then less and less often. */
const AGAIN_MS = 2_000;
const AGAIN_MS_MAX = 60_000;

/** Runs until it is told to end, and sets the process' exit code. */
export async function runOperator(options: OperatorOptions): Promise<void> {
  const log = createLogger({ level: levelOf(options.logLevel), format: options.logFormat });
  try {
    await new OperatorProcess(options, log).run();
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    log.error("The operator cannot start", { err: error.message });
    process.exitCode = 1;
  }
}

class OperatorProcess {
  readonly #options: OperatorOptions;
  readonly #log: Logger;
  readonly #webhooks: Webhooks;
  #operator: Operator | undefined;
  readonly #web = readWebAssets();
  #kubelet: KubeletService | undefined;
  #clusterApi: ClusterApi | undefined;
  #isLeading = false;
  #isEnding = false;
  #stopLooking: (() => void) | undefined;
  readonly #stops: (() => void)[] = [];

  constructor(options: OperatorOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.#webhooks = new Webhooks(true, log);
  }

  async run(): Promise<void> {
    const options = this.#options;
    const log = this.#log;
    for (const warning of options.warnings) log.warn(warning);
    log.info("Starting Vestal operator", { version: vestalVersion(), node: process.version });
    const connection = await connect(options);
    const api = new KubernetesApi(connection, FIELD_MANAGER);
    this.#clusterApi = new ClusterApi(api, () => this.#operator);
    const ended = new Promise<string>((resolve) => {
      const end = (signal: NodeJS.Signals): void => resolve(signal);
      process.once("SIGTERM", end).once("SIGINT", end);
    });
    const closeWeb = await serveWeb(options, (...of) => this.#page(...of), systemTimers, log);
    let election: LeaderElection | undefined;
    try {
      const cluster = await exploreCluster(api, options, log);
      const lead = async (): Promise<void> => {
        this.#isLeading = true;
        await this.#start(connection, api, cluster);
      };
      if (options.leaderElection) {
        election = this.#elect(api, lead);
        log.info("Received an OS signal, ending", { signal: await ended });
      } else {
        await Promise.race([lead().then(() => ended), ended]);
        log.info("Received an OS signal, ending", { signal: await ended });
      }
    } finally {
      this.#isEnding = true;
      this.#stopLooking?.();
      for (const stop of this.#stops) stop();
      await this.#operator?.stop();
      await election?.stop();
      await closeWeb();
      this.#clusterApi.close();
      connection.close();
    }
  }

  #elect(api: KubernetesApi, lead: () => Promise<void>): LeaderElection {
    const lease = {
      namespace: ownNamespace() ?? "default",
      name: "prometheus-operator-lock",
      identity: `${hostname()}-${process.pid}`,
      leaseSeconds: LEASE_SECONDS,
    };
    const election = new LeaderElection(lease, api, systemTimers, this.#log);
    election.run(
      () => {
        lead().catch((error: unknown) => this.#log.error("The controllers cannot start", { err: errorMessage(error) }));
      },
      () => {
        // Another may lead by now: what is under way must not be finished.
        this.#log.error("The lease is lost; the process ends");
        process.exit(1);
      },
    );
    return election;
  }

  async #start(connection: KubernetesConnection, api: KubernetesApi, cluster: Cluster): Promise<void> {
    // Kubelets are found whatever else is missing.
    this.#keepKubelets(api);
    this.#keepWebhookCertificates(api);
    this.#awaitMore(connection, api, cluster, AGAIN_MS);
    await this.#control(connection, api, cluster);
  }

  async #control(connection: KubernetesConnection, api: KubernetesApi, cluster: Cluster): Promise<void> {
    const operator = buildOperator(this.#options, cluster, connection, api, this.#log);
    this.#operator = operator;
    await operator.start();
    this.#log.info("The controllers work", { kinds: operator.counters.map(({ kind }) => kind).join(",") });
  }

  /** Custom resources and roles are often installed together with the operator, and a moment later. */
  #awaitMore(connection: KubernetesConnection, api: KubernetesApi, cluster: Cluster, ms: number): void {
    const look = async (): Promise<void> => {
      let known = cluster;
      if (await cluster.hasMore()) {
        this.#log.info("The cluster has more than it had: the controllers start anew");
        known = await exploreCluster(api, this.#options, this.#log);
        await this.#operator?.stop();
        if (this.#isEnding) return;
        await this.#control(connection, api, known);
      }
      this.#awaitMore(connection, api, known, known === cluster ? Math.min(2 * ms, AGAIN_MS_MAX) : AGAIN_MS);
    };
    this.#stopLooking = systemTimers.after(ms, () => {
      look().catch((error: unknown) => {
        this.#log.error("What the cluster has cannot be found out; it is tried again", { err: errorMessage(error) });
        if (!this.#isEnding) this.#awaitMore(connection, api, cluster, AGAIN_MS_MAX);
      });
    });
  }

  #keepKubelets(api: KubernetesApi): void {
    const { kubelet, labels, annotations } = this.#options;
    if (kubelet.service === "") return;
    const [namespace = "", name = ""] = kubelet.service.split("/");
    const service = new KubeletService(
      {
        namespace,
        name,
        labels,
        annotations,
        selector: kubelet.selector,
        addressPriority: kubelet.addressPriority === "external" ? "external" : "internal",
        hasEndpoints: kubelet.hasEndpoints,
        keepsSlices: kubelet.hasEndpointSlices,
        hasHttpPort: kubelet.hasHttpMetrics,
      },
      api,
      this.#log,
    );
    this.#kubelet = service;
    const sync = (): void => {
      service.sync().catch((error: unknown) => {
        const what = isForbidden(error)
          ? "A right for the kubelets' Service is missing"
          : "The kubelets' Service cannot be kept";
        this.#log.error(what, { err: errorMessage(error) });
      });
    };
    sync();
    this.#stops.push(systemTimers.every(kubelet.syncMs, sync));
  }

  #keepWebhookCertificates(api: KubernetesApi): void {
    const { webhooks } = this.#options;
    if (webhooks === undefined) return;
    const certificates = new WebhookCertificates(webhooks, api, this.#log);
    const sync = (): void => {
      certificates.sync().catch((error: unknown) => {
        this.#log.error("The certificate of the webhooks cannot be kept", { err: errorMessage(error) });
      });
    };
    sync();
    this.#stops.push(systemTimers.every(WEBHOOK_SYNC_MS, sync));
  }

  // ── pages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #page(...[url, body, headers]: Parameters<Page>): Promise<Answer | undefined> {
    if (body !== undefined) return this.#webhooks.answer(url, body);
    const ofCluster = await this.#clusterApi?.answer(url);
    if (ofCluster !== undefined) return ofCluster;
    const ofPeople = userInterfaceAnswer(this.#web, url.pathname, String(headers["accept-encoding"] ?? ""));
    if (ofPeople !== undefined) return ofPeople;
    if (url.pathname === "/healthz") return { status: 200, type: "application/json", body: '{"status":"up"}' };
    if (url.pathname !== "/metrics") return this.#webhooks.answer(url, body);
    return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: metricsText(this.#metrics()) };
  }

  #metrics(): readonly MetricLine[] {
    const counters = this.#operator?.counters ?? [];
    const byController = (value: (each: (typeof counters)[number]) => number) =>
      counters.map((each) => ({ labels: { controller: each.kind.toLowerCase() }, value: value(each) }));
    const { addressErrors = 0, syncs = 0, failures = 0 } = this.#kubelet?.counters ?? {};
    const one = (value: number) => [{ labels: {}, value }];
    return [
      {
        name: "prometheus_operator_reconcile_operations_total",
        type: "counter",
        help: "Total number of reconcile operations",
        samples: byController(({ reconciles }) => reconciles),
      },
      {
        name: "prometheus_operator_reconcile_errors_total",
        type: "counter",
        help: "Number of errors that occurred during reconcile operations",
        samples: byController(({ failures: count }) => count),
      },
      {
        name: "prometheus_operator_workqueue_depth",
        type: "gauge",
        help: "Current depth of the queue.",
        samples: counters.map(({ kind, waiting }) => ({ labels: { name: kind.toLowerCase() }, value: waiting })),
      },
      {
        name: "prometheus_operator_ready",
        type: "gauge",
        help: "1 when the controller is ready to reconcile resources, 0 otherwise",
        samples: byController(() => (this.#operator?.isReady ? 1 : 0)),
      },
      {
        name: "prometheus_operator_feature_gate",
        type: "gauge",
        help: "Reports about the Prometheus operator feature gates. A value of 1 means that the feature gate is enabled. Otherwise the value is 0.",
        samples: [...this.#options.gates].map(([name, isOn]) => ({ labels: { name }, value: isOn ? 1 : 0 })),
      },
      {
        name: "prometheus_operator_node_address_lookup_errors_total",
        type: "counter",
        help: "Nodes without an address.",
        samples: one(addressErrors),
      },
      {
        name: "prometheus_operator_node_syncs_total",
        type: "counter",
        help: "Rounds over the kubelets' Service.",
        samples: one(syncs),
      },
      {
        name: "prometheus_operator_node_syncs_failed_total",
        type: "counter",
        help: "Rounds that failed.",
        samples: one(failures),
      },
      ...this.#webhooks.metrics,
      {
        name: "vestal_operator_leader",
        type: "gauge",
        help: "1 where this process leads.",
        samples: one(this.#isLeading ? 1 : 0),
      },
      {
        name: "process_resident_memory_bytes",
        type: "gauge",
        help: "Resident memory size in bytes.",
        samples: one(process.memoryUsage.rss()),
      },
    ];
  }
}

function connect({ apiServer }: OperatorOptions): KubernetesConnection | Promise<KubernetesConnection> {
  const userAgent = `vestal-operator/${vestalVersion()}`;
  if (apiServer.kubeconfig !== "") return connectByKubeconfig(apiServer.kubeconfig, userAgent);
  if (apiServer.url === "") return connectInCluster(userAgent);
  const file = (name: string) => ({ value: "", file: name });
  const headers: HttpClientOptions["headers"] =
    apiServer.impersonate === ""
      ? {}
      : { "Impersonate-User": { values: [apiServer.impersonate], secrets: [], files: [] } };
  const tls = {
    ...DEFAULT_TLS,
    ca: file(apiServer.caFile),
    cert: file(apiServer.certFile),
    key: file(apiServer.keyFile),
    insecureSkipVerify: apiServer.isInsecure,
  };
  return connectTo(apiServer.url, { ...DEFAULT_HTTP_CLIENT, tls, headers }, userAgent);
}
