/**
 * An Alertmanager inside the server, in a thread of its own: one process for a small cluster. It listens at its own address, and
 * the server's alerts go there besides the Alertmanagers of the configuration.
 */
import { join } from "node:path";
import { type MessagePort, Worker } from "node:worker_threads";
import {
  errorMessage,
  fromPlain,
  type Logger,
  type PlainError,
  packageRoot,
  toPlain,
  VestalError,
} from "../../base/index.js";
import { runEmbeddedAlertmanager } from "../alertmanager/index.js";
import type { LogSettings } from "./log-settings.js";

export interface EmbeddedAlertmanagerOptions {
  readonly configFile: string;
  readonly storagePath: string;
  /** `host:port` */
  readonly listenAddress: string;
  /** How users reach it; empty: by its address. */
  readonly externalUrl: string;
}

export interface EmbeddedAlertmanagerData {
  readonly args: readonly string[];
}

type ToAlertmanager = { readonly type: "reload" } | { readonly type: "stop" };
type FromAlertmanager =
  | { readonly type: "ready" }
  | { readonly type: "reloaded"; readonly error: PlainError | undefined }
  | { readonly type: "ended"; readonly error: PlainError | undefined };

/** A thread that has not ended by itself after this time is ended. */
const STOP_MS = 20_000;

export class EmbeddedAlertmanager {
  readonly #worker: Worker;
  readonly #log: Logger;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;

  /** @param onLost  called where it ends unasked after it was ready. */
  constructor(options: EmbeddedAlertmanagerOptions, logs: LogSettings, log: Logger, onLost: (reason: string) => void) {
    this.#log = log;
    const args = [
      `--config.file=${options.configFile}`,
      `--storage.path=${options.storagePath}`,
      `--web.listen-address=${options.listenAddress}`,
      ...(options.externalUrl === "" ? [] : [`--web.external-url=${options.externalUrl}`]),
      "--cluster.listen-address=",
      `--log.level=${logs.level}`,
      `--log.format=${logs.format}`,
    ];
    const data: EmbeddedAlertmanagerData = { args };
    this.#worker = new Worker(join(packageRoot(), "dist", "workers", "alertmanager.js"), { workerData: data });
    let isReady = false;
    let isAsked = false;
    this.#stopAsked = () => {
      isAsked = true;
    };
    this.#ready = new Promise((resolve, reject) => {
      const lost = (error: Error): void => {
        const why = `the embedded Alertmanager cannot start: ${errorMessage(error)}`;
        reject(new VestalError("ALERTMANAGER", why, {}, error));
        if (isReady && !isAsked) onLost(errorMessage(error));
      };
      this.#worker.on("message", (message: FromAlertmanager) => {
        if (message.type === "ready") {
          isReady = true;
          resolve();
        } else if (message.type === "ended") lost(message.error ? fromPlain(message.error) : new Error("it ended"));
        else if (message.error !== undefined) {
          this.#log.error("Reloading the embedded Alertmanager failed", { err: message.error.message });
        }
      });
      this.#worker.on("error", lost);
    });
    this.#ended = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
  }

  readonly #stopAsked: () => void;

  /** Resolves when it listens. @throws VestalError where its flags, its configuration or its address are refused. */
  ready(): Promise<void> {
    return this.#ready;
  }

  reload(): void {
    this.#post({ type: "reload" });
  }

  async stop(): Promise<void> {
    this.#stopAsked();
    this.#post({ type: "stop" });
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #post(message: ToAlertmanager): void {
    this.#worker.postMessage(message);
  }
}

/** The thread's side. */
export async function runAlertmanagerThread(port: MessagePort, { args }: EmbeddedAlertmanagerData): Promise<void> {
  const post = (message: FromAlertmanager): void => port.postMessage(message);
  try {
    await runEmbeddedAlertmanager(args, (reload) => {
      const stopped = new Promise<void>((resolve) => {
        port.on("message", (message: ToAlertmanager) => {
          if (message.type === "stop") resolve();
          else {
            reload().then(
              () => post({ type: "reloaded", error: undefined }),
              (error: unknown) => post({ type: "reloaded", error: toPlain(error) }),
            );
          }
        });
      });
      post({ type: "ready" });
      return stopped;
    });
    post({ type: "ended", error: undefined });
  } catch (error) {
    post({ type: "ended", error: toPlain(error) });
  }
  port.close();
}
