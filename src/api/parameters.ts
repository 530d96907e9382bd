/**
 * Query strings and forms as Go reads them, and the values that Prometheus' API takes from them: times, durations, limits.
 *
 * Bytes that are not UTF-8 become lone surrogates (U+DC00 + byte), so a name can be refused, and printed, as what it was.
 */
import { isUtf8 } from "node:buffer";
import { VestalError } from "../base/index.js";
import { parseDuration as parseModelDuration, quoteGo } from "../model/index.js";
import { parseGoFloat } from "../model/number.js";
import { type ApiFailure, invalidParameter } from "./types.js";

/** Repeated keys keep their order. */
export class Parameters {
  static readonly NONE: Parameters = new Parameters([]);
  readonly entries: ReadonlyArray<readonly [string, string]>;

  constructor(entries: ReadonlyArray<readonly [string, string]>) {
    this.entries = entries;
  }

  /** `key=value&…`; a pair that does not decode, or that has a `;`, is left out, as Go's url.ParseQuery with its error ignored. */
  static parse(query: string): Parameters {
    if (query === "") return Parameters.NONE;
    const entries: [string, string][] = [];
    for (const pair of query.split("&")) {
      if (pair === "" || pair.includes(";")) continue;
      const equals = pair.indexOf("=");
      const key = percentDecode(equals < 0 ? pair : pair.slice(0, equals), true);
      const value = equals < 0 ? "" : percentDecode(pair.slice(equals + 1), true);
      if (key !== undefined && value !== undefined) entries.push([key, value]);
    }
    return new Parameters(entries);
  }

  /** The first value, or "". */
  get(key: string): string {
    return this.entries.find((entry) => entry[0] === key)?.[1] ?? "";
  }

  has(key: string): boolean {
    return this.entries.some((entry) => entry[0] === key);
  }

  all(key: string): string[] {
    return this.entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
  }

  /** These, then those of `other`. */
  concat(other: Parameters): Parameters {
    if (this.entries.length === 0) return other;
    return other.entries.length === 0 ? this : new Parameters([...this.entries, ...other.entries]);
  }
}

/** Undoes %XX (and `+` in queries); undefined if an escape is broken. */
export function percentDecode(source: string, plusIsSpace: boolean): string | undefined {
  const spaced = plusIsSpace ? source.replaceAll("+", " ") : source;
  if (!spaced.includes("%")) return spaced;
  const bytes = Buffer.from(spaced, "utf8");
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i]!;
    if (byte === 0x25) {
      const high = hexDigit(bytes[i + 1]);
      const low = hexDigit(bytes[i + 2]);
      if (high < 0 || low < 0) return undefined;
      byte = high * 16 + low;
      i += 2;
    }
    bytes[length++] = byte;
  }
  return decodeUtf8(bytes.subarray(0, length));
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? -1 : digit;
}

/** UTF-8 with every byte that belongs to no character as a lone surrogate. */
export function decodeUtf8(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString("utf8");
  let decoded = "";
  for (let i = 0; i < buffer.length; ) {
    let length = 1;
    while (length <= 4 && !isUtf8(buffer.subarray(i, i + length))) length++;
    const whole = length <= 4 && i + length <= buffer.length;
    decoded += whole ? buffer.toString("utf8", i, i + length) : String.fromCharCode(0xdc00 + buffer[i]!);
    i += whole ? length : 1;
  }
  return decoded;
}

const LONE_SURROGATE = /\p{Cs}/u;

/** False where bytes were not UTF-8. */
export function isWellFormed(value: string): boolean {
  return !LONE_SURROGATE.test(value);
}

/** As Go's %q: broken bytes as \xNN. */
export function quoteParameter(value: string): string {
  if (isWellFormed(value)) return quoteGo(value);
  const parts = value.split(/([\udc80-\udcff])/u);
  const quoted = parts.map((part, i) =>
    i % 2 === 1 ? `\\x${(part.charCodeAt(0) - 0xdc00).toString(16)}` : quoteGo(part).slice(1, -1),
  );
  return `"${quoted.join("")}"`;
}

const NS_PER_SECOND = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;

/** An instant in nanoseconds since the epoch; Go's clock is that fine, and "end before start" compares it. */
export type TimeNs = bigint;
export type DurationNs = bigint;

/** What stands for a start or an end that was not given: no bound. Exact as a number. */
export const MIN_TIME_MS = Number.MIN_SAFE_INTEGER;
export const MAX_TIME_MS = Number.MAX_SAFE_INTEGER;

