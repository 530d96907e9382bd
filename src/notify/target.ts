/** From what discovery found to an Alertmanager that alerts are sent to. Pure; the words of a refusal are Prometheus'. */
import type { AlertmanagerConfig } from "../config/index.js";
import type { LabelRecord } from "../discovery/index.js";
import { Labels, quoteGo } from "../model/index.js";
import { compileRules, relabel } from "../relabel/index.js";

const SCHEME = "__scheme__";
const ADDRESS = "__address__";
const PATH = "__alerts_path__";

export type AlertmanagerOutcome =
  | { readonly kind: "active"; readonly url: string }
  /** `url` is what it had before relabelling. */
  | { readonly kind: "dropped"; readonly url: string }
  | { readonly kind: "failed"; readonly reason: string };

/** @param own  labels of the target; those of its `group` stand in where they are missing. */
export function alertmanagerOf(config: AlertmanagerConfig, own: LabelRecord, group: LabelRecord): AlertmanagerOutcome {
  const labels = Labels.of({
    ...group,
    ...own,
    [SCHEME]: config.scheme,
    [PATH]: alertsPath(config.pathPrefix),
    ...overrides(own, group),
  });
  const kept = relabel(labels, compileRules(config.relabelRules)).labels;
  if (kept === undefined) return { kind: "dropped", url: urlOf(labels) };
  const address = kept.get(ADDRESS);
  if (address.includes("/")) return { kind: "failed", reason: `${quoteGo(address)} is not a valid hostname` };
  return { kind: "active", url: urlOf(kept) };
}

/** Labels of the group come after scheme and path are set, those of the target before. */
function overrides(own: LabelRecord, group: LabelRecord): LabelRecord {
  const names = [SCHEME, PATH].filter((name) => Object.hasOwn(group, name) && !Object.hasOwn(own, name));
  return Object.fromEntries(names.map((name) => [name, group[name] ?? ""]));
}

function urlOf(labels: Labels): string {
  return `${labels.get(SCHEME)}://${labels.get(ADDRESS)}${labels.get(PATH)}`;
}

/** As Go's path.Join. */
function alertsPath(prefix: string): string {
  const parts: string[] = [];
  for (const part of `${prefix}/api/v2/alerts`.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
