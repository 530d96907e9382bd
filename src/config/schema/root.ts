/** The whole configuration file, and the checks that need more than one section. */
import { quoteGo } from "../../model/index.js";
import { field, initialOf, list, path, pointer, struct } from "../shape.js";
import { refuse } from "./http-client.js";
import { remoteRead, remoteWrite } from "./remote.js";
import { DEFAULT_GLOBAL, globalSection, inheritGlobal, type ScrapeSection, scrapeSection } from "./scrape.js";
import {
  alertingSection,
  checkTranslation,
  DEFAULT_OTLP,
  otlpSection,
  runtimeSection,
  storageSection,
  tracingSection,
} from "./sections.js";

/** A star in the last part of the path only. */
const RULE_PATH = /^[^*]*(\*[^/]*)?$/;

export const documentShape = struct(
  "config.plain",
  {
    global: field(globalSection, DEFAULT_GLOBAL),
    runtime: field(runtimeSection, initialOf(runtimeSection)),
    alerting: field(alertingSection),
    rule_files: field(list(path())),
    scrape_config_files: field(list(path())),
    scrape_configs: field(list(pointer(scrapeSection))),
    storage: field(storageSection),
    tracing: field(tracingSection),
    remote_write: field(list(pointer(remoteWrite))),
    remote_read: field(list(pointer(remoteRead))),
    otlp: field(otlpSection, DEFAULT_OTLP),
  },
  (written) => {
    // An empty section is as good as none; yaml leaves zero values behind where it is written as null.
    const global = written.global.scrape_interval === 0 ? DEFAULT_GLOBAL : written.global;
    const runtime = written.runtime.gogc === 0 ? initialOf(runtimeSection) : written.runtime;
    for (const file of written.rule_files ?? []) {
      if (!RULE_PATH.test(file)) refuse(`invalid rule file path ${quoteGo(file)}`);
    }
    for (const file of written.scrape_config_files ?? []) {
      if (!RULE_PATH.test(file)) refuse(`invalid scrape config file path ${quoteGo(file)}`);
    }
    const jobs: ScrapeSection[] = [];
    const names = new Set<string>();
    for (const section of written.scrape_configs ?? []) {
      if (section === undefined) refuse("empty or null scrape config section");
      const job = inheritGlobal(section, global);
      if (names.has(job.job_name)) refuse(`found multiple scrape configs with job name ${quoteGo(job.job_name)}`);
      names.add(job.job_name);
      jobs.push(job);
    }
    checkNames(written.remote_write, "write");
    checkNames(written.remote_read, "read");
    checkTranslation(written.otlp.translation_strategy, global.metric_name_validation_scheme);
    return { ...written, global, runtime, scrape_configs: written.scrape_configs === undefined ? undefined : jobs };
  },
);

/** A file of `scrape_config_files`. */
export const scrapeFileShape = struct("config.ScrapeConfigs", { scrape_configs: field(list(pointer(scrapeSection))) });

/** The configuration as the file has it, defaults filled in, under Prometheus' own keys. Times are in milliseconds. */
export type ConfigDocument = typeof documentShape.zero;

function checkNames(endpoints: readonly ({ readonly name: string } | undefined)[] | undefined, way: string): void {
  const names = new Set<string>();
  for (const endpoint of endpoints ?? []) {
    if (endpoint === undefined) refuse(`empty or null remote ${way} config section`);
    if (endpoint.name !== "" && names.has(endpoint.name)) {
      refuse(`found multiple remote ${way} configs with job name ${quoteGo(endpoint.name)}`);
    }
    names.add(endpoint.name);
  }
}
