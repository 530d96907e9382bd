const NO_VALUES = new Float64Array(0);
/** Many lists stay empty, and arrays outside the heap are dear: no room before the first number. */
const FIRST_LENGTH = 32;
/** Numbers that a list which is cleared has room for: 64 KiB. */
const ROOM_KEPT = 8192;
/** Shorter arrays are left to the garbage collector. */
const SPARE_LENGTH_MIN = 2048;
/** Of all spare arrays of the thread: what one large selection needs. */
const SPARE_BYTES_MAX = 16 << 20;

/**
 * Arrays that lists have outgrown or given up, by their lengths. As garbage they would wait outside the heap, which does not
 * count them, for a collection: a query over many series left its thread tens of megabytes larger.
 */
const spare = new Map<number, Float64Array<ArrayBuffer>[]>();
let spareBytes = 0;

function takeArray(length: number): Float64Array<ArrayBuffer> {
  const array = spare.get(length)?.pop();
  if (array === undefined) return new Float64Array(length);
  spareBytes -= array.byteLength;
  return array;
}

function giveArray(array: Float64Array<ArrayBuffer>): void {
  if (array.length < SPARE_LENGTH_MIN || spareBytes + array.byteLength > SPARE_BYTES_MAX) return;
  spareBytes += array.byteLength;
  const ofLength = spare.get(array.length);
  if (ofLength === undefined) spare.set(array.length, [array]);
  else ofLength.push(array);
}

/** A list of numbers that grows: without an object for each of them, and with little garbage. */
export class NumberList {
  /** The first `length` are the list, what is behind them means nothing; another array after a `push` or `clear`. */
  values: Float64Array<ArrayBuffer> = NO_VALUES;
  length = 0;

  /** Makes it empty, and keeps its room for the next numbers unless that is much. */
  clear(): void {
    this.length = 0;
    if (this.values.length <= ROOM_KEPT) return;
    giveArray(this.values);
    this.values = NO_VALUES;
  }

  push(value: number): void {
    if (this.length === this.values.length) this.#grow();
    this.values[this.length++] = value;
  }

  #grow(): void {
    const before = this.values;
    const more = takeArray(Math.max(FIRST_LENGTH, 4 * before.length));
    more.set(before);
    this.values = more;
    giveArray(before);
  }
}
