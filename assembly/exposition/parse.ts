/**
 * Scraped bodies to rows of the staging table. Each line is tried in turn as
 *   1. the line that stood at this place in the last accepted scrape (one compare of its digest),
 *   2. any line that the target remembers (a quick scan for the end of the series, a hash look-up),
 *   3. anything, by the full grammar (read-line.ts), which alone reports errors.
 * The first two take only what they fully understand and leave the rest to the third, so all three give equal rows.
 *
 * A text found in the table was accepted by the grammar before, from the same lexer state, so it need not be checked
 * again. Nothing lasting changes before the scrape is accepted.
 *
 * Twin: test/twins/exposition/parse.ts
 */
import {
  DROPPED_SLOT,
  NO_SLOT,
  STAGED_BYTES,
  STAGED_SLOT,
  STAGED_STATUS,
  STAGED_TEXT,
  STAGED_TEXT_LENGTH,
  STAGED_TIME,
  STAGED_VALUE,
  STATUS_DUPLICATE,
  STATUS_OK,
} from "../layout";
import { rejectScrape } from "./accept";
import { hasCreatedTimes, isCreatedLine, noteCreated, noteFamily, noteSeries } from "./created";
import { digest, sameDigest } from "./digest";
import { parseDecimal, parseFloat64 } from "./float";
import {
  BODY_SLACK,
  ENTRY_DIGEST,
  ENTRY_KIND,
  ENTRY_LENGTH,
  ENTRY_POSITION,
  ENTRY_SEEN,
  ENTRY_SLOT,
  ENTRY_TYPE,
  ERROR_NONE,
  FLAG_CREATED,
  FLAG_EXEMPLARS,
  FLAG_IGNORE_TIMESTAMPS,
  FLAG_NO_NATIVE,
  FLAG_OPENMETRICS,
  FLAG_PROTOBUF,
  FLAG_TRACK_TIMESTAMPS,
  HARD_IS_TIME,
  HARD_IS_VALUE,
  KIND_COMMENT,
  KIND_HELP,
  KIND_SERIES,
  KIND_TYPE,
  KIND_UNIT,
  LEX_START,
  LINE_COMMENT,
  LINE_END,
  LINE_ERROR,
  LINE_SERIES,
  NEW_DIGEST,
  NEW_HAS_TIME,
  NEW_IS_UNTRACKED,
  NEW_KIND,
  NEW_LENGTH,
  NEW_LINE,
  NEW_NO_ROW,
  NEW_ROW,
  NEW_TEXT,
  NEW_TYPE,
  ORDER_ADDRESS,
  ORDER_REPEATED,
  ORDER_UNTRACKED,
  PARSE_FAILED,
  PARSE_NO_MEMORY,
  PARSE_TOO_MANY_ROWS,
  PROTO_SAMPLES,
  SAMPLE_BYTES,
  SAMPLE_FLAGS,
  SAMPLE_HAS_TIME,
  SAMPLE_IS_FLOAT_HISTOGRAM,
  SAMPLE_IS_HISTOGRAM,
  SAMPLE_ROW,
  SAMPLE_TIME,
  SAMPLE_VALUE,
  TARGET_AT,
  TARGET_CREATED_COUNT,
  TARGET_CREATED_FAMILY,
  TARGET_DROPPED,
  TARGET_END,
  TARGET_ERROR,
  TARGET_EXEMPLAR_START,
  TARGET_EXEMPLARS,
  TARGET_FLAGS,
  TARGET_FORMAT,
  TARGET_HARD_COUNT,
  TARGET_HAS_TIME,
  TARGET_HASHED,
  TARGET_IS_DIVERGED,
  TARGET_IS_PENDING,
  TARGET_LEXER,
  TARGET_LINE,
  TARGET_LIST_COUNT,
  TARGET_META_TOKEN,
  TARGET_NEW_COUNT,
  TARGET_NEXT,
  TARGET_NEXT_BYTES,
  TARGET_NEXT_COUNT,
  TARGET_NUMBER,
  TARGET_NUMBER_END,
  TARGET_ORDER,
  TARGET_ORDER_COUNT,
  TARGET_POSITIONAL,
  TARGET_PROTO,
  TARGET_SAMPLES,
  TARGET_SERIAL,
  TARGET_SERIES_END,
  TARGET_START,
  TARGET_TIME,
  TARGET_TIME_IS_HARD,
  TARGET_TIME_TEXT,
  TARGET_TIME_TEXT_END,
  TARGET_TYPE,
  TARGET_VALUE,
  TARGET_VALUE_IS_HARD,
  TOKEN_HELP,
  TOKEN_TYPE,
  TOKEN_UNIT,
  TYPE_NONE,
} from "./layout";
import { continuesMetricName, isBlank, isDigit } from "./lexer";
import { addExemplar, addHard, addNew, growNext } from "./lists";
import { typeOf } from "./metric-type";
import { readLine, secondsToMs } from "./read-line";
import { entryOf, findEntry, markSeen, slotIsCurrent } from "./target";

