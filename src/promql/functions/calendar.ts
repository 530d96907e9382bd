/**
 * Functions of a time in seconds since the epoch, in UTC, for any number: the Gregorian calendar in both directions, as far
 * as 64-bit seconds go. What is not such a number, NaN and infinities included, is 2^63 s, the end of what Go can tell.
 */

interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

const DAY_SECONDS = 86_400;
const END = 2 ** 63;
/** Days of 400 years, after which the calendar repeats. */
const ERA_DAYS = 146_097;
/** From 0000-03-01 to 1970-01-01: years that begin in March end with the leap day. */
const DAYS_TO_EPOCH = 719_468;

export const CALENDAR: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ["minute", (seconds) => Math.floor((secondOfDay(whole(seconds)) % 3600) / 60)],
  ["hour", (seconds) => Math.floor(secondOfDay(whole(seconds)) / 3600)],
  ["day_of_week", (seconds) => modulo(daysSinceEpoch(seconds) + 4, 7)],
  ["day_of_month", (seconds) => dateOf(daysSinceEpoch(seconds)).day],
  ["day_of_year", dayOfYear],
  ["days_in_month", daysInMonth],
  ["month", (seconds) => dateOf(daysSinceEpoch(seconds)).month],
  ["year", (seconds) => dateOf(daysSinceEpoch(seconds)).year],
]);

function whole(seconds: number): number {
  return Math.abs(seconds) < END ? Math.trunc(seconds) : END;
}

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}

function secondOfDay(seconds: number): number {
  return modulo(seconds, DAY_SECONDS);
}

function daysSinceEpoch(time: number): number {
  const seconds = whole(time);
  if (Number.isSafeInteger(seconds)) return (seconds - secondOfDay(seconds)) / DAY_SECONDS;
  // The difference would be rounded.
  return Number((BigInt(seconds) - BigInt(secondOfDay(seconds))) / BigInt(DAY_SECONDS));
}

function dateOf(days: number): CivilDate {
  const shifted = days + DAYS_TO_EPOCH;
  const dayOfEra = modulo(shifted, ERA_DAYS);
  const era = (shifted - dayOfEra) / ERA_DAYS;
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153); // 0 is March
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function lengthOf(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function daysInMonth(seconds: number): number {
  const { year, month } = dateOf(daysSinceEpoch(seconds));
  return lengthOf(year, month);
}

function dayOfYear(seconds: number): number {
  const { year, month, day } = dateOf(daysSinceEpoch(seconds));
  let days = day;
  for (let before = 1; before < month; before++) days += lengthOf(year, before);
  return days;
}
