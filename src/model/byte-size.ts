/** Sizes in bytes as Prometheus reads and prints them: `10MB` and `10MiB` both are 10 × 1024 × 1024. */
import { VestalError } from "../base/index.js";

const PREFIXES = ["", "K", "M", "G", "T", "P", "E"];
const BINARY = unitTable("iB");
const OLD_STYLE = unitTable("B");

function unitTable(suffix: string): ReadonlyMap<string, number> {
  return new Map(PREFIXES.map((prefix, power) => [prefix === "" ? "B" : prefix + suffix, 1024 ** power]));
}

/** @throws VestalError CONFIG in Prometheus' words. */
export function parseBytes(text: string): number {
  const size = parseUnits(text, BINARY);
  return typeof size === "number" ? size : throwUnless(parseUnits(text, OLD_STYLE));
}

export function formatBytes(bytes: number): string {
  if (bytes === 0) return "0B";
  let rest = Math.trunc(bytes);
  let text = "";
  for (let power = 0; rest !== 0; power++) {
    const count = power === PREFIXES.length - 1 ? rest : rest % 1024;
    if (count !== 0) text = `${count}${power === 0 ? "B" : `${PREFIXES[power]}iB`}${text}`;
    if (power === PREFIXES.length - 1) break;
    rest = Math.trunc(rest / 1024);
  }
  return text;
}

/** The bytes, or why the text is not a size. */
function parseUnits(text: string, units: ReadonlyMap<string, number>): number | string {
  const sign = text.startsWith("-") ? -1 : 1;
  let rest = text.replace(/^[-+]/, "");
  if (rest === "0") return 0;
  if (rest === "") return `units: invalid ${text}`;
  let bytes = 0;
  while (rest !== "") {
    const number = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)/.exec(rest)?.[0];
    if (number === undefined) return `units: invalid ${text}`;
    const unit = /^[^0-9.]*/.exec(rest.slice(number.length))?.[0] ?? "";
    const factor = units.get(unit);
    if (factor === undefined) return `units: unknown unit ${unit} in ${text}`;
    bytes += Number(number) * factor;
    rest = rest.slice(number.length + unit.length);
  }
  return Math.trunc(sign * bytes);
}

function throwUnless(size: number | string): number {
  if (typeof size === "string") throw new VestalError("CONFIG", size);
  return size;
}
