/** Tokens of the text format 0.0.4, as Prometheus' `model/textparse/promlex.l` defines them. */
import {
  LEX_COMMENT,
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
  TOKEN_VALUE,
  TOKEN_WHITESPACE,
} from "./layout";
import {
  emit,
  isBlank,
  isDigit,
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

/** The next token that is not blank. */
export function nextTextToken(target: usize): i32 {
  let token = lexText(target);
  while (token === TOKEN_WHITESPACE) token = lexText(target);
  return token;
}

function lexText(target: usize): i32 {
  let at = <usize>load<u32>(target, TARGET_AT);
  if (at >= <usize>load<u32>(target, TARGET_END)) return TOKEN_EOF;
  store<u32>(target, <u32>at, TARGET_START);
  const c: u32 = load<u8>(at);
  const state = load<u32>(target, TARGET_LEXER);
  if (state === LEX_META_TEXT) return lexMetaText(target, at, c);
  if (isBlank(c)) {
    do at = next(target, at);
    while (isBlank(load<u8>(at)));
    return emit(target, at, state, TOKEN_WHITESPACE);
  }
  switch (state) {
    case LEX_START:
      return lexStart(target, at, c);
    case LEX_COMMENT:
      return lexComment(target, at, c);
    case LEX_META_NAME:
      if (startsMetricName(c)) return lexMetricName(target, at, LEX_META_TEXT, TOKEN_METRIC_NAME);
      if (c === 34) return lexQuoted(target, at, true, LEX_META_TEXT, TOKEN_METRIC_NAME);
      return stop(target, at);
    case LEX_LABELS:
      return lexLabels(target, at, c);
    case LEX_LABEL_VALUE:
      return c === 34 ? lexQuoted(target, at, true, LEX_LABELS, TOKEN_LABEL_VALUE) : stop(target, at);
    case LEX_VALUE:
      if (c === 123) return emit(target, at + 1, LEX_LABELS, TOKEN_BRACE_OPEN);
      if (c === 10 || c === 0) return stop(target, at);
      do at++;
      while (isValueByte(load<u8>(at)));
      return emit(target, at, LEX_TIMESTAMP, TOKEN_VALUE);
    default: // LEX_TIMESTAMP
      if (c === 10) return emit(target, at + 1, LEX_START, TOKEN_LINEBREAK);
      if (!isDigit(c)) return stop(target, at);
      do at++;
      while (isDigit(load<u8>(at)));
      return emit(target, at, LEX_TIMESTAMP, TOKEN_TIMESTAMP);
  }
}

function isValueByte(c: u32): bool {
  return c !== 123 && c !== 32 && c !== 9 && c !== 10 && c !== 0;
}

function lexStart(target: usize, at: usize, c: u32): i32 {
  if (c === 0) return emit(target, at + 1, LEX_START, TOKEN_EOF);
  if (c === 10) return emit(target, at + 1, LEX_START, TOKEN_LINEBREAK);
  if (c === 123) return emit(target, at + 1, LEX_LABELS, TOKEN_BRACE_OPEN);
  if (startsMetricName(c)) return lexMetricName(target, at, LEX_VALUE, TOKEN_METRIC_NAME);
  if (c !== 35) return stop(target, at);
  at++;
  if (!isBlank(load<u8>(at))) return restOfComment(target, at);
  do at++;
  while (isBlank(load<u8>(at)));
  store<u32>(target, LEX_COMMENT, TARGET_LEXER);
  store<u32>(target, <u32>at, TARGET_AT);
  if (at >= <usize>load<u32>(target, TARGET_END)) return TOKEN_EOF;
  return lexComment(target, at, load<u8>(at));
}

function lexComment(target: usize, at: usize, c: u32): i32 {
  if (c !== 72 && c !== 84) return restOfComment(target, at);
  at = matchWord(target, at, c === 72 ? WORD_HELP : WORD_TYPE);
  if (load<u32>(target, TARGET_TOKEN) !== 0 || !isBlank(load<u8>(at))) return restOfComment(target, at);
  do at = next(target, at);
  while (isBlank(load<u8>(at)));
  return emit(target, at, LEX_META_NAME, c === 72 ? TOKEN_HELP : TOKEN_TYPE);
}

/** A comment lasts to the line end, which stays for the next token. */
function restOfComment(target: usize, at: usize): i32 {
  while (true) {
    const c: u32 = load<u8>(at);
    if (c === 0) {
      store<u32>(target, <u32>at, TARGET_AT);
      return TOKEN_EOF;
    }
    if (c === 10) return emit(target, at, LEX_START, TOKEN_COMMENT);
    at = next(target, at);
  }
}

/** The rest of the line; blanks alone are a blank token. */
function lexMetaText(target: usize, at: usize, c: u32): i32 {
  if (isBlank(c)) {
    do at = next(target, at);
    while (isBlank(load<u8>(at)));
    const after: u32 = load<u8>(at);
    if (after === 10 || after === 0) return emit(target, at, LEX_META_TEXT, TOKEN_WHITESPACE);
  }
  let text: u32 = load<u8>(at);
  while (text !== 10 && text !== 0) {
    at = next(target, at);
    text = load<u8>(at);
  }
  return emit(target, at, LEX_START, TOKEN_TEXT);
}

function lexLabels(target: usize, at: usize, c: u32): i32 {
  if (startsLabelName(c)) return lexLabelName(target, at, LEX_LABELS, TOKEN_LABEL_NAME);
  if (c === 61) return emit(target, at + 1, LEX_LABEL_VALUE, TOKEN_EQUAL);
  if (c === 44) return emit(target, at + 1, LEX_LABELS, TOKEN_COMMA);
  if (c === 125) return emit(target, at + 1, LEX_VALUE, TOKEN_BRACE_CLOSE);
  if (c === 34) return lexQuoted(target, at, true, LEX_LABELS, TOKEN_QUOTED);
  return stop(target, at);
}
