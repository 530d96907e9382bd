/**
 * Reads a range query's answer while it arrives, into columns: no array a point, and when the last byte is there little is left to do.
 * It knows the plain form, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{…},"values":[[t,"v"],…]},…`; what has
 * another (errors, histograms, other types) is left to JSON.parse.
 */
import type { Labels } from "./api.js";

export interface ColumnSeries {
  readonly metric: Labels;
  /** Seconds. */
  readonly times: Float64Array;
  readonly numbers: Float64Array;
}

const HEAD = '{"status":"success","data":{"resultType":"matrix","result":[';
const FIRST_BYTES = 1 << 18;
const [QUOTE, COMMA, OPEN, CLOSE, BRACE, BACKSLASH, DOT, ZERO, NINE, MINUS] = [34, 44, 91, 93, 125, 92, 46, 48, 57, 45];

/** What follows a whole element is not there yet. */
class NeedMore extends Error {}
/** Not the plain form. */
class OtherForm extends Error {}

export class MatrixReader {
  /** All that came, for what is not plain. */
  readonly #chunks: Uint8Array[] = [];
  /** What is not read yet begins at `#at`. */
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #at = 0;
  #isPlain: boolean | undefined;
  #isEnded = false;
  readonly #series: ColumnSeries[] = [];
  #times = new Float64Array(1024);
  #numbers = new Float64Array(1024);

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    if (this.#isPlain === false) return;
    if (this.#length + chunk.length > this.#bytes.length) {
      // What was read makes room first.
      const unread = this.#bytes.subarray(this.#at, this.#length);
      const needed = unread.length + chunk.length;
      const target = needed <= this.#bytes.length ? this.#bytes : new Uint8Array(2 * needed);
      target.set(unread);
      this.#bytes = target;
      this.#length = unread.length;
      this.#at = 0;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
    this.#read();
  }

  /** All bytes as text: for what is not plain. */
  text(): string {
    const decoder = new TextDecoder();
    return this.#chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  }

  /** The series, and what comes after them (warnings, infos) as JSON; undefined for another form. */
  finish(): { readonly series: readonly ColumnSeries[]; readonly rest: unknown } | undefined {
    if (this.#isPlain !== true || !this.#isEnded) return undefined;
    const tail = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#length));
    // `]` of the result is read: `}` of the data, then the envelope's other fields.
    if (!tail.startsWith("}")) return undefined;
    try {
      return { series: this.#series, rest: JSON.parse(`{"status":"success"${tail.slice(1)}`) };
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #read(): void {
    if (this.#isPlain === undefined) {
      if (this.#length < HEAD.length) return;
      this.#isPlain = new TextDecoder().decode(this.#bytes.subarray(0, HEAD.length)) === HEAD;
      this.#at = HEAD.length;
    }
    while (this.#isPlain && !this.#isEnded) {
      const begun = this.#at;
      try {
        this.#element();
      } catch (error) {
        this.#at = begun;
        if (error instanceof NeedMore) return;
        if (!(error instanceof OtherForm)) throw error;
        this.#isPlain = false;
      }
    }
  }

  #element(): void {
    let first = this.#byte();
    if (first === COMMA) {
      this.#at++;
      first = this.#byte();
    }
    if (first === CLOSE) {
      this.#at++;
      this.#isEnded = true;
      return;
    }
    this.#word('{"metric":');
    const metric = this.#labels();
    this.#word(',"values":[');
    const count = this.#points();
    if (this.#byte() !== BRACE) throw new OtherForm();
    this.#at++;
    this.#series.push({ metric, times: this.#times.slice(0, count), numbers: this.#numbers.slice(0, count) });
  }

  #byte(): number {
    if (this.#at >= this.#length) throw new NeedMore();
    return this.#bytes[this.#at]!;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#byte() !== word.charCodeAt(i)) throw new OtherForm();
    }
  }

  #labels(): Labels {
    const begun = this.#at;
    let isText = false;
    for (; ; this.#at++) {
      const byte = this.#byte();
      if (isText) {
        if (byte === BACKSLASH) this.#at++;
        else if (byte === QUOTE) isText = false;
      } else if (byte === QUOTE) isText = true;
      else if (byte === BRACE) break;
    }
    this.#at++;
    return JSON.parse(new TextDecoder().decode(this.#bytes.subarray(begun, this.#at))) as Labels;
  }

  /** `[t,"v"],…]` */
  #points(): number {
    const bytes = this.#bytes;
    const length = this.#length;
    let at = this.#at;
    let count = 0;
    for (;;) {
      if (at >= length) throw new NeedMore();
      const byte = bytes[at]!;
      if (byte === CLOSE) break;
      if (byte === COMMA) {
        at++;
        continue;
      }
      if (byte !== OPEN) throw new OtherForm();
      const timeFrom = ++at;
      while (at < length && bytes[at] !== COMMA) at++;
      if (at + 1 >= length) throw new NeedMore();
      if (bytes[at + 1] !== QUOTE) throw new OtherForm();
      const time = decimal(bytes, timeFrom, at);
      at += 2;
      const valueFrom = at;
      while (at < length && bytes[at] !== QUOTE) at++;
      if (at + 1 >= length) throw new NeedMore();
      if (bytes[at + 1] !== CLOSE) throw new OtherForm();
      if (count === this.#times.length) this.#grow();
      this.#times[count] = time;
      this.#numbers[count++] = decimal(bytes, valueFrom, at);
      at += 2;
    }
    this.#at = at + 1;
    return count;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    const numbers = new Float64Array(2 * this.#times.length);
    times.set(this.#times);
    numbers.set(this.#numbers);
    this.#times = times;
    this.#numbers = numbers;
  }
}

/** Powers of ten that are exact in a double. */
const TENS = Array.from({ length: 23 }, (_, i) => 10 ** i);
const EXACT_DIGITS = 15;

/** A number as Go writes it. Up to fifteen digits its value is one exact division; what is longer or has an exponent goes the slow way. */
function decimal(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  let digits = 0;
  let mantissa = 0;
  let point = -1;
  for (; at < to; at++) {
    const byte = bytes[at]!;
    if (byte === DOT && point < 0) point = at;
    else if (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      if (mantissa > 0) digits++;
    } else return slowDecimal(bytes, from, to);
  }
  const places = point < 0 ? 0 : to - point - 1;
  if (digits > EXACT_DIGITS || places > 22) return slowDecimal(bytes, from, to);
  const value = mantissa / TENS[places]!;
  return isNegative ? -value : value;
}

function slowDecimal(bytes: Uint8Array, from: number, to: number): number {
  let text = "";
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
  return text === "+Inf" ? Number.POSITIVE_INFINITY : text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}
