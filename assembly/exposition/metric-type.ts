/** Words of TYPE lines. */
import { TYPE_COUNTER, TYPE_GAUGE, TYPE_HISTOGRAM, TYPE_INVALID, TYPE_SUMMARY, TYPE_UNKNOWN } from "./layout";

const WORD_BYTES: usize = 16;

/** Each word with its length in front, in the order of TYPE_* below. */
const WORDS: usize = memory.data<u8>([
  7,
  117,
  110,
  107,
  110,
  111,
  119,
  110,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // unknown
  7,
  99,
  111,
  117,
  110,
  116,
  101,
  114,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // counter
  5,
  103,
  97,
  117,
  103,
  101,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // gauge
  9,
  104,
  105,
  115,
  116,
  111,
  103,
  114,
  97,
  109,
  0,
  0,
  0,
  0,
  0,
  0, // histogram
  14,
  103,
  97,
  117,
  103,
  101,
  104,
  105,
  115,
  116,
  111,
  103,
  114,
  97,
  109,
  0, // gaugehistogram
  7,
  115,
  117,
  109,
  109,
  97,
  114,
  121,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // summary
  4,
  105,
  110,
  102,
  111,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // info
  8,
  115,
  116,
  97,
  116,
  101,
  115,
  101,
  116,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // stateset
  7,
  117,
  110,
  116,
  121,
  112,
  101,
  100,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0, // untyped
]);
const UNTYPED: u32 = 8;

/** TYPE_* of the word between `start` and `end`. Each format knows its own words. */
export function typeOf(start: usize, end: usize, isOpenMetrics: bool): u32 {
  for (let type: u32 = 0; type <= UNTYPED; type++) {
    const word = WORDS + <usize>type * WORD_BYTES;
    const length = <usize>load<u8>(word);
    if (length !== end - start) continue;
    let i: usize = 0;
    while (i < length && load<u8>(start + i) === load<u8>(word + i, 1)) i++;
    if (i < length) continue;
    if (type === UNTYPED) return isOpenMetrics ? TYPE_INVALID : TYPE_UNKNOWN;
    if (isOpenMetrics) return type;
    const isOfText = type === TYPE_COUNTER || type === TYPE_GAUGE || type === TYPE_HISTOGRAM || type === TYPE_SUMMARY;
    return isOfText ? type : TYPE_INVALID;
  }
  return TYPE_INVALID;
}
