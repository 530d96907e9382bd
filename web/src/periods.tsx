/** When alerts were pending and when they fired, as bars over a time range and in words. */
import type { Labels } from "./api.js";
import { formatDuration } from "./format.js";
import { LabelList, Rows } from "./parts.js";
import { dateTimeText } from "./time-zone.js";

export interface Period {
  readonly state: "pending" | "firing";
  readonly startMs: number;
  /** Undefined: it lasts. */
  readonly endMs: number | undefined;
}

export interface AlertPeriods {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly periods: readonly Period[];
}

interface PeriodsProps {
  readonly alerts: readonly AlertPeriods[];
  readonly startMs: number;
  readonly endMs: number;
}

export function firingMs(periods: readonly Period[], endMs: number): number {
  return periods
    .filter(({ state }) => state === "firing")
    .reduce((sum, period) => sum + Math.max(0, (period.endMs ?? endMs) - period.startMs), 0);
}

export function PeriodTable({ alerts, startMs, endMs }: PeriodsProps) {
  return (
    <div class="scroll">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Alert</th>
            <th scope="col">
              From {dateTimeText(startMs)} to {dateTimeText(endMs)}
            </th>
            <th scope="col">Fired</th>
          </tr>
        </thead>
        <tbody>
          <Rows
            items={alerts}
            row={({ labels, annotations, periods }) => {
              const count = periods.filter(({ state }) => state === "firing").length;
              return (
                <tr key={JSON.stringify(labels)}>
                  <td>
                    <LabelList labels={labels} />
                    {Object.entries(annotations).map(([name, value]) => (
                      <div key={name}>
                        <span class="muted">{name}:</span> {value}
                      </div>
                    ))}
                  </td>
                  <td class="periods-cell">
                    <PeriodBar periods={periods} startMs={startMs} endMs={endMs} />
                  </td>
                  <td>
                    {count} {count === 1 ? "time" : "times"}
                    {count > 0 && <div class="muted">{formatDuration(round(firingMs(periods, endMs)))} in all</div>}
                  </td>
                </tr>
              );
            }}
          />
        </tbody>
      </table>
    </div>
  );
}

function round(ms: number): number {
  return ms < 60_000 ? Math.round(ms / 1000) * 1000 : Math.round(ms / 60_000) * 60_000;
}

function PeriodBar({ periods, startMs, endMs }: { periods: readonly Period[]; startMs: number; endMs: number }) {
  const share = (ms: number): number => (Math.min(endMs, Math.max(startMs, ms)) - startMs) / (endMs - startMs || 1);
  const words = periods.map((period) => periodText(period));
  return (
    <>
      <svg
        class="periods"
        viewBox="0 0 1000 20"
        preserveAspectRatio="none"
        role="img"
        aria-label={words.slice(0, 20).join("; ") || "never"}
      >
        <rect class="track-fill" x="0" y="6" width="1000" height="8" />
        {periods.map((period) => {
          const from = share(period.startMs) * 1000;
          const width = Math.max(2, share(period.endMs ?? endMs) * 1000 - from);
          return (
            <rect key={period.startMs} class={period.state} x={from} y="0" width={width} height="20">
              <title>{periodText(period)}</title>
            </rect>
          );
        })}
      </svg>
      <details>
        <summary class="muted">{periods.length === 1 ? "1 period" : `${periods.length} periods`}</summary>
        <ul>
          {words.slice(0, 100).map((text) => (
            <li key={text}>{text}</li>
          ))}
          {words.length > 100 && <li>and {words.length - 100} more</li>}
        </ul>
      </details>
    </>
  );
}

function periodText({ state, startMs, endMs }: Period): string {
  const until = endMs === undefined ? "and still is" : `for ${formatDuration(round(endMs - startMs))}`;
  return `${state} from ${dateTimeText(startMs)} ${until}`;
}
