/** `vestal admission-webhook`: the operator's webhooks as a server of their own, which needs no rights in the cluster. */
import { createLogger, errorMessage, type Logger, systemTimers, VestalError } from "../../base/index.js";
import { admissionPaths, ReviewError } from "../../operator/generate/reviews.js";
import type { WebhookOptions } from "../operator-options.js";
import { vestalVersion } from "../version.js";
import { levelOf } from "./log.js";
import { type Answer, type MetricLine, metricsText, type Page, serveWeb } from "./web.js";

interface Counts {
  readonly validated: number;
  readonly invalid: number;
}

/** Answers reviews on their paths and counts them. */
export class Webhooks {
  readonly #paths: ReadonlyMap<string, (body: string) => object>;
  readonly #log: Logger;
  readonly #counts = new Map<string, Counts>();

  constructor(isUtf8: boolean, log: Logger) {
    this.#paths = admissionPaths({ isUtf8 });
    this.#log = log;
  }

  /** Undefined where the path is none of them. */
  answer({ pathname }: URL, body: string | undefined): Answer | undefined {
    const review = this.#paths.get(pathname);
    if (review === undefined) return undefined;
    const text = (status: number, message: string): Answer => ({ status, type: "text/plain", body: `${message}\n` });
    if (body === undefined) return text(405, "this path takes reviews by POST");
    try {
      const answer = review(body);
      this.#count(
        pathname,
        (answer as { readonly response?: { readonly allowed?: boolean } }).response?.allowed !== false,
      );
      return { status: 200, type: "application/json", body: JSON.stringify(answer) };
    } catch (error) {
      if (!(error instanceof ReviewError)) throw error;
      this.#log.warn("A webhook got what is no review", { path: pathname, err: error.message });
      return text(400, error.message);
    }
  }

  #count(path: string, isValid: boolean): void {
    const { validated = 0, invalid = 0 } = this.#counts.get(path) ?? {};
    this.#counts.set(path, { validated: validated + 1, invalid: invalid + (isValid ? 0 : 1) });
  }

  get metrics(): readonly MetricLine[] {
    const of = (path: string): Counts => this.#counts.get(path) ?? { validated: 0, invalid: 0 };
    const rules = of("/admission-prometheusrules/validate");
    const configs = of("/admission-alertmanagerconfigs/validate");
    const counter = (name: string, help: string, value: number): MetricLine => ({
      name: `prometheus_operator_${name}`,
      type: "counter",
      help,
      samples: [{ labels: {}, value }],
    });
    return [
      counter("rule_validation_triggered_total", "PrometheusRules that were looked at.", rules.validated),
      counter("rule_validation_errors_total", "PrometheusRules that were refused.", rules.invalid),
      counter(
        "alertmanager_config_validation_triggered_total",
        "AlertmanagerConfigs that were looked at.",
        configs.validated,
      ),
      counter("alertmanager_config_validation_errors_total", "AlertmanagerConfigs that were refused.", configs.invalid),
    ];
  }
}

/** Runs until it is told to end, and sets the process' exit code. */
export async function runAdmissionWebhook(options: WebhookOptions): Promise<void> {
  const log = createLogger({ level: levelOf(options.logLevel), format: options.logFormat });
  for (const warning of options.warnings) log.warn(warning);
  log.info("Starting Vestal admission webhook", { version: vestalVersion(), node: process.version });
  const webhooks = new Webhooks(options.isUtf8, log);
  const page: Page = (url, body) => {
    if (body === undefined && url.pathname === "/healthz") {
      return { status: 200, type: "application/json", body: '{"status":"up"}' };
    }
    if (body === undefined && url.pathname === "/metrics") {
      return { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: metricsText(webhooks.metrics) };
    }
    return webhooks.answer(url, body);
  };
  const ended = new Promise<string>((resolve) => {
    process.once("SIGTERM", resolve).once("SIGINT", resolve);
  });
  try {
    const close = await serveWeb(options, page, systemTimers, log);
    log.info("Received an OS signal, ending", { signal: await ended });
    await close();
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    log.error("The admission webhook cannot start", { err: errorMessage(error) });
    process.exitCode = 1;
  }
}
