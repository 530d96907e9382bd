/** Asks an Alertmanager and keeps the answer in sight. */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { Asked } from "../hooks.js";

/**
 * Asks again when `key` changes, and every `everyMs`. An error leaves the last answer in sight.
 *
 * @param key  stands for all that `ask` depends on.
 */
export function useAsked<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs?: number): Asked<T> {
  const [data, setData] = useState<T>();
  const [error, setError] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const run = (): void => {
      setLoading(true);
      ask(signal).then(
        (found) => {
          if (signal.aborted) return;
          setData(found);
          setError(undefined);
          setLoading(false);
        },
        (reason: unknown) => {
          if (signal.aborted) return;
          setError(reason instanceof Error ? reason.message : String(reason));
          setLoading(false);
        },
      );
    };
    run();
    const timer = everyMs === undefined ? undefined : setInterval(run, everyMs);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [key, everyMs, round]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  return { answer: data === undefined ? undefined : { data, warnings: [], infos: [] }, error, isLoading, reload };
}
