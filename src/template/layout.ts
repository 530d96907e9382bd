/** Go's time layouts: a text which shows how `Mon Jan 2 15:04:05 MST 2006` would be written. */

export interface ZoneInfo {
  readonly offsetSeconds: number;
  /** "" for a fixed offset, which Go shows as `+0200`. */
  readonly abbreviation: string;
}

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** Longest first where one begins like another. Fractions of a second are found apart. */
const CHUNKS =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2006|_2|002|01|02|03|04|05|06|15|PM|pm|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07|[.,](?:0+|9+)(?![0-9])|1|2|3|4|5/g;

export function formatLayout(layout: string, unixNano: bigint, zone: ZoneInfo): string {
  const seconds = (unixNano - (((unixNano % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)) / 1_000_000_000n;
  const nanos = String(unixNano - seconds * 1_000_000_000n).padStart(9, "0");
  const date = new Date((Number(seconds) + zone.offsetSeconds) * 1000);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const hour = date.getUTCHours();
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const yearDay = Math.floor((Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const two = (value: number): string => String(value).padStart(2, "0");
  return layout.replace(CHUNKS, (chunk) => {
    switch (chunk) {
      case "January":
        return MONTHS[month - 1]!;
      case "Jan":
        return MONTHS[month - 1]!.slice(0, 3);
      case "Monday":
        return DAYS[date.getUTCDay()]!;
      case "Mon":
        return DAYS[date.getUTCDay()]!.slice(0, 3);
      case "MST":
        return zone.abbreviation === "" ? offsetText(zone.offsetSeconds, "") : zone.abbreviation;
      case "2006":
        return String(year).padStart(4, "0");
      case "_2006":
        return `_${String(year).padStart(4, "0")}`;
      case "06":
        return two(year % 100);
      case "1":
        return String(month);
      case "01":
        return two(month);
      case "2":
        return String(day);
      case "02":
        return two(day);
      case "_2":
        return String(day).padStart(2, " ");
      case "002":
        return String(yearDay).padStart(3, "0");
      case "__2":
        return String(yearDay).padStart(3, " ");
      case "15":
        return two(hour);
      case "3":
        return String(hour12);
      case "03":
        return two(hour12);
      case "4":
        return String(date.getUTCMinutes());
      case "04":
        return two(date.getUTCMinutes());
      case "5":
        return String(date.getUTCSeconds());
      case "05":
        return two(date.getUTCSeconds());
      case "PM":
        return hour >= 12 ? "PM" : "AM";
      case "pm":
        return hour >= 12 ? "pm" : "am";
    }
    if (chunk.startsWith("Z07") || chunk.startsWith("-07")) return zoneText(chunk, zone.offsetSeconds);
    const digits = nanos.slice(0, chunk.length - 1);
    if (chunk[1] === "0") return chunk[0]! + digits;
    const trimmed = digits.replace(/0+$/, "");
    return trimmed === "" ? "" : chunk[0]! + trimmed;
  });
}

function zoneText(chunk: string, offsetSeconds: number): string {
  if (chunk.startsWith("Z") && offsetSeconds === 0) return "Z";
  const separator = chunk.includes(":") ? ":" : "";
  if (chunk.length === 3) return offsetText(offsetSeconds, separator).slice(0, 3);
  const isLong = chunk.replaceAll(":", "").length === 7;
  const seconds = Math.abs(offsetSeconds) % 60;
  return offsetText(offsetSeconds, separator) + (isLong ? `${separator}${String(seconds).padStart(2, "0")}` : "");
}

function offsetText(offsetSeconds: number, separator: string): string {
  const minutes = Math.trunc(Math.abs(offsetSeconds) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${offsetSeconds < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}${separator}${two(minutes % 60)}`;
}
