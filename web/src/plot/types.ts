/** What a chart is told: series, axes, and what else is drawn over time. */
import { shortNumber } from "../format.js";
import type { TimeZone } from "../time-zone.js";

/** A value a step; where there is none, null, or NaN in typed columns. */
export type Column = readonly (number | null)[] | Float64Array;

export interface PlotSeries {
  readonly name: string;
  readonly values: Column;
  readonly colour: string;
  readonly width: number;
  readonly dash: readonly number[] | undefined;
  /** 0 to 1. */
  readonly fill: number;
  readonly style: "line" | "step" | "bars" | "points";
  /** Series of one name are put on top of each other. */
  readonly stack: string | undefined;
  readonly isPercent: boolean;
  readonly isSpanning: boolean;
  readonly isRight: boolean;
  readonly isInTip: boolean;
  readonly text: (value: number) => string;
}

export interface AxisOptions {
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly softMin: number | undefined;
  readonly softMax: number | undefined;
  readonly isLog: boolean;
  /** Of bytes in powers of 1024: the axis is divided so. */
  readonly isBinary: boolean;
  readonly label: string;
  readonly text: (value: number) => string;
}

/** A line through all heights at one time. */
export interface Mark {
  readonly timeMs: number;
  readonly colour: string;
  readonly text: string;
}

/** One measurement with a story: an exemplar. */
export interface Dot {
  readonly timeMs: number;
  readonly value: number;
  /** Shown near the cursor, a line each. */
  readonly lines: readonly string[];
}

export interface Limit {
  readonly from: number;
  readonly to: number;
  readonly colour: string;
  readonly hasLine: boolean;
  readonly isDashed: boolean;
  readonly hasArea: boolean;
}

export interface PlotProps {
  /** Seconds. */
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly startMs: number;
  readonly endMs: number;
  /** Pixels; undefined fills the box around it. */
  readonly height: number | undefined;
  readonly isDark: boolean;
  readonly zone: TimeZone;
  readonly left: AxisOptions;
  readonly right: AxisOptions;
  readonly limits: readonly Limit[];
  readonly marks: readonly Mark[];
  readonly dots: readonly Dot[];
  readonly syncKey: string;
  readonly label: string;
  readonly onZoom: (startMs: number, endMs: number) => void;
}

export const PLAIN_AXIS: AxisOptions = {
  min: undefined,
  max: undefined,
  softMin: undefined,
  softMax: undefined,
  isLog: false,
  isBinary: false,
  label: "",
  text: shortNumber,
};

export const NOTHING: readonly never[] = [];

export function valueAt(values: Column, index: number): number | null {
  const value = values[index] ?? null;
  return value === null || Number.isNaN(value) ? null : value;
}
