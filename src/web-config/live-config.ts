/** The web configuration in force: read again whenever the file is another one. */
import { type BigIntStats, promises as fs } from "node:fs";
import { systemReason, VestalError } from "../base/index.js";
import { loadWebConfig, type WebConfig } from "./read.js";

/** What asks for the configuration of this moment. */
export interface ConfigSource {
  /** @throws VestalError WEB_CONFIG where the file cannot be read or is wrong now. */
  current(): Promise<WebConfig>;
}

/**
 * The file counts as it is when a request or connection arrives: a user who was taken out is refused from then on. So
 * each asks for the file's state, in libuv's pool; only a file that has changed is read.
 */
export class LiveWebConfig implements ConfigSource {
  readonly #file: string;
  #state = "";
  #config: WebConfig | undefined;
  #running: Promise<WebConfig> | undefined;
  #next: Promise<WebConfig> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Those who ask while a look at the file is under way share the next one: theirs must begin after they asked. */
  current(): Promise<WebConfig> {
    if (this.#running === undefined) return this.#begin();
    if (this.#next === undefined) {
      const again = (): Promise<WebConfig> => {
        this.#next = undefined;
        return this.#begin();
      };
      this.#next = this.#running.then(again, again);
    }
    return this.#next;
  }

  #begin(): Promise<WebConfig> {
    const running = this.#look().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #look(): Promise<WebConfig> {
    let stat: BigIntStats;
    try {
      stat = await fs.stat(this.#file, { bigint: true });
    } catch (error) {
      const message = `open ${this.#file}: ${systemReason(error)}`;
      throw new VestalError("WEB_CONFIG", message, { file: this.#file }, error);
    }
    const state = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join();
    if (this.#config === undefined || state !== this.#state) {
      this.#config = await loadWebConfig(this.#file);
      this.#state = state;
    }
    return this.#config;
  }
}
