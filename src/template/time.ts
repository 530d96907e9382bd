/** Go's time.Time, time.Duration and their text, for templates and for whoever keeps times to the nanosecond. */
import { FunctionError } from "./errors.js";
import { formatLayout, type ZoneInfo } from "./layout.js";
import { fn, type GoFunction, GoInteger, GoValue } from "./values.js";

const NANOS = 1_000_000_000n;

/** An instant, with the zone it is shown in. */
export class GoTime extends GoValue {
  readonly typeName = "time.Time";
  /** Nanoseconds since 1970. */
  readonly unixNano: bigint;
  /** An IANA name, "UTC", or a fixed offset as `+02:00`. */
  readonly zone: string;
  /** What formatRfc3339 and formatMillis made of it: times are shared by many alerts. */
  rfc3339: string | undefined;
  millis: string | undefined;

  constructor(unixNano: bigint, zone = "UTC") {
    super();
    this.unixNano = unixNano;
    this.zone = zone;
  }

  static ofMs(ms: number, zone = "UTC"): GoTime {
    return new GoTime(BigInt(Math.round(ms)) * 1_000_000n, zone);
  }

  get unixMs(): number {
    return Number(this.unixNano / 1_000_000n);
  }

  get isZero(): boolean {
    return this.unixNano === ZERO_NANO;
  }

  /** Go's `Format`. */
  format(layout: string): string {
    return formatLayout(layout, this.unixNano, zoneAt(this.zone, this.unixMs));
  }

  override toText(): string {
    return this.format("2006-01-02 15:04:05.999999999 -0700 MST");
  }

  override method(name: string): GoFunction | undefined {
    return Object.hasOwn(TIME_METHODS, name) ? TIME_METHODS[name]!(this) : undefined;
  }
}

/** Go's zero time, the first second of the year 1. */
const ZERO_NANO = -62_135_596_800n * NANOS;
export const ZERO_TIME = new GoTime(ZERO_NANO);

export class GoDuration extends GoInteger {
  constructor(nanos: bigint) {
    super(nanos, "time.Duration");
  }
  override toText(): string {
    return formatGoDuration(this.value);
  }
  override method(name: string): GoFunction | undefined {
    return Object.hasOwn(DURATION_METHODS, name) ? DURATION_METHODS[name]!(this) : undefined;
  }
}

