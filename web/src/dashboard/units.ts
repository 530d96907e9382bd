/** Values in the units that dashboards name: `bytes`, `percentunit`, `reqps`. An unknown unit is written after the number. */
import { dateTimeText } from "../time-zone.js";

const SI = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E"];
const SI_ONE = 5;
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const COUNT = ["", "K", "Mil", "Bil", "Tri", "Quadr", "Quint"];
const SHORT_COUNT = ["", "K", "M", "B", "T"];

type Format = (value: number, decimals: number | undefined) => string;

/** About three digits: what an axis or a tile has room for. */
function digits(value: number, decimals: number | undefined): string {
  if (decimals !== undefined) return value.toFixed(Math.min(20, Math.max(0, decimals)));
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential(1);
  const places = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size))));
  return String(Number(value.toFixed(places)));
}

function scaled(
  factor: number,
  prefixes: readonly string[],
  one: number,
  join: (text: string, prefix: string) => string,
): Format {
  return (value, decimals) => {
    let step = one;
    let rest = value;
    while (Math.abs(rest) >= factor && step < prefixes.length - 1) {
      rest /= factor;
      step++;
    }
    while (rest !== 0 && Math.abs(rest) < 1 && step > 0) {
      rest *= factor;
      step--;
    }
    return join(digits(rest, decimals), prefixes[step] ?? "");
  };
}

const si = (unit: string, exponent = 0): Format =>
  scaled(1000, SI, SI_ONE + exponent, (text, prefix) => `${text} ${prefix}${unit}`);
const iec = (unit: string, exponent = 0): Format =>
  scaled(1024, IEC, exponent, (text, prefix) => `${text} ${prefix}${unit}`);
const counted = (unit: string): Format =>
  scaled(1000, SHORT_COUNT, 0, (text, prefix) => `${text}${prefix === "" ? " " : ` ${prefix} `}${unit}`);
const fixed =
  (suffix: string): Format =>
  (value, decimals) =>
    `${digits(value, decimals)}${suffix}`;
const currency = (sign: string): Format => scaled(1000, SHORT_COUNT, 0, (text, prefix) => `${sign}${text}${prefix}`);

const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [31_536_000, "years"],
  [604_800, "weeks"],
  [86_400, "days"],
  [3600, "hours"],
  [60, "mins"],
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "µs"],
  [1e-9, "ns"],
];

const duration =
  (seconds: number): Format =>
  (value, decimals) => {
    const size = Math.abs(value * seconds);
    if (size === 0) return `0 ${STEPS.find(([step]) => step === seconds)?.[1] ?? "s"}`;
    const [step, unit] = STEPS.find(([each]) => size >= each * (1 - 1e-12)) ?? [1e-9, "ns"];
    return `${digits(round((value * seconds) / step), decimals)} ${unit}`;
  };

/** Takes back what multiplying left: 12.299999999999999. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}

/** `2h 3m 4s`. */
const words =
  (seconds: number): Format =>
  (value) => {
    let rest = Math.round(Math.abs(value * seconds));
    const parts = [
      ["d", 86_400],
      ["h", 3600],
      ["m", 60],
      ["s", 1],
    ].flatMap(([unit, size]) => {
      const count = Math.floor(rest / Number(size));
      rest -= count * Number(size);
      return count > 0 ? [`${count}${unit}`] : [];
    });
    return `${value < 0 ? "-" : ""}${parts.slice(0, 2).join(" ") || "0s"}`;
  };

const iso: Format = (value) => (Math.abs(value) > 8.64e15 ? String(value) : dateTimeText(value));
const fromNow: Format = (value) => {
  const text = words(1e-3)(Date.now() - value, undefined);
  return text.startsWith("-") ? `in ${text.slice(1)}` : `${text} ago`;
};
const either =
  (yes: string, no: string): Format =>
  (value) =>
    value === 0 ? no : yes;

