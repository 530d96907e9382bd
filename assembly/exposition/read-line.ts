/**
 * One entry of an exposition by the full grammar, errors included: what the fast paths of parse.ts fall back to. Follows
 * Prometheus' parsers (`model/textparse/promparse.go`, `openmetricsparse.go`), which are laxer than the specifications,
 * except that an unquoted word in braces is never taken for the metric name (3.5 does, and cuts its first and last byte).
 */
import { isUtf8 } from "./bytes";
import { parseFloat64 } from "./float";
import {
  ERROR_AFTER_EOF,
  ERROR_COMMA,
  ERROR_COMMENT_END,
  ERROR_EQUAL,
  ERROR_EXEMPLAR_TIMESTAMP,
  ERROR_EXEMPLAR_TIMESTAMP_END,
  ERROR_EXEMPLAR_TIMESTAMP_RANGE,
  ERROR_EXEMPLAR_VALUE,
  ERROR_FLOAT,
  ERROR_HELP_UTF8,
  ERROR_LABEL_NAME,
  ERROR_LABEL_UTF8,
  ERROR_LABEL_VALUE,
  ERROR_META_END,
  ERROR_META_NAME,
  ERROR_META_TEXT,
  ERROR_META_TYPE,
  ERROR_NAME_MISSING,
  ERROR_NAME_TWICE,
  ERROR_NO_EOF,
  ERROR_NONE,
  ERROR_START,
  ERROR_TIMESTAMP,
  ERROR_TIMESTAMP_END,
  ERROR_TIMESTAMP_INT,
  ERROR_TIMESTAMP_RANGE,
  ERROR_UNIT,
  ERROR_VALUE,
  FLAG_OPENMETRICS,
  LINE_COMMENT,
  LINE_END,
  LINE_ERROR,
  LINE_SERIES,
  TARGET_AT,
  TARGET_ERROR,
  TARGET_EXEMPLAR_END,
  TARGET_EXEMPLAR_START,
  TARGET_EXEMPLARS,
  TARGET_HAS_TIME,
  TARGET_LINE,
  TARGET_META_TOKEN,
  TARGET_NAME_END,
  TARGET_NAME_START,
  TARGET_NUMBER,
  TARGET_NUMBER_END,
  TARGET_SERIES_END,
  TARGET_START,
  TARGET_TEXT_END,
  TARGET_TEXT_START,
  TARGET_TIME,
  TARGET_TIME_IS_HARD,
  TARGET_TIME_TEXT,
  TARGET_TIME_TEXT_END,
  TARGET_TOKEN,
  TARGET_TYPE,
  TARGET_VALUE,
  TARGET_VALUE_IS_HARD,
  TOKEN_BRACE_CLOSE,
  TOKEN_BRACE_OPEN,
  TOKEN_COMMA,
  TOKEN_COMMENT,
  TOKEN_EOF,
  TOKEN_EOF_WORD,
  TOKEN_EQUAL,
  TOKEN_HELP,
  TOKEN_LABEL_NAME,
  TOKEN_LABEL_VALUE,
  TOKEN_LINEBREAK,
  TOKEN_METRIC_NAME,
  TOKEN_QUOTED,
  TOKEN_TEXT,
  TOKEN_TIMESTAMP,
  TOKEN_TYPE,
  TOKEN_UNIT,
  TOKEN_VALUE,
  TYPE_INVALID,
} from "./layout";
import { nextOpenMetricsToken } from "./lex-openmetrics";
import { nextTextToken } from "./lex-text";
import { exemplarIsHard } from "./lists";
import { typeOf } from "./metric-type";

function token(target: usize, flags: u32): i32 {
  return flags & <u32>FLAG_OPENMETRICS ? nextOpenMetricsToken(target) : nextTextToken(target);
}

/** Notes what went wrong; `got` is the token that was met. */
function fail(target: usize, error: u32, got: i32): u32 {
  store<u32>(target, error, TARGET_ERROR);
  store<i32>(target, got, TARGET_TOKEN);
  return LINE_ERROR;
}

