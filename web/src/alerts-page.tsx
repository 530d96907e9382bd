/** Alerts: what is active now, what was, and what a rule would have done. */
import { lazy, Suspense } from "preact/compat";
import { useEffect, useMemo, useState } from "preact/hooks";
import { matchersOfLabels, matchersText } from "./alertmanager/matchers.js";
import { type ApiAnswer, get, type Labels, type MatrixSeries, type QueryData, reasonText } from "./api.js";
import { backtestLink, readBacktest, writeBacktest } from "./backtest-link.js";
import { formatDuration, parseDurationMs, valueText } from "./format.js";
import { type Asked, useApi, useAsked } from "./hooks.js";
import { Ago, Badge, Filter, LabelList, LinkText, Loaded, Rows } from "./parts.js";
import { type AlertPeriods, firingMs, type Period, PeriodTable } from "./periods.js";
import { type Groups, queryLink, stateKind } from "./rules-page.js";
import { dateTimeText } from "./time-zone.js";

const Editor = lazy(() => import("./editor.js").then((module) => module.Editor));
const Chart = lazy(() => import("./plot/chart.js").then((module) => module.Chart));

const VIEWS: readonly (readonly [path: string, name: string])[] = [
  ["alerts", "Active"],
  ["silences", "Silences"],
  ["alert-history", "History"],
  ["backtest", "Back-test"],
];