/**
 * Parses `bodyLength` bytes at `body`, behind which BODY_SLACK bytes are the kernel's to overwrite.
 *
 * @param timeMs  of samples without a timestamp of their own.
 * @param flags   FLAG_*
 * @param staging the staging table, with room for `room` rows.
 * @returns rows, or PARSE_*. The counts are in the target's fields. A scrape that is still pending is rejected first.
 */
export function parseScrape(
  target: usize,
  body: usize,
  bodyLength: u32,
  timeMs: f64,
  flags: u32,
  staging: usize,
  room: u32,
): i32 {
  if (load<u32>(target, TARGET_FLAGS) & <u32>TARGET_IS_PENDING) rejectScrape(target);
  let end = body + <usize>bodyLength;
  memory.fill(end, 0, BODY_SLACK);
  const isProto = (flags & <u32>FLAG_PROTOBUF) !== 0;
  const isText = (flags & <u32>FLAG_OPENMETRICS) === 0 && !isProto;
  const readsCreated = (flags & <u32>FLAG_CREATED) !== 0 && !isProto && !isText;
  if (isText) store<u8>(end++, 10); // as Prometheus does
  const serial = begin(target, end, flags);
  const defaultTime = <i64>timeMs;
  const order = <usize>load<u32>(target, TARGET_ORDER);
  const orderCount = load<u32>(target, TARGET_ORDER_COUNT);
  let position: u32 = 0; // where in the accepted order the line is expected
  let line: u32 = 0; // lines so far
  let isDiverged = false;
  let rows: u32 = 0;
  let samples: u32 = 0;
  let dropped: u32 = 0;
  let positional: u32 = 0;
  let hashed: u32 = 0;
  let at = body;
  let failure = 0;

  while (true) {
    store<u32>(target, 0, TARGET_EXEMPLAR_START);
    let entry: usize = 0;
    let key = i64x2.splat(0); // digest of the text
    let isHashed = false;
    const lineStart = at;
    let text = at;
    let length: u32 = 0;
    let kind: u32 = KIND_SERIES;
    let after: usize = 0; // behind the line, once a fast path has understood all of it
    let word: u32 = 0; // of the accepted order, where it names the line's entry
    let expected: usize = 0; // the entry expected here, if its text stands here

    if (load<u32>(target, TARGET_LEXER) === LEX_START) {
      if (position < orderCount) {
        word = load<u32>(order + ((<usize>position) << 2));
        entry = entryOf(word);
        if (entry !== 0) {
          length = load<u32>(entry, ENTRY_LENGTH);
          if (at + <usize>length >= end || !sameDigest(digest(at, length), v128.load(entry, ENTRY_DIGEST))) entry = 0;
          else {
            kind = load<u8>(entry, ENTRY_KIND);
            expected = entry;
            after = isProto
              ? readProtoRest(target, at + <usize>length, end, kind, samples)
              : readRest(target, at + <usize>length, end, kind, isText);
            if (after === 0) entry = 0;
          }
        }
      }
      if (entry !== 0) positional++;
      else if (expected === 0) {
        word = 0;
        const textEnd = scanText(at, end);
        if (textEnd !== 0) {
          length = <u32>(textEnd - at);
          key = digest(at, length);
          isHashed = true;
          entry = findEntry(target, key, length);
          if (entry !== 0) {
            kind = load<u8>(entry, ENTRY_KIND);
            after = isProto
              ? readProtoRest(target, textEnd, end, kind, samples)
              : readRest(target, textEnd, end, kind, isText);
            if (after === 0) entry = 0;
            else hashed++;
          }
        }
      }
    }

    if (entry !== 0) {
      if (kind === KIND_TYPE) store<u32>(target, <u32>load<u8>(entry, ENTRY_TYPE), TARGET_TYPE);
      store<u32>(target, <u32>at, TARGET_LINE);
      store<u32>(target, <u32>after, TARGET_AT);
      at = after;
    } else {
      store<u32>(target, <u32>at, TARGET_AT);
      store<u32>(target, samples, TARGET_SAMPLES); // for numbers of the line that are left to the caller
      const what = isProto ? readProtoLine(target, samples) : readLine(target, flags);
      if (what === LINE_END) break;
      if (what === LINE_ERROR) {
        failure = load<u32>(target, TARGET_ERROR) === ERROR_NONE ? PARSE_NO_MEMORY : PARSE_FAILED;
        break;
      }
      at = <usize>load<u32>(target, TARGET_AT);
      text = <usize>load<u32>(target, TARGET_LINE);
      let textEnd: usize;
      if (what === LINE_COMMENT) {
        kind = kindOf(load<i32>(target, TARGET_META_TOKEN));
        if (kind === KIND_COMMENT) continue; // says nothing: not remembered, so that nobody can fill memory with it
        textEnd = at - 1;
        while (textEnd > text && load<u8>(textEnd) !== 10) textEnd--; // OpenMetrics passes over zero bytes behind it
      } else {
        kind = KIND_SERIES;
        textEnd = <usize>load<u32>(target, TARGET_SERIES_END);
      }
      const found = <u32>(textEnd - text);
      if (expected !== 0 && found === load<u32>(expected, ENTRY_LENGTH) && text === lineStart) entry = expected;
      else {
        word = 0;
        if (!isHashed || found !== length || text !== lineStart) key = digest(text, found);
        isHashed = true;
        entry = findEntry(target, key, found);
        if (position < orderCount && entry !== 0) {
          const there = load<u32>(order + ((<usize>position) << 2));
          if (entryOf(there) === entry) word = there;
        }
      }
      length = found;
    }

    if (isProto && (flags & <u32>FLAG_NO_NATIVE) !== 0 && kind === KIND_SERIES && isNative(target, samples)) {
      samples++;
      dropped++;
      continue; // not remembered either
    }
    if (readsCreated) {
      const isTime = kind === KIND_SERIES && hasCreatedTimes(target) && isCreatedLine(text, length);
      if (kind !== KIND_SERIES || isTime) {
        if (!(isTime ? noteCreated(target, text, length) : noteFamily(target, text, length))) {
          failure = PARSE_NO_MEMORY;
          break;
        }
        if (isTime) continue; // no sample, and not remembered
      }
    }
    let flag: u32 = 0;
    let isRepeated = false;
    if (kind === KIND_SERIES) {
      store<u32>(target, samples, TARGET_SAMPLES);
      samples++;
      const hasTime = load<u32>(target, TARGET_HAS_TIME) !== 0 && (flags & <u32>FLAG_IGNORE_TIMESTAMPS) === 0;
      if (hasTime && (flags & <u32>FLAG_TRACK_TIMESTAMPS) === 0) flag = ORDER_UNTRACKED;
    }
    // As long as every line is the expected one, with the same flag, the accepted order serves for this scrape as well.
    if (!isDiverged) {
      const isExpected = word !== 0 && position === line && (word & <u32>ORDER_UNTRACKED) === flag;
      if (!isExpected) {
        if (!diverge(target, line, serial)) {
          failure = PARSE_NO_MEMORY;
          break;
        }
        isDiverged = true;
      } else isRepeated = (word & <u32>ORDER_REPEATED) !== 0;
    }
    if (isDiverged && entry !== 0) {
      isRepeated = load<u32>(entry, ENTRY_SEEN) === serial;
      markSeen(entry, serial, kind === KIND_SERIES && flag === 0);
    }

    if (kind === KIND_SERIES) {
      const isKnown = entry !== 0 && slotIsCurrent(entry);
      const slot: u32 = isKnown ? load<u32>(entry, ENTRY_SLOT) : <u32>NO_SLOT;
      const isHard = (load<u32>(target, TARGET_VALUE_IS_HARD) | load<u32>(target, TARGET_TIME_IS_HARD)) !== 0;
      if (slot === <u32>DROPPED_SLOT) {
        dropped++;
        if (isHard && !leaveHard(target, NEW_NO_ROW)) {
          failure = PARSE_NO_MEMORY;
          break;
        }
      } else {
        if (rows >= room) {
          failure = PARSE_TOO_MANY_ROWS;
          break;
        }
        const hasTime = load<u32>(target, TARGET_HAS_TIME) !== 0 && (flags & <u32>FLAG_IGNORE_TIMESTAMPS) === 0;
        const row = staging + <usize>rows * STAGED_BYTES;
        store<u32>(row, slot, STAGED_SLOT);
        const isFirst = !(isRepeated && isKnown && !hasTime);
        store<u32>(row, isFirst ? STATUS_OK : STATUS_DUPLICATE, STAGED_STATUS);
        store<i64>(row, hasTime ? load<i64>(target, TARGET_TIME) : defaultTime, STAGED_TIME);
        store<u64>(row, load<u64>(target, TARGET_VALUE), STAGED_VALUE);
        if (!isKnown) {
          store<u32>(row, <u32>text, STAGED_TEXT);
          store<u32>(row, length, STAGED_TEXT_LENGTH);
          if (!isDiverged) {
            // The text is the expected one, but the head has given its slot to another series.
            if (!diverge(target, line, serial)) {
              failure = PARSE_NO_MEMORY;
              break;
            }
            isDiverged = true;
            markSeen(entry, serial, flag === 0);
          }
        }
        if (isProto) store<u32>(protoSample(target, samples - 1), rows, SAMPLE_ROW);
        else if (load<u32>(target, TARGET_EXEMPLAR_START) !== 0 && (flags & <u32>FLAG_EXEMPLARS) !== 0) {
          if (!addExemplar(target, rows)) {
            failure = PARSE_NO_MEMORY;
            break;
          }
        }
        if (readsCreated && isFirst && hasCreatedTimes(target) && !noteSeries(target, text, length, rows)) {
          failure = PARSE_NO_MEMORY;
          break;
        }
        if (isHard && !leaveHard(target, rows)) {
          failure = PARSE_NO_MEMORY;
          break;
        }
        if (!isKnown && !leaveNew(target, rows, line, key, isHashed, text, length, kind, flag, hasTime)) {
          failure = PARSE_NO_MEMORY;
          break;
        }
        rows++;
      }
    } else if (entry === 0 && !leaveNew(target, NEW_NO_ROW, line, key, true, text, length, kind, 0, false)) {
      failure = PARSE_NO_MEMORY;
      break;
    }

    if (isDiverged) {
      if (!growNextAt(target, line)) {
        failure = PARSE_NO_MEMORY;
        break;
      }
      const bits = flag | (isRepeated ? <u32>ORDER_REPEATED : 0);
      const next = <usize>load<u32>(target, TARGET_NEXT) + ((<usize>line) << 2);
      store<u32>(next, entry === 0 ? 0 : <u32>entry | bits);
      // A line that the accepted order has elsewhere sets the place to expect the following one at.
      if (word !== 0) position++;
      else if (entry !== 0) position = placeOf(entry, order, orderCount, position) + 1;
    } else position++;
    line++;
  }

  if (failure === 0 && !isDiverged && line !== orderCount) {
    if (diverge(target, line, serial)) isDiverged = true;
    else failure = PARSE_NO_MEMORY;
  }
  store<u32>(target, samples, TARGET_SAMPLES);
  store<u32>(target, dropped, TARGET_DROPPED);
  store<u32>(target, positional, TARGET_POSITIONAL);
  store<u32>(target, hashed, TARGET_HASHED);
  store<u32>(target, line, TARGET_NEXT_COUNT);
  const kept = load<u32>(target, TARGET_FLAGS) & ~(<u32>TARGET_IS_DIVERGED | <u32>TARGET_IS_PENDING);
  // What stands before a line that is no exposition counts for staleness: see `cutScrape`.
  const isPending = failure === 0 || failure === PARSE_FAILED;
  const state = isPending ? <u32>TARGET_IS_PENDING | (isDiverged ? <u32>TARGET_IS_DIVERGED : 0) : 0;
  store<u32>(target, kept | state, TARGET_FLAGS);
  return failure !== 0 ? failure : <i32>rows;
}

