/** How a field is shown: the panel's defaults and the overrides that match it, as one reading with types. */

import type { Labels } from "../api.js";
import { colourOf, paletteColour } from "../colours.js";
import { dateTimeText } from "../time-zone.js";
import type { Cell, Field } from "./frames.js";
import { type Link, linksOf, type Override, type Properties } from "./grafana.js";
import { numberOf, objectOf, objectsOf, textOf, textsOf } from "./json.js";
import { reduce } from "./reduce.js";
import { fieldName, regexOf } from "./transform.js";
import { formatUnit } from "./units.js";

export interface ThresholdStep {
  readonly from: number;
  readonly colour: string;
}

export interface Display {
  readonly name: string;
  readonly properties: Properties;
  readonly unit: string;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly links: readonly Link[];
  readonly thresholds: readonly ThresholdStep[];
  readonly isThresholdPercent: boolean;
  readonly colourMode: string;
  text(value: Cell): string;
  colour(value: Cell): string;
}

export interface Placed {
  readonly field: Field;
  readonly refId: string;
  /** Number among the fields, for its colour. */
  readonly index: number;
}

export function displayOf(placed: Placed, defaults: Properties, overrides: readonly Override[]): Display {
  const { field, refId, index } = placed;
  const own = fieldName(field);
  // Rules may name the field as it is shown after earlier rules renamed it.
  let properties: Properties = defaults;
  for (const { matcher, options, properties: more } of overrides) {
    const shown = textOf(properties["displayName"]) || own;
    if (matches(matcher, options, field, refId, [own, field.name, shown])) properties = { ...properties, ...more };
  }
  const unit = textOf(properties["unit"]);
  const decimals = numberOf(properties["decimals"]);
  const colour = objectOf(properties["color"]);
  const fixed = typeof properties["color"] === "string" ? properties["color"] : colour["fixedColor"];
  const colourMode = typeof properties["color"] === "string" ? "fixed" : textOf(colour["mode"], "palette-classic");
  const thresholds = thresholdSteps(properties["thresholds"]);
  const isThresholdPercent = objectOf(properties["thresholds"])["mode"] === "percentage";
  const [min, max] = [numberOf(properties["min"]), numberOf(properties["max"])];
  const mapped = (value: Cell): { readonly text?: string; readonly color?: string } =>
    mappingOf(properties["mappings"], value);
  const noValue = textOf(properties["noValue"]);
  const displayName = textOf(properties["displayName"]);
  return {
    name: displayName === "" ? own : named(displayName, own, field.labels),
    properties,
    unit,
    min,
    max,
    links: linksOf(properties["links"]),
    thresholds,
    isThresholdPercent,
    colourMode,
    text: (value) => {
      const { text } = mapped(value);
      if (text !== undefined) return text;
      if (value === null) return noValue;
      if (typeof value === "string") return value;
      if (field.type === "time") return dateTimeText(value);
      return formatUnit(value, unit, decimals);
    },
    colour: (value) => {
      const { color } = mapped(value);
      if (color !== undefined) return colourOf(color, paletteColour(index));
      if (colourMode === "fixed") return colourOf(fixed, paletteColour(index));
      if (colourMode === "thresholds" || colourMode.startsWith("continuous")) {
        return thresholdColour(thresholds, value, isThresholdPercent ? [min ?? 0, max ?? 100] : undefined);
      }
      return paletteColour(index);
    },
  };
}

function named(pattern: string, own: string, labels: Labels): string {
  return pattern.replace(
    /\$\{__(?:field\.labels\.([\w]+)|(?:series|field)\.(?:name|displayName))\}/g,
    (_, label?: string) => (label === undefined ? own : (labels[label] ?? "")),
  );
}

