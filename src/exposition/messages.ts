/** What is wrong with a body, in Prometheus' words: users' scripts and eyes know them from `lastError`. */
import * as L from "../../assembly/exposition/layout.js";
import { quoteGoBytes } from "./go-quote.js";

const TOKEN_NAMES: Readonly<Record<number, string>> = {
  [L.TOKEN_INVALID]: "INVALID",
  [L.TOKEN_EOF]: "EOF",
  [L.TOKEN_LINEBREAK]: "LINEBREAK",
  [L.TOKEN_WHITESPACE]: "WHITESPACE",
  [L.TOKEN_HELP]: "HELP",
  [L.TOKEN_TYPE]: "TYPE",
  [L.TOKEN_UNIT]: "UNIT",
  [L.TOKEN_EOF_WORD]: "EOFWORD",
  [L.TOKEN_TEXT]: "TEXT",
  [L.TOKEN_COMMENT]: "COMMENT",
  [L.TOKEN_BLANK]: "BLANK",
  [L.TOKEN_METRIC_NAME]: "MNAME",
  [L.TOKEN_QUOTED]: "QSTRING",
  [L.TOKEN_BRACE_OPEN]: "BOPEN",
  [L.TOKEN_BRACE_CLOSE]: "BCLOSE",
  [L.TOKEN_LABEL_NAME]: "LNAME",
  [L.TOKEN_LABEL_VALUE]: "LVALUE",
  [L.TOKEN_EQUAL]: "EQUAL",
  [L.TOKEN_COMMA]: "COMMA",
  [L.TOKEN_TIMESTAMP]: "TIMESTAMP",
  [L.TOKEN_VALUE]: "VALUE",
};

/** Errors of the form "expected …, got token while parsing line". */
const EXPECTED: Readonly<Record<number, string>> = {
  [L.ERROR_START]: "expected a valid start token",
  [L.ERROR_META_END]: "linebreak expected after metadata",
  [L.ERROR_COMMENT_END]: "linebreak expected after comment",
  [L.ERROR_LABEL_NAME]: "expected label name",
  [L.ERROR_EQUAL]: "expected equal",
  [L.ERROR_LABEL_VALUE]: "expected label value",
  [L.ERROR_COMMA]: "expected comma or brace close",
  [L.ERROR_VALUE]: "expected value after metric",
  [L.ERROR_EXEMPLAR_VALUE]: "expected value after exemplar labels",
  [L.ERROR_TIMESTAMP]: "expected timestamp or new record",
  [L.ERROR_TIMESTAMP_END]: "expected next entry after timestamp",
  [L.ERROR_EXEMPLAR_TIMESTAMP]: "expected timestamp or comment",
  [L.ERROR_EXEMPLAR_TIMESTAMP_END]: "expected next entry after exemplar timestamp",
};

/** The state in which a parser gave up; all positions are addresses in `memory`. */
export interface ParseFailure {
  readonly error: number;
  readonly token: number;
  readonly metaToken: number;
  readonly isOpenMetrics: boolean;
  readonly lineStart: number;
  readonly tokenStart: number;
  readonly at: number;
  readonly end: number;
  readonly numberStart: number;
  readonly numberEnd: number;
  readonly timeStart: number;
  readonly timeEnd: number;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly textStart: number;
  readonly textEnd: number;
  /** The number that is NaN or infinite, where that is the error. */
  readonly value: number;
}

export function failureMessage(memory: Buffer, failure: ParseFailure): string {
  const quote = (from: number, to: number): string => quoteGoBytes(memory.subarray(from, to));
  const token = TOKEN_NAMES[failure.token] ?? "INVALID";
  const meta = TOKEN_NAMES[failure.metaToken] ?? "INVALID";
  const shownEnd = Math.min(failure.end, failure.at + 1);
  const expected = (what: string): string =>
    `${what}, got ${quote(failure.tokenStart, shownEnd)} ("${token}") while parsing: ${quote(failure.lineStart, shownEnd)}`;
  const line = quote(failure.lineStart, failure.at);
  switch (failure.error) {
    case L.ERROR_META_NAME:
      return expected(`expected metric name after ${meta}`);
    case L.ERROR_META_TEXT:
      return failure.isOpenMetrics ? `expected text in ${meta}` : `expected text in ${meta}, got ${token}`;
    case L.ERROR_META_TYPE:
      return `invalid metric type ${quote(failure.textStart, failure.textEnd)}`;
    case L.ERROR_HELP_UTF8:
      return `help text ${quote(failure.textStart, failure.textEnd)} is not a valid utf8 string`;
    case L.ERROR_UNIT:
      return `unit ${quote(failure.textStart, failure.textEnd)} not a suffix of metric ${quote(failure.nameStart, failure.nameEnd)}`;
    case L.ERROR_NAME_TWICE:
      return `metric name already set while parsing: ${line}`;
    case L.ERROR_NAME_MISSING:
      return `metric name not set while parsing: ${line}`;
    case L.ERROR_LABEL_UTF8:
      return `invalid UTF-8 label value: ${quote(failure.tokenStart, failure.at)}`;
    case L.ERROR_FLOAT: {
      const number = memory.subarray(failure.numberStart, failure.numberEnd);
      if (number.includes("p") || number.includes("P") || number.includes("_")) {
        return `unsupported character in float while parsing: ${line}`;
      }
      return `strconv.ParseFloat: parsing ${quoteGoBytes(number)}: invalid syntax while parsing: ${line}`;
    }
    case L.ERROR_TIMESTAMP_INT:
      return `strconv.ParseInt: parsing ${quote(failure.timeStart, failure.timeEnd)}: value out of range while parsing: ${line}`;
    case L.ERROR_TIMESTAMP_RANGE:
      return `invalid timestamp ${goFloat(failure.value)}`;
    case L.ERROR_EXEMPLAR_TIMESTAMP_RANGE:
      return `invalid exemplar timestamp ${goFloat(failure.value)}`;
    case L.ERROR_AFTER_EOF:
      return "unexpected data after # EOF";
    case L.ERROR_NO_EOF:
      return "data does not end with # EOF";
    default:
      return expected(EXPECTED[failure.error] ?? `exposition error ${failure.error}`);
  }
}

/** The message for a number that no float can hold. `at` is where the lexer stood. */
export function rangeMessage(memory: Buffer, number: Buffer, lineStart: number, at: number): string {
  return `strconv.ParseFloat: parsing ${quoteGoBytes(number)}: value out of range while parsing: ${quoteGoBytes(memory.subarray(lineStart, at))}`;
}

function goFloat(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
