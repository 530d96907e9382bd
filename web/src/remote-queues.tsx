/** Queues of remote write, from what the server measures of itself: what waits, how far behind, what was lost. */
import { secondsText } from "./format.js";
import { useAsked } from "./hooks.js";
import { Badge, Loaded } from "./parts.js";

interface Queue {
  readonly url: string;
  readonly name: string;
  readonly pending: number;
  readonly shards: number;
  readonly failed: number;
  readonly dropped: number;
  readonly sent: number;
  readonly behindSeconds: number | undefined;
}

const REFRESH_MS = 10_000;
const PREFIX = "prometheus_remote_storage_";
/** By this much a queue is late. */
const LATE_SECONDS = 60;
const LINE = /^(prometheus_remote_storage_\w+)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export function RemoteQueues() {
  const asked = useAsked("metrics", ask, REFRESH_MS);
  return (
    <Loaded asked={asked}>
      {(queues) =>
        queues.length === 0 ? (
          <p class="muted">None is configured.</p>
        ) : (
          <div class="scroll">
            <table class="stack">
              <thead>
                <tr>
                  <th scope="col">To</th>
                  <th scope="col">Behind</th>
                  <th scope="col">Samples that wait</th>
                  <th scope="col">Sent</th>
                  <th scope="col">Lost</th>
                  <th scope="col">Shards</th>
                </tr>
              </thead>
              <tbody>
                {queues.map((queue) => (
                  <tr key={`${queue.name} ${queue.url}`}>
                    <td>
                      <code>{queue.url}</code> <span class="muted">{queue.name}</span>
                    </td>
                    <td>
                      {queue.behindSeconds === undefined ? (
                        <span class="muted">nothing was sent yet</span>
                      ) : (
                        <Badge kind={queue.behindSeconds > LATE_SECONDS ? "bad" : "good"}>
                          {secondsText(queue.behindSeconds)}
                        </Badge>
                      )}
                    </td>
                    <td class="number">{queue.pending.toLocaleString()}</td>
                    <td class="number">{queue.sent.toLocaleString()}</td>
                    <td class="number">{(queue.failed + queue.dropped).toLocaleString()}</td>
                    <td class="number">{queue.shards}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      }
    </Loaded>
  );
}

async function ask(signal: AbortSignal): Promise<readonly Queue[]> {
  const response = await fetch("metrics", { signal });
  if (!response.ok) throw new Error(`metrics: ${response.status} ${response.statusText}`);
  return queuesOf(await response.text());
}

/** From the text of `/metrics`. */
export function queuesOf(text: string): readonly Queue[] {
  const found = new Map<string, { readonly labels: ReadonlyMap<string, string>; readonly of: Map<string, number> }>();
  let newest = 0;
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, metric = "", labelText = "", value = ""] = match;
    const name = metric.slice(PREFIX.length);
    const labels = new Map([...labelText.matchAll(LABEL)].map(([, key = "", text = ""]) => [key, unescaped(text)]));
    const url = labels.get("url");
    if (name === "highest_timestamp_in_seconds" && url === undefined) newest = Number(value);
    if (url === undefined) continue;
    const key = `${labels.get("remote_name")} ${url}`;
    const queue = found.get(key) ?? { labels, of: new Map<string, number>() };
    found.set(key, queue);
    // Some are counted by their reason.
    queue.of.set(name, (queue.of.get(name) ?? 0) + Number(value));
  }
  return [...found.values()]
    .filter(({ of }) => of.has("shards"))
    .map(({ labels, of }) => {
      const count = (name: string): number => of.get(name) ?? 0;
      const sentUpTo = count("queue_highest_sent_timestamp_seconds");
      return {
        url: labels.get("url") ?? "",
        name: labels.get("remote_name") ?? "",
        pending: count("samples_pending"),
        shards: count("shards"),
        failed: count("samples_failed_total"),
        dropped: count("samples_dropped_total"),
        sent: count("samples_total"),
        behindSeconds: sentUpTo > 0 && newest > 0 ? Math.max(0, newest - sentUpTo) : undefined,
      };
    });
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}
