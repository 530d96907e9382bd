/** `check config`: a configuration file, the files that it names, and its scrape intervals. */
import { readFileSync, statSync } from "node:fs";
import { errorMessage, systemReason, VestalError } from "../../base/index.js";
import {
  type Config,
  diskFiles,
  expandGlob,
  type FileDiscoveryConfig,
  loadConfig,
  refuseForAgent,
  type ScrapeConfig,
  type TlsConfig,
} from "../../config/index.js";
import { makeTarget, readGroups, type TargetGroup } from "../../discovery/index.js";
import { formatDuration, quoteGo } from "../../model/index.js";
import { alertmanagerOf } from "../../notify/index.js";
import { compileRules } from "../../relabel/index.js";
import type { CheckResult } from "./check.js";
import { checkRuleFiles, type RuleLint } from "./check-rules.js";
import type { ToolIo } from "./io.js";

export interface ConfigCheck {
  readonly isSyntaxOnly: boolean;
  readonly isAgent: boolean;
  /** Scrape intervals from here on are a lint error; undefined: no such check. */
  readonly longIntervalMs: number | undefined;
  readonly rules: RuleLint;
}

export function checkConfigs(io: ToolIo, files: readonly string[], check: ConfigCheck): CheckResult {
  const result = { hasFailed: false, hasErrors: false };
  for (const file of files) {
    io.out(`Checking ${file}\n`);
    let found: { readonly config: Config; readonly ruleFiles: readonly string[] } | undefined;
    try {
      found = checkConfig(io, file, check);
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      io.err(`  FAILED: ${error.message}\n`);
      result.hasFailed = true;
      result.hasErrors = true;
    }
    if (found !== undefined) {
      if (found.ruleFiles.length > 0) io.out(`  SUCCESS: ${found.ruleFiles.length} rule files found\n`);
      io.out(` SUCCESS: ${file} is valid prometheus config file syntax\n`);
    }
    io.out("\n");
    if (found === undefined || check.isSyntaxOnly) continue;
    if (lintIntervals(io, found.config.scrapeConfigs, check.longIntervalMs)) result.hasFailed = true;
    const rules = checkRuleFiles(io, found.ruleFiles, check.rules);
    result.hasFailed ||= rules.hasFailed;
    result.hasErrors ||= rules.hasErrors;
  }
  return result;
}

/** @throws VestalError */
function checkConfig(io: ToolIo, file: string, check: ConfigCheck) {
  const { config } = loadConfig(readFileSync(file, "utf8"), { file, env: process.env });
  if (check.isAgent) refuseForAgent(config);
  const ruleFiles = check.isSyntaxOnly ? [] : config.ruleFiles.flatMap(ruleFilesOf);
  for (const job of config.scrapeConfigs) checkJob(io, job, check.isSyntaxOnly);
  if (!check.isSyntaxOnly) checkAlertmanagers(io, config);
  return { config, ruleFiles };
}

function ruleFilesOf(pattern: string): readonly string[] {
  const files = expandGlob(pattern, diskFiles);
  if (!pattern.includes("*") && files.length === 0) refuse(`${quoteGo(pattern)} does not point to an existing file`);
  return files;
}

function fileDiscoveries({ discoveries }: Pick<ScrapeConfig, "discoveries">): readonly FileDiscoveryConfig[] {
  return discoveries.filter((each) => each.kind === "file");
}

function checkJob(io: ToolIo, job: ScrapeConfig, isSyntaxOnly: boolean): void {
  const { credentials } = job.http.authorization ?? {};
  if (!isSyntaxOnly && credentials !== undefined) {
    checkExists(credentials.file, "authorization credentials or bearer token file");
  }
  if (!isSyntaxOnly) checkTls(job.http.tls);
  for (const { files } of isSyntaxOnly ? [] : fileDiscoveries(job)) {
    checkGroupFiles(
      files,
      (groups) => checkTargets(job, groups),
      (pattern) => {
        io.out(
          `  WARNING: file ${quoteGo(pattern)} for file_sd in scrape job ${quoteGo(job.jobName)} does not exist\n`,
        );
      },
    );
  }
  checkTargets(job, targetGroups(job.staticGroups));
}

function targetGroups(groups: ScrapeConfig["staticGroups"]): readonly TargetGroup[] {
  return groups.map(({ targets, labels }, i) => ({
    source: String(i),
    targets: targets.map((address) => ({ __address__: address })),
    labels,
  }));
}

function checkGroupFiles(
  patterns: readonly string[],
  check: (groups: readonly TargetGroup[]) => void,
  onMissing: (pattern: string) => void,
): void {
  for (const pattern of patterns) {
    const files = expandGlob(pattern, diskFiles);
    if (files.length === 0) onMissing(pattern);
    for (const file of files) {
      let groups: readonly TargetGroup[];
      try {
        groups = readGroups(file, readFileSync(file, "utf8"));
      } catch (error) {
        refuse(`checking SD file ${quoteGo(pattern)}: ${errorMessage(error)}`, error);
      }
      check(groups);
    }
  }
}

function checkTargets(job: ScrapeConfig, groups: readonly TargetGroup[]): void {
  const rules = compileRules(job.relabelRules);
  for (const group of groups) {
    for (const [i, target] of group.targets.entries()) {
      const outcome = makeTarget({ config: job, index: 0, rules }, target, group.labels);
      if (outcome.kind === "failed") refuse(`instance ${i} in group ${group.source}: ${outcome.reason}`);
    }
  }
}

function checkAlertmanagers(io: ToolIo, { alerting }: Config): void {
  for (const config of alerting.alertmanagers) {
    const checkGroups = (groups: readonly TargetGroup[]): void => {
      for (const group of groups) {
        for (const target of group.targets) {
          const found = alertmanagerOf(config, target, group.labels);
          if (found.kind === "failed") refuse(found.reason);
        }
      }
    };
    for (const { files } of fileDiscoveries(config)) {
      checkGroupFiles(files, checkGroups, (pattern) => {
        io.out(`  WARNING: file ${quoteGo(pattern)} for file_sd in alertmanager config does not exist\n`);
      });
    }
    checkGroups(targetGroups(config.staticGroups));
  }
}

function checkTls({ cert, key }: TlsConfig): void {
  checkExists(cert.file, "client cert file");
  checkExists(key.file, "client key file");
}

function checkExists(file: string, what: string): void {
  if (file === "") return;
  try {
    statSync(file);
  } catch (error) {
    refuse(`error checking ${what} ${quoteGo(file)}: stat ${file}: ${systemReason(error)}`, error);
  }
}

function lintIntervals(io: ToolIo, jobs: readonly ScrapeConfig[], longMs: number | undefined): boolean {
  const long = jobs.filter(({ intervalMs }) => longMs !== undefined && intervalMs >= longMs);
  for (const { jobName, intervalMs } of long) {
    const words = "too long scrape interval found, data point will be marked as stale";
    io.err(`  FAILED: ${words} - job: ${jobName}, interval: ${formatDuration(intervalMs)}\n`);
  }
  return long.length > 0;
}

function refuse(message: string, cause?: unknown): never {
  throw new VestalError("CHECK", message, {}, cause);
}
