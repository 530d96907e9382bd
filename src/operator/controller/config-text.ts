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
import { DEFAULT_PACKED_TEXTS, PackedTexts } from "./packed-text.js";
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
  readonly #packed = new PackedTexts(DEFAULT_PACKED_TEXTS);

  constructor(options: JobTextOptions = DEFAULT_JOB_TEXTS) {
    this.#options = options;
  }

  /** Gzipped. @throws InvalidConfigurationError as the generators do. */
  packedConfig(workload: Prometheus | PrometheusAgent, isAgent: boolean, input: ConfigInput): Buffer {
    return this.#packed.pack(this.#parts(workload, isAgent, input));
  }

  #parts(workload: Prometheus | PrometheusAgent, isAgent: boolean, input: ConfigInput): readonly string[] {
    const bare = { ...input, selection: NOTHING, extras: { ...input.extras, scrapeConfigs: undefined } };
    const config = isAgent ? agentConfig(workload as PrometheusAgent, bare) : serverConfig(workload, bare);
    const frame = yamlOf(config);
    const jobs = this.#jobs(workload, isAgent, input);
    if (jobs.length === 0) return [frame];
    const at = frame.startsWith(NO_JOBS) ? 0 : frame.indexOf(`\n${NO_JOBS}`) + 1;
    return [frame.slice(0, at), "scrape_configs:\n", ...jobs, frame.slice(at + NO_JOBS.length)];
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