/** Resets what belongs to one parse. Returns its serial number. */
function begin(target: usize, end: usize, flags: u32): u32 {
  let serial = load<u32>(target, TARGET_SERIAL) + 1;
  if (serial === 0) serial = 1;
  store<u32>(target, serial, TARGET_SERIAL);
  store<u32>(target, LEX_START, TARGET_LEXER);
  store<u32>(target, <u32>end, TARGET_END);
  store<u32>(target, 0, TARGET_START);
  store<u32>(target, TYPE_NONE, TARGET_TYPE);
  store<u32>(target, flags & <u32>FLAG_OPENMETRICS, TARGET_FORMAT);
  store<u32>(target, 0, TARGET_NEW_COUNT);
  store<u32>(target, 0, TARGET_HARD_COUNT);
  store<u32>(target, 0, TARGET_EXEMPLARS);
  store<u32>(target, 0, TARGET_LIST_COUNT);
  store<u32>(target, 0, TARGET_CREATED_COUNT);
  store<u32>(target, 0, TARGET_CREATED_FAMILY);
  store<u32>(target, ERROR_NONE, TARGET_ERROR);
  return serial;
}

// ── lines of protobuf, whose values lie beside them ──────────────────────────────────────────────────────────────

function protoSample(target: usize, index: u32): usize {
  const samples = <usize>load<u32>(<usize>load<u32>(target, TARGET_PROTO), PROTO_SAMPLES);
  return samples + <usize>index * SAMPLE_BYTES;
}

