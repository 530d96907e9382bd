/**
 * Grafana's dashboard JSON as panels in sections. What older versions wrote (rows with spans, `graph`, `singlestat`) becomes what
 * today's write, so that nothing after this file knows of versions.
 */

import { knownZone, type TimeZone } from "../time-zone.js";
import { oldPanel } from "./grafana-old.js";
import { type Json, listOf, numberOf, objectOf, objectsOf, textOf, textsOf } from "./json.js";

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legend: string;
  readonly format: string;
  readonly isInstant: boolean;
  readonly hasExemplars: boolean;
  /** Both at once: a range for the graph and an instant for the table. */
  readonly isRange: boolean;
  readonly interval: string;
  readonly intervalFactor: number;
  /** Why it is not asked; undefined if it is. */
  readonly refusal: string | undefined;
}

/** Display properties under their ids: `unit`, `custom.lineWidth`. */
export type Properties = Readonly<Record<string, unknown>>;

export interface Override {
  readonly matcher: string;
  readonly options: unknown;
  readonly properties: Properties;
}

export interface Transformation {
  readonly id: string;
  readonly options: Json;
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly targets: readonly Target[];
  readonly interval: string;
  readonly maxDataPoints: number | undefined;
  readonly timeFrom: string;
  readonly timeShift: string;
  readonly repeat: string;
  readonly isRepeatedDown: boolean;
  readonly repeatsInRow: number;
  readonly transformations: readonly Transformation[];
  readonly options: Json;
  readonly defaults: Properties;
  readonly overrides: readonly Override[];
  readonly links: readonly Link[];
}

export interface Section {
  /** Undefined for the panels before the first row. */
  readonly title: string | undefined;
  readonly isCollapsed: boolean;
  readonly repeat: string;
  readonly panels: readonly Panel[];
}

export interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly query: string;
  readonly regex: string;
  readonly sort: number;
  readonly isMulti: boolean;
  readonly hasAll: boolean;
  readonly allValue: string | undefined;
  readonly isHidden: boolean;
  readonly current: readonly string[];
  readonly options: readonly { readonly text: string; readonly value: string }[];
}

export interface Annotation {
  readonly name: string;
  readonly expr: string;
  readonly titleFormat: string;
  readonly textFormat: string;
  readonly colour: string;
  readonly step: string;
}

export interface DashboardLink extends Link {
  /** `dashboards` lists those with the tags. */
  readonly type: string;
  readonly tags: readonly string[];
  readonly keepTime: boolean;
  readonly includeVars: boolean;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly refresh: string;
  /** Undefined: as the page shows times. */
  readonly zone: TimeZone | undefined;
  readonly sections: readonly Section[];
  readonly variables: readonly Variable[];
  readonly annotations: readonly Annotation[];
  readonly links: readonly DashboardLink[];
}

export class DashboardError extends Error {}

