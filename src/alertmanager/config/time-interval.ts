/** Time intervals: ranges of minutes, days, months and years, in a place's own time. */

import { errorMessage } from "../../base/index.js";
import { refuse } from "../../config/schema/http-client.js";
import { checked, field, list, type Shape, struct, text } from "../../config/shape.js";
import { loadLocation, zoneAt } from "../../template/index.js";

const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const MONTHS = [
  "",
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

type Range = readonly [begin: number, end: number];

function wholeNumber(text: string): number {
  if (!/^[+-]?[0-9]+$/.test(text)) refuse(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function readRange(written: string, member: (text: string) => number): Range {
  const lower = written.toLowerCase();
  const parts = lower.split(":");
  if (parts.length > 2) refuse(`couldn't parse range ${lower}, invalid format`);
  const begin = member(parts[0]!);
  return [begin, parts[1] === undefined ? begin : member(parts[1])];
}

function weekday(text: string): number {
  const day = WEEKDAYS.indexOf(text);
  return day < 0 ? refuse(`${text} is not a valid weekday`) : day;
}

function month(text: string): number {
  const named = text === "" ? -1 : MONTHS.indexOf(text);
  if (named > 0) return named;
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : refuse(`${text} is not a valid month`);
}

function weekdayRange(written: string): Range {
  const range = readRange(written, weekday);
  if (range[0] > range[1]) refuse("start day cannot be before end day");
  return range;
}

function dayRange(written: string): Range {
  const [begin, end] = readRange(written, wholeNumber);
  for (const day of [begin, end]) {
    if (day === 0 || day < -31 || day > 31) refuse(`${day} is not a valid day of the month: out of range`);
  }
  if (begin < 0 && end > 0) refuse("end day must be negative if start day is negative");
  // A month has 28 days at least.
  const [first, last] = [begin < 0 ? 28 + begin : begin, end < 0 ? 28 + end : end];
  if (first > last) refuse(`end day ${end} is always before start day ${begin}`);
  return [begin, end];
}

function monthRange(written: string): Range {
  const [begin, end] = readRange(written, month);
  if (begin > end) refuse(`end month ${MONTHS[end] ?? ""} is before start month ${MONTHS[begin] ?? ""}`);
  return [begin, end];
}

function yearRange(written: string): Range {
  const [begin, end] = readRange(written, wholeNumber);
  if (begin > end) refuse(`end year ${end} is before start year ${begin}`);
  return [begin, end];
}

/** A range, kept as Go prints it again. */
const range = (goType: string, read: (text: string) => Range, show: (member: number) => string): Shape<string> =>
  checked(goType, (written) => {
    const [begin, end] = read(written);
    return begin === end ? show(begin) : `${show(begin)}:${show(end)}`;
  });

const TIME = /^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/;

function minuteOf(time: string): number {
  if (!TIME.test(time)) refuse(`couldn't parse timestamp ${time}, invalid format`);
  const [hours, minutes] = time.split(":").map(Number) as [number, number];
  return hours * 60 + minutes;
}

const timeRange = struct(
  "timeinterval.yamlTimeRange",
  { start_time: field(text()), end_time: field(text()) },
  (times) => {
    if (times.start_time === "" || times.end_time === "") refuse("both start and end times must be provided");
    if (minuteOf(times.start_time) >= minuteOf(times.end_time)) {
      refuse("start time cannot be equal or greater than end time");
    }
    return times;
  },
);

const location = (): Shape<string> => ({
  ...checked("string", (name) => {
    try {
      loadLocation(name);
    } catch (error) {
      refuse(errorMessage(error));
    }
    return name === "" ? "UTC" : name;
  }),
  spec: { kind: "string", goType: "string", leaksFlow: true },
});

export const timeInterval = struct("timeinterval.TimeInterval", {
  times: field(list(timeRange)),
  weekdays: field(
    list(
      range("timeinterval.WeekdayRange", weekdayRange, (day) => WEEKDAYS[day]!),
      { flow: true },
    ),
  ),
  days_of_month: field(list(range("timeinterval.DayOfMonthRange", dayRange, String), { flow: true })),
  months: field(list(range("timeinterval.MonthRange", monthRange, String), { flow: true })),
  years: field(list(range("timeinterval.YearRange", yearRange, String), { flow: true })),
  location: field(location()),
});
export type TimeIntervalSection = typeof timeInterval.zero;

/** Whether an instant is in the interval. What the section says was checked when it was read. */
export function containsTime(interval: TimeIntervalSection, unixMs: number): boolean {
  const zone = interval.location === "" ? "UTC" : loadLocation(interval.location);
  const date = new Date(unixMs + zoneAt(zone, unixMs).offsetSeconds * 1000);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  const inTimes = interval.times?.some(
    ({ start_time, end_time }) => minute >= minuteOf(start_time) && minute < minuteOf(end_time),
  );
  if (inTimes === false) return false;
  const daysInMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const inDays = interval.days_of_month?.some((written) => isInDays(dayRange(written), date.getUTCDate(), daysInMonth));
  if (inDays === false) return false;
  const isIn = (ranges: readonly string[] | undefined, read: (text: string) => Range, value: number): boolean =>
    ranges === undefined || ranges.some((written) => value >= read(written)[0] && value <= read(written)[1]);
  return (
    isIn(interval.months, monthRange, date.getUTCMonth() + 1) &&
    isIn(interval.weekdays, weekdayRange, date.getUTCDay()) &&
    isIn(interval.years, yearRange, date.getUTCFullYear())
  );
}

function isInDays([begin, end]: Range, day: number, daysInMonth: number): boolean {
  const first = begin < 0 ? daysInMonth + begin + 1 : begin;
  const last = end < 0 ? daysInMonth + end + 1 : end;
  if (first > daysInMonth) return false;
  const clamp = (value: number): number => Math.min(Math.max(value, -daysInMonth), daysInMonth);
  return day >= clamp(first) && day <= clamp(last);
}
