/**
 * How many notifications one integration makes at a time. Groups that come due at one moment wait here before anything of their
 * messages is made, so that five thousand of them do not stand in memory beside each other.
 */
export class Gate {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** Runs when there is a place, or the signal fires: what runs then ends at once. */
  async run<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else if (!(await this.#turn(signal))) return act();
    try {
      return await act();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** @returns whether a place was handed over. */
  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve(false);
        return;
      }
      const end = (hasPlace: boolean): void => {
        this.#waiting.delete(take);
        signal.removeEventListener("abort", give);
        resolve(hasPlace);
      };
      const take = (): void => end(true);
      const give = (): void => end(false);
      this.#waiting.add(take);
      signal.addEventListener("abort", give, { once: true });
    });
  }
}
