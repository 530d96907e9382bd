/** Binary operators on two rows of the same steps. */
import {
  OPERATOR_ADD,
  OPERATOR_DIV,
  OPERATOR_EQUAL,
  OPERATOR_GREATER,
  OPERATOR_GREATER_EQUAL,
  OPERATOR_LESS,
  OPERATOR_LESS_EQUAL,
  OPERATOR_MUL,
  OPERATOR_NOT_EQUAL,
  OPERATOR_SUB,
} from "./codes";

function holds(code: i32, a: f64, b: f64): bool {
  switch (code) {
    case OPERATOR_EQUAL:
      return a === b;
    case OPERATOR_NOT_EQUAL:
      return a !== b;
    case OPERATOR_GREATER:
      return a > b;
    case OPERATOR_LESS:
      return a < b;
    case OPERATOR_GREATER_EQUAL:
      return a >= b;
    case OPERATOR_LESS_EQUAL:
      return a <= b;
    default:
      return false;
  }
}

function calculate(code: i32, a: f64, b: f64): f64 {
  switch (code) {
    case OPERATOR_ADD:
      return a + b;
    case OPERATOR_SUB:
      return a - b;
    case OPERATOR_MUL:
      return a * b;
    case OPERATOR_DIV:
      return a / b;
    default:
      return NaN;
  }
}

/**
 * `out = left OP right` where both have a float; `out` may be one of the two.
 *
 * @param result  for comparisons: 0 keeps the left value where it holds, 1 gives 1 or 0, 2 keeps the right value
 */
export function combineRows(
  code: i32,
  left: usize,
  leftPresent: usize,
  right: usize,
  rightPresent: usize,
  steps: u32,
  result: u32,
  out: usize,
  present: usize,
): u32 {
  let found: u32 = 0;
  const isComparison = code >= OPERATOR_EQUAL;
  for (let i: usize = 0; i < <usize>steps; i++) {
    let has: u8 = load<u8>(leftPresent + i) & load<u8>(rightPresent + i) & 1;
    if (has) {
      const a = load<f64>(left + (i << 3));
      const b = load<f64>(right + (i << 3));
      let value: f64;
      if (!isComparison) value = calculate(code, a, b);
      else {
        const is = holds(code, a, b);
        if (result === 1) value = is ? 1 : 0;
        else {
          value = result === 2 ? b : a;
          has = <u8>is;
        }
      }
      store<f64>(out + (i << 3), value);
    }
    store<u8>(present + i, has);
    found += has;
  }
  return found;
}

/** Changes the sign of a row in place. */
export function negateRow(values: usize, steps: u32): void {
  for (let i: usize = 0; i < <usize>steps; i++) store<f64>(values + (i << 3), -load<f64>(values + (i << 3)));
}
