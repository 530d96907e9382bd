/** Colours under Grafana's names, and text that can be read on them. */

const HUES: Readonly<
  Record<string, readonly [dark: string, semiDark: string, plain: string, light: string, superLight: string]>
> = {
  red: ["#c4162a", "#e02f44", "#f2495c", "#ff7383", "#ffa6b0"],
  orange: ["#fa6400", "#ff780a", "#ff9830", "#ffb357", "#ffcb7d"],
  yellow: ["#e0b400", "#f2cc0c", "#fade2a", "#ffee52", "#fff899"],
  green: ["#37872d", "#56a64b", "#73bf69", "#96d98d", "#c8f2c2"],
  blue: ["#1f60c4", "#3274d9", "#5794f2", "#8ab8ff", "#c0d8ff"],
  purple: ["#8f3bb8", "#a352cc", "#b877d9", "#ca95e5", "#deb6f2"],
};
const SHADES = ["dark-", "semi-dark-", "", "light-", "super-light-"];
const PLAIN: Readonly<Record<string, string>> = {
  white: "#ffffff",
  black: "#000000",
  gray: "#8e8e8e",
  grey: "#8e8e8e",
};

const NAMED = new Map<string, string>(
  Object.entries(HUES).flatMap(([hue, shades]) =>
    SHADES.map((shade, i) => [`${shade}${hue}`, shades[i] ?? ""] as const),
  ),
);

export const PALETTE = [
  "#1971c2",
  "#e8590c",
  "#2f9e44",
  "#9c36b5",
  "#e03131",
  "#0c8599",
  "#f08c00",
  "#5f3dc4",
  "#66a80f",
  "#c2255c",
  "#868e96",
];

export function paletteColour(index: number): string {
  return PALETTE[index % PALETTE.length] ?? "#1971c2";
}

/** A colour that CSS and canvas take; anything else, also what only looks like one, is `otherwise`. */
export function colourOf(name: unknown, otherwise: string): string {
  if (typeof name !== "string") return otherwise;
  const known = NAMED.get(name) ?? (Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined);
  if (known !== undefined) return known;
  if (/^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(name)) return name;
  return /^(?:rgb|hsl)a?\([\d.,%\s/]{1,60}\)$/i.test(name) ? name : otherwise;
}

type Rgb = readonly [number, number, number];

export function rgbOf(colour: string): Rgb | undefined {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(colour);
  if (short !== null) return [1, 2, 3].map((i) => Number.parseInt(`${short[i]}${short[i]}`, 16)) as unknown as Rgb;
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(colour);
  if (long !== null) return [1, 2, 3].map((i) => Number.parseInt(long[i] ?? "0", 16)) as unknown as Rgb;
  const parts = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/i.exec(colour);
  return parts === null ? undefined : ([1, 2, 3].map((i) => Number(parts[i])) as unknown as Rgb);
}

export function withAlpha(colour: string, alpha: number): string {
  const rgb = rgbOf(colour);
  return rgb === undefined ? colour : `rgba(${rgb.join(", ")}, ${alpha})`;
}

function luminance([r, g, b]: Rgb): number {
  const [x = 0, y = 0, z = 0] = [r, g, b].map((part) => {
    const share = part / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const READABLE = 4.6;

/** `colour`, moved towards black or white until it is read as text on `paper` (WCAG AA). */
export function readable(colour: string, paper: Rgb): string {
  const rgb = rgbOf(colour);
  if (rgb === undefined) return colour;
  const end: Rgb = luminance(paper) > 0.4 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0; share <= 1; share += 0.05) {
    const mixed = rgb.map((part, i) => Math.round(part + ((end[i] ?? 0) - part) * share)) as unknown as Rgb;
    if (contrast(mixed, paper) >= READABLE) return `rgb(${mixed.join(", ")})`;
  }
  return `rgb(${end.join(", ")})`;
}

/** Black or white, whichever is read on `colour`. */
export function inkOn(colour: string): string {
  const rgb = rgbOf(colour) ?? [0, 0, 0];
  return contrast(rgb, [255, 255, 255]) >= contrast(rgb, [0, 0, 0]) ? "#ffffff" : "#000000";
}
