/** Time intervals of the custom resources in Alertmanager's form. */
import type { AlertmanagerConfigMuteTimeInterval } from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import type { Draft } from "./file-schema.js";

type Interval = NonNullable<AlertmanagerConfigMuteTimeInterval["timeIntervals"]>[number];

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** @throws InvalidConfigurationError if a range is none. */
export function timeIntervalOf(interval: AlertmanagerConfigMuteTimeInterval, name: string | undefined): Draft {
  const intervals = (interval.timeIntervals ?? []).map((item, index) =>
    at(`timeIntervals[${index}]`, () => rangesOf(item)),
  );
  // Without ranges an interval has no name either, as in the original.
  return { name: intervals.length === 0 ? "" : (name ?? ""), time_intervals: intervals };
}

function rangesOf(interval: Interval): Draft {
  return {
    times: interval.times?.map((range) => at("times", () => timeRange(range))),
    weekdays: interval.weekdays?.map((range) => at("weekdays", () => weekdayRange(range))),
    days_of_month: interval.daysOfMonth?.map((range) => at("daysOfMonth", () => dayRange(range))),
    months: interval.months?.map((range) => at("months", () => monthRange(range))),
    years: interval.years?.map((range) => at("years", () => yearRange(range))),
  };
}

const TIME = /^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/;

function timeRange({
  startTime = "",
  endTime = "",
}: {
  readonly startTime?: string;
  readonly endTime?: string;
}): Draft {
  for (const time of [startTime, endTime]) if (!TIME.test(time)) invalid(`"${time}" is not a time of the form HH:MM`);
  if (startTime >= endTime) invalid(`${startTime} is not before ${endTime}`);
  return { start_time: startTime, end_time: endTime };
}

function splitRange(range: string): readonly [string, string] {
  const parts = range.split(":");
  if (parts.length > 2) return invalid(`"${range}" is not a range`);
  return [parts[0] ?? "", parts[1] ?? parts[0] ?? ""];
}

/** `from:to`, or only `from` if both are the same. */
function rangeText(from: string | number, to: string | number): string {
  return from === to ? String(from) : `${from}:${to}`;
}

function integerOf(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

function weekdayRange(range: string): string {
  const [from = 0, to = 0] = splitRange(range).map((text) => {
    const day = WEEKDAYS.indexOf(text.toLowerCase());
    const number = day < 0 ? integerOf(text) : day;
    if (number === undefined || number < 0 || number > 6) return invalid(`"${text}" is not a day of the week`);
    return number;
  });
  if (from > to) invalid(`"${range}" ends before it begins`);
  return rangeText(WEEKDAYS[from] ?? "", WEEKDAYS[to] ?? "");
}

function monthRange(range: string): string {
  const [from = 0, to = 0] = splitRange(range).map((text) => {
    const number = MONTHS.indexOf(text.toLowerCase()) + 1 || integerOf(text);
    if (number === undefined || number < 1 || number > 12) return invalid(`"${text}" is not a month`);
    return number;
  });
  if (from > to) invalid(`"${range}" ends before it begins`);
  return rangeText(from, to);
}

function yearRange(range: string): string {
  const [from = 0, to = 0] = splitRange(range).map((text) => integerOf(text) ?? invalid(`"${text}" is not a year`));
  if (from > to) invalid(`"${range}" ends before it begins`);
  return rangeText(from, to);
}

/** The shortest month, by which ranges that count from its end are compared. */
const SHORTEST_MONTH_DAYS = 28;

function dayRange({ start = 0, end = 0 }: { readonly start?: number; readonly end?: number }): string {
  for (const day of [start, end]) if (day === 0 || Math.abs(day) > 31) invalid(`${day} is not a day of the month`);
  if (start < 0 && end > 0) invalid(`${start}:${end}: a range that counts from the end must end there too`);
  const fromStart = (day: number) => (day < 0 ? SHORTEST_MONTH_DAYS + day : day);
  if (fromStart(start) > fromStart(end)) invalid(`${start}:${end} ends before it begins`);
  return rangeText(start, end);
}