/** Month and Weekday: integers that print as names. */
class NamedInteger extends GoInteger {
  readonly #text: string;
  constructor(value: bigint, typeName: string, text: string) {
    super(value, typeName);
    this.#text = text;
  }
  override toText(): string {
    return this.#text;
  }
  override method(name: string): GoFunction | undefined {
    return name === "String" ? fn([], () => this.#text) : undefined;
  }
}

const TIME_METHODS: Readonly<Record<string, (time: GoTime) => GoFunction>> = {
  Add: (time) => fn(["time.Duration"], (d: GoInteger) => new GoTime(time.unixNano + d.value, time.zone)),
  After: (time) => fn(["time.Time"], (other: GoTime) => time.unixNano > other.unixNano),
  Before: (time) => fn(["time.Time"], (other: GoTime) => time.unixNano < other.unixNano),
  Compare: (time) =>
    fn(["time.Time"], (other: GoTime) =>
      time.unixNano === other.unixNano ? 0n : time.unixNano < other.unixNano ? -1n : 1n,
    ),
  Equal: (time) => fn(["time.Time"], (other: GoTime) => time.unixNano === other.unixNano),
  Sub: (time) => fn(["time.Time"], (other: GoTime) => new GoDuration(time.unixNano - other.unixNano)),
  AddDate: (time) =>
    fn(["int", "int", "int"], (years: bigint, months: bigint, days: bigint) => addDate(time, years, months, days)),
  Format: (time) => fn(["string"], (layout: string) => time.format(layout)),
  String: (time) => fn([], () => time.toText()),
  IsZero: (time) => fn([], () => time.isZero),
  UTC: (time) => fn([], () => new GoTime(time.unixNano)),
  Local: (time) => fn([], () => new GoTime(time.unixNano, localZone())),
  Unix: (time) => fn([], () => new GoInteger(floorDivide(time.unixNano, NANOS), "int64")),
  UnixMilli: (time) => fn([], () => new GoInteger(floorDivide(time.unixNano, 1_000_000n), "int64")),
  UnixMicro: (time) => fn([], () => new GoInteger(floorDivide(time.unixNano, 1000n), "int64")),
  UnixNano: (time) => fn([], () => new GoInteger(time.unixNano, "int64")),
  Nanosecond: (time) => fn([], () => modulo(time.unixNano, NANOS)),
  Year: (time) => fn([], () => BigInt(time.format("2006"))),
  Month: (time) => fn([], () => new NamedInteger(BigInt(time.format("1")), "time.Month", time.format("January"))),
  Weekday: (time) =>
    fn([], () => {
      const name = time.format("Monday");
      return new NamedInteger(BigInt(WEEKDAYS.indexOf(name)), "time.Weekday", name);
    }),
  Day: (time) => fn([], () => BigInt(time.format("2"))),
  YearDay: (time) => fn([], () => BigInt(time.format("002"))),
  Hour: (time) => fn([], () => BigInt(time.format("15"))),
  Minute: (time) => fn([], () => BigInt(time.format("4"))),
  Second: (time) => fn([], () => BigInt(time.format("5"))),
  Truncate: (time) => fn(["time.Duration"], (d: GoInteger) => new GoTime(truncated(time.unixNano, d.value), time.zone)),
  Round: (time) => fn(["time.Duration"], (d: GoInteger) => new GoTime(rounded(time.unixNano, d.value), time.zone)),
};

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const DURATION_METHODS: Readonly<Record<string, (duration: GoDuration) => GoFunction>> = {
  Seconds: (duration) => fn([], () => Number(duration.value) / 1e9),
  Minutes: (duration) => fn([], () => Number(duration.value) / 60e9),
  Hours: (duration) => fn([], () => Number(duration.value) / 3600e9),
  Milliseconds: (duration) => fn([], () => new GoInteger(duration.value / 1_000_000n, "int64")),
  Microseconds: (duration) => fn([], () => new GoInteger(duration.value / 1000n, "int64")),
  Nanoseconds: (duration) => fn([], () => new GoInteger(duration.value, "int64")),
  Abs: (duration) => fn([], () => new GoDuration(duration.value < 0n ? -duration.value : duration.value)),
  String: (duration) => fn([], () => duration.toText()),
  Truncate: (duration) =>
    fn(
      ["time.Duration"],
      (d: GoInteger) => new GoDuration(d.value <= 0n ? duration.value : duration.value - (duration.value % d.value)),
    ),
  Round: (duration) =>
    fn(["time.Duration"], (d: GoInteger) => new GoDuration(roundedAwayFromZero(duration.value, d.value))),
};

function floorDivide(a: bigint, b: bigint): bigint {
  return (a - modulo(a, b)) / b;
}

function modulo(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest < 0n ? rest + b : rest;
}

/** Go counts from the zero time. */
function truncated(nano: bigint, step: bigint): bigint {
  return step <= 0n ? nano : nano - modulo(nano - ZERO_NANO, step);
}

function rounded(nano: bigint, step: bigint): bigint {
  if (step <= 0n) return nano;
  const rest = modulo(nano - ZERO_NANO, step);
  return rest * 2n < step ? nano - rest : nano + step - rest;
}

function roundedAwayFromZero(value: bigint, step: bigint): bigint {
  if (step <= 0n) return value;
  const size = value < 0n ? -value : value;
  const rest = size % step;
  const result = rest * 2n < step ? size - rest : size + step - rest;
  return value < 0n ? -result : result;
}

function addDate(time: GoTime, years: bigint, months: bigint, days: bigint): GoTime {
  const offsetMs = zoneAt(time.zone, time.unixMs).offsetSeconds * 1000;
  const date = new Date(time.unixMs + offsetMs);
  const moved = new Date(date);
  moved.setUTCFullYear(
    date.getUTCFullYear() + Number(years),
    date.getUTCMonth() + Number(months),
    date.getUTCDate() + Number(days),
  );
  const shift = BigInt(moved.getTime() - date.getTime()) * 1_000_000n;
  return new GoTime(time.unixNano + shift, time.zone);
}

export function localZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === undefined || zone === "Etc/UTC" ? "UTC" : zone;
}

