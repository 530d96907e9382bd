/** `vestal prometheus-config-reloader`: the loop around apply.ts and trigger.ts, and its own small web server. */
import { type FSWatcher, watch } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import { createLogger, errorMessage, type Logger, systemClock, VestalError } from "../../base/index.js";
import { LiveWebConfig, Passwords, TlsListener, validateWebConfig, WebGate } from "../../web-config/index.js";
import type { FlagValue } from "../flag-values.js";
import { parseFlags } from "../flags.js";
import { levelOf } from "../operator/log.js";
import { type MetricLine, metricsText } from "../operator/web.js";
import { vestalVersion } from "../version.js";
import { type ApplyOptions, applyOnce, ordinalOf } from "./apply.js";
import { RELOADER_FLAGS } from "./flags.js";
import { type TriggerOptions, triggerReload } from "./trigger.js";

/** Runs until it is told to end. @returns the exit code. */
export async function runReloader(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(RELOADER_FLAGS, args, `prometheus-config-reloader, vestal ${vestalVersion()}\n`);
  if (parsed.kind === "end") {
    if (parsed.stdout !== undefined) process.stdout.write(parsed.stdout);
    if (parsed.stderr !== undefined) process.stderr.write(parsed.stderr);
    return parsed.exitCode;
  }
  const text = (name: string): string => String(parsed.values.get(name) ?? "");
  const log = createLogger({
    level: levelOf(text("log-level")),
    format: text("log-format") === "json" ? "json" : "logfmt",
  });
  try {
    await new Reloader(parsed.values, log).run();
    return 0;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    log.error("The reloader ends", { err: error.message });
    return 1;
  }
}

class Reloader {
  readonly #apply: ApplyOptions;
  readonly #trigger: TriggerOptions;
  readonly #intervals: { readonly watchMs: number; readonly delayMs: number; readonly retryMs: number };
  readonly #web: { readonly address: string; readonly configFile: string };
  readonly #log: Logger;
  readonly #watchers: FSWatcher[] = [];
  readonly #counts = { applies: 0, applyFailures: 0, reloads: 0, reloadFailures: 0, events: 0, watchErrors: 0 };
  #lastSuccessMs = 0;
  #isSuccessful = false;
  /** Hash of what the server has loaded. */
  #loaded: string | undefined;
  #wake: (() => void) | undefined;
  /** A file has changed since the last look began. */
  #isDirty = false;
  #isEnded = false;

