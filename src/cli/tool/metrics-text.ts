/**
 * The text format of metrics as families, for the lint of `check metrics` and for `push metrics`: small inputs, read
 * strictly. What is scraped goes another, faster way.
 */
import { VestalError } from "../../base/index.js";
import { quoteGo } from "../../model/index.js";
import { parseGoFloat } from "../../model/number.js";

export type FamilyType = "counter" | "gauge" | "histogram" | "summary" | "untyped";

export interface MetricFamily {
  readonly name: string;
  help: string | undefined;
  type: FamilyType | undefined;
  /** Label sets of its metrics, without `le` of buckets and `quantile` of a summary. */
  readonly metrics: Map<string, ReadonlyMap<string, string>>;
  /** Label sets that have two values. */
  duplicates: number;
  /** Lines with a value. */
  seriesCount: number;
  /** Those lines, in their order. */
  readonly samples: FamilySample[];
}

export interface FamilySample {
  /** That of the family, or with what a part of it adds. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** 0 where the line has none. */
  readonly timestampMs: number;
}

const TYPES: readonly string[] = ["counter", "gauge", "histogram", "summary", "untyped"];
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;

/** @throws VestalError METRICS in the words of Prometheus' reader. */
export function parseFamilies(text: string): ReadonlyMap<string, MetricFamily> {
  const families = new Map<string, MetricFamily>();
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else if (lines.length > 0) throw problem(lines.length, "unexpected end of input stream");
  for (const [i, line] of lines.entries()) new LineReader(families, line, i + 1).read();
  for (const [name, family] of families) if (family.metrics.size === 0) families.delete(name);
  return families;
}

function problem(line: number, message: string): VestalError {
  return new VestalError("METRICS", `text format parsing error in line ${line}: ${message}`);
}

class LineReader {
  readonly #families: Map<string, MetricFamily>;
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  constructor(families: Map<string, MetricFamily>, text: string, line: number) {
    this.#families = families;
    this.#text = text;
    this.#line = line;
  }

  read(): void {
    this.#skipBlanks();
    if (this.#at === this.#text.length) return;
    if (this.#text[this.#at] === "#") this.#comment();
    else this.#sample();
  }

  #comment(): void {
    const [, keyword, name, rest] =
      /^#[ \t]+(HELP|TYPE)[ \t]+([^ \t]*)[ \t]*(.*)$/s.exec(this.#text.slice(this.#at)) ?? [];
    if (keyword === undefined || name === undefined || rest === undefined) return;
    if (name === "" || !matchesWhole(NAME, name)) throw this.#problem("invalid metric name in comment");
    const family = this.#family(name);
    if (keyword === "HELP") {
      if (family.help !== undefined) throw this.#problem(`second HELP line for metric name ${quoteGo(name)}`);
      family.help = rest;
      return;
    }
    if (family.type !== undefined) {
      throw this.#problem(`second TYPE line for metric name ${quoteGo(name)}, or TYPE reported after samples`);
    }
    if (!TYPES.includes(rest)) throw this.#problem(`unknown metric type ${quoteGo(rest)}`);
    family.type = rest as FamilyType;
  }

  #sample(): void {
    const name = this.#take(NAME);
    if (name === "") throw this.#problem("invalid metric name");
    this.#skipBlanks();
    const labels = this.#text[this.#at] === "{" ? this.#labels(name) : new Map<string, string>();
    this.#skipBlanks();
    const [value = "", timestamp, extra] = this.#text.slice(this.#at).split(/[ \t]+/);
    const number = parseGoFloat(value);
    if (number === undefined) throw this.#problem(`expected float as value, got ${quoteGo(value)}`);
    if (timestamp !== undefined && timestamp !== "" && !/^[-+]?[0-9]+$/.test(timestamp)) {
      throw this.#problem(`expected integer as timestamp, got ${quoteGo(timestamp)}`);
    }
    if (extra !== undefined && extra !== "") throw this.#problem(`spurious string after timestamp: ${quoteGo(extra)}`);
    this.#add({ name, labels: new Map(labels), value: number, timestampMs: Number(timestamp ?? 0) }, labels);
  }

  #labels(name: string): Map<string, string> {
    const labels = new Map<string, string>();
    this.#at++;
    for (;;) {
      this.#skipBlanks();
      if (this.#text[this.#at] === "}") {
        this.#at++;
        return labels;
      }
      const label = this.#take(LABEL);
      if (label === "" || label === "__name__") throw this.#problem(`invalid label name for metric ${quoteGo(name)}`);
      if (labels.has(label)) throw this.#problem(`duplicate label names for metric ${quoteGo(name)}`);
      this.#skipBlanks();
      if (this.#text[this.#at] !== "=") throw this.#problem(`expected '=' after label name, found ${this.#found()}`);
      this.#at++;
      this.#skipBlanks();
      if (this.#text[this.#at] !== '"') {
        throw this.#problem(`expected '"' at start of label value, found ${this.#found()}`);
      }
      labels.set(label, this.#labelValue());
      this.#skipBlanks();
      if (this.#text[this.#at] === ",") this.#at++;
      else if (this.#text[this.#at] !== "}") {
        throw this.#problem(`unexpected end of label value ${quoteGo(labels.get(label)!)}`);
      }
    }
  }

  #labelValue(): string {
    let value = "";
    for (this.#at++; ; this.#at++) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#problem(`label value ${quoteGo(value)} contains unescaped new-line`);
      if (char === '"') break;
      if (char !== "\\") {
        value += char;
        continue;
      }
      const escaped = this.#text[++this.#at];
      if (escaped === "n") value += "\n";
      else if (escaped === '"' || escaped === "\\") value += escaped;
      else throw this.#problem(`invalid escape sequence '\\${escaped ?? ""}'`);
    }
    this.#at++;
    return value;
  }

  /** Buckets, counts and sums belong to the family whose type says so. */
  #add(sample: FamilySample, labels: Map<string, string>): void {
    const { name } = sample;
    const family = this.#owner(name);
    family.seriesCount++;
    family.samples.push(sample);
    const isPart = family.name !== name;
    if (family.type === "summary" && !isPart) labels.delete("quantile");
    if (family.type === "histogram" && name.endsWith("_bucket")) labels.delete("le");
    family.type ??= "untyped";
    const key = JSON.stringify([...labels].sort());
    const isGrouped = family.type === "summary" || family.type === "histogram";
    if (family.metrics.has(key) && !isGrouped) family.duplicates++;
    family.metrics.set(key, labels);
  }

  #owner(name: string): MetricFamily {
    for (const [suffix, types] of PARTS) {
      if (!name.endsWith(suffix)) continue;
      const family = this.#families.get(name.slice(0, -suffix.length));
      if (family?.type !== undefined && types.includes(family.type)) return family;
    }
    return this.#family(name);
  }

  #family(name: string): MetricFamily {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = {
        name,
        help: undefined,
        type: undefined,
        metrics: new Map(),
        duplicates: 0,
        seriesCount: 0,
        samples: [],
      };
      this.#families.set(name, family);
    }
    return family;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    return text;
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
  }

  #found(): string {
    return `'${this.#text[this.#at] ?? "\\n"}'`;
  }

  #problem(message: string): VestalError {
    return problem(this.#line, message);
  }
}

const PARTS: ReadonlyArray<readonly [suffix: string, types: readonly FamilyType[]]> = [
  ["_count", ["summary", "histogram"]],
  ["_sum", ["summary", "histogram"]],
  ["_bucket", ["histogram"]],
];

function matchesWhole(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.exec(text)?.[0] === text;
}
