/**
 * The text of a configuration with thousands of jobs. What one monitor comes to is kept as text while monitor and workload stay the
 * same, so that one change costs one monitor's work for each workload, not that of all. Workloads of one specification share.
 */
import { createHash } from "node:crypto";
import { agentConfig, type ConfigInput, jobSources, serverConfig } from "../generate/prometheus/config.js";
import { compact } from "../generate/value.js";
import type { Json } from "../kube-object.js";
import type { Prometheus, PrometheusAgent } from "../schema/generated/types.js";
import { yamlOf } from "./owned.js";
import { isWithoutReferences } from "./references.js";

export interface JobTextOptions {
  /** Of text that is kept, in UTF-16 units: a job takes about 2,000. */
  readonly charactersMax: number;
}

export const DEFAULT_JOB_TEXTS: JobTextOptions = { charactersMax: 40_000_000 };

/** By monitor; weak, so that a monitor that is gone takes its text along. */
type Texts = WeakMap<object, string>;

interface Settings {
  readonly texts: Texts;
  characters: number;
}

const NO_JOBS = "scrape_configs: []\n";
const NOTHING = { serviceMonitors: [], podMonitors: [], probes: [], scrapeConfigs: [] };

export class JobTexts {
  readonly #options: JobTextOptions;
  /** By what jobs depend on beside their monitor, in the order of their last use. */
  readonly #settings = new Map<string, Settings>();
  #characters = 0;
  #bytes = Buffer.alloc(0);

  constructor(options: JobTextOptions = DEFAULT_JOB_TEXTS) {
    this.#options = options;
  }

  /**
   * @returns a view that the next call overwrites: copy to keep.
   * @throws InvalidConfigurationError as the generators do.
   */
  configBytes(workload: Prometheus | PrometheusAgent, isAgent: boolean, input: ConfigInput): Uint8Array {
    const bare = { ...input, selection: NOTHING, extras: { ...input.extras, scrapeConfigs: undefined } };
    const config = isAgent ? agentConfig(workload as PrometheusAgent, bare) : serverConfig(workload, bare);
    const frame = yamlOf(config);
    const jobs = this.#jobs(workload, isAgent, input);
    if (jobs.length === 0) return this.#join([frame]);
    const at = frame.startsWith(NO_JOBS) ? 0 : frame.indexOf(`\n${NO_JOBS}`) + 1;
    return this.#join([frame.slice(0, at), "scrape_configs:\n", ...jobs, frame.slice(at + NO_JOBS.length)]);
  }

  /** Into memory that is used again: such texts take megabytes, and each reconciliation makes one. */
  #join(parts: readonly string[]): Uint8Array {
    const bytesMax = parts.reduce((sum, { length }) => sum + 3 * length, 0);
    if (this.#bytes.length < bytesMax) this.#bytes = Buffer.allocUnsafeSlow(Math.ceil(bytesMax * 1.25));
    let at = 0;
    for (const part of parts) at += this.#bytes.write(part, at);
    return this.#bytes.subarray(0, at);
  }

  #jobs(workload: Prometheus | PrometheusAgent, isAgent: boolean, input: ConfigInput): readonly string[] {
    const settings = this.#settingsOf(workload, isAgent, input);
    const parts: string[] = [];
    for (const { object, jobs } of jobSources(workload, isAgent, input)) {
      const known = object === undefined ? undefined : settings.texts.get(object);
      if (known !== undefined) {
        parts.push(known);
        continue;
      }
      const text = indented(compact([...jobs()]));
      parts.push(text);
      // What is read from Secrets may change while the monitor stays.
      if (object === undefined || !isWithoutReferences(object)) continue;
      settings.texts.set(object, text);
      settings.characters += text.length;
      this.#characters += text.length;
    }
    this.#shrink();
    return parts.filter((part) => part !== "");
  }

  #settingsOf({ spec }: Prometheus | PrometheusAgent, isAgent: boolean, { options, version }: ConfigInput): Settings {
    const key = createHash("sha256")
      .update(JSON.stringify([isAgent, spec, options, version]))
      .digest("base64");
    const known = this.#settings.get(key) ?? { texts: new WeakMap<object, string>(), characters: 0 };
    this.#settings.delete(key);
    this.#settings.set(key, known);
    return known;
  }

  /** The least recently used go first; the one in use may be larger than what is allowed, and then begins anew each time. */
  #shrink(): void {
    for (const [key, { characters }] of this.#settings) {
      if (this.#characters <= this.#options.charactersMax) return;
      this.#settings.delete(key);
      this.#characters -= characters;
    }
  }
}

/** As items of a list two levels in. */
function indented(jobs: Json): string {
  if ((jobs as readonly Json[]).length === 0) return "";
  return yamlOf(jobs).replace(/^(?=.)/gm, "  ");
}
