/** Functions of a time in seconds since the epoch, in UTC. */

/** A date's parts. Seconds far outside of JavaScript's range give NaN. */
export const CALENDAR: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ["minute", (seconds) => dateOf(seconds).getUTCMinutes()],
  ["hour", (seconds) => dateOf(seconds).getUTCHours()],
  ["day_of_week", (seconds) => dateOf(seconds).getUTCDay()],
  ["day_of_month", (seconds) => dateOf(seconds).getUTCDate()],
  ["day_of_year", dayOfYear],
  ["days_in_month", daysInMonth],
  ["month", (seconds) => dateOf(seconds).getUTCMonth() + 1],
  ["year", (seconds) => dateOf(seconds).getUTCFullYear()],
]);

function dateOf(seconds: number): Date {
  return new Date(Math.trunc(seconds) * 1000);
}

function dayOfYear(seconds: number): number {
  const date = dateOf(seconds);
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start) / 86_400_000) + 1;
}

function daysInMonth(seconds: number): number {
  const date = dateOf(seconds);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