/** Reads the entry that begins at TARGET_AT. What it found is in the target's fields; LINE_* says what it was. */
export function readLine(target: usize, flags: u32): u32 {
  while (true) {
    store<u32>(target, load<u32>(target, TARGET_AT), TARGET_LINE);
    store<u32>(target, 0, TARGET_META_TOKEN);
    store<u32>(target, 0, TARGET_NAME_START);
    store<u32>(target, 0, TARGET_NAME_END);
    const t = token(target, flags);
    switch (t) {
      case TOKEN_EOF:
        return flags & <u32>FLAG_OPENMETRICS ? fail(target, ERROR_NO_EOF, t) : LINE_END;
      case TOKEN_EOF_WORD: {
        const after = token(target, flags);
        return after === TOKEN_EOF ? LINE_END : fail(target, ERROR_AFTER_EOF, after);
      }
      case TOKEN_LINEBREAK:
        if (flags & <u32>FLAG_OPENMETRICS) return fail(target, ERROR_START, t);
        continue; // a blank line
      case TOKEN_HELP:
      case TOKEN_TYPE:
      case TOKEN_UNIT:
        return readMetadata(target, flags, t);
      case TOKEN_COMMENT: {
        if (flags & <u32>FLAG_OPENMETRICS) return fail(target, ERROR_START, t);
        const after = token(target, flags);
        return after === TOKEN_LINEBREAK ? LINE_COMMENT : fail(target, ERROR_COMMENT_END, after);
      }
      case TOKEN_BRACE_OPEN:
      case TOKEN_METRIC_NAME:
        return readSeries(target, flags, t);
      default:
        return fail(target, ERROR_START, t);
    }
  }
}

function readMetadata(target: usize, flags: u32, kind: i32): u32 {
  store<i32>(target, kind, TARGET_META_TOKEN);
  let t = token(target, flags);
  if (t !== TOKEN_METRIC_NAME) return fail(target, ERROR_META_NAME, t);
  let start = load<u32>(target, TARGET_START);
  let end = load<u32>(target, TARGET_AT);
  if (load<u8>(start) === 34) {
    start++;
    end--;
  }
  store<u32>(target, start, TARGET_NAME_START);
  store<u32>(target, end, TARGET_NAME_END);
  t = token(target, flags);
  if (t !== TOKEN_TEXT) return fail(target, ERROR_META_TEXT, t);
  const isOpenMetrics = (flags & <u32>FLAG_OPENMETRICS) !== 0;
  let textStart = load<u32>(target, TARGET_START);
  let textEnd = load<u32>(target, TARGET_AT);
  if (textEnd - textStart > 1) {
    textStart++;
    if (isOpenMetrics) textEnd--; // the token has the line end; zero bytes behind it were passed over with it
  } else textEnd = textStart;
  store<u32>(target, textStart, TARGET_TEXT_START);
  store<u32>(target, textEnd, TARGET_TEXT_END);
  if (kind === TOKEN_TYPE) {
    const type = typeOf(textStart, textEnd, isOpenMetrics);
    if (type === TYPE_INVALID) return fail(target, ERROR_META_TYPE, t);
    store<u32>(target, type, TARGET_TYPE);
  } else if (kind === TOKEN_HELP && !isUtf8(textStart, textEnd)) return fail(target, ERROR_HELP_UTF8, t);
  if (isOpenMetrics) {
    return kind === TOKEN_UNIT && !isUnitOf(start, end, textStart, textEnd)
      ? fail(target, ERROR_UNIT, t)
      : LINE_COMMENT;
  }
  t = token(target, flags);
  return t === TOKEN_LINEBREAK ? LINE_COMMENT : fail(target, ERROR_META_END, t);
}

/** True if the name ends with "_" and the unit, or there is no unit. */
function isUnitOf(nameStart: u32, nameEnd: u32, unitStart: u32, unitEnd: u32): bool {
  const length = unitEnd - unitStart;
  if (length === 0) return true;
  if (nameEnd - nameStart < length + 1) return false;
  const from = nameEnd - length;
  for (let i: u32 = 0; i < length; i++) if (load<u8>(from + i) !== load<u8>(unitStart + i)) return false;
  return load<u8>(from - 1) === 95;
}

function readSeries(target: usize, flags: u32, first: i32): u32 {
  let t = first;
  if (first === TOKEN_METRIC_NAME) {
    store<u32>(target, load<u32>(target, TARGET_LINE), TARGET_NAME_START);
    store<u32>(target, load<u32>(target, TARGET_AT), TARGET_NAME_END);
    store<u32>(target, load<u32>(target, TARGET_AT), TARGET_SERIES_END);
    t = token(target, flags);
  }
  if (t === TOKEN_BRACE_OPEN) {
    if (!readLabels(target, flags, false)) return LINE_ERROR;
    store<u32>(target, load<u32>(target, TARGET_AT), TARGET_SERIES_END);
    t = token(target, flags);
  }
  if (load<u32>(target, TARGET_NAME_START) === 0) return fail(target, ERROR_NAME_MISSING, t);
  store<u32>(target, 0, TARGET_HAS_TIME);
  store<u32>(target, 0, TARGET_TIME_IS_HARD);
  return flags & <u32>FLAG_OPENMETRICS ? readOpenMetricsEnd(target, flags, t) : readTextEnd(target, flags, t);
}

