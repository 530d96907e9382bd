/** The time to the nanosecond as far as Node.js knows it: instants that follow each other differ. */
import type { Clock } from "../base/index.js";
import { GoTime } from "../template/index.js";

export class NanoClock {
  readonly #clock: Clock;
  #last = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nano(): bigint {
    const now = BigInt(Math.round(this.#clock.nowMs() * 1000)) * 1000n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }

  time(): GoTime {
    return new GoTime(this.nano());
  }

  ms(): number {
    return this.#clock.nowMs();
  }
}
