/** Lines over time with a legend: the panel of which most dashboards are made. */
import { useMemo, useState } from "preact/hooks";
import { Plot } from "../../plot/plot.js";
import { type AxisOptions, type Limit, PLAIN_AXIS, type PlotSeries } from "../../plot/types.js";
import type { Display } from "../fields.js";
import type { Cell } from "../frames.js";
import { listOf, numberOf, objectOf, textOf, textsOf } from "../json.js";
import { CALC_NAMES, isCalc, reduce } from "../reduce.js";
import { formatUnit, isBinaryUnit } from "../units.js";
import { numericFields, type Shown, type VisualProps } from "./common.js";

const LEGEND_MAX = 200;

interface Drawn {
  readonly key: string;
  readonly series: PlotSeries;
  readonly display: Display;
  readonly isInLegend: boolean;
  readonly values: readonly Cell[];
}

export function TimeSeries({ panel, data, isDark, marks, zone, syncKey, onZoom }: VisualProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const { times, drawn } = useMemo(() => prepare(numericFields(panel, data.frames)), [panel, data]);
  const visible = useMemo(
    () => drawn.filter(({ key }) => !hidden.has(key)).map(({ series }) => series),
    [drawn, hidden],
  );
  const [left, right] = useMemo(() => [axisOf(drawn, false), axisOf(drawn, true)], [drawn]);
  const limits = useMemo(() => limitsOf(drawn), [drawn]);
  const legend = objectOf(panel.options["legend"]);
  const isLegendShown = legend["showLegend"] !== false && legend["displayMode"] !== "hidden";
  // `asTable` is what libraries of dashboards still write.
  const isTable = legend["displayMode"] === "table" || legend["asTable"] === true;
  const calcs = textsOf(legend["calcs"]).filter(isCalc);
  const toggle = (key: string, isOnly: boolean): void => {
    if (isOnly) {
      const others = new Set(drawn.filter((each) => each.key !== key).map((each) => each.key));
      setHidden(hidden.size === others.size && !hidden.has(key) ? new Set() : others);
      return;
    }
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  return (
    <div class={legend["placement"] === "right" ? "series beside" : "series"}>
      <Plot
        times={times}
        series={visible}
        startMs={data.range.fromMs}
        endMs={data.range.toMs}
        height={undefined}
        isDark={isDark}
        left={left}
        right={right}
        limits={limits}
        marks={marks}
        dots={data.dots}
        zone={zone}
        syncKey={syncKey}
        label={`Graph ${panel.title}: ${drawn.length} series`}
        onZoom={onZoom}
      />
      {isLegendShown && (
        <Legend
          title={panel.title || "a panel"}
          drawn={drawn}
          hidden={hidden}
          calcs={calcs}
          isTable={isTable}
          onToggle={toggle}
        />
      )}
    </div>
  );
}

interface LegendProps {
  readonly title: string;
  readonly drawn: readonly Drawn[];
  readonly hidden: ReadonlySet<string>;
  readonly calcs: readonly string[];
  readonly isTable: boolean;
  readonly onToggle: (key: string, isOnly: boolean) => void;
}

function Legend({ title, drawn, hidden, calcs, isTable, onToggle }: LegendProps) {
  const listed = drawn.filter(({ isInLegend }) => isInLegend);
  const button = ({ key, series }: Drawn) => (
    <button
      type="button"
      aria-pressed={!hidden.has(key)}
      {...(!hidden.has(key) && { "data-colour": series.colour })}
      title="Click: show or hide. With Ctrl or Shift: this one only."
      onClick={(event) => onToggle(key, event.ctrlKey || event.shiftKey || event.metaKey)}
    >
      <span
        class="swatch"
        style={{ background: hidden.has(key) ? "none" : series.colour, borderColor: series.colour }}
        aria-hidden="true"
      />
      <span>{series.name}</span>
    </button>
  );
  const value = ({ display, values }: Drawn, calc: string): string => display.text(reduce(values, calc));
  if (!isTable && calcs.length === 0) {
    return (
      <ul class="legend small" aria-label={`Series of ${title}`}>
        {listed.slice(0, LEGEND_MAX).map((each) => (
          <li key={each.key}>{button(each)}</li>
        ))}
      </ul>
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="legend-table" tabIndex={0} aria-label={`Series of ${title}`}>
      <table>
        {calcs.length > 0 && (
          <thead>
            <tr>
              <th scope="col">Name</th>
              {calcs.map((calc) => (
                <th key={calc} scope="col" class="number">
                  {CALC_NAMES[calc] ?? calc}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {listed.slice(0, LEGEND_MAX).map((each) => (
            <tr key={each.key}>
              <td>{button(each)}</td>
              {calcs.map((calc) => (
                <td key={calc} class="number">
                  {value(each, calc)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function prepare(shown: readonly Shown[]): { readonly times: readonly number[]; readonly drawn: readonly Drawn[] } {
  const visible = shown.filter(({ display }) => objectOf(display.properties["custom.hideFrom"])["viz"] !== true);
  const columns = visible.map(({ frame }) => frame.fields.find(({ type }) => type === "time")?.values ?? []);
  const first = columns[0] ?? [];
  const isShared = columns.every((column) => column === first || sameTimes(column, first));
  const timesMs = isShared ? first.map(Number) : [...new Set(columns.flat().map(Number))].sort((a, b) => a - b);
  const places = isShared ? undefined : new Map(timesMs.map((ms, i) => [ms, i] as const));
  const drawn = visible.map((each, i): Drawn => {
    const { placed, display } = each;
    const values = places === undefined ? placed.field.values : spread(placed.field.values, columns[i] ?? [], places);
    return {
      key: `${i} ${display.name}`,
      series: seriesOf(display, values),
      display,
      isInLegend: objectOf(display.properties["custom.hideFrom"])["legend"] !== true,
      values,
    };
  });
  return { times: timesMs.map((ms) => ms / 1000), drawn };
}

function sameTimes(a: readonly Cell[], b: readonly Cell[]): boolean {
  return a.length === b.length && a.every((ms, i) => ms === b[i]);
}

function spread(values: readonly Cell[], times: readonly Cell[], places: ReadonlyMap<number, number>): readonly Cell[] {
  const column = new Array<Cell>(places.size).fill(null);
  for (const [i, time] of times.entries()) {
    const place = places.get(Number(time));
    if (place !== undefined) column[place] = values[i] ?? null;
  }
  return column;
}

function seriesOf(display: Display, values: readonly Cell[]): PlotSeries {
  const of = (name: string): unknown => display.properties[`custom.${name}`];
  const isNegative = of("transform") === "negative-Y";
  const stacking = objectOf(of("stacking"));
  const mode = textOf(stacking["mode"], "none");
  const style = textOf(of("drawStyle"), "line");
  const lineStyle = objectOf(of("lineStyle"));
  const dash = listOf(lineStyle["dash"]).map(Number).filter(Number.isFinite);
  const isDashed = lineStyle["fill"] === "dash" || lineStyle["fill"] === "dot";
  const last = reduce(values, "lastNotNull");
  const numbers = values.map((value) =>
    typeof value === "number" && Number.isFinite(value) ? (isNegative ? -value : value) : null,
  );
  const interpolation = textOf(of("lineInterpolation"));
  return {
    name: display.name,
    values: numbers,
    colour: display.colour(last),
    width: numberOf(of("lineWidth")) ?? 1,
    dash: isDashed ? (dash.length > 1 ? dash : lineStyle["fill"] === "dot" ? [2, 4] : [10, 10]) : undefined,
    fill: Math.min(1, (numberOf(of("fillOpacity")) ?? 0) / 100),
    style: style === "bars" || style === "points" ? style : interpolation.startsWith("step") ? "step" : "line",
    // What goes down is stacked downwards.
    stack: mode === "none" ? undefined : `${textOf(stacking["group"], "A")} ${mode} ${isNegative}`,
    isPercent: mode === "percent",
    isSpanning: of("spanNulls") === true || typeof of("spanNulls") === "number",
    isRight: of("axisPlacement") === "right",
    isInTip: objectOf(of("hideFrom"))["tooltip"] !== true,
    text: (value) => display.text(value),
  };
}

/** An axis has the limits and the unit of its first series. */
function axisOf(drawn: readonly Drawn[], isRight: boolean): AxisOptions {
  const own = drawn.filter(({ series }) => series.isRight === isRight);
  const [first] = own;
  if (first === undefined) return PLAIN_AXIS;
  const { display, series } = first;
  const custom = (name: string): number | undefined =>
    own.map(({ display: each }) => numberOf(each.properties[`custom.${name}`])).find((value) => value !== undefined);
  const scale = objectOf(display.properties["custom.scaleDistribution"]);
  return {
    min: series.isPercent ? 0 : display.min,
    max: series.isPercent ? 100 : display.max,
    softMin: custom("axisSoftMin"),
    softMax: custom("axisSoftMax"),
    isLog: scale["type"] === "log",
    isBinary: isBinaryUnit(display.unit),
    label: textOf(display.properties["custom.axisLabel"]),
    text: (value) => (series.isPercent ? `${value}%` : formatUnit(value, display.unit)),
  };
}

function limitsOf(drawn: readonly Drawn[]): readonly Limit[] {
  const found = drawn.find(
    ({ display }) => textOf(objectOf(display.properties["custom.thresholdsStyle"])["mode"], "off") !== "off",
  );
  if (found === undefined) return [];
  const mode = textOf(objectOf(found.display.properties["custom.thresholdsStyle"])["mode"]);
  const steps = found.display.thresholds;
  return steps.map((step, i) => ({
    from: step.from,
    to: steps[i + 1]?.from ?? Number.POSITIVE_INFINITY,
    colour: step.colour,
    hasLine: i > 0 && /line|dashed/.test(mode),
    isDashed: mode.startsWith("dashed"),
    hasArea: mode.endsWith("area"),
  }));
}