/** @throws DashboardError for what is no dashboard. */
export function parseDashboard(text: string): Dashboard {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DashboardError(`this is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const outer = objectOf(json);
  // The answer of Grafana's API wraps it.
  const model =
    Array.isArray(outer["panels"]) || outer["dashboard"] === undefined ? outer : objectOf(outer["dashboard"]);
  if (model["elements"] !== undefined || objectOf(model["spec"])["elements"] !== undefined) {
    throw new DashboardError(
      "this dashboard has Grafana's second schema (elements and layout): export it as the classic model",
    );
  }
  if (!Array.isArray(model["panels"]) && !Array.isArray(model["rows"])) {
    throw new DashboardError("this is no dashboard: it has neither panels nor rows");
  }
  const time = objectOf(model["time"]);
  const title = textOf(model["title"], "Untitled");
  return {
    uid: textOf(model["uid"]) || slug(title),
    title,
    description: textOf(model["description"]),
    tags: textsOf(model["tags"]),
    from: textOf(time["from"], "now-6h"),
    to: textOf(time["to"], "now"),
    refresh: textOf(model["refresh"]),
    zone: zoneOf(textOf(model["timezone"])),
    sections: Array.isArray(model["rows"])
      ? sectionsOfRows(objectsOf(model["rows"]))
      : sectionsOf(objectsOf(model["panels"])),
    variables: objectsOf(objectOf(model["templating"])["list"]).map(variableOf),
    annotations: objectsOf(objectOf(model["annotations"])["list"])
      .filter((each) => each["enable"] !== false && each["builtIn"] !== 1)
      .map(annotationOf)
      .filter(({ expr }) => expr !== ""),
    links: objectsOf(model["links"]).map((link) => ({
      title: textOf(link["title"]),
      url: textOf(link["url"]),
      type: textOf(link["type"]),
      tags: textsOf(link["tags"]),
      keepTime: link["keepTime"] === true,
      includeVars: link["includeVars"] === true,
    })),
  };
}

export function slug(title: string): string {
  return (
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "dashboard"
  );
}

function sectionsOf(panels: readonly Json[]): readonly Section[] {
  const sections: Section[] = [];
  let open: { title: string | undefined; isCollapsed: boolean; repeat: string; panels: Panel[] } = {
    title: undefined,
    isCollapsed: false,
    repeat: "",
    panels: [],
  };
  const inOrder = [...panels].sort((a, b) => placeOf(a).y - placeOf(b).y || placeOf(a).x - placeOf(b).x);
  for (const json of inOrder) {
    if (json["type"] !== "row") {
      open.panels.push(panelOf(json));
      continue;
    }
    if (open.title !== undefined || open.panels.length > 0) sections.push(open);
    open = {
      title: textOf(json["title"]),
      isCollapsed: json["collapsed"] === true,
      repeat: textOf(json["repeat"]),
      // A collapsed row holds its panels itself.
      panels: objectsOf(json["panels"]).map(panelOf),
    };
  }
  if (open.title !== undefined || open.panels.length > 0) sections.push(open);
  return sections;
}

/** Before 2018 panels stood in rows and had a span of twelve columns instead of a place. */
function sectionsOfRows(rows: readonly Json[]): readonly Section[] {
  return rows.map((row) => {
    const rowHeight = pixels(row["height"]) ?? 250;
    let x = 0;
    let y = 0;
    let tallest = 0;
    const panels = objectsOf(row["panels"]).map((json) => {
      const width = Math.min(24, Math.max(1, Math.round((numberOf(json["span"]) ?? 12) * 2)));
      const height = Math.max(3, Math.ceil((pixels(json["height"]) ?? rowHeight) / 38));
      if (x + width > 24) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      const panel = panelOf({ ...json, gridPos: { x, y, w: width, h: height } });
      x += width;
      tallest = Math.max(tallest, height);
      return panel;
    });
    const isTitled = row["showTitle"] !== false && textOf(row["title"]) !== "";
    return {
      title: isTitled || row["collapse"] === true ? textOf(row["title"]) : undefined,
      isCollapsed: row["collapse"] === true,
      repeat: textOf(row["repeat"]),
      panels,
    };
  });
}

function pixels(value: unknown): number | undefined {
  return numberOf(typeof value === "string" ? value.replace(/px$/, "") : value);
}

function placeOf(json: Json): { readonly x: number; readonly y: number } {
  const place = objectOf(json["gridPos"]);
  return { x: numberOf(place["x"]) ?? 0, y: numberOf(place["y"]) ?? 0 };
}

let nextId = 100_000;

function panelOf(given: Json): Panel {
  const json = oldPanel(given);
  const place = objectOf(json["gridPos"]);
  const config = objectOf(json["fieldConfig"]);
  const clamp = (value: unknown, low: number, high: number, otherwise: number): number =>
    Math.min(high, Math.max(low, Math.round(numberOf(value) ?? otherwise)));
  const width = clamp(place["w"], 1, 24, 12);
  const isSourceForeign = foreignSource(json["datasource"]);
  return {
    id: numberOf(json["id"]) ?? nextId++,
    type: textOf(json["type"], "unknown"),
    title: textOf(json["title"]),
    description: textOf(json["description"]),
    width,
    x: clamp(place["x"], 0, 24 - width, 0),
    y: clamp(place["y"], 0, 1e6, 0),
    height: clamp(place["h"], 1, 200, 8),
    targets: objectsOf(json["targets"])
      .filter((target) => target["hide"] !== true)
      .map((target, i) => targetOf(target, i, isSourceForeign)),
    interval: textOf(json["interval"]),
    maxDataPoints: numberOf(json["maxDataPoints"]),
    timeFrom: textOf(json["timeFrom"]),
    timeShift: textOf(json["timeShift"]),
    repeat: textOf(json["repeat"]),
    isRepeatedDown: json["repeatDirection"] === "v",
    repeatsInRow: clamp(json["maxPerRow"], 1, 24, 4),
    transformations: objectsOf(json["transformations"])
      .filter((each) => each["disabled"] !== true)
      .map((each) => ({ id: textOf(each["id"]), options: objectOf(each["options"]) })),
    options: objectOf(json["options"]),
    defaults: flat(objectOf(config["defaults"])),
    overrides: objectsOf(config["overrides"]).map((each) => {
      const matcher = objectOf(each["matcher"]);
      const pairs = objectsOf(each["properties"]).map(
        (property) => [textOf(property["id"]), property["value"]] as const,
      );
      return { matcher: textOf(matcher["id"]), options: matcher["options"], properties: Object.fromEntries(pairs) };
    }),
    links: linksOf(json["links"]),
  };
}

export function linksOf(value: unknown): readonly Link[] {
  return objectsOf(value).map((link) => ({ title: textOf(link["title"]), url: textOf(link["url"]) }));
}

function flat(defaults: Json): Properties {
  const { custom, ...rest } = defaults;
  const own = Object.entries(objectOf(custom)).map(([name, value]) => [`custom.${name}`, value] as const);
  return { ...rest, ...Object.fromEntries(own) };
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

function targetOf(json: Json, index: number, panelSource: string | undefined): Target {
  const expr = textOf(json["expr"]);
  const source = foreignSource(json["datasource"]) ?? panelSource;
  const isInstant = json["instant"] === true;
  return {
    refId: textOf(json["refId"]) || (LETTERS[index] ?? `${index}`),
    expr,
    legend: textOf(json["legendFormat"]),
    format: textOf(json["format"], "time_series"),
    isInstant,
    hasExemplars: json["exemplar"] === true,
    isRange: json["range"] === true || !isInstant,
    interval: textOf(json["interval"]),
    intervalFactor: Math.max(1, numberOf(json["intervalFactor"]) ?? 1),
    refusal:
      source !== undefined
        ? `its data source is of the type ${source}: only Prometheus' is known`
        : expr.trim() === ""
          ? "it has a query without an expression"
          : undefined,
  };
}

