/** A list of numbers that grows: without an object for each of them, and with little garbage. */
export class NumberList {
  /** The first `length` are the list; another array after a `push`. */
  values = new Float64Array(32);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const more = new Float64Array(4 * this.length);
      more.set(this.values);
      this.values = more;
    }
    this.values[this.length++] = value;
  }
}
