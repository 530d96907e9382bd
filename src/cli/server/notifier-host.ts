/** The notifier in the control worker: its metrics, and what discovery finds for it. */
import { type AlertmanagerQuestion, failure, type ServiceAnswer } from "../../api/index.js";
import { errorMessage, type Logger, systemClock, systemTimers, VestalError } from "../../base/index.js";
import { type AlertmanagerConfig, type Config, loadConfig } from "../../config/index.js";
import { createDiscovery, type Discovery, diskDiscoveryFiles, InformerPool } from "../../discovery/index.js";
import { DEFAULT_INFORMER_LIMITS } from "../../kubernetes/index.js";
import type { Registry } from "../../metrics/index.js";
import { Notifier } from "../../notify/index.js";
import type { AlertSender, OutgoingAlert } from "../../rules/index.js";
import { vestalVersion } from "../version.js";
import type { RulesSettings } from "./rules-messages.js";

const SILENCES_DISABLED = "changing silences is disabled for this Alertmanager: see --web.enable-silences";

function embeddedAlertmanager(address: string): readonly AlertmanagerConfig[] {
  if (address === "") return [];
  const text = JSON.stringify({ alerting: { alertmanagers: [{ static_configs: [{ targets: [address] }] }] } });
  return loadConfig(text, { file: "(embedded)" }).config.alerting.alertmanagers;
}

export class AlertNotifier implements AlertSender {
  readonly #notifier: Notifier;
  readonly #log: Logger;
  readonly #informers = new InformerPool(DEFAULT_INFORMER_LIMITS);
  #discoveries: Discovery[] = [];
  /** The Alertmanager inside the server, as a configuration would name it. */
  readonly #embedded: readonly AlertmanagerConfig[];

  readonly #embeddedUrls: readonly string[];
  readonly #areSilencesEnabled: boolean;

  constructor(settings: RulesSettings, registry: Registry, log: Logger) {
    this.#log = log;
    this.#areSilencesEnabled = settings.areSilencesEnabled;
    const { embeddedAlertmanager: address } = settings;
    this.#embeddedUrls = address === "" ? [] : [`http://${address}/api/v2/alerts`];
    this.#embedded = embeddedAlertmanager(settings.embeddedAlertmanager);
    const dropped = registry.counter("prometheus_notifications_dropped_total");
    const sent = registry.counter("prometheus_notifications_sent_total");
    const errors = registry.counter("prometheus_notifications_errors_total");
    const latency = registry.summary("prometheus_notifications_latency_seconds");
    this.#notifier = new Notifier(settings, {
      clock: systemClock,
      log,
      onDropped: (count) => dropped.add(count),
      onSent: (url, count, seconds, isFailed) => {
        latency.observe(seconds, url);
        sent.add(count, url);
        if (isFailed) errors.add(count, url);
      },
      onKnown: (url) => {
        sent.add(0, url);
        errors.add(0, url);
      },
      onForgotten: (url) => {
        sent.delete(url);
        errors.delete(url);
        latency.delete(url);
      },
    });
    registry.value("prometheus_notifications_queue_length", () => this.#notifier.queueLength);
    registry.value("prometheus_notifications_queue_capacity", () => settings.queueCapacity);
    registry.value("prometheus_notifications_alertmanagers_discovered", () => this.#notifier.urls.length);
  }

  apply({ alerting, global }: Config): void {
    for (const discovery of this.#discoveries) discovery.close();
    const alertmanagers = [...alerting.alertmanagers, ...this.#embedded];
    this.#notifier.apply({ ...alerting, alertmanagers, externalLabels: global.externalLabels });
    this.#discoveries = alertmanagers.flatMap((config, index) => this.#discover(config, index));
  }

  #discover(config: AlertmanagerConfig, index: number): readonly Discovery[] {
    const deps = {
      files: diskDiscoveryFiles(this.#log),
      timers: systemTimers,
      random: Math.random,
      log: this.#log,
      userAgent: `Vestal/${vestalVersion()}`,
      informers: this.#informers,
      onKubernetesEvent: () => {},
      onFailure: () => {}, // logged where it happens
    };
    return config.discoveries.flatMap((sd, i) => {
      try {
        const discovery = createDiscovery(sd, deps, (groups) =>
          this.#notifier.setGroups(
            index,
            groups.map((group) => ({ ...group, source: `${sd.kind}/${i}/${group.source}` })),
          ),
        );
        discovery.start();
        return [discovery];
      } catch (error) {
        // One that cannot be made finds nothing; the others do.
        if (!(error instanceof VestalError)) throw error;
        this.#log.error("Cannot create service discovery", {
          type: sd.kind,
          err: errorMessage(error),
          config: "alertmanagers",
        });
        return [];
      }
    });
  }

  send(alerts: readonly OutgoingAlert[]): void {
    this.#notifier.send(alerts);
  }

  async ask(url: string, question: AlertmanagerQuestion): Promise<ServiceAnswer> {
    const isChangeable = this.#areSilencesEnabled || this.#embeddedUrls.includes(url);
    const isChange = question.kind === "save" || question.kind === "expire";
    if (isChange && !isChangeable) return failure("unavailable", SILENCES_DISABLED);
    const reply = await this.#notifier.ask(url, question);
    if (reply === undefined) return failure("not_found", `alerts are not sent to ${JSON.stringify(url)}`);
    switch (reply.kind) {
      case "answered":
        return { kind: "data", data: isChange ? (reply.data ?? null) : { [question.kind]: reply.data, isChangeable } };
      case "refused":
        return failure(
          reply.status === 404 ? "not_found" : reply.status < 500 ? "bad_data" : "execution",
          reply.message,
        );
      case "unreachable":
        return failure("execution", reply.message);
    }
  }

  /** As `/api/v1/alertmanagers` shows it. */
  view(): unknown {
    const shown = (urls: readonly string[]) => urls.map((url) => ({ url }));
    return {
      activeAlertmanagers: shown(this.#notifier.urls),
      droppedAlertmanagers: shown(this.#notifier.droppedUrls),
    };
  }

  async stop(): Promise<void> {
    for (const discovery of this.#discoveries) discovery.close();
    await this.#notifier.stop();
  }
}
