/**
 * What both lexers share: the cursor and the shapes of names and quoted strings. Prometheus' lexers are generated
 * automata which do not back up: where no rule fits, the cursor stays where the automaton stopped, and messages show it.
 * These follow them byte for byte, zero bytes included.
 *
 * The byte at TARGET_END is 0, so a load there ends every loop.
 */
import {
  LEX_COMMENT,
  LEX_LABEL_VALUE,
  LEX_META_TEXT,
  TARGET_AT,
  TARGET_END,
  TARGET_LEXER,
  TARGET_TOKEN,
  TOKEN_INVALID,
} from "./layout";

export function isBlank(c: u32): bool {
  return c === 32 || c === 9;
}

export function isDigit(c: u32): bool {
  return c - 48 < 10;
}

function isLetter(c: u32): bool {
  return (c | 32) - 97 < 26 || c === 95;
}

export function startsMetricName(c: u32): bool {
  return isLetter(c) || c === 58;
}

export function continuesMetricName(c: u32): bool {
  return isLetter(c) || c - 48 < 11; // 0-9 and ':'
}

export function startsLabelName(c: u32): bool {
  return isLetter(c);
}

function continuesLabelName(c: u32): bool {
  return isLetter(c) || isDigit(c);
}

/** The address after `at`; in comments, their text and label values zero bytes are passed over as if they were not there. */
export function next(target: usize, at: usize): usize {
  at++;
  const state = load<u32>(target, TARGET_LEXER);
  if (state === LEX_LABEL_VALUE || state === LEX_META_TEXT || state === LEX_COMMENT) {
    const end = <usize>load<u32>(target, TARGET_END);
    while (at < end && load<u8>(at) === 0) at++;
  }
  return at;
}

/** Ends a token before `at`, with the lexer in `state`. */
export function emit(target: usize, at: usize, state: u32, token: i32): i32 {
  store<u32>(target, <u32>at, TARGET_AT);
  store<u32>(target, state, TARGET_LEXER);
  return token;
}

/** The automaton stops at `at`. */
export function stop(target: usize, at: usize): i32 {
  store<u32>(target, <u32>at, TARGET_AT);
  return TOKEN_INVALID;
}

export function lexMetricName(target: usize, at: usize, state: u32, token: i32): i32 {
  do at++;
  while (continuesMetricName(load<u8>(at)));
  return emit(target, at, state, token);
}

export function lexLabelName(target: usize, at: usize, state: u32, token: i32): i32 {
  do at++;
  while (continuesLabelName(load<u8>(at)));
  return emit(target, at, state, token);
}

/** A quoted string that begins at `at`. A backslash takes any byte but a line end with it. */
export function lexQuoted(target: usize, at: usize, mayBreak: bool, state: u32, token: i32): i32 {
  at = next(target, at);
  while (true) {
    const c: u32 = load<u8>(at);
    if (c === 34) return emit(target, next(target, at), state, token);
    if (c === 92) {
      at = next(target, at);
      const escaped: u32 = load<u8>(at);
      if (escaped === 0 || escaped === 10) return stop(target, at);
    } else if (c === 0 || (c === 10 && !mayBreak)) return stop(target, at);
    at = next(target, at);
  }
}

/**
 * Matches `word` (its letters, lowest byte first) from `at` on. Returns the address of the first byte that does not
 * match, or behind the word; TARGET_TOKEN is 0 if all of it stood there.
 */
export function matchWord(target: usize, at: usize, word: u32): usize {
  while (word !== 0 && <u32>load<u8>(at) === (word & 0xff)) {
    word >>= 8;
    at = next(target, at);
  }
  store<u32>(target, word, TARGET_TOKEN);
  return at;
}
