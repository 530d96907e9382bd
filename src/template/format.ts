/** Go's fmt for the values of templates: Sprint, Sprintln, Sprintf with its verbs, flags and complaints. */
import { compareBytes, quoteGo } from "../model/index.js";
import { formatExponential, formatFixed, formatFloat, formatGeneral } from "../model/number.js";
import { toBytes } from "./bytes.js";
import { FunctionError } from "./errors.js";
import {
  GoComplex,
  GoInteger,
  GoMap,
  GoSlice,
  GoString,
  GoStruct,
  GoValue,
  type Plain,
  typeName,
  unbox,
  type Value,
} from "./values.js";

/** Go takes no greater width or precision. */
const MAX_WIDTH = 1_000_000;
/** Longest text that one call makes. */
const MAX_TEXT = 16 * 1024 * 1024;
/** JavaScript rounds to no more digits; a float64 has at most 17 that count. */
const MAX_DIGITS = 100;
/** Nesting of values in values. */
const MAX_DEPTH = 100;

export function sprint(args: readonly Value[]): string {
  let text = "";
  let wasString = true;
  for (const [i, arg] of args.entries()) {
    const value = unbox(arg);
    const isString = typeof value === "string" || value instanceof GoString;
    if (i > 0 && !isString && !wasString) text += " ";
    text += toText(value);
    wasString = isString;
    if (text.length > MAX_TEXT) throw tooLong();
  }
  return text;
}

export function sprintln(args: readonly Value[]): string {
  return `${args.map((arg) => toText(unbox(arg))).join(" ")}\n`;
}

/** As `%v`. */
export function toText(value: Plain): string {
  if (typeof value === "string") return value;
  return new Printer({}).arg(value, "v");
}

export function sprintf(format: string, args: readonly Value[]): string {
  return new Formatter(format, args).run();
}

function tooLong(): FunctionError {
  return new FunctionError(`text is longer than ${MAX_TEXT} characters`);
}

interface Flags {
  sharp?: boolean;
  zero?: boolean;
  plus?: boolean;
  minus?: boolean;
  space?: boolean;
  width?: number;
  precision?: number;
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly Value[];
  #at = 0;
  #arg = 0;
  #isReordered = false;
  #isGoodIndex = true;
  #sawIndex = false;

