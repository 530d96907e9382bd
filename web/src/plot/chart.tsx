/** The chart of the query page: lines, stacked areas or a heat map, with a legend that switches series and a drag that zooms. */
import type { ComponentChildren } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { MatrixSeries } from "../api.js";
import { paletteColour } from "../colours.js";
import { metricText, shortNumber } from "../format.js";
import { timeZone } from "../time-zone.js";
import { heatOf } from "./heat.js";
import { HeatMap } from "./heat-map.js";
import { Plot } from "./plot.js";
import { savePng } from "./png.js";
import { type Dot, NOTHING, PLAIN_AXIS, type PlotSeries } from "./types.js";

const HEIGHT = 320;
/** Beyond it drawing takes its time: the table has them all. */
const SERIES_MAX = 5000;
const LEGEND_AT_ONCE = 100;

export type DisplayMode = "lines" | "stacked" | "heatmap";

export interface ChartProps {
  readonly title: string;
  readonly series: readonly MatrixSeries[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly mode: DisplayMode;
  readonly isDark: boolean;
  readonly dots?: readonly Dot[];
  /** Beside the button that saves a picture. */
  readonly actions?: ComponentChildren;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

/** Numbers a step, NaN where there is none, so that gaps show. Times are multiples of the step from `startMs` on. */
export function columnOf(series: MatrixSeries, count: number, startMs: number, stepMs: number): Float64Array {
  const { times, numbers, values = [], histograms = [] } = series;
  const column = new Float64Array(count).fill(Number.NaN);
  const put = (time: number, value: number): void => {
    const i = Math.round((time * 1000 - startMs) / stepMs);
    if (i >= 0 && i < count) column[i] = Number.isFinite(value) ? value : Number.NaN;
  };
  if (times !== undefined && numbers !== undefined) {
    for (let j = 0; j < times.length; j++) put(times[j]!, numbers[j]!);
    return column;
  }
  for (const [time, value] of values) put(time, Number(value));
  for (const [time, { sum, count: observations }] of histograms) put(time, Number(sum) / Number(observations));
  return column;
}

export function Chart(props: ChartProps) {
  const { title, series, startMs, endMs, stepMs, mode, isDark, dots = NOTHING, actions, onZoom } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const figure = useRef<HTMLElement>(null);
  const shown = useMemo(() => series.slice(0, SERIES_MAX), [series]);
  const names = useMemo(() => shown.map(({ metric }) => metricText(metric)), [shown]);
  const heat = useMemo(() => (mode === "heatmap" ? heatOf(series) : undefined), [series, mode]);
  const isStacked = mode === "stacked";
  const { times, columns } = useMemo(() => {
    const count = Math.floor((endMs - startMs) / stepMs) + 1;
    return {
      times: Array.from({ length: count }, (_, i) => (startMs + i * stepMs) / 1000),
      columns: shown.map((each) => columnOf(each, count, startMs, stepMs)),
    };
  }, [shown, startMs, endMs, stepMs]);
  const drawn = useMemo(
    () =>
      names.flatMap((name, i): PlotSeries[] =>
        hidden.has(name)
          ? []
          : [
              {
                name,
                values: columns[i] ?? NOTHING,
                colour: paletteColour(i),
                width: 1.5,
                dash: undefined,
                fill: isStacked ? 0.2 : 0,
                style: "line",
                stack: isStacked ? "all" : undefined,
                isPercent: false,
                isSpanning: false,
                isRight: false,
                isInTip: true,
                text: shortNumber,
              },
            ],
      ),
    [names, columns, hidden, isStacked],
  );
  const png = (): void => {
    const legend = heat !== undefined ? [] : drawn.map(({ name, colour }) => ({ name, colour }));
    if (figure.current !== null) void savePng(figure.current, title, legend, "graph.png");
  };
  return (
    <figure class="chart" ref={figure}>
      {heat !== undefined ? (
        <HeatMap
          heat={heat}
          startMs={startMs}
          endMs={endMs}
          stepMs={stepMs}
          height={HEIGHT}
          isDark={isDark}
          zone={timeZone()}
          syncKey="vestal"
          label={`Heat map of ${heat.names.length} buckets`}
          onZoom={onZoom}
        />
      ) : (
        <Plot
          times={times}
          series={drawn}
          startMs={startMs}
          endMs={endMs}
          height={HEIGHT}
          isDark={isDark}
          zone={timeZone()}
          left={PLAIN_AXIS}
          right={PLAIN_AXIS}
          limits={NOTHING}
          marks={NOTHING}
          dots={dots}
          syncKey="vestal"
          label={`Graph of ${series.length} series`}
          onZoom={onZoom}
        />
      )}
      {mode === "heatmap" && heat === undefined && (
        <p class="note">
          A heat map needs native histograms, or buckets with the label "le"; these are drawn as lines.
        </p>
      )}
      {series.length > SERIES_MAX && (
        <p class="note warn">
          {series.length} series; the first {SERIES_MAX} are drawn.
        </p>
      )}
      <figcaption>
        <div class="row">
          <button type="button" onClick={png}>
            PNG
          </button>
          {actions}
          <span class="muted">Drag over the graph to zoom.</span>
        </div>
        {heat === undefined && <Legend names={names} hidden={hidden} onHide={setHidden} />}
      </figcaption>
    </figure>
  );
}

interface LegendProps {
  readonly names: readonly string[];
  readonly hidden: ReadonlySet<string>;
  readonly onHide: (hidden: ReadonlySet<string>) => void;
}

function Legend({ names, hidden, onHide }: LegendProps) {
  const [isWhole, setWhole] = useState(false);
  const toggle = (name: string, isOnly: boolean): void => {
    if (isOnly) {
      const others = new Set(names.filter((each) => each !== name));
      onHide(hidden.size === others.size && !hidden.has(name) ? new Set() : others);
      return;
    }
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    onHide(next);
  };
  return (
    <>
      <ul class="legend" aria-label="Series">
        {(isWhole ? names : names.slice(0, LEGEND_AT_ONCE)).map((name, i) => (
          <li key={name}>
            <button
              type="button"
              aria-pressed={!hidden.has(name)}
              title="Click: show or hide. With Ctrl or Shift: this one only."
              onClick={(event) => toggle(name, event.ctrlKey || event.shiftKey || event.metaKey)}
            >
              <span
                class="swatch"
                style={{ background: hidden.has(name) ? "none" : paletteColour(i), borderColor: paletteColour(i) }}
                aria-hidden="true"
              />
              <code>{name}</code>
            </button>
          </li>
        ))}
      </ul>
      <div class="row">
        {!isWhole && names.length > LEGEND_AT_ONCE && (
          <button type="button" onClick={() => setWhole(true)}>
            Show all {names.length} series
          </button>
        )}
        {hidden.size > 0 && (
          <button type="button" onClick={() => onHide(new Set())}>
            Show the {hidden.size} hidden
          </button>
        )}
      </div>
    </>
  );
}
