/** Tokens of OpenMetrics, as Prometheus' `model/textparse/openmetricslex.l` defines them: one space where one is due. */
import {
  LEX_COMMENT,
  LEX_EXEMPLAR,
  LEX_EXEMPLAR_TIMESTAMP,
  LEX_EXEMPLAR_VALUE,
  LEX_LABEL_VALUE,
  LEX_LABELS,
  LEX_META_NAME,
  LEX_META_TEXT,
  LEX_START,
  LEX_TIMESTAMP,
  LEX_VALUE,
  TARGET_AT,
  TARGET_END,
  TARGET_LEXER,
  TARGET_START,
  TARGET_TOKEN,
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
} from "./layout";
import {
  emit,
  lexLabelName,
  lexMetricName,
  lexQuoted,
  matchWord,
  next,
  startsLabelName,
  startsMetricName,
  stop,
} from "./lexer";

const WORD_HELP: u32 = 0x504c4548;
const WORD_TYPE: u32 = 0x45505954;
const WORD_UNIT: u32 = 0x54494e55;
const WORD_EOF: u32 = 0x464f45;

export function nextOpenMetricsToken(target: usize): i32 {
  const at = <usize>load<u32>(target, TARGET_AT);
  if (at >= <usize>load<u32>(target, TARGET_END)) return TOKEN_EOF;
  store<u32>(target, <u32>at, TARGET_START);
  const c: u32 = load<u8>(at);
  switch (load<u32>(target, TARGET_LEXER)) {
    case LEX_START:
      return lexStart(target, at, c);
    case LEX_COMMENT:
      return lexComment(target, at, c);
    case LEX_META_NAME:
      if (startsMetricName(c)) return lexMetricName(target, at, LEX_META_TEXT, TOKEN_METRIC_NAME);
      if (c === 34) return lexQuoted(target, at, true, LEX_META_TEXT, TOKEN_METRIC_NAME);
      return stop(target, at);
    case LEX_META_TEXT:
      return lexMetaText(target, at, c);
    case LEX_LABELS:
      if (startsLabelName(c)) return lexLabelName(target, at, LEX_LABELS, TOKEN_LABEL_NAME);
      if (c === 61) return emit(target, at + 1, LEX_LABEL_VALUE, TOKEN_EQUAL);
      if (c === 44) return emit(target, at + 1, LEX_LABELS, TOKEN_COMMA);
      if (c === 125) return emit(target, at + 1, LEX_VALUE, TOKEN_BRACE_CLOSE);
      return c === 34 ? lexQuoted(target, at, true, LEX_LABELS, TOKEN_QUOTED) : stop(target, at);
    case LEX_LABEL_VALUE:
      return c === 34 ? lexQuoted(target, at, false, LEX_LABELS, TOKEN_LABEL_VALUE) : stop(target, at);
    case LEX_VALUE:
      if (c === 123) return emit(target, at + 1, LEX_LABELS, TOKEN_BRACE_OPEN);
      return c === 32 ? lexNumber(target, at, LEX_TIMESTAMP, TOKEN_VALUE) : stop(target, at);
    case LEX_TIMESTAMP:
      if (c === 10) return emit(target, at + 1, LEX_START, TOKEN_LINEBREAK);
      if (c !== 32) return stop(target, at);
      if (load<u8>(at, 1) === 35 && load<u8>(at, 2) === 32) {
        if (load<u8>(at, 3) !== 123) return stop(target, at + 3);
        return emit(target, at + 4, LEX_EXEMPLAR, TOKEN_COMMENT);
      }
      return lexNumber(target, at, LEX_TIMESTAMP, TOKEN_TIMESTAMP);
    case LEX_EXEMPLAR:
      if (startsLabelName(c)) return lexLabelName(target, at, LEX_EXEMPLAR, TOKEN_LABEL_NAME);
      if (c === 61) return emit(target, at + 1, LEX_EXEMPLAR_VALUE, TOKEN_EQUAL);
      if (c === 44) return emit(target, at + 1, LEX_EXEMPLAR, TOKEN_COMMA);
      if (c === 125) return emit(target, at + 1, LEX_EXEMPLAR_VALUE, TOKEN_BRACE_CLOSE);
      return c === 34 ? lexQuoted(target, at, false, LEX_EXEMPLAR, TOKEN_QUOTED) : stop(target, at);
    case LEX_EXEMPLAR_VALUE:
      if (c === 34) return lexQuoted(target, at, false, LEX_EXEMPLAR, TOKEN_LABEL_VALUE);
      return c === 32 ? lexNumber(target, at, LEX_EXEMPLAR_TIMESTAMP, TOKEN_VALUE) : stop(target, at);
    default: // LEX_EXEMPLAR_TIMESTAMP
      if (c === 10) return emit(target, at + 1, LEX_START, TOKEN_LINEBREAK);
      return c === 32 ? lexNumber(target, at, LEX_EXEMPLAR_TIMESTAMP, TOKEN_TIMESTAMP) : stop(target, at);
  }
}

/** A space, then at least one byte that is neither space nor line end. */
function lexNumber(target: usize, at: usize, state: u32, token: i32): i32 {
  at++;
  let c: u32 = load<u8>(at);
  if (c === 32 || c === 10 || c === 0) return stop(target, at);
  do c = load<u8>(++at);
  while (c !== 32 && c !== 10 && c !== 0);
  return emit(target, at, state, token);
}

function lexStart(target: usize, at: usize, c: u32): i32 {
  if (c === 123) return emit(target, at + 1, LEX_LABELS, TOKEN_BRACE_OPEN);
  if (startsMetricName(c)) return lexMetricName(target, at, LEX_VALUE, TOKEN_METRIC_NAME);
  if (c !== 35) return stop(target, at);
  if (load<u8>(++at) !== 32) return stop(target, at);
  at++; // the lexer goes on in its comment state; the token began at the hash
  store<u32>(target, LEX_COMMENT, TARGET_LEXER);
  store<u32>(target, <u32>at, TARGET_AT);
  if (at >= <usize>load<u32>(target, TARGET_END)) return TOKEN_EOF;
  return lexComment(target, at, load<u8>(at));
}

function lexComment(target: usize, at: usize, c: u32): i32 {
  if (c === 69) {
    at = matchWord(target, at, WORD_EOF);
    if (load<u32>(target, TARGET_TOKEN) !== 0) return stop(target, at);
    if (load<u8>(at) === 10) at = next(target, at);
    return emit(target, at, LEX_START, TOKEN_EOF_WORD);
  }
  let word: u32 = 0;
  let token = 0;
  if (c === 72) {
    word = WORD_HELP;
    token = TOKEN_HELP;
  } else if (c === 84) {
    word = WORD_TYPE;
    token = TOKEN_TYPE;
  } else if (c === 85) {
    word = WORD_UNIT;
    token = TOKEN_UNIT;
  } else return stop(target, at);
  at = matchWord(target, at, word);
  if (load<u32>(target, TARGET_TOKEN) !== 0 || load<u8>(at) !== 32) return stop(target, at);
  return emit(target, next(target, at), LEX_META_NAME, token);
}

function lexMetaText(target: usize, at: usize, c: u32): i32 {
  if (c !== 32) return stop(target, at);
  do {
    at = next(target, at);
    c = load<u8>(at);
  } while (c !== 10 && c !== 0);
  return c === 10 ? emit(target, next(target, at), LEX_START, TOKEN_TEXT) : stop(target, at);
}