/** What stands between the braces, of a series or an exemplar. */
function readLabels(target: usize, flags: u32, isExemplar: bool): bool {
  let t = token(target, flags);
  while (true) {
    const start = load<u32>(target, TARGET_START);
    const end = load<u32>(target, TARGET_AT);
    if (t === TOKEN_BRACE_CLOSE) return true;
    const isQuoted = t === TOKEN_QUOTED;
    if (!isQuoted && t !== TOKEN_LABEL_NAME) {
      fail(target, ERROR_LABEL_NAME, t);
      return false;
    }
    t = token(target, flags);
    if (t === TOKEN_COMMA || t === TOKEN_BRACE_CLOSE) {
      if (isExemplar) {
        fail(target, ERROR_LABEL_NAME, t);
        return false;
      }
      if (load<u32>(target, TARGET_NAME_START) !== 0) {
        fail(target, ERROR_NAME_TWICE, t);
        return false;
      }
      if (!isQuoted) {
        fail(target, ERROR_EQUAL, t);
        return false;
      }
      store<u32>(target, start + 1, TARGET_NAME_START);
      store<u32>(target, end - 1, TARGET_NAME_END);
      if (t === TOKEN_BRACE_CLOSE) return true;
      t = token(target, flags);
      continue;
    }
    if (t !== TOKEN_EQUAL) {
      fail(target, ERROR_EQUAL, t);
      return false;
    }
    t = token(target, flags);
    if (t !== TOKEN_LABEL_VALUE) {
      fail(target, ERROR_LABEL_VALUE, t);
      return false;
    }
    if (!isUtf8(load<u32>(target, TARGET_START), load<u32>(target, TARGET_AT))) {
      fail(target, ERROR_LABEL_UTF8, t);
      return false;
    }
    t = token(target, flags);
    if (t === TOKEN_COMMA) t = token(target, flags);
    else if (t !== TOKEN_BRACE_CLOSE && (flags & <u32>FLAG_OPENMETRICS) !== 0) {
      fail(target, ERROR_COMMA, t);
      return false;
    }
  }
}

/** Reads the current token, from `skip` bytes on, as a number. */
function readNumber(target: usize, skip: u32): bool {
  const start = load<u32>(target, TARGET_START) + skip;
  const end = load<u32>(target, TARGET_AT);
  store<u32>(target, start, TARGET_NUMBER);
  store<u32>(target, end, TARGET_NUMBER_END);
  return parseFloat64(target, start, end);
}

function readTextEnd(target: usize, flags: u32, t: i32): u32 {
  if (t !== TOKEN_VALUE) return fail(target, ERROR_VALUE, t);
  if (!readNumber(target, 0)) return fail(target, ERROR_FLOAT, t);
  t = token(target, flags);
  if (t === TOKEN_LINEBREAK) return LINE_SERIES;
  if (t !== TOKEN_TIMESTAMP) return fail(target, ERROR_TIMESTAMP, t);
  store<u32>(target, 1, TARGET_HAS_TIME);
  const start = load<u32>(target, TARGET_START);
  const end = load<u32>(target, TARGET_AT);
  store<u32>(target, start, TARGET_TIME_TEXT);
  store<u32>(target, end, TARGET_TIME_TEXT_END);
  let time: u64 = 0;
  for (let at = start; at < end; at++) {
    const digit = <u64>load<u8>(at) - 48;
    if (time > ((((<u64>0x7fffffff) << 32) | 0xffffffff) - digit) / 10) return fail(target, ERROR_TIMESTAMP_INT, t);
    time = time * 10 + digit;
  }
  store<i64>(target, <i64>time, TARGET_TIME);
  t = token(target, flags);
  return t === TOKEN_LINEBREAK ? LINE_SERIES : fail(target, ERROR_TIMESTAMP_END, t);
}

const TWO_TO_63: f64 = <f64>((<u64>1) << 63);

/** Milliseconds of a number of seconds as Go converts them: cut off, and the least integer where none fits. */
export function secondsToMs(seconds: f64): i64 {
  const ms = seconds * 1000;
  return ms >= -TWO_TO_63 && ms < TWO_TO_63 ? <i64>ms : i64.MIN_VALUE;
}

