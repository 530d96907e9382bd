/** The chart of the query page: lines or stacked areas, with a legend that switches series and a drag that zooms. */
import { useMemo, useState } from "preact/hooks";
import type { MatrixSeries } from "./api.js";
import { paletteColour } from "./colours.js";
import { metricText, shortNumber } from "./format.js";
import { PLAIN_AXIS, Plot, type PlotSeries } from "./plot.js";

const HEIGHT = 320;
/** Beyond it a legend is no help, and drawing takes its time: the table has them all. */
const SERIES_MAX = 1000;
const LEGEND_MAX = 200;
const NONE: readonly never[] = [];

export interface ChartProps {
  readonly series: readonly MatrixSeries[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly isStacked: boolean;
  readonly isDark: boolean;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

/** Without a gap it is one array of numbers, which engines keep without a box a number. */
function columnOf(
  times: Float64Array,
  numbers: Float64Array,
  count: number,
  startMs: number,
  stepMs: number,
): (number | null)[] {
  const first = Math.round(((times[0] ?? 0) * 1000 - startMs) / stepMs);
  const last = Math.round(((times[times.length - 1] ?? 0) * 1000 - startMs) / stepMs);
  if (times.length === count && first === 0 && last === count - 1 && numbers.every(Number.isFinite))
    return Array.from(numbers);
  const column = new Array<number | null>(count).fill(null);
  for (let j = 0; j < times.length; j++) {
    const i = Math.round((times[j]! * 1000 - startMs) / stepMs);
    const value = numbers[j]!;
    if (i >= 0 && i < count) column[i] = Number.isFinite(value) ? value : null;
  }
  return column;
}

/** Columns for uPlot: times in seconds, then a column a series; null where a step has no point, so that gaps show. */
export function columnsOf(
  series: readonly MatrixSeries[],
  startMs: number,
  endMs: number,
  stepMs: number,
): (number | null)[][] {
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  const times = Array.from({ length: count }, (_, i) => (startMs + i * stepMs) / 1000);
  const columns = series.map(({ times: own, numbers, values = [], histograms = [] }) => {
    if (own !== undefined && numbers !== undefined) return columnOf(own, numbers, count, startMs, stepMs);
    const column = new Array<number | null>(count).fill(null);
    const put = (time: number, value: number): void => {
      const i = Math.round((time * 1000 - startMs) / stepMs);
      if (i >= 0 && i < count) column[i] = Number.isFinite(value) ? value : null;
    };
    for (const [time, value] of values) put(time, Number(value));
    for (const [time, { sum, count: observations }] of histograms) put(time, Number(sum) / Number(observations));
    return column;
  });
  return [times, ...columns];
}

export function Chart({ series, startMs, endMs, stepMs, isStacked, isDark, onZoom }: ChartProps) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => series.slice(0, SERIES_MAX), [series]);
  const names = useMemo(() => shown.map(({ metric }) => metricText(metric)), [shown]);
  const columns = useMemo(() => columnsOf(shown, startMs, endMs, stepMs), [shown, startMs, endMs, stepMs]);
  const drawn = useMemo(
    () =>
      names.flatMap((name, i): PlotSeries[] =>
        hidden.has(name)
          ? []
          : [
              {
                name,
                values: columns[i + 1] ?? [],
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

  const toggle = (name: string, isOnly: boolean): void => {
    if (isOnly) {
      const others = new Set(names.filter((each) => each !== name));
      setHidden(hidden.size === others.size && !hidden.has(name) ? new Set() : others);
      return;
    }
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };

  return (
    <figure class="chart">
      <Plot
        times={(columns[0] ?? []) as readonly number[]}
        series={drawn}
        startMs={startMs}
        endMs={endMs}
        height={HEIGHT}
        isDark={isDark}
        left={PLAIN_AXIS}
        right={PLAIN_AXIS}
        limits={NONE}
        marks={NONE}
        syncKey="vestal"
        label={`Graph of ${series.length} series`}
        onZoom={onZoom}
      />
      {series.length > SERIES_MAX && (
        <p class="note warn">
          {series.length} series; the first {SERIES_MAX} are drawn.
        </p>
      )}
      <figcaption>
        <ul class="legend" aria-label="Series">
          {names.slice(0, LEGEND_MAX).map((name, i) => (
            <li key={name}>
              <button
                type="button"
                aria-pressed={!hidden.has(name)}
                title="Click: show or hide. With Ctrl or Shift: this one only."
                onClick={(event) => toggle(name, event.ctrlKey || event.shiftKey || event.metaKey)}
              >
                <svg width="12" height="12" aria-hidden="true">
                  <rect
                    width="12"
                    height="12"
                    rx="2"
                    fill={hidden.has(name) ? "none" : paletteColour(i)}
                    stroke={paletteColour(i)}
                  />
                </svg>
                <code>{name}</code>
              </button>
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  );
}
