/** One live query over the server's WebSocket: a first answer, then new steps. Comes back by itself after a cut. */
import type { MatrixSeries, QueryData, VectorSample } from "./api.js";

interface Answer {
  readonly status: string;
  readonly data?: QueryData;
  readonly error?: string;
}

type Message =
  | { readonly type: "full"; readonly end: number; readonly answer: Answer }
  | { readonly type: "steps"; readonly steps: readonly { readonly time: number; readonly answer: Answer }[] }
  | { readonly type: "error"; readonly error: string }
  | { readonly type: "subscribed" | "unsubscribed" };

const RETRY_MS = 2000;

export interface LiveOptions {
  readonly query: string;
  readonly stepSeconds: number;
  readonly rangeSeconds: number;
  readonly onSeries: (series: readonly MatrixSeries[], endMs: number) => void;
  readonly onError: (message: string | undefined) => void;
}

/** Returns what ends it. */
export function followLive(options: LiveOptions): () => void {
  const { query, stepSeconds, rangeSeconds } = options;
  let socket: WebSocket | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isEnded = false;
  const kept = new Map<string, { metric: MatrixSeries["metric"]; values: (readonly [number, string])[] }>();

  const put = (metric: MatrixSeries["metric"], values: readonly (readonly [number, string])[]): void => {
    const key = JSON.stringify(metric);
    const known = kept.get(key);
    if (known === undefined) kept.set(key, { metric, values: [...values] });
    else known.values.push(...values);
  };
  const tell = (end: number): void => {
    for (const [key, series] of kept) {
      series.values = series.values.filter(([time]) => time > end - rangeSeconds);
      if (series.values.length === 0) kept.delete(key);
    }
    options.onSeries([...kept.values()], end * 1000);
  };
  const take = (message: Message): void => {
    if (message.type === "error") options.onError(message.error);
    else if (message.type === "full") {
      options.onError(message.answer.error);
      kept.clear();
      const { data } = message.answer;
      if (data?.resultType === "matrix") for (const { metric, values = [] } of data.result) put(metric, values);
      tell(message.end);
    } else if (message.type === "steps") {
      for (const { time, answer } of message.steps) {
        options.onError(answer.error);
        const { data } = answer;
        if (data?.resultType === "vector") for (const sample of data.result) putSample(sample, time);
        else if (data?.resultType === "scalar") put({}, [[time, data.result[1]]]);
        tell(time);
      }
    }
  };
  const putSample = ({ metric, value }: VectorSample, time: number): void => {
    if (value !== undefined) put(metric, [[time, value[1]]]);
  };
  const open = (): void => {
    const url = new URL("api/v1/live", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(url);
    socket.onopen = () => {
      options.onError(undefined);
      socket?.send(JSON.stringify({ type: "subscribe", id: "q", query, step: stepSeconds, range: rangeSeconds }));
    };
    socket.onmessage = (event) => take(JSON.parse(String(event.data)) as Message);
    socket.onclose = () => {
      if (isEnded) return;
      options.onError("the connection is lost; trying again");
      retry = setTimeout(open, RETRY_MS);
    };
  };
  open();
  return () => {
    isEnded = true;
    clearTimeout(retry);
    socket?.close();
  };
}