  constructor(values: ReadonlyMap<string, FlagValue>, log: Logger) {
    const text = (name: string): string => String(values.get(name) ?? "");
    const number = (name: string): number => Number(values.get(name));
    const ordinal = ordinalOf(process.env[text("statefulset-ordinal-from-envvar")] ?? "");
    this.#apply = {
      configFile: text("config-file"),
      outputFile: text("config-envsubst-file"),
      watchedFolders: (values.get("watched-dir") ?? []) as readonly string[],
      environment: { ...process.env, ...(ordinal !== undefined && { STATEFULSET_ORDINAL_NUMBER: ordinal }) },
    };
    this.#trigger = {
      method: text("reload-method") === "signal" ? "signal" : "http",
      reloadUrl: text("reload-url"),
      runtimeInfoUrl: text("runtimeinfo-url"),
      processName: text("process-executable-name"),
      timeoutMs: number("reload-timeout"),
    };
    this.#intervals = {
      watchMs: number("watch-interval"),
      delayMs: number("delay-interval"),
      retryMs: number("retry-interval"),
    };
    this.#web = { address: text("listen-address"), configFile: text("web-config-file") };
    this.#log = log;
  }

  async run(): Promise<void> {
    this.#log.info("Starting prometheus-config-reloader", { version: vestalVersion() });
    if (this.#intervals.watchMs === 0) {
      await applyOnce(this.#apply);
      return;
    }
    const end = (): void => {
      this.#isEnded = true;
      this.#wake?.();
    };
    process.once("SIGTERM", end).once("SIGINT", end);
    const closeWeb = await this.#serve();
    this.#watchFolders();
    try {
      while (!this.#isEnded) await this.#pause(await this.#round());
    } finally {
      for (const watcher of this.#watchers) watcher.close();
      await closeWeb();
    }
  }

  /** @returns how long to wait for the next one, if nothing happens before. */
  async #round(): Promise<number> {
    const { watchMs, retryMs } = this.#intervals;
    let found: string;
    this.#isDirty = false;
    this.#counts.applies++;
    try {
      found = await applyOnce(this.#apply);
    } catch (error) {
      this.#counts.applyFailures++;
      this.#log.error("The configuration cannot be applied", { err: errorMessage(error) });
      return retryMs;
    }
    if (found === this.#loaded) return watchMs;
    this.#counts.reloads++;
    try {
      await triggerReload(this.#trigger);
    } catch (error) {
      this.#counts.reloadFailures++;
      this.#isSuccessful = false;
      this.#log.error("Failed to trigger reload; it is tried again", { err: errorMessage(error) });
      return retryMs;
    }
    this.#loaded = found;
    this.#isSuccessful = true;
    this.#lastSuccessMs = Date.now();
    this.#log.info("Reload triggered", { cfg_in: this.#apply.configFile, cfg_out: this.#apply.outputFile });
    return watchMs;
  }

  /** Until then, or some time after a file has changed: several change together. */
  async #pause(ms: number): Promise<void> {
    if (this.#isEnded) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#isDirty ? this.#intervals.delayMs : ms);
      this.#wake = () => {
        clearTimeout(timer);
        if (this.#isEnded) resolve();
        else setTimeout(resolve, this.#intervals.delayMs);
      };
    });
    this.#wake = undefined;
  }

  #watchFolders(): void {
    const { configFile, watchedFolders } = this.#apply;
    const folders = new Set([...watchedFolders, ...(configFile === "" ? [] : [dirname(configFile)])]);
    for (const folder of folders) {
      try {
        const watcher = watch(folder, () => {
          this.#counts.events++;
          this.#isDirty = true;
          this.#wake?.();
        });
        watcher.on("error", (error) => this.#missWatch(folder, error));
        this.#watchers.push(watcher);
      } catch (error) {
        this.#missWatch(folder, error);
      }
    }
  }

  #missWatch(folder: string, error: unknown): void {
    this.#counts.watchErrors++;
    this.#log.warn("A folder cannot be watched; it is looked at each interval", { folder, err: errorMessage(error) });
  }

  // ── web ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #serve(): Promise<() => Promise<void>> {
    const { address, configFile } = this.#web;
    if (address === "") return async () => undefined;
    const config = configFile === "" ? undefined : await validateWebConfig(configFile);
    const source = new LiveWebConfig(configFile);
    const passwords = new Passwords();
    const gate = config && new WebGate(source, config.rateLimit, passwords, systemClock, this.#log);
    const server = createServer((request, response) => {
      this.#answer(request, response, gate).catch((error: unknown) => {
        this.#log.error("A request could not be answered", { err: errorMessage(error) });
        response.destroy();
      });
    });
    const colon = address.lastIndexOf(":");
    const host = address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, "");
    const port = Number(address.slice(colon + 1));
    let tls: TlsListener | undefined;
    if (config?.tls === undefined) {
      await new Promise<void>((resolve, reject) => {
        server.once("error", (error) => {
          reject(new VestalError("LISTEN", `cannot listen on ${address}: ${error.message}`, { address }, error));
        });
        server.listen(port, host === "" ? undefined : host, resolve);
      });
    } else {
      tls = await TlsListener.listen({
        addresses: [{ host: host === "" ? "::" : host, port }],
        source,
        maxConnections: 0,
        log: this.#log,
        onConnection: (socket) => server.emit("connection", socket),
      });
    }
    return async () => {
      tls?.close();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
      await passwords.stop();
    };
  }

  async #answer(request: IncomingMessage, response: ServerResponse, gate: WebGate | undefined): Promise<void> {
    const verdict = await gate?.check(request.headers.authorization ?? "");
    for (const [name, value] of verdict?.headers ?? []) response.setHeader(name, value);
    if (verdict !== undefined && verdict.kind !== "pass") {
      response.writeHead(verdict.status).end(verdict.text);
      return;
    }
    const { pathname } = new URL(request.url ?? "/", "http://x");
    if (pathname === "/healthz") response.writeHead(200, { "content-type": "application/json" }).end('{"status":"up"}');
    else if (pathname === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      response.end(metricsText(this.#metrics()));
    } else response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
  }

  #metrics(): readonly MetricLine[] {
    const { applies, applyFailures, reloads, reloadFailures, events, watchErrors } = this.#counts;
    const line = (type: MetricLine["type"], name: string, help: string, value: number): MetricLine => ({
      name: `reloader_${name}`,
      type,
      help,
      samples: [{ labels: {}, value }],
    });
    return [
      line(
        "gauge",
        "last_reload_successful",
        "Whether the last reload attempt was successful.",
        this.#isSuccessful ? 1 : 0,
      ),
      line(
        "gauge",
        "last_reload_success_timestamp_seconds",
        "Timestamp of the last successful reload.",
        this.#lastSuccessMs / 1000,
      ),
      line("counter", "reloads_total", "Total number of reload requests.", reloads),
      line("counter", "reloads_failed_total", "Total number of reload requests that failed.", reloadFailures),
      line("counter", "config_apply_operations_total", "Total number of config apply operations.", applies),
      line(
        "counter",
        "config_apply_operations_failed_total",
        "Total number of config apply operations that failed.",
        applyFailures,
      ),
      line("gauge", "watches", "Number of resources watched by the reloader.", this.#watchers.length),
      line(
        "counter",
        "watch_events_total",
        "Total number of events received by the reloader from the watcher.",
        events,
      ),
      line(
        "counter",
        "watch_errors_total",
        "Total number of errors received by the reloader from the watcher.",
        watchErrors,
      ),
    ];
  }
}