/** Milliseconds, rounded down, clamped to what a number holds exactly. */
export function toMs(timeNs: bigint): number {
  const ms = timeNs >= 0n || timeNs % NS_PER_MS === 0n ? timeNs / NS_PER_MS : timeNs / NS_PER_MS - 1n;
  if (ms < BigInt(MIN_TIME_MS)) return MIN_TIME_MS;
  return ms > BigInt(MAX_TIME_MS) ? MAX_TIME_MS : Number(ms);
}

/** How Prometheus writes the first and the last time that it knows; no other year of more than four digits is read. */
const SPECIAL_TIMES: ReadonlyMap<string, TimeNs> = new Map([
  ["-292273086-05-16T16:47:06Z", (-(2n ** 63n) / 1000n + 62_135_596_801n) * NS_PER_SECOND],
  ["292277025-08-18T07:12:54.999999999Z", ((2n ** 63n - 1n) / 1000n - 62_135_596_801n) * NS_PER_SECOND + 999_999_999n],
]);

/** Seconds since the epoch with a fraction, rounded to milliseconds, or RFC 3339. */
export function parseTime(source: string): TimeNs | string {
  const seconds = parseGoFloat(source);
  if (seconds !== undefined) {
    const whole = Math.trunc(seconds);
    const scaled = (Number.isFinite(seconds) ? seconds - whole : Number.NaN) * 1000;
    const fraction = (Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5)) / 1000;
    return toInt64(whole) * NS_PER_SECOND + toInt64(fraction * 1e9);
  }
  return (
    SPECIAL_TIMES.get(source) ?? parseRfc3339(source) ?? `cannot parse ${quoteParameter(source)} to a valid timestamp`
  );
}

/** Seconds with a fraction, or Prometheus' units (`1h30m`). */
export function parseDuration(source: string): DurationNs | string {
  const seconds = parseGoFloat(source);
  if (seconds !== undefined) {
    const ns = seconds * 1e9;
    if (ns > 2 ** 63 || ns < -(2 ** 63)) {
      return `cannot parse ${quoteParameter(source)} to a valid duration. It overflows int64`;
    }
    return toInt64(ns);
  }
  try {
    return BigInt(parseModelDuration(source)) * NS_PER_MS;
  } catch (error) {
    if (!(error instanceof VestalError && error.code === "DURATION")) throw error;
    return `cannot parse ${quoteParameter(source)} to a valid duration`;
  }
}

/** Go's float64 to int64 on amd64: what does not fit becomes the smallest. */
function toInt64(value: number): bigint {
  return Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

function parseRfc3339(source: string): TimeNs | undefined {
  const match = RFC3339.exec(source);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const zoneHour = Number(match[9] ?? 0);
  const zoneMinute = Number(match[10] ?? 0);
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 24 || zoneMinute > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offsetSeconds = (match[8] === "-" ? -1 : 1) * (zoneHour * 3600 + zoneMinute * 60);
  const fractionNs = BigInt((match[7] ?? "").slice(0, 9).padEnd(9, "0"));
  return BigInt(date.getTime() / 1000 - offsetSeconds) * NS_PER_SECOND + fractionNs;
}

/** `time`, `start`, `end` where they may be missing. */
export function timeParameter(form: Parameters, name: string, fallback: number): number | ApiFailure {
  const source = form.get(name);
  if (source === "") return fallback;
  const time = parseTime(source);
  if (typeof time === "string") return invalidParameter(name, `invalid time value for '${name}': ${time}`);
  return toMs(time);
}

/** Go's strconv.Atoi: the number, or what Go says is wrong with it. */
export function parseGoInt(source: string, bits: 32 | 64, name: "Atoi" | "ParseInt"): number | string {
  if (!/^[+-]?[0-9]+$/.test(source)) return `strconv.${name}: parsing ${quoteParameter(source)}: invalid syntax`;
  const value = BigInt(source.startsWith("+") ? source.slice(1) : source);
  if (BigInt.asIntN(bits, value) !== value) {
    return `strconv.${name}: parsing ${quoteParameter(source)}: value out of range`;
  }
  return Number(value);
}

/** `limit`: 0 and missing mean none. */
export function limitParameter(form: Parameters): number | ApiFailure {
  const source = form.get("limit");
  if (source === "") return 0;
  const limit = parseGoInt(source, 64, "Atoi");
  if (typeof limit === "string") return invalidParameter("limit", limit);
  return limit < 0 ? invalidParameter("limit", "limit must be non-negative") : limit;
}

/** Go's strconv.ParseBool, or what Go says is wrong. */
export function parseGoBool(source: string): boolean | string {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(source)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(source)) return false;
  return `strconv.ParseBool: parsing ${quoteParameter(source)}: invalid syntax`;
}
