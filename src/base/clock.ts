/** Time as an argument, so that tests move it. */
export interface Clock {
  /** Milliseconds since the epoch, as the wall shows them. */
  nowMs(): number;
  /** Milliseconds that never go back; only differences have meaning. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
