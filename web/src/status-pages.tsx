/** What the server says of itself: runtime, build, configuration, flags, storage, Alertmanagers. */
import { bytesText } from "./format.js";
import { useApi } from "./hooks.js";
import { KeyValues, Loaded } from "./parts.js";

type Texts = Readonly<Record<string, string | number | boolean>>;

/** `goroutineCount` → `Goroutine count`. */
function title(key: string): string {
  const words = key.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

export function StatusPage() {
  const runtime = useApi<Texts>("status/runtimeinfo", {}, 15_000);
  const build = useApi<Texts>("status/buildinfo");
  const alertmanagers = useApi<{
    readonly activeAlertmanagers: readonly { readonly url: string }[];
    readonly droppedAlertmanagers: readonly { readonly url: string }[];
  }>("alertmanagers");
  const rows = (texts: Texts) => Object.entries(texts).map(([key, value]) => [title(key), String(value)] as const);
  return (
    <>
      <h1>Status</h1>
      <h2>Build</h2>
      <Loaded asked={build}>{(data) => <KeyValues rows={rows(data)} />}</Loaded>
      <h2>Runtime</h2>
      <Loaded asked={runtime}>{(data) => <KeyValues rows={rows(data)} />}</Loaded>
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

export function TsdbPage() {
  const asked = useApi<TsdbStatus>("status/tsdb", { limit: 20 });
  const time = (ms: number): string => (Math.abs(ms) > 8.64e15 ? "none" : new Date(ms).toISOString());
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
