/** The content of a file of target groups, YAML or JSON by its name. */
import { VestalError } from "../base/index.js";
import { readText, targetGroupsShape } from "../config/index.js";
import type { LabelRecord, TargetGroup } from "./messages.js";

/** @throws VestalError with the reason in Prometheus' words where it has any. */
export function readGroups(file: string, text: string): readonly TargetGroup[] {
  const isJson = file.toLowerCase().endsWith(".json");
  const groups = isJson ? readJsonGroups(text) : yamlGroups(text);
  return groups.map(({ targets, labels }, i) => ({
    source: `${file}:${i}`,
    targets: targets.map((address) => ({ __address__: address })),
    labels: { ...labels, __meta_filepath: file },
  }));
}

export interface FileGroup {
  readonly targets: readonly string[];
  readonly labels: LabelRecord;
}

function yamlGroups(text: string): readonly FileGroup[] {
  const groups = readText(targetGroupsShape, text).value ?? [];
  return groups.map((group) => {
    if (group === undefined) throw refused("nil target group item found");
    return { targets: group.targets ?? [], labels: group.labels ?? {} };
  });
}

/**
 * JSON is stricter than YAML here: a label's value is a string, and nothing else.
 *
 * @throws VestalError with the reason in Prometheus' words where it has any.
 */
export function readJsonGroups(text: string): readonly FileGroup[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new VestalError("DISCOVERY", error instanceof Error ? error.message : "invalid JSON", {}, error);
  }
  if (content === null) return [];
  if (!Array.isArray(content)) throw mismatch(content, "[]*targetgroup.Group");
  return content.map(jsonGroup);
}

function jsonGroup(group: unknown): FileGroup {
  if (group === null) throw refused("nil target group item found");
  if (!isObject(group)) throw mismatch(group, "targetgroup.Group");
  const unknown = Object.keys(group).find((key) => !["targets", "labels"].includes(key.toLowerCase()));
  if (unknown !== undefined) throw refused(`json: unknown field ${JSON.stringify(unknown)}`);
  const valueNamed = (name: string): unknown =>
    Object.entries(group).findLast(([key]) => key.toLowerCase() === name)?.[1];
  const targets = valueNamed("targets") ?? [];
  const labels = valueNamed("labels") ?? {};
  if (!Array.isArray(targets)) throw mismatch(targets, "[]string");
  if (!isObject(labels)) throw mismatch(labels, "model.LabelSet");
  return {
    targets: targets.map((target: unknown) => stringOf(target, "string")),
    labels: Object.fromEntries(
      Object.entries(labels).map(([name, value]) => {
        if (name === "" || /\p{Cs}/u.test(name)) throw refused(`${JSON.stringify(name)} is not a valid label name`);
        return [name, stringOf(value, "model.LabelValue")];
      }),
    ),
  };
}

/** A null leaves Go's zero value. */
function stringOf(value: unknown, goType: string): string {
  if (value === null) return "";
  if (typeof value !== "string") throw mismatch(value, goType);
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mismatch(value: unknown, goType: string): VestalError {
  const kind = typeof value === "boolean" ? "bool" : Array.isArray(value) ? "array" : typeof value;
  return refused(`json: cannot unmarshal ${kind} into Go value of type ${goType}`);
}

function refused(reason: string): VestalError {
  return new VestalError("DISCOVERY", reason);
}
