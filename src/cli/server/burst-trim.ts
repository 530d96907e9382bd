/**
 * Gives back the memory that a burst of new series leaves on the JavaScript heap of a thread: a start, a replay, a roll-out.
 * Steady churn is no burst: its garbage is used again.
 */
export class BurstTrim {
  readonly #trim: () => void;
  /** Series made when the heap was trimmed last, and when looked at last. */
  #trimmedAt = 0;
  #seenAt = 0;

  constructor(trim: () => void) {
    this.#trim = trim;
  }

  /** To be called every `LOOK_INTERVAL_MS`. @param created  series that the thread has made since it began. */
  look(created: number): void {
    const fresh = created - this.#seenAt;
    this.#seenAt = created;
    const burst = created - this.#trimmedAt;
    if (burst < BURST_SERIES || fresh > burst * SETTLED_SHARE) return;
    this.#trimmedAt = created;
    this.#trim();
  }
}

export const LOOK_INTERVAL_MS = 10_000;
/** New series whose garbage is worth a pause. */
const BURST_SERIES = 20_000;
/** A burst is over when an interval brings less than this share of it. */
const SETTLED_SHARE = 0.02;
