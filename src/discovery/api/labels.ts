/** Labels that discoveries make of what an API says. */
import type { TargetGroup } from "../messages.js";
import { entriesAt, textAt } from "./json.js";

/** Of a target; what is undefined is left out. */
export type Labels = Record<string, string>;

export function sanitizeLabelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, "_");
}

/** As Go's net.JoinHostPort. */
export function address(host: string, port: number | string): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Surrounded by the separator too, so that a rule need not care for an item's place. */
export function separated(items: readonly string[], separator = ","): string {
  return `${separator}${items.join(separator)}${separator}`;
}

/** A label for a list that is not empty. */
export function listed(name: string, items: readonly string[], separator = ","): Labels {
  return items.length === 0 ? {} : { [name]: separated(items, separator) };
}

/** One group of all targets, which is all that most mechanisms give. */
export function oneGroup(source: string, targets: readonly Labels[]): readonly TargetGroup[] {
  return [{ source, targets, labels: {} }];
}

/** One label with `prefix` for each entry of an object. */
export function mapped(prefix: string, value: unknown, ...path: readonly string[]): Labels {
  const labels: Labels = {};
  for (const [name, item] of entriesAt(value, ...path)) labels[`${prefix}${sanitizeLabelName(name)}`] = textAt(item);
  return labels;
}