const formatters = new Map<string, Intl.DateTimeFormat>();
/** Languages of English whose speakers have names for the zones near them. */
const ZONE_NAME_LOCALES = ["en-US", "en-GB", "en-AU", "en-IN", "en-CA", "en-NZ", "en-ZA"];

/** @throws RangeError for a zone that is unknown. */
function zoneParts(zone: string, ms: number, locale: string): Intl.DateTimeFormatPart[] {
  const key = `${locale} ${zone}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat(locale, {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
      timeZoneName: "short",
    });
    formatters.set(key, formatter);
  }
  return formatter.formatToParts(ms);
}

/** The offset and abbreviation of a zone at an instant. */
export function zoneAt(zone: string, ms: number): ZoneInfo {
  if (zone === "UTC" || zone === "") return { offsetSeconds: 0, abbreviation: "UTC" };
  const fixed = /^([+-])(\d\d):(\d\d)$/.exec(zone);
  if (fixed !== null) {
    const offset = (Number(fixed[2]) * 60 + Number(fixed[3])) * 60;
    return { offsetSeconds: fixed[1] === "-" ? -offset : offset, abbreviation: "" };
  }
  // Intl knows no time before the year 1 that matters here.
  const whole = Math.floor(ms / 1000) * 1000;
  const parts = zoneParts(zone, whole, "en-US");
  const get = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const local = Date.UTC(get("year"), get("month") - 1, get("day"), get("hour"), get("minute"), get("second"));
  const offsetSeconds = Math.round((local - whole) / 1000);
  for (const locale of ZONE_NAME_LOCALES) {
    const name = zoneParts(zone, whole, locale).find((part) => part.type === "timeZoneName")?.value ?? "";
    if (!/^(?:GMT|UTC)[+-]/.test(name) && name !== "") return { offsetSeconds, abbreviation: name };
  }
  const sign = offsetSeconds < 0 ? "-" : "+";
  const minutes = Math.abs(offsetSeconds) / 60;
  const rest = minutes % 60 === 0 ? "" : String(minutes % 60).padStart(2, "0");
  return { offsetSeconds, abbreviation: `${sign}${String(Math.floor(minutes / 60)).padStart(2, "0")}${rest}` };
}

/** @throws FunctionError in Go's words. */
export function loadLocation(name: string): string {
  if (name === "" || name === "UTC") return "UTC";
  if (name === "Local") return localZone();
  try {
    zoneParts(name, 0, "en-US");
    return name;
  } catch (error) {
    if (error instanceof RangeError) throw new FunctionError(`unknown time zone ${name}`);
    throw error;
  }
}

/** time.Duration's String: `1h2m3.5s`, `1.5ms`, `0s`. */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  if (size < 1000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${withFraction(size, 1000n)}µs`;
  if (size < NANOS) return `${sign}${withFraction(size, 1_000_000n)}ms`;
  const minutes = size / (60n * NANOS);
  const seconds = `${withFraction(size % (60n * NANOS), NANOS)}s`;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours > 0n ? `${hours}h` : ""}${minutes % 60n}m${seconds}`;
}

function withFraction(value: bigint, unit: bigint): string {
  const digits = String(unit).length - 1;
  const fraction = String(value % unit)
    .padStart(digits, "0")
    .replace(/0+$/, "");
  return `${value / unit}${fraction === "" ? "" : `.${fraction}`}`;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$/;

/** An RFC 3339 time with its zone, or undefined. */
export function parseRfc3339(text: string): GoTime | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isValid =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isValid) return undefined;
  const nanos = BigInt((match[7] ?? "").slice(0, 9).padEnd(9, "0"));
  const isUtc = match[8] !== undefined || (match[10] === "00" && match[11] === "00");
  const zone = isUtc ? "UTC" : `${match[9]}${match[10]}:${match[11]}`;
  const offset = isUtc ? 0 : zoneAt(zone, 0).offsetSeconds;
  return new GoTime(BigInt(date.getTime() - offset * 1000) * 1_000_000n + nanos, zone);
}

let lastSecond = 0;
let lastSecondText = "";

/**
 * A time in UTC after 1970 as RFC 3339: `2026-01-02T03:04:05.067Z`. Times that follow each other share their text but for the fraction.
 * @param digits  of a second: 3, or as many as it has.
 */
function formatUtc(unixNano: bigint, digits: 3 | "all"): string {
  const second = Number(unixNano / NANOS);
  if (second !== lastSecond) {
    lastSecond = second;
    lastSecondText = new Date(second * 1000).toISOString().slice(0, -".000Z".length);
  }
  const nanos = Number(unixNano % NANOS);
  if (digits === 3) return `${lastSecondText}.${String(Math.trunc(nanos / 1e6)).padStart(3, "0")}Z`;
  if (nanos === 0) return `${lastSecondText}Z`;
  let end = 9;
  let rest = nanos;
  while (rest % 10 === 0) {
    rest /= 10;
    end--;
  }
  return `${lastSecondText}.${String(rest).padStart(end, "0")}Z`;
}

/** The last second of the year 9999, in nanoseconds: later years have more digits. */
const LAST_NANO = 253_402_300_799n * NANOS;

function isPlainUtc({ zone, unixNano }: GoTime): boolean {
  return zone === "UTC" && unixNano > 0n && unixNano < LAST_NANO;
}

/** As encoding/json writes a time: RFC 3339 with as many digits of a second as it has. */
export function formatRfc3339(time: GoTime): string {
  time.rfc3339 ??= isPlainUtc(time)
    ? formatUtc(time.unixNano, "all")
    : time.format("2006-01-02T15:04:05.999999999Z07:00");
  return time.rfc3339;
}

/** As strfmt writes a time: RFC 3339 to the millisecond. */
export function formatMillis(time: GoTime): string {
  time.millis ??= isPlainUtc(time) ? formatUtc(time.unixNano, 3) : time.format("2006-01-02T15:04:05.000Z07:00");
  return time.millis;
}

const DURATION_UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["µs", 1000n],
  ["μs", 1000n],
  ["ms", 1_000_000n],
  ["s", NANOS],
  ["m", 60n * NANOS],
  ["h", 3600n * NANOS],
]);

/** time.ParseDuration: nanoseconds, or undefined where it is none. */
export function parseGoDuration(text: string): bigint | undefined {
  const sign = text.startsWith("-") ? -1n : 1n;
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0n;
  if (!/^(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined;
  let total = 0n;
  for (const [, whole = "", fraction = "", unit] of body.matchAll(/([0-9]*)\.?([0-9]*)(ns|us|µs|μs|ms|s|m|h)/g)) {
    const scale = DURATION_UNITS.get(unit!)!;
    total += BigInt(whole === "" ? 0 : whole) * scale;
    const digits = fraction.slice(0, 18);
    if (digits !== "") total += (BigInt(digits) * scale) / 10n ** BigInt(digits.length);
  }
  return total > 2n ** 63n - 1n ? undefined : sign * total;
}