function isNative(target: usize, index: u32): bool {
  const native: u32 = SAMPLE_IS_HISTOGRAM | SAMPLE_IS_FLOAT_HISTOGRAM;
  return (load<u32>(protoSample(target, index), SAMPLE_FLAGS) & native) !== 0;
}

/** As `readRest` of a line that ends behind its text; the values are those of series line `index`. */
function readProtoRest(target: usize, at: usize, end: usize, kind: u32, index: u32): usize {
  if (at >= end || load<u8>(at) !== 10) return 0;
  if (kind === KIND_SERIES) takeProtoValues(target, index);
  return at + 1;
}

function takeProtoValues(target: usize, index: u32): void {
  const sample = protoSample(target, index);
  store<u64>(target, load<u64>(sample, SAMPLE_VALUE), TARGET_VALUE);
  store<u32>(target, 0, TARGET_VALUE_IS_HARD);
  store<u32>(target, 0, TARGET_TIME_IS_HARD);
  store<u32>(target, load<u32>(sample, SAMPLE_FLAGS) & <u32>SAMPLE_HAS_TIME, TARGET_HAS_TIME);
  store<i64>(target, load<i64>(sample, SAMPLE_TIME), TARGET_TIME);
}

/** As `readLine` of lines that `readProtobuf` wrote: all are well-formed. */
function readProtoLine(target: usize, index: u32): u32 {
  const at = <usize>load<u32>(target, TARGET_AT);
  const end = <usize>load<u32>(target, TARGET_END);
  if (at >= end) return LINE_END;
  store<u32>(target, <u32>at, TARGET_LINE);
  const textEnd = scanText(at, end);
  store<u32>(target, <u32>textEnd + 1, TARGET_AT);
  if (load<u8>(at) !== 35) {
    store<u32>(target, <u32>textEnd, TARGET_SERIES_END);
    takeProtoValues(target, index);
    return LINE_SERIES;
  }
  const word = <u32>load<u8>(at, 2); // of HELP, TYPE or UNIT
  store<i32>(target, word === 72 ? TOKEN_HELP : word === 84 ? TOKEN_TYPE : TOKEN_UNIT, TARGET_META_TOKEN);
  if (word === 84) {
    let start = textEnd;
    while (load<u8>(start - 1) !== 32) start--;
    store<u32>(target, typeOf(start, textEnd, true), TARGET_TYPE);
  }
  return LINE_COMMENT;
}

