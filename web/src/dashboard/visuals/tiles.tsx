/** Single values: tiles, gauges, bars, pies. */
import { inkOn, readable } from "../../colours.js";
import { valueColour } from "../fields.js";
import type { Cell } from "../frames.js";
import { objectOf, textOf } from "../json.js";
import { type Single, singles, type VisualProps } from "./common.js";

const DARK_PAPER = [31, 34, 38] as const;
const LIGHT_PAPER = [248, 249, 250] as const;

function paperOf(isDark: boolean): readonly [number, number, number] {
  return isDark ? DARK_PAPER : LIGHT_PAPER;
}

export function Stat({ panel, data, isDark }: VisualProps) {
  const all = singles(panel, data);
  const mode = textOf(panel.options["colorMode"], "value");
  const textMode = textOf(panel.options["textMode"], "auto");
  const hasGraph = textOf(panel.options["graphMode"], "area") === "area";
  return (
    <div class="tiles">
      {all.map((single) => {
        const colour = valueColour(single.display, single.value);
        const isFilled = mode === "background" || mode === "background_solid";
        const style: Record<string, string> = isFilled
          ? { background: colour, color: inkOn(colour) }
          : mode === "value"
            ? { color: readable(colour, paperOf(isDark)) }
            : {};
        const text = single.display.text(single.value);
        const hasName = textMode === "value_and_name" || textMode === "name" || (textMode === "auto" && all.length > 1);
        return (
          <div key={single.key} class="tile" style={style}>
            {hasName && <div class="tile-name">{single.name}</div>}
            {textMode !== "name" && textMode !== "none" && <div class="tile-value">{text === "" ? "–" : text}</div>}
            {hasGraph && <Spark values={single.history} colour={isFilled ? "currentColor" : colour} />}
          </div>
        );
      })}
    </div>
  );
}

const SPARK_WIDTH = 100;
const SPARK_HEIGHT = 24;

function Spark({ values, colour }: { values: readonly Cell[]; colour: string }) {
  const points = values.flatMap((value, i) =>
    typeof value === "number" && Number.isFinite(value) ? [[i, value] as const] : [],
  );
  if (points.length < 2) return null;
  const numbers = points.map(([, value]) => value);
  const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  const x = (i: number): number => (i / Math.max(1, values.length - 1)) * SPARK_WIDTH;
  const y = (value: number): number => SPARK_HEIGHT - 1 - ((value - low) / (high - low || 1)) * (SPARK_HEIGHT - 2);
  const line = points.map(([i, value]) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const first = points[0]?.[0] ?? 0;
  const last = points.at(-1)?.[0] ?? 0;
  return (
    <svg class="spark" viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon points={`${x(first)},${SPARK_HEIGHT} ${line} ${x(last)},${SPARK_HEIGHT}`} fill={colour} opacity="0.2" />
      <polyline points={line} fill="none" stroke={colour} stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function shareOf({ display, value }: Single, fallbackMax: number): number {
  const min = display.min ?? 0;
  const max = display.max ?? fallbackMax;
  const number = typeof value === "number" ? value : min;
  return Math.min(1, Math.max(0, (number - min) / (max - min || 1)));
}

/** Without a maximum: 100, and 1 for shares. */
function naturalMax(single: Single): number {
  return single.display.unit === "percentunit" ? 1 : 100;
}

const RADIUS = 40;
const ARC = Math.PI * RADIUS * 1.25;

function arc(radius: number): string {
  // From 7:30 o'clock to 4:30: five quarters of a half circle.
  const end = (degrees: number): string => {
    const angle = (degrees * Math.PI) / 180;
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(50 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M ${end(157.5)} A ${radius} ${radius} 0 1 1 ${end(22.5)}`;
}

export function Gauge({ panel, data, isDark }: VisualProps) {
  return (
    <div class="tiles">
      {singles(panel, data).map((single, _, all) => {
        const share = shareOf(single, naturalMax(single));
        const colour = valueColour(single.display, single.value);
        const text = single.display.text(single.value);
        return (
          <div key={single.key} class="tile gauge">
            <svg viewBox="0 0 100 72" role="img" aria-label={`${single.name}: ${text || "no value"}`}>
              <path d={arc(RADIUS)} fill="none" class="track" stroke-width="11" />
              <path
                d={arc(RADIUS)}
                fill="none"
                stroke={colour}
                stroke-width="11"
                stroke-dasharray={`${(ARC * share).toFixed(2)} 1000`}
              />
              <text x="50" y="56" text-anchor="middle" fill={readable(colour, paperOf(isDark))}>
                {text === "" ? "–" : text}
              </text>
            </svg>
            {all.length > 1 && <div class="tile-name">{single.name}</div>}
          </div>
        );
      })}
    </div>
  );
}

export function BarGauge({ panel, data }: VisualProps) {
  const all = singles(panel, data);
  const most = Math.max(
    0,
    ...all.map(({ value }) => (typeof value === "number" && Number.isFinite(value) ? value : 0)),
  );
  return (
    <ul class="bars">
      {all.map((single) => {
        const share = shareOf(single, most > 0 ? most : naturalMax(single));
        const text = single.display.text(single.value);
        return (
          <li key={single.key}>
            <span class="bar-name">{single.name}</span>
            <span class="bar-track" aria-hidden="true">
              <span
                class="bar-fill"
                style={{ width: `${(share * 100).toFixed(2)}%`, background: valueColour(single.display, single.value) }}
              />
            </span>
            <span class="bar-value">{text === "" ? "–" : text}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function Pie({ panel, data }: VisualProps) {
  const all = singles(panel, data).filter(({ value }) => typeof value === "number" && value > 0);
  const total = all.reduce((sum, { value }) => sum + Number(value), 0);
  const isDonut = panel.options["pieType"] === "donut";
  const circumference = 2 * Math.PI * 25;
  let before = 0;
  const slices = all.map((single) => {
    const share = Number(single.value) / (total || 1);
    const slice = { single, share, from: before, colour: single.display.colour(single.value) };
    before += share;
    return slice;
  });
  return (
    <div class="pie">
      <svg viewBox="0 0 100 100" role="img" aria-label={`${panel.title}: ${all.length} parts`}>
        {slices.map(({ single, share, from, colour }) => (
          <circle
            key={single.key}
            r="25"
            cx="50"
            cy="50"
            fill="none"
            stroke={colour}
            stroke-width={isDonut ? 20 : 50}
            stroke-dasharray={`${(share * circumference).toFixed(3)} ${circumference}`}
            stroke-dashoffset={(-from * circumference).toFixed(3)}
            transform="rotate(-90 50 50)"
          />
        ))}
      </svg>
      {objectOf(panel.options["legend"])["showLegend"] !== false && (
        <ul class="legend small">
          {slices.map(({ single, share, colour }) => (
            <li key={single.key}>
              <span class="swatch" style={{ background: colour, borderColor: colour }} aria-hidden="true" />{" "}
              {single.name}{" "}
              <span class="muted">
                {single.display.text(single.value)}, {Math.round(share * 100)}%
              </span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
