/** Numbers, times and labels as people read them. */
import type { Labels } from "./api.js";

const UNITS_MS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 31_536_000_000],
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** `1h30m`; undefined where the text is no duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^\s*(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?\s*$/.exec(text);
  if (match === null || text.trim() === "") return undefined;
  let ms = 0;
  for (const [i, [, unit]] of UNITS_MS.entries()) ms += Number(match[i + 1] ?? 0) * unit;
  return ms > 0 ? ms : undefined;
}

export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  let rest = Math.round(ms);
  let text = "";
  for (const [unit, size] of UNITS_MS) {
    const count = Math.floor(rest / size);
    // Weeks and years only where they are whole: 25d reads better than 3w4d.
    if (count === 0 || ((unit === "y" || unit === "w") && rest % size !== 0)) continue;
    text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

export function metricText(labels: Labels): string {
  const { __name__: name = "", ...others } = labels;
  const pairs = Object.entries(others).map(([key, value]) => `${quoteName(key)}=${JSON.stringify(value)}`);
  if (name !== "" && !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name))
    return `{${[JSON.stringify(name), ...pairs].join(", ")}}`;
  return pairs.length === 0 ? name || "{}" : `${name}{${pairs.join(", ")}}`;
}

function quoteName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}

const SCALES: readonly (readonly [factor: number, suffix: string])[] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** For axes: three digits and a letter. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  for (const [factor, suffix] of SCALES) if (size >= factor) return `${trim(value / factor)}${suffix}`;
  if (size !== 0 && size < 1e-3) return value.toExponential(2);
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)));
}

export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export function secondsText(seconds: number): string {
  if (seconds === 0) return "0 s";
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 1)} ms` : `${seconds.toFixed(2)} s`;
}

/** `12.3 s ago`; empty for a time that never was. */
export function agoText(time: string, nowMs: number): string {
  const ms = nowMs - Date.parse(time);
  if (!Number.isFinite(ms) || time.startsWith("0001-")) return "never";
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s ago`;
  return `${formatDuration(Math.floor(ms / 60_000) * 60_000)} ago`;
}

/** A sample's value as the API writes it, without the exponent that alerts carry: "0e+00" becomes "0". */
export function valueText(value: string): string {
  const number = Number(value);
  return Number.isNaN(number) ? value : String(number);
}
