/** What several pages do alike: ask the server, remember a choice. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiAnswer, get, isAway, type Params, reasonText } from "./api.js";

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
 * Asks once, again when `key` changes, and every `everyMs` while somebody looks. An error leaves the last answer in sight; a server that
 * cannot be reached is asked until it is back.
 *
 * @param key  stands for all that `ask` depends on.
 */
export function useAnswer<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<ApiAnswer<T>>,
  everyMs?: number,
): Asked<T> {
  const [answer, setAnswer] = useState<ApiAnswer<T>>();
  const [error, setError] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  const [atMs, setAtMs] = useState<number>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let away: ReturnType<typeof setTimeout> | undefined;
    const run = (): void => {
      clearTimeout(away);
      setLoading(true);
      ask(signal).then(
        (found) => {
          if (signal.aborted) return;
          setAnswer(found);
          setAtMs(Date.now());
          setError(undefined);
          setLoading(false);
        },
        (reason: unknown) => {
          if (signal.aborted) return;
          setError(reasonText(reason));
          setLoading(false);
          if (isAway(reason)) away = setTimeout(run, AWAY_MS);
        },
      );
    };
    const seen = (): void => {
      if (!document.hidden && everyMs !== undefined) run();
    };
    run();
    const timer = everyMs === undefined ? undefined : setInterval(seen, everyMs);
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

/** What has no warnings besides. */
export function useAsked<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs?: number): Asked<T> {
  return useAnswer(key, async (signal) => ({ data: await ask(signal), warnings: [], infos: [] }), everyMs);
}

/** Of the server's API. */
export function useApi<T>(path: string, params: Params = {}, everyMs?: number): Asked<T> {
  return useAnswer(JSON.stringify([path, params]), (signal) => get<T>(path, params, signal), everyMs);
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
