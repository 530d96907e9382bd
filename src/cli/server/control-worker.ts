/** The main thread's side of the control worker: asks it to load the configuration, hears of targets. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { errorMessage, fromPlain, packageRoot, SMALL_YOUNG_GENERATION, VestalError } from "../../base/index.js";
import type {
  ControlData,
  DiscoveryCountedMessage,
  FromControl,
  LoadedSettings,
  TargetsChangedMessage,
  ToControl,
} from "./control-messages.js";
import type { DashboardsMessage } from "./dashboard-messages.js";

export interface ControlHooks {
  /** Called before any target of these settings arrives. */
  onLoaded(settings: LoadedSettings): void;
  onTargets(message: TargetsChangedMessage): void;
  onDiscoveryCounted(message: DiscoveryCountedMessage): void;
  onDashboards(message: DashboardsMessage): void;
  /** The worker ended unasked. */
  onLost(reason: string): void;
}

export class ControlWorker {
  readonly #worker: Worker;
  readonly #hooks: ControlHooks;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #isStopping = false;

  constructor(data: ControlData, hooks: ControlHooks) {
    this.#hooks = hooks;
    this.#worker = new Worker(join(packageRoot(), "dist", "workers", "control.js"), {
      workerData: data,
      transferList: [data.rulesPort],
      resourceLimits: SMALL_YOUNG_GENERATION,
    });
    this.#worker.on("message", (message: FromControl) => this.#handle(message));
    this.#worker.on("error", (error) => this.#lost(errorMessage(error)));
    this.#worker.on("exit", (code) => this.#lost(`it ended with code ${code}`));
  }

  /** @throws VestalError CONFIG or CONFIG_FILE: the configuration that was in force stays so. */
  load(): Promise<void> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ type: "load", id });
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#post({ type: "stop" });
    await this.#worker.terminate();
  }

  #post(message: ToControl): void {
    this.#worker.postMessage(message);
  }

  #handle(message: FromControl): void {
    if (message.type === "changed") {
      this.#hooks.onTargets(message);
      return;
    }
    if (message.type === "counted") {
      this.#hooks.onDiscoveryCounted(message);
      return;
    }
    if (message.type === "dashboards") {
      this.#hooks.onDashboards(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.settings !== undefined) {
      this.#hooks.onLoaded(message.settings);
      waiting?.resolve();
    } else if (message.error !== undefined) {
      waiting?.reject(fromPlain(message.error));
    }
  }

  #lost(reason: string): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const { reject } of this.#waiting.values()) {
      reject(new VestalError("CONTROL_LOST", `the control worker ended: ${reason}`));
    }
    this.#waiting.clear();
    this.#hooks.onLost(reason);
  }
}