const FORMATS: Readonly<Record<string, Format>> = {
  none: fixed(""),
  string: (value) => String(value),
  short: scaled(1000, COUNT, 0, (text, prefix) => (prefix === "" ? text : `${text} ${prefix}`)),
  sishort: scaled(1000, SI, SI_ONE, (text, prefix) => `${text}${prefix === "" ? "" : ` ${prefix}`}`),
  percent: fixed("%"),
  percentunit: (value, decimals) => `${digits(round(value * 100), decimals)}%`,
  humidity: fixed("%H"),
  locale: (value) => value.toLocaleString("en-US"),
  sci: (value) => value.toExponential(2),
  hex: (value) => Math.round(value).toString(16).toUpperCase(),
  hex0x: (value) => `0x${Math.round(value).toString(16).toUpperCase()}`,
  bytes: iec("B"),
  kbytes: iec("B", 1),
  mbytes: iec("B", 2),
  gbytes: iec("B", 3),
  bits: iec("b"),
  decbytes: si("B"),
  deckbytes: si("B", 1),
  decmbytes: si("B", 2),
  decgbytes: si("B", 3),
  decbits: si("b"),
  Bps: si("B/s"),
  binBps: iec("B/s"),
  bps: si("b/s"),
  binbps: iec("b/s"),
  KBs: si("B/s", 1),
  KiBs: iec("B/s", 1),
  MBs: si("B/s", 2),
  MiBs: iec("B/s", 2),
  Kbits: si("b/s", 1),
  Mbits: si("b/s", 2),
  Gbits: si("b/s", 3),
  pps: si("p/s"),
  cps: counted("c/s"),
  ops: counted("ops/s"),
  reqps: counted("req/s"),
  rps: counted("rd/s"),
  wps: counted("wr/s"),
  iops: counted("io/s"),
  eps: counted("evt/s"),
  mps: counted("msg/s"),
  recps: counted("rec/s"),
  rowsps: counted("rows/s"),
  opm: counted("ops/m"),
  reqpm: counted("req/m"),
  cpm: counted("c/m"),
  ns: duration(1e-9),
  µs: duration(1e-6),
  ms: duration(1e-3),
  s: duration(1),
  m: duration(60),
  h: duration(3600),
  d: duration(86_400),
  dtdurations: words(1),
  dtdurationms: words(1e-3),
  dthms: words(1),
  clocks: words(1),
  clockms: words(1e-3),
  timeticks: words(1e-2),
  hertz: si("Hz"),
  rothz: si("Hz"),
  rotrpm: fixed(" rpm"),
  watt: si("W"),
  kwatt: si("W", 1),
  voltamp: si("VA"),
  volt: si("V"),
  amp: si("A"),
  mamp: si("A", -1),
  ohm: si("Ω"),
  joule: si("J"),
  watth: si("Wh"),
  kwatth: si("Wh", 1),
  farad: si("F"),
  lengthm: si("m"),
  lengthmm: si("m", -1),
  lengthkm: si("m", 1),
  massg: si("g"),
  masskg: si("g", 1),
  litre: si("L"),
  pressurebar: si("bar"),
  pressurehpa: fixed(" hPa"),
  celsius: fixed(" °C"),
  fahrenheit: fixed(" °F"),
  kelvin: fixed(" K"),
  degree: fixed("°"),
  dB: fixed(" dB"),
  dBm: fixed(" dBm"),
  ppm: fixed(" ppm"),
  currencyUSD: currency("$"),
  currencyEUR: currency("€"),
  currencyGBP: currency("£"),
  currencyJPY: currency("¥"),
  dateTimeAsIso: iso,
  dateTimeAsIsoNoDateIfToday: iso,
  dateTimeAsUS: iso,
  dateTimeAsLocal: iso,
  dateTimeAsSystem: iso,
  dateTimeFromNow: fromNow,
  bool: either("True", "False"),
  bool_yes_no: either("Yes", "No"),
  bool_on_off: either("On", "Off"),
};

const BY_PREFIX: Readonly<Record<string, (rest: string) => Format>> = {
  suffix: fixed,
  prefix: (rest) => (value, decimals) => `${rest}${digits(value, decimals)}`,
  currency: currency,
  count: counted,
  si: (rest) => si(rest.slice(1)),
  time: () => iso,
};

export function unitFormat(unit: string): Format {
  const known = Object.hasOwn(FORMATS, unit) ? FORMATS[unit] : undefined;
  if (known !== undefined) return known;
  if (unit === "") return FORMATS["none"] ?? fixed("");
  const colon = unit.indexOf(":");
  const kind = unit.slice(0, colon);
  if (colon > 0 && Object.hasOwn(BY_PREFIX, kind)) return BY_PREFIX[kind]?.(unit.slice(colon + 1)) ?? fixed("");
  return fixed(` ${unit}`);
}

export function formatUnit(value: number, unit: string, decimals?: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return unitFormat(unit)(value, decimals);
}

/** Whether the unit's steps are powers of 1024. */
export function isBinaryUnit(unit: string): boolean {
  return /^(?:k|m|g|t|p)?bytes$|^bits$|^bin[Bb]ps$|^[KMGTP]i(?:Bs|bits)$/.test(unit);
}
