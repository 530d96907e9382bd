/** Loads a configuration: text to a checked `Config`, with everything that is read along the way. */
import { dirname, resolve } from "node:path";
import { errorMessage, VestalError } from "../base/index.js";
import { quoteGo } from "../model/index.js";
import { buildConfig } from "./build.js";
import { expandEnv } from "./env.js";
import { type ConfigFiles, diskFiles, expandGlob } from "./files.js";
import { resolvePaths } from "./paths.js";
import { readText } from "./read.js";
import { type ConfigDocument, documentShape, scrapeFileShape } from "./schema/root.js";
import { inheritGlobal, type ScrapeSection, scrapeSection } from "./schema/scrape.js";
import type { Config } from "./types.js";
import { warningsOf } from "./warnings.js";

export interface LoadOptions {
  /** Shown in messages; its folder is where relative paths start, unless `folder` says otherwise. */
  readonly file: string;
  readonly folder?: string;
  /** For `${NAME}` in external labels. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly files?: ConfigFiles;
}

export interface LoadedConfig {
  readonly config: Config;
  /** One line each: what the file asks for and this server does not do, so that nothing is ignored in silence. */
  readonly warnings: readonly string[];
}

/** @throws VestalError CONFIG: Prometheus' words, then the place; `details` has line, column, path, expected. */
export function loadConfig(text: string, options: LoadOptions): LoadedConfig {
  const folder = options.folder ?? dirname(options.file);
  const read = inFile(`parsing YAML file ${options.file}`, () => readText(documentShape, text));
  const { document, warnings } = withEnvironment(read.value, options.env ?? {});
  const resolved = resolvePaths(documentShape, document, folder);
  const jobs = [...(resolved.scrape_configs ?? []).filter((job) => job !== undefined)];
  jobs.push(...scrapeFileJobs(resolved, jobs, options.files ?? diskFiles));
  if (read.hasMoreDocuments) {
    warnings.push(`${options.file} has several YAML documents; only the first is read`);
  }
  return { config: buildConfig(resolved, jobs), warnings: [...warnings, ...warningsOf(resolved, jobs)] };
}

function withEnvironment(document: ConfigDocument, env: Readonly<Record<string, string | undefined>>) {
  const warnings: string[] = [];
  const written = document.global.external_labels;
  if (written === undefined) return { document, warnings };
  const expanded = Object.entries(written).flatMap(([name, value]) => {
    const { text, missing } = expandEnv(value, env);
    for (const variable of missing) {
      warnings.push(`external label ${name} uses the environment variable ${variable}, which is not set or empty`);
    }
    return text === "" ? [] : [[name, text] as const];
  });
  const global = { ...document.global, external_labels: Object.fromEntries(expanded) };
  return { document: { ...document, global }, warnings };
}

/** The jobs of `scrape_config_files`, which must not repeat a name. */
function scrapeFileJobs(document: ConfigDocument, own: readonly ScrapeSection[], files: ConfigFiles) {
  const foundIn = new Map(own.map((job) => [job.job_name, "main config file"]));
  const jobs: ScrapeSection[] = [];
  for (const pattern of document.scrape_config_files ?? []) {
    for (const file of expandGlob(pattern, files)) {
      const shown = resolve(file);
      const content = inFile(quoteGo(shown), () => readScrapeFile(files, file));
      for (const section of content) {
        const job = inFile(quoteGo(shown), () => inheritGlobal(section, document.global));
        const first = foundIn.get(job.job_name);
        if (first !== undefined) {
          throw new VestalError(
            "CONFIG",
            `${quoteGo(shown)}: found multiple scrape configs with job name ${quoteGo(job.job_name)}, first found in ${first}`,
          );
        }
        foundIn.set(job.job_name, quoteGo(shown));
        jobs.push(resolvePaths(scrapeSection, job, dirname(file)));
      }
    }
  }
  return jobs;
}

function readScrapeFile(files: ConfigFiles, file: string): readonly ScrapeSection[] {
  const { scrape_configs: sections } = readText(scrapeFileShape, files.readText(file)).value;
  return (sections ?? []).map((section) => {
    if (section === undefined) throw new VestalError("CONFIG", "empty or null scrape config section");
    return section;
  });
}

/** Adds the file to the message, keeping what the error knows. */
function inFile<T>(prefix: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    // Everything that reading can fail with says something about this file.
    const details = error instanceof VestalError ? error.details : {};
    throw new VestalError("CONFIG", `${prefix}: ${errorMessage(error)}`, details, error);
  }
}
