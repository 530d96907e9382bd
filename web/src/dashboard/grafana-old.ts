/** Panels of Grafana before version 8 in today's words. */
import { isObject, type Json, numberOf, objectOf, objectsOf, textOf, textsOf } from "./json.js";

const TODAY: Readonly<Record<string, string>> = {
  graph: "timeseries",
  singlestat: "stat",
  "grafana-singlestat-panel": "stat",
  "table-old": "table",
  "grafana-piechart-panel": "piechart",
};

export function oldPanel(json: Json): Json {
  const type = textOf(json["type"]);
  const today = TODAY[type];
  if (type === "text" && json["content"] !== undefined && json["options"] === undefined) {
    return { ...json, options: { mode: json["mode"], content: json["content"] } };
  }
  if (type === "table" && Array.isArray(json["styles"])) return oldTable(json);
  if (today === undefined) return json;
  if (today === "timeseries") return { ...oldGraph(json), type: today };
  if (today === "stat") return oldSingle(json);
  if (today === "table") return oldTable(json);
  return { ...json, type: today, fieldConfig: { defaults: { unit: json["format"] }, overrides: [] } };
}

function oldGraph(json: Json): Json {
  const [left = {}, right = {}] = objectsOf(json["yaxes"]);
  const legend = objectOf(json["legend"]);
  const isStacked = json["stack"] === true;
  const isDrawn = json["lines"] !== false;
  const calcs = [
    ["min", "min"],
    ["max", "max"],
    ["avg", "mean"],
    ["current", "lastNotNull"],
    ["total", "sum"],
  ].flatMap(([old = "", calc = ""]) => (legend["values"] === true && legend[old] === true ? [calc] : []));
  const aliasColours = Object.entries(objectOf(json["aliasColors"])).map(([name, colour]) => ({
    matcher: { id: "byName", options: name },
    properties: [{ id: "color", value: { mode: "fixed", fixedColor: colour } }],
  }));
  return {
    ...json,
    options: {
      legend: {
        showLegend: legend["show"] !== false,
        displayMode: legend["alignAsTable"] === true ? "table" : "list",
        placement: legend["rightSide"] === true ? "right" : "bottom",
        calcs,
      },
    },
    fieldConfig: {
      defaults: {
        unit: left["format"],
        min: left["min"],
        max: left["max"],
        decimals: json["decimals"] ?? left["decimals"],
        custom: {
          drawStyle: json["bars"] === true ? "bars" : isDrawn ? "line" : "points",
          lineWidth: numberOf(json["linewidth"]) ?? 1,
          fillOpacity: (numberOf(json["fill"]) ?? 1) * 10,
          lineInterpolation: json["steppedLine"] === true ? "stepAfter" : "linear",
          spanNulls: json["nullPointMode"] === "connected",
          showPoints: json["points"] === true ? "always" : "never",
          axisLabel: left["label"],
          scaleDistribution:
            (numberOf(left["logBase"]) ?? 1) > 1 ? { type: "log", log: left["logBase"] } : { type: "linear" },
          stacking: { mode: isStacked ? (json["percentage"] === true ? "percent" : "normal") : "none" },
        },
        links: objectOf(json["options"])["dataLinks"],
      },
      overrides: [
        ...aliasColours,
        ...objectsOf(json["seriesOverrides"]).map((each) => oldOverride(each, right, isStacked)),
      ],
    },
  };
}

