/** What several pages do alike: ask the server, remember a choice. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiAnswer, ApiError, get, type Params, reasonText } from "./api.js";

export interface Asked<T> {
  readonly answer: ApiAnswer<T> | undefined;
  readonly error: string | undefined;
  readonly isLoading: boolean;
  /** When the answer came. */
  readonly atMs: number | undefined;
  readonly reload: () => void;
}

/** A server that is away is asked again after this time. */
const AWAY_MS = 5000;

/**
 * Asks once, again when `path` or `params` change, and every `everyMs` while somebody looks. An error leaves the last answer in sight; a
 * server that cannot be reached is asked until it is back.
 */
export function useApi<T>(path: string, params: Params = {}, everyMs?: number): Asked<T> {
  const [answer, setAnswer] = useState<ApiAnswer<T>>();
  const [error, setError] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  const [atMs, setAtMs] = useState<number>();
  const [round, setRound] = useState(0);
  const key = JSON.stringify([path, params]);
  // `key` stands for path and params.
  useEffect(() => {
    const controller = new AbortController();
    let away: ReturnType<typeof setTimeout> | undefined;
    const ask = (): void => {
      clearTimeout(away);
      setLoading(true);
      get<T>(path, params, controller.signal).then(
        (found) => {
          setAnswer(found);
          setAtMs(Date.now());
          setError(undefined);
          setLoading(false);
        },
        (reason: unknown) => {
          if (controller.signal.aborted) return;
          setError(reasonText(reason));
          setLoading(false);
          if (!(reason instanceof ApiError)) away = setTimeout(ask, AWAY_MS);
        },
      );
    };
    ask();
    const timer = everyMs === undefined ? undefined : setInterval(() => document.hidden || ask(), everyMs);
    const seen = (): void => {
      if (!document.hidden && everyMs !== undefined) ask();
    };
    document.addEventListener("visibilitychange", seen);
    return () => {
      controller.abort();
      clearInterval(timer);
      clearTimeout(away);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key, everyMs, round]);
  const reload = useCallback(() => setRound((last) => last + 1), []);
  return { answer, error, isLoading, atMs, reload };
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
