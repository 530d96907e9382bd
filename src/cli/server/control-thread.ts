/** The control worker: configuration and discovery, off the main thread. It tells the main thread differences. */
import { readFileSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import { type Logger, systemReason, systemTimers, toPlain, VestalError } from "../../base/index.js";
import { loadConfig, refuseForAgent, renderConfig } from "../../config/index.js";
import { DiscoveryManager, diskDiscoveryFiles } from "../../discovery/index.js";
import { checkTemplate } from "../alert-templates.js";
import type { ControlData, FromControl, LoadedSettings, ToControl } from "./control-messages.js";
import { startDashboards } from "./dashboard-source.js";
import { loggerOf } from "./log-settings.js";
import { plainRetentionRules } from "./retention-rules.js";
import { loadRuleFiles } from "./rule-files.js";
import { RulesHost } from "./rules-host.js";
import { scrapeJobOf } from "./scrape-jobs.js";

export function runControlThread(port: MessagePort, data: ControlData): void {
  const log = loggerOf(data.log, "discovery manager scrape");
  const post = (message: FromControl): void => port.postMessage(message);
  const manager = new DiscoveryManager(
    { batchMs: data.discoveryBatchMs },
    {
      files: diskDiscoveryFiles(log),
      timers: systemTimers,
      log,
      onChanges: (changes) => post({ type: "changed", changes, dropped: manager.dropped(), stats: manager.stats() }),
      onRefreshed: (refresh) => post({ type: "counted", stats: manager.stats(), refresh }),
      onFailure: () => post({ type: "counted", stats: manager.stats(), refresh: undefined }),
    },
  );
  const rules = new RulesHost(data.rulesPort, data.rules, loggerOf(data.log, "rule manager"));
  const endDashboards = startDashboards(data.dashboards, {
    log: loggerOf(data.log, "dashboards"),
    onChange: (source, entries) => post({ type: "dashboards", source, entries }),
  });
  port.on("message", (message: ToControl) => {
    if (message.type === "stop") {
      manager.close();
      endDashboards();
      port.close();
      return;
    }
    try {
      const { settings, apply } = load(data, manager, rules, log);
      post({ type: "loaded", id: message.id, settings, error: undefined });
      apply();
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      post({ type: "loaded", id: message.id, settings: undefined, error: toPlain(error) });
    }
  });
}

function load(
  data: ControlData,
  manager: DiscoveryManager,
  rules: RulesHost,
  log: Logger,
): { settings: LoadedSettings; apply: () => void } {
  const text = data.configText ?? readConfigFile(data.configFile);
  const { config, warnings } = loadConfig(text, { file: data.configFile, env: process.env });
  if (data.isAgent) refuseForAgent(config);
  const { experimentalFunctions, durationExpressions } = data.rules;
  const readOptions = { parser: { experimentalFunctions, durationExpressions }, checkTemplate };
  const ruleSet = loadRuleFiles(config, data.configFile, readOptions, log);
  const settings: LoadedSettings = {
    yaml: renderConfig(config),
    warnings,
    jobs: config.scrapeConfigs.map((job) => scrapeJobOf(job, { isProtobufFirst: data.isProtobufFirst })),
    jobNames: config.scrapeConfigs.map(({ jobName }) => jobName),
    evaluationIntervalMs: config.global.evaluationIntervalMs,
    retentionMs: config.storage.retentionMs,
    retentionBytes: config.storage.retentionBytes,
    retentionPercent: config.storage.retentionPercent,
    retentionRules: plainRetentionRules(config.storage.retentionRules, readOptions.parser),
    exemplarsMax: config.storage.exemplarsMax,
    outOfOrderWindowMs: config.storage.outOfOrderTimeWindowMs,
    otlp: config.otlp,
    externalLabels: config.global.externalLabels,
    queryLogFile: config.global.queryLogFile,
    remoteWrite: config.remoteWrite,
    remoteRead: config.remoteRead,
  };
  const apply = (): void => {
    manager.apply(config);
    rules.apply(config, ruleSet);
  };
  return { settings, apply };
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new VestalError("CONFIG_FILE", `open ${file}: ${systemReason(error)}`, { file }, error);
  }
}
