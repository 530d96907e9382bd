/**
 * The exposition grammar in plain TypeScript, by regular expressions over the body as Latin-1: what the kernels must
 * agree with on verdict, samples and values. Zero bytes: Prometheus' lexer passes over those that follow a byte of a
 * comment or a label value, and stops at any other.
 */
import { isUtf8 } from "node:buffer";

export interface TwinSample {
  readonly series: string;
  readonly bits: bigint;
  /** ms; undefined if the line brings none. */
  readonly timeMs: bigint | undefined;
}

export interface TwinResult {
  readonly isAccepted: boolean;
  /** Up to the error, if there is one. */
  readonly samples: readonly TwinSample[];
}

class Refused extends Error {}
class Ended extends Error {}

const WORDS_OF_TEXT = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);
const WORDS_OF_OPENMETRICS = new Set("counter gauge histogram gaugehistogram summary info stateset unknown".split(" "));
const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: zero bytes are part of the grammar.
const QUOTED = /"(?:\\[^\n\0]|[^\\"\0])*"/y;
const QUOTED_IN_LINE = /"(?:\\[^\n\0]|[^\\"\n\0])*"/y;
const VALUE_OF_TEXT = /"\0*(?:\\\0*[^\n\0]\0*|[^\\"\0]\0*)*"\0*/y;
const VALUE_OF_OPENMETRICS = /"\0*(?:\\\0*[^\n\0]\0*|[^\\"\n\0]\0*)*"\0*/y;
const BLANKS = /[ \t]*/y;
const BLANKS_BEFORE_VALUE = /(?:[ \t]\0*)*/y;
const META_OF_TEXT = /(?:(H)\0*E\0*L\0*P\0*|T\0*Y\0*P\0*E\0*)[ \t]\0*(?:[ \t]\0*)*/y;
const ONLY_BLANKS = /^(?:[ \t]\0*)*$/;
const NUMBER_OF_TEXT = /[^{ \t\n\0]+/y;
const NUMBER_OF_OPENMETRICS = / ([^ \n\0]+)/y;
const META_OF_OPENMETRICS = /# (?:(H)\0*E\0*L\0*P\0*|(T)\0*Y\0*P\0*E\0*|U\0*N\0*I\0*T\0*) \0*/y;
const END_OF_OPENMETRICS = /# E\0*O\0*F\0*(?:\n\0*)?/y;
const TEXT_OF_OPENMETRICS = / \0*([^\n]*)\n\0*/y;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above.

function bitsOf(value: number): bigint {
  if (Number.isNaN(value)) return 0x7ff8000000000001n;
  return new BigUint64Array(new Float64Array([value]).buffer)[0]!;
}

/** A number as Prometheus reads it. */
export function twinNumber(text: string): number {
  if (/^nan$/i.test(text)) return NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text)) throw new Refused();
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Refused();
  return value;
}

function msOf(seconds: number): bigint {
  if (!Number.isFinite(seconds)) throw new Refused();
  const ms = seconds * 1000;
  return ms >= -(2 ** 63) && ms < 2 ** 63 ? BigInt(Math.trunc(ms)) : -(2n ** 63n);
}

class Cursor {
  at = 0;
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  get char(): string {
    return this.source[this.at] ?? "";
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.source);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }

  need(pattern: RegExp): RegExpExecArray {
    const match = this.take(pattern);
    if (match === undefined) throw new Refused();
    return match;
  }

  skip(char: string): boolean {
    if (this.char !== char) return false;
    this.at++;
    return true;
  }

  needUtf8(text: string): void {
    if (!isUtf8(Buffer.from(text, "latin1"))) throw new Refused();
  }
}

export function twinParse(body: Uint8Array, isOpenMetrics: boolean): TwinResult {
  const text = Buffer.from(body).toString("latin1");
  const samples: TwinSample[] = [];
  try {
    if (isOpenMetrics && body.length > 0) readOpenMetrics(new Cursor(text), samples);
    else readText(new Cursor(`${text}\n`), samples);
  } catch (error) {
    if (error instanceof Ended) return { isAccepted: true, samples };
    if (error instanceof Refused) return { isAccepted: false, samples };
    throw error;
  }
  return { isAccepted: true, samples };
}

// ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────

function readText(cursor: Cursor, samples: TwinSample[]): void {
  while (cursor.at < cursor.source.length) {
    const start = cursor.at;
    cursor.take(BLANKS);
    if (cursor.char === "\0") return;
    if (cursor.skip("\n")) continue;
    if (cursor.skip("#")) readComment(cursor);
    else samples.push(readTextSample(cursor, start));
  }
}

function readComment(cursor: Cursor): void {
  const blanks = cursor.need(BLANKS)[0];
  const lineEnd = cursor.source.indexOf("\n", cursor.at);
  if (blanks === "") {
    if (cursor.source.slice(cursor.at, lineEnd).includes("\0")) throw new Ended();
    cursor.at = lineEnd + 1;
    return;
  }
  if (cursor.char === "\0") throw new Ended();
  const meta = cursor.take(META_OF_TEXT);
  if (meta === undefined) {
    cursor.at = lineEnd + 1;
    return;
  }
  cursor.take(BLANKS);
  cursor.need(cursor.char === '"' ? QUOTED : METRIC);
  if (cursor.char === "\0") throw new Refused();
  const end = cursor.source.indexOf("\n", cursor.at);
  const rest = cursor.source.slice(cursor.at, end);
  const said = ONLY_BLANKS.test(rest) ? "" : rest.slice(1);
  if (meta[1] !== undefined) cursor.needUtf8(said);
  else if (!WORDS_OF_TEXT.has(said)) throw new Refused();
  cursor.at = end + 1;
}

function readTextSample(cursor: Cursor, start: number): TwinSample {
  let hasName = false;
  if (cursor.char !== "{") {
    cursor.need(METRIC);
    hasName = true;
  }
  let end = cursor.at;
  cursor.take(BLANKS);
  if (cursor.skip("{")) {
    hasName = readTextLabels(cursor, hasName);
    end = cursor.at;
    cursor.take(BLANKS);
  }
  if (!hasName) throw new Refused();
  const value = twinNumber(cursor.need(NUMBER_OF_TEXT)[0]);
  cursor.take(BLANKS);
  const time = cursor.take(/[0-9]+/y);
  if (time !== undefined && BigInt(time[0]) >= 2n ** 63n) throw new Refused();
  cursor.take(BLANKS);
  if (!cursor.skip("\n")) throw new Refused();
  return {
    series: cursor.source.slice(start, end),
    bits: bitsOf(value),
    timeMs: time === undefined ? undefined : BigInt(time[0]),
  };
}

/** Behind the opening brace. Returns whether there is a metric name. */
function readTextLabels(cursor: Cursor, named: boolean): boolean {
  let hasName = named;
  for (;;) {
    cursor.take(BLANKS);
    if (cursor.skip("}")) return hasName;
    const isQuoted = cursor.char === '"';
    cursor.need(isQuoted ? QUOTED : LABEL);
    cursor.take(BLANKS);
    if (cursor.char === "," || cursor.char === "}") {
      if (hasName || !isQuoted) throw new Refused();
      hasName = true;
      if (cursor.skip("}")) return true;
      cursor.at++;
      continue;
    }
    if (!cursor.skip("=")) throw new Refused();
    cursor.take(BLANKS_BEFORE_VALUE);
    cursor.needUtf8(cursor.need(VALUE_OF_TEXT)[0]);
    cursor.take(BLANKS);
    cursor.skip(",");
  }
}

// ── OpenMetrics ──────────────────────────────────────────────────────────────────────────────────────────────────

