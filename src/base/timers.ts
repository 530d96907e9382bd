/** Time-outs and intervals as arguments, so that tests move them. Each gives back what stops it. */

export interface Timers {
  after(ms: number, run: () => void): () => void;
  every(ms: number, run: () => void): () => void;
}

/** Node's timers hold at most 2^31 - 1 ms, and fire at once for more. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemTimers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, Math.min(ms, TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
  every: (ms, run) => {
    const timer = setInterval(run, Math.min(ms, TIMER_MS_MAX));
    return () => clearInterval(timer);
  },
};
