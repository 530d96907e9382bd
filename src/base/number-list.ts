const NO_VALUES = new Float64Array(0);
/** Many lists stay empty, and arrays outside the heap are dear: no room before the first number. */
const FIRST_LENGTH = 32;
/** Numbers that a list which is cleared has room for: 64 KiB. */
const ROOM_KEPT = 8192;

/** A list of numbers that grows: without an object for each of them, and with little garbage. */
export class NumberList {
  /** The first `length` are the list; another array after a `push`. */
  values: Float64Array<ArrayBuffer> = NO_VALUES;
  length = 0;

  /** Makes it empty, and keeps its room for the next numbers unless that is much. */
  clear(): void {
    this.length = 0;
    if (this.values.length > ROOM_KEPT) this.values = NO_VALUES;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const more = new Float64Array(Math.max(FIRST_LENGTH, 4 * this.length));
      more.set(this.values);
      this.values = more;
    }
    this.values[this.length++] = value;
  }
}