/** The type of a data source that is not Prometheus'. A name or a variable may be anything, and is taken for Prometheus. */
function foreignSource(value: unknown): string | undefined {
  const { type, uid } = objectOf(value);
  if (value === "-- Mixed --" || uid === "-- Mixed --") return undefined;
  if (value === "-- Dashboard --" || uid === "-- Dashboard --") return "dashboard (another panel's results)";
  if (type === "datasource" || uid === "grafana" || value === "-- Grafana --") return "grafana";
  if (typeof type !== "string" || type === "" || type === "prometheus" || type.includes("prometheus")) return undefined;
  return type.startsWith("$") ? undefined : type;
}

function variableOf(json: Json): Variable {
  const query = json["query"];
  const current = objectOf(json["current"])["value"];
  const all = json["allValue"];
  return {
    name: textOf(json["name"]),
    label: textOf(json["label"]) || textOf(json["name"]),
    type: textOf(json["type"]),
    query: typeof query === "string" ? query : textOf(objectOf(query)["query"]) || textOf(json["definition"]),
    regex: textOf(json["regex"]),
    sort: numberOf(json["sort"]) ?? 0,
    isMulti: json["multi"] === true,
    hasAll: json["includeAll"] === true,
    allValue: typeof all === "string" && all !== "" ? all : undefined,
    isHidden: json["hide"] === 2,
    current: typeof current === "string" ? [current] : listOf(current).map(String),
    options: objectsOf(json["options"]).map((option) => ({
      text: textOf(option["text"]),
      value: String(option["value"] ?? ""),
    })),
  };
}

function annotationOf(json: Json): Annotation {
  const target = objectOf(json["target"]);
  return {
    name: textOf(json["name"]),
    expr: foreignSource(json["datasource"]) === undefined ? textOf(json["expr"]) || textOf(target["expr"]) : "",
    titleFormat: textOf(json["titleFormat"]),
    textFormat: textOf(json["textFormat"]),
    colour: textOf(json["iconColor"], "red"),
    step: textOf(json["step"]) || textOf(target["interval"]),
  };
}

/** `utc` in any case, or a name of the zones' database; what is empty or the browser's is the page's choice. */
function zoneOf(name: string): TimeZone | undefined {
  const zone = knownZone(name.toLowerCase() === "utc" ? "UTC" : name || "browser");
  return zone === "browser" ? undefined : zone;
}
