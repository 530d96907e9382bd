/** Ready, reloading, stopping: what `/-/…` asks, and what signals do. */
import type { LifecycleService } from "../../api/index.js";
import { errorMessage } from "../../base/index.js";

export class Lifecycle implements LifecycleService {
  readonly enabled: boolean;
  readonly #onQuit: () => void;
  readonly #load: () => Promise<void>;
  #isReady = false;
  #isStopping = false;
  /** Reloads run one after the other. */
  #reloading: Promise<string | undefined> = Promise.resolve(undefined);

  /** @param load  reads the configuration and puts it in force, or rejects and leaves the old one there. */
  constructor(enabled: boolean, load: () => Promise<void>, onQuit: () => void) {
    this.enabled = enabled;
    this.#load = load;
    this.#onQuit = onQuit;
  }

  isReady(): boolean {
    return this.#isReady;
  }

  isStopping(): boolean {
    return this.#isStopping;
  }

  setReady(): void {
    this.#isReady = true;
  }

  reload(): Promise<string | undefined> {
    this.#reloading = this.#reloading.then(() =>
      this.#load().then(
        () => undefined,
        (error: unknown) => errorMessage(error),
      ),
    );
    return this.#reloading;
  }

  quit(): boolean {
    if (this.#isStopping) return false;
    this.#isStopping = true;
    this.#onQuit();
    return true;
  }
}
