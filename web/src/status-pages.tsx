/** What the server says of itself: runtime, build, configuration, flags, storage, Alertmanagers. */
import { useState } from "preact/hooks";
import { post, reasonText } from "./api.js";
import { bytesText, secondsText } from "./format.js";
import { useApi } from "./hooks.js";
import { KeyValues, Loaded, Rows } from "./parts.js";
import { RemoteQueues } from "./remote-queues.js";
import { dateTimeText } from "./time-zone.js";

type Texts = Readonly<Record<string, string | number | boolean>>;

/** `goroutineCount` → `Goroutine count`. */
function title(key: string): string {
  const words = key.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Times as everywhere on these pages. */
function valueText(value: string | number | boolean): string {
  const text = String(value);
  return /^\d{4}-\d\d-\d\dT/.test(text) ? dateTimeText(Date.parse(text)) : text;
}

export function StatusPage() {
  const runtime = useApi<Texts>("status/runtimeinfo", {}, 15_000);
  const build = useApi<Texts>("status/buildinfo");
  const alertmanagers = useApi<{
    readonly activeAlertmanagers: readonly { readonly url: string }[];
    readonly droppedAlertmanagers: readonly { readonly url: string }[];
  }>("alertmanagers");
  const rows = (texts: Texts) =>
    Object.entries(texts)
      .filter(([, value]) => value !== "")
      .map(([key, value]) => [title(key), valueText(value)] as const);
  return (
    <>
      <h1>Status</h1>
      <h2>Build</h2>
      <Loaded asked={build}>{(data) => <KeyValues rows={rows(data)} />}</Loaded>
      <h2>Runtime</h2>
      <Loaded asked={runtime}>{(data) => <KeyValues rows={rows(data)} />}</Loaded>
      <h2>Running queries</h2>
      <RunningQueries />
      <h2>Remote write</h2>
      <RemoteQueues />
      <h2>Alertmanagers</h2>
      <Loaded asked={alertmanagers}>
        {({ activeAlertmanagers, droppedAlertmanagers }) =>
          activeAlertmanagers.length + droppedAlertmanagers.length === 0 ? (
            <p class="muted">None is configured or found.</p>
          ) : (
            <ul>
              {activeAlertmanagers.map(({ url }) => (
                <li key={url}>
                  <code>{url}</code>
                </li>
              ))}
              {droppedAlertmanagers.map(({ url }) => (
                <li key={url} class="muted">
                  <code>{url}</code> (dropped)
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}

interface RunningQuery {
  readonly id: number;
  readonly query: string;
  readonly client?: string;
  readonly state: string;
  readonly seconds: number;
  readonly samplesScanned: number;
}

function RunningQueries() {
  const asked = useApi<{ readonly queries: readonly RunningQuery[] }>("status/queries", {}, 2000);
  const [error, setError] = useState<string>();
  const cancel = (id: number): void => {
    post(`status/queries/${id}/cancel`).then(asked.reload, (reason: unknown) => setError(reasonText(reason)));
  };
  return (
    <>
      {error !== undefined && <p class="note error">{error}</p>}
      <Loaded asked={asked}>
        {({ queries }) =>
          queries.length === 0 ? (
            <p class="muted">None.</p>
          ) : (
            <div class="scroll">
              <table class="stack">
                <thead>
                  <tr>
                    <th scope="col">Query</th>
                    <th scope="col">Client</th>
                    <th scope="col">State</th>
                    <th scope="col">Samples</th>
                    <th scope="col">End it</th>
                  </tr>
                </thead>
                <tbody>
                  <Rows
                    items={queries}
                    row={({ id, query, client, state, seconds, samplesScanned }) => (
                      <tr key={id}>
                        <td>
                          <code>{query}</code>
                        </td>
                        <td>{client ?? "this server"}</td>
                        <td>
                          {state} for {secondsText(seconds)}
                        </td>
                        <td class="number">{samplesScanned.toLocaleString()}</td>
                        <td>
                          <button type="button" onClick={() => cancel(id)}>
                            Cancel
                          </button>
                        </td>
                      </tr>
                    )}
                  />
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </>
  );
}

export function ConfigPage() {
  const asked = useApi<{ readonly yaml: string }>("status/config");
  return (
    <>
      <h1>Configuration</h1>
      <Loaded asked={asked}>
        {({ yaml }) => (
          <>
            <p>
              <button type="button" onClick={() => void navigator.clipboard.writeText(yaml)}>
                Copy
              </button>
            </p>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
            <pre class="scroll" tabIndex={0}>
              {yaml}
            </pre>
          </>
        )}
      </Loaded>
    </>
  );
}

export function FlagsPage() {
  const asked = useApi<Readonly<Record<string, string>>>("status/flags");
  return (
    <>
      <h1>Flags</h1>
      <Loaded asked={asked}>
        {(flags) => (
          <KeyValues
            rows={Object.entries(flags).map(([name, value]) => [`--${name}`, <code key={name}>{value}</code>] as const)}
          />
        )}
      </Loaded>
    </>
  );
}

interface Counted {
  readonly name: string;
  readonly value: number;
}

interface TsdbStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName: readonly Counted[];
  readonly labelValueCountByLabelName: readonly Counted[];
  readonly memoryInBytesByLabelName: readonly Counted[];
  readonly seriesCountByLabelValuePair: readonly Counted[];
}

interface Block {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly stats?: { readonly numSamples?: number; readonly numSeries?: number };
  readonly compaction?: { readonly level?: number };
}

interface Blocks {
  readonly blocks: readonly Block[];
  readonly quarantined?: readonly { readonly ulid: string; readonly reason: string }[];
}

function BlocksSection() {
  const asked = useApi<Blocks>("status/tsdb/blocks");
  return (
    <Loaded asked={asked}>
      {({ blocks, quarantined = [] }) => (
        <>
          {quarantined.map(({ ulid, reason }) => (
            <p key={ulid} class="note error">
              The block {ulid} is damaged and left out: {reason}
            </p>
          ))}
          {blocks.length === 0 ? (
            <p class="muted">None yet: the head becomes a block every two hours.</p>
          ) : (
            <BlockTable blocks={blocks} />
          )}
        </>
      )}
    </Loaded>
  );
}

function BlockTable({ blocks }: { blocks: readonly Block[] }) {
  const begin = Math.min(...blocks.map(({ minTime }) => minTime));
  const end = Math.max(...blocks.map(({ maxTime }) => maxTime));
  const share = (ms: number): number => ((ms - begin) / (end - begin || 1)) * 1000;
  const text = (ms: number): string => dateTimeText(ms);
  return (
    <div class="scroll">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Block</th>
            <th scope="col">
              {text(begin)} to {text(end)}
            </th>
            <th scope="col">Samples</th>
            <th scope="col">Series</th>
            <th scope="col">Level</th>
          </tr>
        </thead>
        <tbody>
          <Rows
            items={blocks}
            row={({ ulid, minTime, maxTime, stats, compaction }) => (
              <tr key={ulid}>
                <td>
                  <code>{ulid}</code>
                </td>
                <td>
                  <svg
                    class="periods"
                    viewBox="0 0 1000 20"
                    preserveAspectRatio="none"
                    role="img"
                    aria-label={`${text(minTime)} to ${text(maxTime)}`}
                  >
                    <rect class="track-fill" x="0" y="6" width="1000" height="8" />
                    <rect
                      class="block"
                      x={share(minTime)}
                      y="0"
                      width={Math.max(2, share(maxTime) - share(minTime))}
                      height="20"
                    />
                  </svg>
                </td>
                <td class="number">{(stats?.numSamples ?? 0).toLocaleString()}</td>
                <td class="number">{(stats?.numSeries ?? 0).toLocaleString()}</td>
                <td class="number">{compaction?.level ?? ""}</td>
              </tr>
            )}
          />
        </tbody>
      </table>
    </div>
  );
}

export function TsdbPage() {
  const asked = useApi<TsdbStatus>("status/tsdb", { limit: 20 });
  const time = (ms: number): string => (Math.abs(ms) > 8.64e15 ? "none" : dateTimeText(ms));
  return (
    <>
      <h1>Storage</h1>
      <Loaded asked={asked}>
        {(status) => (
          <>
            <h2>Head</h2>
            <KeyValues
              rows={[
                ["Series", status.headStats.numSeries.toLocaleString()],
                ["Label pairs", status.headStats.numLabelPairs.toLocaleString()],
                ["Chunks", status.headStats.chunkCount.toLocaleString()],
                ["From", time(status.headStats.minTime)],
                ["To", time(status.headStats.maxTime)],
              ]}
            />
            <h2>Blocks</h2>
            <BlocksSection />
            <div class="columns">
              <Top title="Metrics with most series" rows={status.seriesCountByMetricName} />
              <Top title="Labels with most values" rows={status.labelValueCountByLabelName} />
              <Top title="Pairs in most series" rows={status.seriesCountByLabelValuePair} />
              <Top title="Labels with most memory" rows={status.memoryInBytesByLabelName} format={bytesText} />
            </div>
          </>
        )}
      </Loaded>
    </>
  );
}

function Top({
  title: heading,
  rows,
  format = (value) => value.toLocaleString(),
}: {
  title: string;
  rows: readonly Counted[];
  format?: (value: number) => string;
}) {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  return (
    <section>
      <h2>{heading}</h2>
      <table>
        <tbody>
          {rows.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td class="number">
                {format(value)}
                <meter min={0} max={most} value={value} aria-hidden="true" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
