/** What several pages do alike: ask the server, remember a choice. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiAnswer, get, type Params, reasonText } from "./api.js";

export interface Asked<T> {
  readonly answer: ApiAnswer<T> | undefined;
  readonly error: string | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Asks once, again when `path` or `params` change, and every `everyMs`. An error leaves the last answer in sight. */
export function useApi<T>(path: string, params: Params = {}, everyMs?: number): Asked<T> {
  const [answer, setAnswer] = useState<ApiAnswer<T>>();
  const [error, setError] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  const [round, setRound] = useState(0);
  const key = JSON.stringify([path, params]);
  // `key` stands for path and params.
  useEffect(() => {
    const controller = new AbortController();
    const ask = (): void => {
      setLoading(true);
      get<T>(path, params, controller.signal).then(
        (found) => {
          setAnswer(found);
          setError(undefined);
          setLoading(false);
        },
        (reason: unknown) => {
          if (controller.signal.aborted) return;
          setError(reasonText(reason));
          setLoading(false);
        },
      );
    };
    ask();
    const timer = everyMs === undefined ? undefined : setInterval(ask, everyMs);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [key, everyMs, round]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  return { answer, error, isLoading, reload };
}

/** A value that stays in this browser. */
export function useStored(name: string, initial: string): readonly [string, (value: string) => void] {
  const key = `vestal.${name}`;
  const [value, setValue] = useState(() => localStorage.getItem(key) ?? initial);
  const store = useRef((next: string) => {
    localStorage.setItem(key, next);
    setValue(next);
  });
  return [value, store.current];
}