function matches(matcher: string, options: unknown, field: Field, refId: string, names: readonly string[]): boolean {
  switch (matcher) {
    case "byName":
      return names.includes(textOf(options));
    case "byNames": {
      const { names: wanted, mode } = objectOf(options);
      const isListed = names.some((name) => textsOf(wanted).includes(name));
      return mode === "exclude" ? !isListed : isListed;
    }
    case "byRegexp": {
      const pattern = regexOf(textOf(options));
      return pattern !== undefined && names.some((name) => pattern.test(name));
    }
    case "byType":
      return field.type === options;
    case "byFrameRefID":
      return refId === options;
    case "byValue": {
      const { reducer, op, value } = objectOf(options);
      const found = reduce(field.values, textOf(reducer, "lastNotNull"));
      return found !== null && compare(found, textOf(op), numberOf(value) ?? 0);
    }
    default:
      return false;
  }
}

function compare(a: number, op: string, b: number): boolean {
  switch (op) {
    case "gt":
      return a > b;
    case "gte":
      return a >= b;
    case "lt":
      return a < b;
    case "lte":
      return a <= b;
    case "neq":
      return a !== b;
    default:
      return a === b;
  }
}

/** Sorted; the first begins at minus infinity. Without any: green, as there. */
function thresholdSteps(value: unknown): readonly ThresholdStep[] {
  const steps = objectsOf(objectOf(value)["steps"]).map((step, i) => ({
    from: i === 0 ? Number.NEGATIVE_INFINITY : (numberOf(step["value"]) ?? Number.NEGATIVE_INFINITY),
    colour: colourOf(step["color"], "#73bf69"),
  }));
  return steps.length === 0
    ? [{ from: Number.NEGATIVE_INFINITY, colour: "#73bf69" }]
    : steps.sort((a, b) => a.from - b.from);
}

export function thresholdColour(
  steps: readonly ThresholdStep[],
  value: Cell,
  range: readonly [min: number, max: number] | undefined,
): string {
  const number = typeof value === "number" ? value : Number.NEGATIVE_INFINITY;
  const compared = range === undefined ? number : ((number - range[0]) / (range[1] - range[0] || 1)) * 100;
  return (steps.findLast(({ from }) => compared >= from) ?? steps[0])?.colour ?? "#73bf69";
}

function mappingOf(mappings: unknown, value: Cell): { readonly text?: string; readonly color?: string } {
  for (const mapping of objectsOf(mappings)) {
    const options = objectOf(mapping["options"]);
    const found = mappedBy(mapping["type"], options, value);
    if (found === undefined) continue;
    const { text, color } = objectOf(found);
    return { ...(typeof text === "string" && { text }), ...(typeof color === "string" && { color }) };
  }
  return {};
}

function mappedBy(type: unknown, options: ReturnType<typeof objectOf>, value: Cell): unknown {
  switch (type) {
    case "value":
      return value === null ? undefined : Object.hasOwn(options, String(value)) ? options[String(value)] : undefined;
    case "range": {
      const [from, to] = [
        numberOf(options["from"]) ?? Number.NEGATIVE_INFINITY,
        numberOf(options["to"]) ?? Number.POSITIVE_INFINITY,
      ];
      return typeof value === "number" && value >= from && value <= to ? options["result"] : undefined;
    }
    case "regex": {
      const pattern = regexOf(textOf(options["pattern"]));
      if (typeof value !== "string" || pattern === undefined || !pattern.test(value)) return undefined;
      const result = objectOf(options["result"]);
      const text = typeof result["text"] === "string" ? value.replace(pattern, result["text"]) : undefined;
      return { ...result, text };
    }
    case "special": {
      const isNotNumber = typeof value === "number" && Number.isNaN(value);
      const match = options["match"];
      const isHit =
        (match === "null" && value === null) ||
        (match === "nan" && isNotNumber) ||
        (match === "null+nan" && (value === null || isNotNumber)) ||
        (match === "empty" && value === "");
      return isHit ? options["result"] : undefined;
    }
    default:
      return undefined;
  }
}

/** Tiles, cells and states have the colour of their threshold where the dashboard says nothing else. */
export function valueColour(display: Display, value: Cell): string {
  if (display.properties["color"] !== undefined) return display.colour(value);
  const range = display.isThresholdPercent ? ([display.min ?? 0, display.max ?? 100] as const) : undefined;
  return mappingOf(display.properties["mappings"], value).color === undefined
    ? thresholdColour(display.thresholds, value, range)
    : display.colour(value);
}