function isFinite64(value: f64): bool {
  return value - value === 0;
}

function readOpenMetricsEnd(target: usize, flags: u32, t: i32): u32 {
  if (t !== TOKEN_VALUE) return fail(target, ERROR_VALUE, t);
  if (!readNumber(target, 1)) return fail(target, ERROR_FLOAT, t);
  // The value's fields serve the numbers behind it too, so it is kept aside meanwhile.
  const value = load<u64>(target, TARGET_VALUE);
  const isHard = load<u32>(target, TARGET_VALUE_IS_HARD);
  const number = load<u64>(target, TARGET_NUMBER); // both addresses
  const line = readOpenMetricsTail(target, flags);
  if (line !== LINE_ERROR) {
    store<u64>(target, value, TARGET_VALUE);
    store<u32>(target, isHard, TARGET_VALUE_IS_HARD);
    store<u64>(target, number, TARGET_NUMBER);
  }
  return line;
}

function readOpenMetricsTail(target: usize, flags: u32): u32 {
  let t = token(target, flags);
  if (t === TOKEN_EOF) return fail(target, ERROR_NO_EOF, t);
  if (t === TOKEN_COMMENT) return readExemplar(target, flags);
  // Any other token ends the sample without a word, as there: what follows it is read as an entry of its own.
  if (t !== TOKEN_TIMESTAMP) return LINE_SERIES;
  if (!readNumber(target, 1)) return fail(target, ERROR_FLOAT, t);
  const seconds = load<f64>(target, TARGET_VALUE);
  const isHard = load<u32>(target, TARGET_VALUE_IS_HARD);
  if (isHard === 0 && !isFinite64(seconds)) return fail(target, ERROR_TIMESTAMP_RANGE, t);
  store<u32>(target, 1, TARGET_HAS_TIME);
  store<u32>(target, isHard, TARGET_TIME_IS_HARD);
  store<i64>(target, secondsToMs(seconds), TARGET_TIME);
  store<u32>(target, load<u32>(target, TARGET_NUMBER), TARGET_TIME_TEXT);
  store<u32>(target, load<u32>(target, TARGET_NUMBER_END), TARGET_TIME_TEXT_END);
  t = token(target, flags);
  if (t === TOKEN_LINEBREAK) return LINE_SERIES;
  return t === TOKEN_COMMENT ? readExemplar(target, flags) : fail(target, ERROR_TIMESTAMP_END, t);
}

/** Checks an exemplar: its labels, its value, its optional timestamp. */
function readExemplar(target: usize, flags: u32): u32 {
  const start = load<u32>(target, TARGET_AT) - 1; // of the brace, which the token before took
  const line = readExemplarParts(target, flags);
  if (line === LINE_SERIES) {
    store<u32>(target, start, TARGET_EXEMPLAR_START);
    store<u32>(target, load<u32>(target, TARGET_AT) - 1, TARGET_EXEMPLAR_END); // before the line end
  }
  return line;
}

function readExemplarParts(target: usize, flags: u32): u32 {
  if (!readLabels(target, flags, true)) return LINE_ERROR;
  let t = token(target, flags);
  if (t !== TOKEN_VALUE) return fail(target, ERROR_EXEMPLAR_VALUE, t);
  if (!readNumber(target, 1)) return fail(target, ERROR_FLOAT, t);
  if (load<u32>(target, TARGET_VALUE_IS_HARD) !== 0 && !exemplarIsHard(target)) return fail(target, ERROR_NONE, t);
  store<u32>(target, load<u32>(target, TARGET_EXEMPLARS) + 1, TARGET_EXEMPLARS);
  t = token(target, flags);
  if (t === TOKEN_LINEBREAK) return LINE_SERIES;
  if (t === TOKEN_EOF) return fail(target, ERROR_NO_EOF, t);
  if (t !== TOKEN_TIMESTAMP) return fail(target, ERROR_EXEMPLAR_TIMESTAMP, t);
  if (!readNumber(target, 1)) return fail(target, ERROR_FLOAT, t);
  if (load<u32>(target, TARGET_VALUE_IS_HARD) !== 0) {
    if (!exemplarIsHard(target)) return fail(target, ERROR_NONE, t);
  } else if (!isFinite64(load<f64>(target, TARGET_VALUE))) return fail(target, ERROR_EXEMPLAR_TIMESTAMP_RANGE, t);
  t = token(target, flags);
  return t === TOKEN_LINEBREAK ? LINE_SERIES : fail(target, ERROR_EXEMPLAR_TIMESTAMP_END, t);
}