function oldOverride(json: Json, right: Json, isStacked: boolean): Json {
  const alias = textOf(json["alias"]);
  const isRegex = alias.length > 1 && alias.startsWith("/");
  const properties: Json[] = [];
  const put = (id: string, value: unknown): void => {
    if (value !== undefined) properties.push({ id, value });
  };
  if (json["color"] !== undefined) put("color", { mode: "fixed", fixedColor: json["color"] });
  const fill = numberOf(json["fill"]);
  put("custom.fillOpacity", fill === undefined ? undefined : fill * 10);
  put("custom.lineWidth", numberOf(json["linewidth"]));
  if (json["bars"] === true) put("custom.drawStyle", "bars");
  if (json["dashes"] === true) put("custom.lineStyle", { fill: "dash", dash: [10, 10] });
  if (json["transform"] === "negative-Y") put("custom.transform", "negative-Y");
  if (json["stack"] === false && isStacked) put("custom.stacking", { mode: "none" });
  if (json["stack"] === true) put("custom.stacking", { mode: "normal" });
  if (json["legend"] === false) put("custom.hideFrom", { legend: true });
  if (json["yaxis"] === 2) {
    put("custom.axisPlacement", "right");
    put("unit", right["format"]);
    put("min", right["min"] ?? undefined);
    put("max", right["max"] ?? undefined);
  }
  return { matcher: { id: isRegex ? "byRegexp" : "byName", options: alias }, properties };
}

const CALCS: Readonly<Record<string, string>> = {
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
  first: "firstNotNull",
  delta: "delta",
  diff: "diff",
  min: "min",
  max: "max",
  range: "range",
};

function oldSingle(json: Json): Json {
  const gauge = objectOf(json["gauge"]);
  const isGauge = gauge["show"] === true;
  const limits = textOf(json["thresholds"])
    .split(",")
    .map((text) => numberOf(text))
    .filter((value) => value !== undefined);
  const colours = textsOf(json["colors"]);
  const steps = [undefined, ...limits].map((value, i) => ({ color: colours[i] ?? "green", value: value ?? null }));
  const mappings = objectsOf(json["valueMaps"]).map((map) => ({
    type: "value",
    options: { [String(map["value"])]: { text: map["text"] } },
  }));
  const isColoured = json["colorValue"] === true ? "value" : json["colorBackground"] === true ? "background" : "none";
  return {
    ...json,
    type: isGauge ? "gauge" : "stat",
    options: {
      reduceOptions: { calcs: [CALCS[textOf(json["valueName"], "avg")] ?? "mean"], values: false },
      colorMode: limits.length > 0 ? isColoured : "none",
      graphMode: objectOf(json["sparkline"])["show"] === true ? "area" : "none",
    },
    fieldConfig: {
      defaults: {
        unit: json["format"],
        decimals: json["decimals"],
        noValue: json["nullText"] ?? undefined,
        thresholds: { mode: "absolute", steps },
        mappings,
        ...(isGauge && { min: gauge["minValue"], max: gauge["maxValue"] }),
      },
      overrides: [],
    },
  };
}

function oldTable(json: Json): Json {
  const overrides = objectsOf(json["styles"]).map((style) => {
    const pattern = textOf(style["pattern"]);
    const isRegex = pattern.length > 1 && pattern.startsWith("/");
    const properties: Json[] = [];
    if (textOf(style["alias"]) !== "") properties.push({ id: "displayName", value: style["alias"] });
    if (style["unit"] !== undefined) properties.push({ id: "unit", value: style["unit"] });
    if (style["decimals"] !== undefined) properties.push({ id: "decimals", value: style["decimals"] });
    if (style["type"] === "hidden") properties.push({ id: "custom.hidden", value: true });
    if (style["link"] === true && typeof style["linkUrl"] === "string") {
      properties.push({ id: "links", value: [{ title: style["linkTooltip"], url: style["linkUrl"] }] });
    }
    return { matcher: { id: isRegex ? "byRegexp" : "byName", options: pattern }, properties };
  });
  // A table of queries in the format table was one joined table; of series, one row a series.
  const targets = objectsOf(json["targets"]);
  const isTable = targets.length > 0 && targets.every((target) => target["format"] === "table");
  return {
    ...json,
    type: "table",
    transformations: isTable ? [{ id: "merge", options: {} }] : [],
    fieldConfig: { defaults: {}, overrides: isObject(json["fieldConfig"]) ? [] : overrides },
  };
}