function kindOf(token: i32): u32 {
  if (token === TOKEN_HELP) return KIND_HELP;
  if (token === TOKEN_TYPE) return KIND_TYPE;
  return token === TOKEN_UNIT ? KIND_UNIT : KIND_COMMENT;
}

/**
 * Where the text of the line at `at` ends, if it looks ordinary: behind the closing brace or the name of a series, at
 * the line end of a comment. 0 where it does not. Checks nothing: the answer is only a key for the table.
 */
function scanText(at: usize, end: usize): usize {
  let c: u32 = load<u8>(at);
  if (c === 35) {
    while (c !== 10 && at < end) c = load<u8>(++at);
    return at < end ? at : 0;
  }
  while (continuesMetricName(c)) c = load<u8>(++at);
  if (c !== 123) return at;
  while (true) {
    // Outside quotes: to the next quote or the closing brace.
    c = load<u8>(++at);
    while (c !== 34 && c !== 125) {
      if (at >= end) return 0;
      c = load<u8>(++at);
    }
    if (c === 125) return at < end ? at + 1 : 0;
    at = scanQuoted(at + 1, end);
    if (at === 0) return 0;
  }
}

/** Address of the quote that closes a string whose bytes begin at `at`, or 0. */
function scanQuoted(at: usize, end: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    const special = v128.or(i8x16.eq(bytes, i8x16.splat(34)), i8x16.eq(bytes, i8x16.splat(92)));
    const mask = i8x16.bitmask(special);
    if (mask === 0) {
      at += 16;
      if (at >= end) return 0;
      continue;
    }
    at += <usize>ctz(mask);
    if (at >= end) return 0;
    if (load<u8>(at) === 34) return at;
    at += 2; // a backslash and what it takes with it
    if (at >= end) return 0;
  }
}