function readOpenMetrics(cursor: Cursor, samples: TwinSample[]): void {
  for (;;) {
    if (cursor.take(END_OF_OPENMETRICS) !== undefined) {
      if (cursor.at < cursor.source.length) throw new Refused();
      return;
    }
    const meta = cursor.take(META_OF_OPENMETRICS);
    if (meta !== undefined) readOpenMetricsMeta(cursor, meta[1] !== undefined, meta[2] !== undefined);
    else if (!readOpenMetricsSample(cursor, samples)) throw new Refused();
  }
}

function readOpenMetricsMeta(cursor: Cursor, isHelp: boolean, isType: boolean): void {
  const name = cursor.need(cursor.char === '"' ? QUOTED : METRIC)[0].replace(/^"|"$/g, "");
  const from = cursor.at;
  cursor.need(TEXT_OF_OPENMETRICS);
  const said = cursor.source.slice(from + 1, cursor.at - 1); // the last byte of the token, whichever it is
  if (isHelp) cursor.needUtf8(said);
  else if (isType) {
    if (!WORDS_OF_OPENMETRICS.has(said)) throw new Refused();
  } else if (said !== "" && !name.endsWith(`_${said}`)) throw new Refused();
}

/** False where the line is followed by what can only be an error. */
function readOpenMetricsSample(cursor: Cursor, samples: TwinSample[]): boolean {
  const start = cursor.at;
  let hasName = false;
  if (cursor.char !== "{") {
    cursor.need(METRIC);
    hasName = true;
  }
  if (cursor.skip("{")) hasName = readOpenMetricsLabels(cursor, hasName, false);
  if (!hasName) throw new Refused();
  const series = cursor.source.slice(start, cursor.at);
  const bits = bitsOf(twinNumber(cursor.need(NUMBER_OF_OPENMETRICS)[1]!));
  let timeMs: bigint | undefined;
  const isExemplar = () => cursor.source.startsWith(" # ", cursor.at);
  if (cursor.char === " " && !isExemplar()) {
    const time = cursor.take(NUMBER_OF_OPENMETRICS);
    if (time !== undefined) {
      timeMs = msOf(twinNumber(time[1]!));
      if (!/^(?:\n| # )/.test(cursor.source.slice(cursor.at, cursor.at + 3))) throw new Refused();
    }
  }
  const isWhole = cursor.char === "\n" || (isExemplar() && cursor.source[cursor.at + 3] === "{");
  if (isExemplar() && !isWhole && timeMs !== undefined) throw new Refused();
  if (cursor.at >= cursor.source.length) throw new Refused();
  if (isWhole && !cursor.skip("\n")) readExemplar(cursor);
  samples.push({ series, bits, timeMs });
  return isWhole;
}

function readExemplar(cursor: Cursor): void {
  cursor.at += 4;
  readOpenMetricsLabels(cursor, true, true);
  twinNumber(cursor.need(NUMBER_OF_OPENMETRICS)[1]!);
  if (cursor.skip("\n")) return;
  if (!Number.isFinite(twinNumber(cursor.need(NUMBER_OF_OPENMETRICS)[1]!))) throw new Refused();
  if (!cursor.skip("\n")) throw new Refused();
}

function readOpenMetricsLabels(cursor: Cursor, named: boolean, isExemplar: boolean): boolean {
  let hasName = named;
  for (;;) {
    if (cursor.skip("}")) return hasName;
    const isQuoted = cursor.char === '"';
    cursor.need(isQuoted ? (isExemplar ? QUOTED_IN_LINE : QUOTED) : LABEL);
    if (cursor.char === "," || cursor.char === "}") {
      if (isExemplar || hasName || !isQuoted) throw new Refused();
      hasName = true;
      if (cursor.skip("}")) return true;
      cursor.at++;
      continue;
    }
    if (!cursor.skip("=")) throw new Refused();
    cursor.needUtf8(cursor.need(isExemplar ? QUOTED_IN_LINE : VALUE_OF_OPENMETRICS)[0]);
    if (!cursor.skip(",") && cursor.char !== "}") throw new Refused();
  }
}