  constructor(format: string, args: readonly Value[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    const format = this.#format;
    let text = "";
    while (this.#at < format.length) {
      const percent = format.indexOf("%", this.#at);
      if (percent < 0) {
        text += format.slice(this.#at);
        break;
      }
      text += format.slice(this.#at, percent);
      this.#at = percent + 1;
      text += this.#directive();
      if (text.length > MAX_TEXT) throw tooLong();
    }
    if (!this.#isReordered && this.#arg < this.#args.length) {
      const extra = this.#args.slice(this.#arg).map((arg) => {
        const value = unbox(arg);
        return value === undefined ? "<nil>" : `${typeName(value)}=${toText(value)}`;
      });
      text += `%!(EXTRA ${extra.join(", ")})`;
    }
    return text;
  }

  #directive(): string {
    const flags = this.#flags();
    this.#isGoodIndex = true;
    this.#sawIndex = false;
    let problem = "";
    this.#index();
    if (this.#format[this.#at] === "*") {
      this.#at++;
      const width = this.#star();
      if (width === undefined) problem += "%!(BADWIDTH)";
      else if (width < 0) {
        flags.width = -width;
        flags.minus = true;
        flags.zero = false;
      } else flags.width = width;
      this.#sawIndex = false;
    } else {
      const width = this.#digits();
      if (width !== undefined) {
        flags.width = width;
        if (this.#sawIndex) this.#isGoodIndex = false; // "%[3]2d"
      }
    }
    if (this.#format[this.#at] === ".") {
      this.#at++;
      if (this.#sawIndex) this.#isGoodIndex = false; // "%[3].2d"
      this.#index();
      if (this.#format[this.#at] === "*") {
        this.#at++;
        const precision = this.#star();
        if (precision === undefined) problem += "%!(BADPREC)";
        else if (precision >= 0) flags.precision = precision;
        this.#sawIndex = false;
      } else flags.precision = this.#digits() ?? 0;
    }
    if (!this.#sawIndex) this.#index();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return `${problem}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === "%") return `${problem}%`;
    if (!this.#isGoodIndex) return `${problem}%!${verb}(BADINDEX)`;
    if (this.#arg >= this.#args.length) return `${problem}%!${verb}(MISSING)`;
    return problem + new Printer(flags).arg(unbox(this.#args[this.#arg++]!), verb);
  }

  #flags(): Flags {
    const flags: Flags = {};
    for (; ; this.#at++) {
      const char = this.#format[this.#at];
      if (char === "#") flags.sharp = true;
      else if (char === "0") flags.zero = true;
      else if (char === "+") flags.plus = true;
      else if (char === "-") flags.minus = true;
      else if (char === " ") flags.space = true;
      else return flags;
    }
  }

  #digits(): number | undefined {
    const match = /^[0-9]+/.exec(this.#format.slice(this.#at, this.#at + 12));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const value = Number(match[0]);
    return value > MAX_WIDTH ? undefined : value;
  }

  /** `[3]` names the argument that comes next. */
  #index(): void {
    if (this.#format[this.#at] !== "[") return;
    this.#isReordered = true;
    const end = this.#format.indexOf("]", this.#at);
    const inner = end < 0 ? "" : this.#format.slice(this.#at + 1, end);
    this.#at = end < 0 ? this.#at + 1 : end + 1;
    const index = /^[0-9]+$/.test(inner) ? Number(inner) : 0;
    if (index < 1 || index > this.#args.length) {
      this.#isGoodIndex = false;
      return;
    }
    this.#arg = index - 1;
    this.#sawIndex = true;
  }

  #star(): number | undefined {
    if (this.#arg >= this.#args.length) return undefined;
    const value = unbox(this.#args[this.#arg++]!);
    const number = typeof value === "bigint" ? value : value instanceof GoInteger ? value.value : undefined;
    if (number === undefined || number > MAX_WIDTH || number < -MAX_WIDTH) return undefined;
    return Number(number);
  }
}

class Printer {
  readonly #flags: Flags;
  /** `%#v` and `%+v`. */
  #sharpV = false;
  #plusV = false;

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  arg(value: Plain, verb: string): string {
    if (verb === "T") return this.#pad(value === undefined ? "<nil>" : typeName(value));
    if (value === undefined) return verb === "v" ? this.#pad("<nil>") : this.#bad(value, verb);
    if (verb === "v") {
      if (this.#flags.sharp === true) {
        this.#flags.sharp = false;
        this.#sharpV = true;
      }
      if (this.#flags.plus === true) {
        this.#flags.plus = false;
        this.#plusV = true;
      }
    }
    return this.#value(value, verb, 0);
  }

  #value(value: Plain, verb: string, depth: number): string {
    if (depth > MAX_DEPTH) return "…";
    if (value === undefined) return this.#sharpV ? "interface {}(nil)" : "<nil>";
    if (!this.#sharpV && value instanceof GoValue && "vsxXq".includes(verb)) {
      const text = value.toText();
      if (text !== undefined) return this.#string(text, verb, value);
    }
    if (typeof value === "string") return this.#string(value, verb, value);
    if (value instanceof GoString) return this.#string(value.value, verb, value);
    if (typeof value === "boolean") {
      return verb === "t" || verb === "v" ? this.#pad(String(value)) : this.#bad(value, verb);
    }
    if (typeof value === "bigint") return this.#integer(value, verb, value);
    if (value instanceof GoInteger) return this.#integer(value.value, verb, value);
    if (typeof value === "number") return this.#float(value, verb, value);
    if (value instanceof GoComplex) return this.#complex(value, verb);
    if (value instanceof GoSlice) return this.#slice(value, verb, depth);
    if (value instanceof GoMap) return this.#map(value, verb, depth);
    if (value instanceof GoStruct) return this.#struct(value, verb, depth);
    return this.#bad(value, verb);
  }

  #bad(value: Plain, verb: string): string {
    return `%!${verb}(${value === undefined ? "<nil>" : `${typeName(value)}=${this.#value(value, "v", 0)}`})`;
  }

  #pad(text: string): string {
    const { width, minus, zero } = this.#flags;
    if (width === undefined || width === 0) return text;
    const missing = width - [...text].length;
    if (missing <= 0) return text;
    if (minus === true) return text + " ".repeat(missing);
    return (zero === true ? "0" : " ").repeat(missing) + text;
  }

  #string(text: string, verb: string, value: Plain): string {
    const { precision, sharp, space } = this.#flags;
    const cut = precision === undefined ? text : [...text].slice(0, precision).join("");
    switch (verb) {
      case "v":
        return this.#sharpV ? this.#pad(quoteGo(cut)) : this.#pad(cut);
      case "s":
        return this.#pad(cut);
      case "q":
        return this.#pad(sharp === true && canBackquote(cut) ? `\`${cut}\`` : this.#quoted(cut));
      case "x":
      case "X": {
        const bytes = toBytes(text).subarray(0, precision);
        let hex = bytes.toString("hex");
        const prefix = sharp === true ? "0x" : "";
        if (space === true) hex = hex.replace(/..(?!$)/g, `$& ${prefix}`);
        if (hex !== "") hex = prefix + hex;
        return this.#pad(verb === "X" ? hex.toUpperCase() : hex);
      }
    }
    return this.#bad(value, verb);
  }

  #quoted(text: string): string {
    if (this.#flags.plus !== true) return quoteGo(text);
    return quoteGo(text).replace(/\P{ASCII}/gu, escapeRune);
  }

  #integer(value: bigint, verb: string, original: Plain): string {
    const { sharp } = this.#flags;
    switch (verb) {
      case "v":
        if (this.#sharpV && original instanceof GoInteger && original.isUnsigned) {
          return this.#digits(value, 16, "0x");
        }
        return this.#digits(value, 10, "");
      case "d":
        return this.#digits(value, 10, "");
      case "b":
        return this.#digits(value, 2, sharp === true ? "0b" : "");
      case "o":
        return this.#digits(value, 8, sharp === true ? "0" : "");
      case "O":
        return this.#digits(value, 8, "0o");
      case "x":
        return this.#digits(value, 16, sharp === true ? "0x" : "");
      case "X":
        return this.#digits(value, 16, sharp === true ? "0X" : "").toUpperCase();
      case "c":
        return this.#pad(runeOf(value));
      case "q": {
        const inner = this.#quoted(runeOf(value)).slice(1, -1);
        return this.#pad(`'${inner === '\\"' ? '"' : inner === "'" ? "\\'" : inner}'`);
      }
      case "U": {
        const hex = `U+${value
          .toString(16)
          .toUpperCase()
          .padStart(Math.max(4, this.#flags.precision ?? 0), "0")}`;
        return this.#padPlain(sharp === true ? `${hex} '${runeOf(value)}'` : hex);
      }
    }
    return this.#bad(original, verb);
  }

  /** Padding by spaces only. */
  #padPlain(text: string): string {
    return new Printer({ ...this.#flags, zero: false }).#pad(text);
  }

  #digits(value: bigint, base: number, prefix: string): string {
    const { precision, width, zero, minus, plus, space } = this.#flags;
    const isNegative = value < 0n;
    let digits = (isNegative ? -value : value).toString(base);
    const sign = isNegative ? "-" : plus === true ? "+" : space === true ? " " : "";
    if (precision !== undefined) {
      if (precision === 0 && value === 0n) return this.#padPlain("");
      digits = digits.padStart(precision, "0");
    } else if (zero === true && minus !== true && width !== undefined) {
      digits = digits.padStart(width - sign.length, "0");
    }
    const shown = prefix === "0" && digits.startsWith("0") ? "" : prefix;
    return this.#padPlain(sign + shown + digits);
  }

  #float(value: number, verb: string, original: Plain): string {
    const { precision } = this.#flags;
    const lower = verb.toLowerCase();
    if (verb === "v") return this.#padFloat(formatNumber(value, "g", precision ?? -1));
    if (lower === "g") return this.#padFloat(formatNumber(value, "g", precision ?? -1), verb === "G");
    if (lower === "e") return this.#padFloat(formatNumber(value, "e", precision ?? 6), verb === "E");
    if (lower === "f") return this.#padFloat(formatNumber(value, "f", precision ?? 6));
    return this.#bad(original, verb);
  }

  #padFloat(text: string, isUpper = false): string {
    const { plus, space, zero, minus, width } = this.#flags;
    const isSpecial = /[IN]/.test(text);
    let sign = /^[+-]/.test(text) ? text[0]! : "+";
    const digits = text.replace(/^[+-]/, "");
    const body = isUpper ? digits.toUpperCase().replace("INF", "Inf").replace("NAN", "NaN") : digits;
    const isPlain = sign === "+";
    if (isPlain) sign = plus === true ? "+" : space === true ? " " : text.startsWith("+Inf") ? "+" : "";
    if (zero === true && minus !== true && !isSpecial && width !== undefined) {
      return sign + body.padStart(width - sign.length, "0");
    }
    return this.#padPlain(sign + body);
  }

  #complex(value: GoComplex, verb: string): string {
    if (!"vbgGxXfFeE".includes(verb)) return this.#bad(value, verb);
    const im = new Printer({ ...this.#flags, plus: true });
    return `(${this.#float(value.re, verb, value)}${im.#float(value.im, verb, value)}i)`;
  }

  #slice(value: GoSlice, verb: string, depth: number): string {
    const items = value.items.map((item) => this.#value(unbox(item), verb, depth + 1));
    return this.#sharpV ? `${value.typeName}{${items.join(", ")}}` : `[${items.join(" ")}]`;
  }

  #map(value: GoMap, verb: string, depth: number): string {
    const items = sortedKeys(value).map(
      (key) => `${this.#string(key, verb, key)}:${this.#value(unbox(value.entries.get(key)), verb, depth + 1)}`,
    );
    return this.#sharpV ? `${value.typeName}{${items.join(", ")}}` : `map[${items.join(" ")}]`;
  }

  #struct(value: GoStruct, verb: string, depth: number): string {
    if (value.isPointer && depth > 0) return "0xc000000000";
    const named = this.#plusV || this.#sharpV;
    const items = [...value.fields].map(
      ([name, field]) => (named ? `${name}:` : "") + this.#value(unbox(field), verb, depth + 1),
    );
    const pointer = value.isPointer ? "&" : "";
    if (this.#sharpV) return `${pointer}${value.typeName.replace(/^\*/, "")}{${items.join(", ")}}`;
    return `${pointer}{${items.join(" ")}}`;
  }
}

export function sortedKeys(map: GoMap): string[] {
  return [...map.entries.keys()].sort(compareBytes);
}

/** strconv.CanBackquote. */
export function canBackquote(text: string): boolean {
  return !/[`\p{Cc}\ufeff]/u.test(text.replaceAll("\t", ""));
}

function runeOf(value: bigint): string {
  const isRune = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value < 0xe000n);
  return isRune ? String.fromCodePoint(Number(value)) : "\ufffd";
}

function escapeRune(rune: string): string {
  const code = rune.codePointAt(0)!;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** strconv.FormatFloat. @param precision  digits behind the point (`e`, `f`) or that count (`g`); -1 for as few as needed. */
export function formatNumber(value: number, verb: "e" | "f" | "g", precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const sign = Object.is(value, -0) ? "-" : "";
  if (precision < 0) {
    if (verb === "f") return formatFloat(value);
    if (verb === "g") return formatGeneral(value);
    return sign + wideExponent(value.toExponential());
  }
  const digits = Math.min(precision, MAX_DIGITS);
  const zeros = "0".repeat(precision - digits);
  if (verb === "f") return formatFixed(value, digits) + zeros;
  if (verb === "e") return sign + wideExponent(formatExponential(value, digits)).replace("e", `${zeros}e`);
  if (value === 0) return `${sign}0`;
  const wanted = Math.max(1, digits);
  const [mantissa, exponentText] = formatExponential(value, wanted - 1).split("e");
  const exponent = Number(exponentText);
  const significant = mantissa!.replace(/^-/, "").replace(".", "").replace(/0+$/, "");
  const point = exponent + 1;
  const limit = wanted > significant.length && significant.length >= point ? significant.length : wanted;
  if (exponent < -4 || exponent >= limit) {
    return wideExponent(formatExponential(value, Math.max(0, significant.length - 1)));
  }
  // The digits are rounded once: a second rounding of the value itself could go another way.
  const rounded = Number(formatExponential(value, wanted - 1));
  return formatFixed(rounded, Math.max(0, significant.length - point));
}

function wideExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}