/**
 * What follows a known text: for a comment the line end, for a series a decimal value, an optional timestamp and the
 * line end. Returns the address behind the line, or 0 where there is anything else.
 */
function readRest(target: usize, at: usize, end: usize, kind: u32, isText: bool): usize {
  let c: u32 = load<u8>(at);
  if (kind !== KIND_SERIES) {
    if (c !== 10) return 0;
    // In OpenMetrics zero bytes behind the line end belong to the line: left to the grammar.
    return isText || at + 1 >= end || load<u8>(at, 1) !== 0 ? at + 1 : 0;
  }
  if (isText) {
    if (!isBlank(c)) return 0;
    do c = load<u8>(++at);
    while (isBlank(c));
  } else {
    if (c !== 32) return 0;
    at++;
  }
  const number = at;
  at = parseDecimal(target, at);
  if (at === 0) {
    at = number;
    while (<u32>load<u8>(at) > 32) at++;
    if (!parseFloat64(target, number, at)) return 0; // NaN, Inf or wrong
  }
  store<u32>(target, <u32>number, TARGET_NUMBER);
  store<u32>(target, <u32>at, TARGET_NUMBER_END);
  store<u32>(target, 0, TARGET_HAS_TIME);
  store<u32>(target, 0, TARGET_TIME_IS_HARD);
  c = load<u8>(at);
  if (c === 10) return at < end ? at + 1 : 0;
  return isText ? readTextTime(target, at, end) : readOpenMetricsTime(target, at, end);
}

/** Blanks, at most 18 digits, blanks, line end. */
function readTextTime(target: usize, at: usize, end: usize): usize {
  let c: u32 = load<u8>(at);
  if (!isBlank(c)) return 0;
  do c = load<u8>(++at);
  while (isBlank(c));
  if (isDigit(c)) {
    const start = at;
    let time: i64 = 0;
    do {
      time = time * 10 + <i64>(c - 48);
      c = load<u8>(++at);
    } while (isDigit(c));
    if (at - start > 18) return 0;
    store<i64>(target, time, TARGET_TIME);
    store<u32>(target, 1, TARGET_HAS_TIME);
    while (isBlank(c)) c = load<u8>(++at);
  }
  return c === 10 && at < end ? at + 1 : 0;
}