export function AlertViews({ current }: { current: string }) {
  return (
    <nav class="tabs links" aria-label="Views of alerts">
      {VIEWS.map(([path, name]) => (
        <a key={path} href={path} aria-current={path === current ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}

/** To which this server sends alerts, as it lists them. */
export function useAlertmanagers(): Asked<readonly string[]> {
  return useAsked("alertmanagers", async (signal) => {
    const { data } = await get<{ readonly activeAlertmanagers: readonly { readonly url: string }[] }>(
      "alertmanagers",
      {},
      signal,
    );
    return data.activeAlertmanagers.map(({ url }) => url).filter((url) => /^https?:\/\//.test(url));
  });
}

/** Without the path of its API. */
export function pageOfAlertmanager(url: string): string {
  return url.replace(/\/api\/v2\/alerts\/?$/, "");
}

export function AlertsPage() {
  const asked = useApi<Groups>("rules", { type: "alert" }, 10_000);
  const alertmanagers = useAlertmanagers().answer?.data ?? [];
  const [text, setText] = useState("");
  const [isInactiveShown, setInactiveShown] = useState(false);
  const wanted = text.toLowerCase();
  return (
    <>
      <h1>Alerts</h1>
      <AlertViews current="alerts" />
      <div class="row">
        <Filter label="Filter by name or label" value={text} onInput={setText} />
        <label class="check">
          <input
            type="checkbox"
            checked={isInactiveShown}
            onChange={(event) => setInactiveShown(event.currentTarget.checked)}
          />
          <span>Inactive too</span>
        </label>
      </div>
      <Loaded asked={asked}>
        {({ groups }) => {
          const rules = groups
            .flatMap((group) => group.rules)
            .filter(({ state }) => isInactiveShown || state !== "inactive")
            .filter(
              ({ name, alerts = [] }) =>
                name.toLowerCase().includes(wanted) ||
                alerts.some(({ labels }) => JSON.stringify(labels).toLowerCase().includes(wanted)),
            );
          if (rules.length === 0) return <p class="muted">No alerts.</p>;
          return rules.map((rule, i) => (
            <details key={`${rule.name} ${i}`} open={rule.state === "firing"}>
              <summary>
                <h2>{rule.name}</h2> <Badge kind={stateKind(rule.state)}>{`${rule.state}`}</Badge>{" "}
                <span class="muted">{rule.alerts?.length ?? 0}</span>
              </summary>
              <p>
                <a href={queryLink(rule.query)}>
                  <code>{rule.query}</code>
                </a>{" "}
                <a href={backtestLink(rule)}>What would it have done last week?</a>
              </p>
              <div class="scroll">
                <table class="stack">
                  <thead>
                    <tr>
                      <th scope="col">Labels</th>
                      <th scope="col">State</th>
                      <th scope="col">Since</th>
                      <th scope="col">Value</th>
                    </tr>
                  </thead>
                  <tbody>
                    <Rows
                      items={rule.alerts ?? []}
                      row={(alert) => (
                        <tr key={JSON.stringify(alert.labels)}>
                          <td>
                            <LabelList labels={alert.labels} />
                            {Object.entries(alert.annotations).map(([name, value]) => (
                              <div key={name}>
                                <span class="muted">{name}:</span> <LinkText text={value} />
                              </div>
                            ))}
                          </td>
                          <td>
                            <Badge kind={stateKind(alert.state)}>{alert.state}</Badge>
                            {alertmanagers.length > 0 && (
                              <div>
                                <a
                                  href={`silences?${new URLSearchParams({ form: "new", filter: matchersText(matchersOfLabels(alert.labels)) })}`}
                                >
                                  Silence
                                </a>
                              </div>
                            )}
                          </td>
                          <td>{alert.activeAt !== undefined && <Ago time={alert.activeAt} />}</td>
                          <td class="number">{valueText(alert.value)}</td>
                        </tr>
                      )}
                    />
                  </tbody>
                </table>
              </div>
            </details>
          ));
        }}
      </Loaded>
    </>
  );
}

interface Change {
  readonly rule: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly from: "inactive" | "pending" | "firing";
  readonly to: "inactive" | "pending" | "firing";
  readonly time: string;
  readonly value: string;
}

const RANGES = ["1h", "6h", "1d", "2d", "1w", "2w", "4w"];
const CHANGES_MAX = 2000;

export function AlertHistoryPage() {
  const params = new URLSearchParams(location.search);
  const [range, setRange] = useState(params.get("range") ?? "1d");
  const [matcher, setMatcher] = useState(params.get("match") ?? "");
  const [round, setRound] = useState(0);
  const rangeMs = parseDurationMs(range) ?? 86_400_000;
  // A new time at each refresh and each other range, not at each drawing.
  const endMs = useMemo(() => Date.now(), [range, matcher, round]);
  const startMs = endMs - rangeMs;
  const asked = useApi<{ readonly changes: readonly Change[] }>("alerts/history", {
    start: startMs / 1000,
    end: endMs / 1000,
    limit: CHANGES_MAX,
    ...(matcher.trim() !== "" && { "match[]": matcher }),
  });
  useEffect(() => {
    const search = new URLSearchParams({ range });
    if (matcher !== "") search.set("match", matcher);
    history.replaceState(null, "", `alert-history?${search}`);
  }, [range, matcher]);
  return (
    <>
      <h1>Alert history</h1>
      <AlertViews current="alert-history" />
      <div class="row">
        <label class="filter">
          <span>Selector</span>
          <input
            type="search"
            placeholder={'{alertname="…"}'}
            value={matcher}
            onChange={(event) => setMatcher(event.currentTarget.value.trim())}
          />
        </label>
        <RangeSelect value={range} onChange={setRange} />
        <button type="button" onClick={() => setRound(round + 1)}>
          Refresh
        </button>
      </div>
      <Loaded asked={asked}>
        {({ changes }) =>
          changes.length === 0 ? (
            <p class="muted">No alert changed its state in this time.</p>
          ) : (
            <>
              {asked.answer?.warnings.map((text) => (
                <p key={text} class="note warn">
                  {text}
                </p>
              ))}
              <h2>By alert</h2>
              <PeriodTable alerts={periodsOf(changes, startMs)} startMs={startMs} endMs={endMs} />
              <h2>Changes</h2>
              <ChangeTable changes={changes} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function RangeSelect({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label>
      <span>Range</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {!RANGES.includes(value) && <option value={value}>{value}</option>}
        {RANGES.map((each) => (
          <option key={each} value={each}>
            Last {each}
          </option>
        ))}
      </select>
    </label>
  );
}

function ChangeTable({ changes }: { changes: readonly Change[] }) {
  return (
    <div class="scroll">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Alert</th>
            <th scope="col">Change</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          <Rows
            items={[...changes].reverse()}
            row={(change, i) => (
              <tr key={`${i} ${change.time}`}>
                <td>
                  <time dateTime={change.time}>{dateTimeText(Date.parse(change.time))}</time>
                </td>
                <td>
                  <strong>{change.rule}</strong> <LabelList labels={change.labels} />
                </td>
                <td>
                  {change.from} → <Badge kind={stateKind(change.to)}>{change.to}</Badge>
                </td>
                <td class="number">{valueText(change.value)}</td>
              </tr>
            )}
          />
        </tbody>
      </table>
    </div>
  );
}

/** Changes, oldest first, as periods; what was before the first change lasted since the range began. */
function periodsOf(changes: readonly Change[], beginMs: number): readonly AlertPeriods[] {
  const found = new Map<string, { labels: Labels; annotations: Labels; periods: Period[] }>();
  for (const { labels, annotations, from, to, time } of changes) {
    const key = JSON.stringify(labels);
    const alert = found.get(key) ?? { labels, annotations, periods: [] };
    found.set(key, alert);
    const timeMs = Date.parse(time);
    const last = alert.periods.at(-1);
    if (last !== undefined && last.endMs === undefined)
      alert.periods[alert.periods.length - 1] = { ...last, endMs: timeMs };
    else if (last === undefined && from !== "inactive")
      alert.periods.push({ state: from, startMs: beginMs, endMs: timeMs });
    if (to !== "inactive") alert.periods.push({ state: to, startMs: timeMs, endMs: undefined });
  }
  return [...found.values()].map((alert) => ({
    ...alert,
    periods: alert.periods.filter(({ startMs, endMs }) => startMs !== endMs),
  }));
}

interface BacktestAnswer {
  readonly alerts: readonly {
    readonly labels: Labels;
    readonly annotations: Labels;
    readonly periods: readonly {
      readonly state: "pending" | "firing";
      readonly start: number;
      readonly end: number | null;
    }[];
  }[];
}

interface Tested {
  readonly alerts: readonly AlertPeriods[];
  readonly series: readonly MatrixSeries[];
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly warnings: readonly string[];
}

const STEPS_MAX = 2000;
const LEAST_STEP_MS = 1000;

export function BacktestPage({ isDark }: { isDark: boolean }) {
  const first = useMemo(() => readBacktest(location.search), []);
  const [state, setState] = useState(first);
  const [given, setGiven] = useState({ text: first.expr });
  const [tested, setTested] = useState<Tested>();
  const [error, setError] = useState<string>();
  const [isRunning, setRunning] = useState(false);
  const rules = useApi<Groups>("rules", { type: "alert", exclude_alerts: "true" });
  const names = (rules.answer?.data.groups ?? []).flatMap((group) => group.rules);
  const run = (): void => {
    if (state.expr.trim() === "") return;
    history.replaceState(null, "", writeBacktest(state));
    setRunning(true);
    test(state).then(
      (found) => {
        setTested(found);
        setError(undefined);
        setRunning(false);
      },
      (reason: unknown) => {
        setError(reasonText(reason));
        setTested(undefined);
        setRunning(false);
      },
    );
  };
  // What a link brings along is tested at once.
  useEffect(run, []);
  const fired = tested?.alerts.filter(({ periods }) => periods.some((period) => period.state === "firing")) ?? [];
  const times = fired.reduce(
    (sum, { periods }) => sum + periods.filter((period) => period.state === "firing").length,
    0,
  );
  const totalMs = fired.reduce((sum, { periods }) => sum + firingMs(periods, tested?.endMs ?? 0), 0);
  return (
    <>
      <h1>Back-test of an alert</h1>
      <AlertViews current="backtest" />
      <div class="row">
        <label>
          <span>Rule</span>
          <select
            value=""
            onChange={(event) => {
              const rule = names[Number(event.currentTarget.value)];
              if (rule === undefined) return;
              const next = { ...readBacktest(backtestLink(rule).slice("backtest".length)), range: state.range };
              setState(next);
              setGiven({ text: next.expr });
            }}
          >
            <option value="">Take over…</option>
            {names.map((rule, i) => (
              <option key={`${i} ${rule.name}`} value={i}>
                {rule.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>for</span>
          <input
            size={6}
            placeholder="0s"
            value={state.hold}
            onInput={(event) => setState({ ...state, hold: event.currentTarget.value.trim() })}
          />
        </label>
        <label>
          <span>keep firing for</span>
          <input
            size={6}
            placeholder="0s"
            value={state.keepFiring}
            onInput={(event) => setState({ ...state, keepFiring: event.currentTarget.value.trim() })}
          />
        </label>
        <RangeSelect value={state.range} onChange={(range) => setState({ ...state, range })} />
      </div>
      <div class="row">
        <Suspense
          fallback={<textarea class="editor" aria-label="PromQL expression" value={state.expr} rows={1} readOnly />}
        >
          <Editor given={given} onChange={(expr) => setState((last) => ({ ...last, expr }))} onRun={run} />
        </Suspense>
        <button type="button" class="primary" onClick={run} aria-busy={isRunning}>
          Test
        </button>
      </div>
      {error !== undefined && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {tested?.warnings.map((text) => (
        <p key={text} class="note warn">
          {text}
        </p>
      ))}
      {tested !== undefined && (
        <>
          <p role="status">
            {times === 0
              ? `It would not have fired in the last ${state.range}.`
              : `It would have fired ${times} ${times === 1 ? "time" : "times"} for ${fired.length} ${fired.length === 1 ? "alert" : "alerts"}, ${formatDuration(Math.round(totalMs / 1000) * 1000)} in all.`}{" "}
            <span class="muted">Evaluated every {formatDuration(tested.stepMs)}.</span>
          </p>
          {tested.series.length > 0 && (
            <Suspense fallback={<p class="muted">Loading…</p>}>
              <Chart
                title={state.expr}
                series={tested.series}
                startMs={tested.startMs}
                endMs={tested.endMs}
                stepMs={tested.stepMs}
                mode="lines"
                isDark={isDark}
                onZoom={() => undefined}
              />
            </Suspense>
          )}
          {tested.alerts.length > 0 && (
            <PeriodTable alerts={tested.alerts} startMs={tested.startMs} endMs={tested.endMs} />
          )}
        </>
      )}
    </>
  );
}

async function test({ alert, expr, hold, keepFiring, range }: ReturnType<typeof readBacktest>): Promise<Tested> {
  const rangeMs = parseDurationMs(range) ?? 604_800_000;
  const stepMs = Math.max(LEAST_STEP_MS, Math.ceil(rangeMs / STEPS_MAX / 1000) * 1000);
  // Up to this moment: with steps of minutes, multiples of a step would miss what has just begun.
  const endMs = Math.floor(Date.now() / 1000) * 1000;
  const startMs = endMs - Math.floor(rangeMs / stepMs) * stepMs;
  const time = { query: expr, start: startMs / 1000, end: endMs / 1000, step: stepMs / 1000 };
  const [result, matrix]: [ApiAnswer<BacktestAnswer>, ApiAnswer<QueryData>] = await Promise.all([
    get<BacktestAnswer>("rules/backtest", {
      ...time,
      ...(alert !== "" && { alert }),
      ...(hold !== "" && { for: hold }),
      ...(keepFiring !== "" && { keep_firing_for: keepFiring }),
    }),
    get<QueryData>("query_range", time),
  ]);
  return {
    alerts: result.data.alerts.map(({ labels, annotations, periods }) => ({
      labels,
      annotations,
      periods: periods.map(({ state, start, end }) => ({
        state,
        startMs: start * 1000,
        endMs: end === null ? undefined : end * 1000,
      })),
    })),
    series: matrix.data.resultType === "matrix" ? matrix.data.result : [],
    startMs,
    endMs,
    stepMs,
    warnings: result.warnings,
  };
}