/** A space, a decimal number of seconds, the line end. */
function readOpenMetricsTime(target: usize, at: usize, end: usize): usize {
  if (load<u8>(at) !== 32) return 0;
  const value = load<u64>(target, TARGET_VALUE);
  const isHard = load<u32>(target, TARGET_VALUE_IS_HARD);
  at = parseDecimal(target, at + 1);
  if (at === 0 || load<u8>(at) !== 10 || at >= end || load<u32>(target, TARGET_VALUE_IS_HARD) !== 0) return 0;
  store<i64>(target, secondsToMs(load<f64>(target, TARGET_VALUE)), TARGET_TIME);
  store<u32>(target, 1, TARGET_HAS_TIME);
  store<u64>(target, value, TARGET_VALUE);
  store<u32>(target, isHard, TARGET_VALUE_IS_HARD);
  return at + 1;
}

/** From here on the scrape has an order of its own, which begins with the first `lines` of the accepted one. */
function diverge(target: usize, lines: u32, serial: u32): bool {
  if (!growNext(target, 0, lines + 1)) return false;
  const order = <usize>load<u32>(target, TARGET_ORDER);
  const next = <usize>load<u32>(target, TARGET_NEXT);
  for (let i: u32 = 0; i < lines; i++) {
    const word = load<u32>(order + ((<usize>i) << 2));
    store<u32>(next + ((<usize>i) << 2), word);
    const entry = entryOf(word);
    markSeen(entry, serial, <u32>load<u8>(entry, ENTRY_KIND) === KIND_SERIES && (word & <u32>ORDER_UNTRACKED) === 0);
  }
  return true;
}

function growNextAt(target: usize, line: u32): bool {
  return (line + 1) << 2 <= load<u32>(target, TARGET_NEXT_BYTES) || growNext(target, line, line + 1);
}

/** The place of an entry in the accepted order; `otherwise` − 1 (so that the expectation stays) if it has none. */
function placeOf(entry: usize, order: usize, orderCount: u32, otherwise: u32): u32 {
  const place = load<u32>(entry, ENTRY_POSITION);
  if (place < orderCount && (load<u32>(order + ((<usize>place) << 2)) & <u32>ORDER_ADDRESS) === <u32>entry)
    return place;
  return otherwise - 1;
}

/** Leaves the numbers of the line under way that the kernel could not round to the caller. */
function leaveHard(target: usize, row: u32): bool {
  if (load<u32>(target, TARGET_VALUE_IS_HARD) !== 0) {
    const start = load<u32>(target, TARGET_NUMBER);
    if (!addHard(target, row, HARD_IS_VALUE, start, load<u32>(target, TARGET_NUMBER_END))) return false;
  }
  if (load<u32>(target, TARGET_TIME_IS_HARD) === 0) return true;
  const start = load<u32>(target, TARGET_TIME_TEXT);
  return addHard(target, row, HARD_IS_TIME, start, load<u32>(target, TARGET_TIME_TEXT_END));
}

/** Notes a line that no entry answers. */
function leaveNew(
  target: usize,
  row: u32,
  line: u32,
  key: v128,
  isHashed: bool,
  text: usize,
  length: u32,
  kind: u32,
  flag: u32,
  hasTime: bool,
): bool {
  const record = addNew(target);
  if (record === 0) return false;
  v128.store(record, isHashed ? key : digest(text, length), NEW_DIGEST);
  store<u32>(record, row, NEW_ROW);
  store<u32>(record, line, NEW_LINE);
  store<u32>(record, <u32>text, NEW_TEXT);
  store<u32>(record, length, NEW_LENGTH);
  store<u8>(record, <u8>kind, NEW_KIND);
  store<u8>(record, <u8>load<u32>(target, TARGET_TYPE), NEW_TYPE);
  store<u8>(record, flag !== 0 ? 1 : 0, NEW_IS_UNTRACKED);
  store<u8>(record, hasTime ? 1 : 0, NEW_HAS_TIME);
  return true;
}
