/** Dashboards: the list with import, and one dashboard. The address holds time, refresh and variables under Grafana's names. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, type MatrixSeries, type QueryData, reasonText } from "./api.js";
import { colourOf } from "./colours.js";
import { type Dashboard, DashboardError } from "./dashboard/grafana.js";
import { interpolate, interpolateQuery, plainValue, type Scope } from "./dashboard/interpolate.js";
import { layOut, type PlacedSection, repeatSections } from "./dashboard/layout.js";
import { linkAddress, safeAddress, variableParameters } from "./dashboard/links.js";
import { queryScope } from "./dashboard/load.js";
import { PanelBox, type PanelBoxProps } from "./dashboard/panel.js";
import {
  forgetDashboard,
  keepDashboard,
  type Listed,
  LOCAL,
  listDashboards,
  loadDashboard,
} from "./dashboard/store.js";
import { parseInterval, parseTime, stepMs, type TimeRange } from "./dashboard/time.js";
import { VariableBar } from "./dashboard/variable-bar.js";
import { builtIns, type Resolved, resolveVariables, scopeOf } from "./dashboard/variables.js";
import { Filter } from "./parts.js";
import type { Mark } from "./plot/types.js";
import { dateTimeText, type TimeZone, timeZone } from "./time-zone.js";

const FILE_BYTES_MAX = 4 << 20;

export function DashboardsPage({
  isDark,
  uid,
  onOpen,
}: {
  isDark: boolean;
  uid: string | undefined;
  onOpen: (path: string) => void;
}) {
  return uid === undefined ? <DashboardList onOpen={onOpen} /> : <DashboardView key={uid} uid={uid} isDark={isDark} />;
}

function DashboardList({ onOpen }: { onOpen: (path: string) => void }) {
  const [list, setList] = useState<readonly Listed[]>();
  const [error, setError] = useState<string>();
  const [text, setText] = useState("");
  const [isOver, setOver] = useState(false);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    listDashboards(controller.signal).then(setList, (reason: unknown) => {
      if (!controller.signal.aborted) setError(reasonText(reason));
    });
    return () => controller.abort();
  }, [round]);
  const take = async (files: Iterable<File>): Promise<void> => {
    const taken: Dashboard[] = [];
    try {
      for (const file of files) {
        if (file.size > FILE_BYTES_MAX) throw new DashboardError("it is larger than 4 MiB");
        taken.push(keepDashboard(await file.text()));
      }
      setError(undefined);
    } catch (reason) {
      if (!(reason instanceof DashboardError)) throw reason;
      setError(`The import failed: ${reason.message}.`);
    }
    const [first] = taken;
    if (taken.length === 1 && first !== undefined) onOpen(`d/${encodeURIComponent(first.uid)}`);
    setRound((last) => last + 1);
  };
  const wanted = text.toLowerCase();
  const shown = (list ?? []).filter(({ title, tags }) => `${title} ${tags.join(" ")}`.toLowerCase().includes(wanted));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a second way to what the button does
    <div
      class={isOver ? "drop over" : "drop"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files ?? []);
      }}
    >
      <h1>Dashboards</h1>
      <div class="row">
        <Filter label="Filter by title or tag" value={text} onInput={setText} />
        <label class="button">
          Import Grafana's JSON
          <input
            type="file"
            class="hidden"
            accept=".json,application/json"
            multiple
            onChange={(event) => void take(event.currentTarget.files ?? [])}
          />
        </label>
      </div>
      <p class="muted">A file can also be dropped on this page. What is imported stays in this browser.</p>
      {error !== undefined && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {list === undefined && error === undefined && <p class="muted">Loading…</p>}
      {list?.length === 0 && <p class="muted">No dashboards.</p>}
      <ul class="cards">
        {shown.map((each) => (
          <li key={`${each.source} ${each.uid} ${each.title}`}>
            {each.error === undefined ? (
              <a href={`d/${encodeURIComponent(each.uid)}`}>{each.title}</a>
            ) : (
              <span>{each.title}</span>
            )}{" "}
            {each.tags.map((tag) => (
              <span key={tag} class="badge plain">
                {tag}
              </span>
            ))}{" "}
            <span class="muted">{each.source}</span>
            {each.error !== undefined && <span class="error"> {each.error}</span>}
            {each.source === LOCAL && (
              <button
                type="button"
                aria-label={`Remove ${each.title}`}
                onClick={() => {
                  forgetDashboard(each.uid);
                  setRound((last) => last + 1);
                }}
              >
                Remove
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function DashboardView({ uid, isDark }: { uid: string; isDark: boolean }) {
  const [dashboard, setDashboard] = useState<Dashboard>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    const controller = new AbortController();
    loadDashboard(uid, controller.signal).then(setDashboard, (reason: unknown) => {
      if (!controller.signal.aborted) setError(reasonText(reason));
    });
    return () => controller.abort();
  }, [uid]);
  if (error !== undefined) {
    return (
      <>
        <h1>Dashboard</h1>
        <p class="note error" role="alert">
          {error}
        </p>
        <p>
          <a href="dashboards">All dashboards</a>
        </p>
      </>
    );
  }
  if (dashboard === undefined) return <p class="muted">Loading…</p>;
  return <Opened dashboard={dashboard} isDark={isDark} />;
}

interface Address {
  readonly from: string;
  readonly to: string;
  readonly refresh: string;
  readonly chosen: ReadonlyMap<string, readonly string[]>;
}

function readAddress(dashboard: Dashboard): Address {
  const params = new URLSearchParams(location.search);
  const chosen = new Map<string, readonly string[]>();
  for (const name of new Set(params.keys()))
    if (name.startsWith("var-")) chosen.set(name.slice(4), params.getAll(name));
  return {
    from: params.get("from") ?? dashboard.from,
    to: params.get("to") ?? dashboard.to,
    refresh: params.get("refresh") ?? dashboard.refresh,
    chosen,
  };
}

function writeAddress({ from, to, refresh, chosen }: Address): void {
  const params = new URLSearchParams({ from, to });
  if (refresh !== "") params.set("refresh", refresh);
  for (const [name, values] of chosen) for (const value of values) params.append(`var-${name}`, value);
  history.replaceState(null, "", `${location.pathname}?${params}`);
}

const RANGES = ["5m", "15m", "30m", "1h", "3h", "6h", "12h", "24h", "2d", "7d", "30d"];
const REFRESHES = ["", "5s", "10s", "30s", "1m", "5m", "15m"];
const DEFAULT_SCRAPE_MS = 15_000;

function Opened({ dashboard, isDark }: { dashboard: Dashboard; isDark: boolean }) {
  const [address, setAddress] = useState(() => readAddress(dashboard));
  const [nowMs, setNowMs] = useState(() => Date.now());
  const [resolved, setResolved] = useState<readonly Resolved[]>();
  const [error, setError] = useState<string>();
  const scrapeMs = useScrapeInterval();
  const zone = dashboard.zone ?? timeZone();
  const range = useMemo(
    (): TimeRange => ({
      fromMs: parseTime(address.from, nowMs, zone) ?? nowMs - 3_600_000,
      toMs: parseTime(address.to, nowMs, zone, true) ?? nowMs,
    }),
    [address.from, address.to, nowMs, zone],
  );
  const change = (part: Partial<Address>): void => {
    const next = { ...address, ...part };
    setAddress(next);
    setNowMs(Date.now());
    writeAddress(next);
  };
  const refreshMs = parseInterval(address.refresh);
  useEffect(() => {
    if (refreshMs === undefined) return undefined;
    const timer = setInterval(() => document.hidden || setNowMs(Date.now()), Math.max(1000, refreshMs));
    return () => clearInterval(timer);
  }, [refreshMs]);
  const base = useMemo(
    () => builtIns(dashboard.title, dashboard.uid, range, zone === "UTC" ? "utc" : zone),
    [dashboard, range, zone],
  );
  const chosenKey = JSON.stringify([...address.chosen]);
  useEffect(() => {
    const controller = new AbortController();
    resolveVariables(dashboard.variables, address.chosen, base, { get, range, signal: controller.signal }).then(
      // The same values are the same object: panels need not ask again.
      (found) => setResolved((last) => (JSON.stringify(last) === JSON.stringify(found) ? last : found)),
      (reason: unknown) => {
        if (!controller.signal.aborted) setError(reasonText(reason));
      },
    );
    return () => controller.abort();
    // Options follow the range only when it is another one, not at each refresh.
  }, [dashboard, chosenKey, address.from, address.to]);
  const scope = useMemo(() => (resolved === undefined ? undefined : scopeOf(resolved, base)), [resolved, base]);
  const context = useMemo(
    () => ({
      range,
      scrapeMs: scrapeMs ?? DEFAULT_SCRAPE_MS,
      points: Math.min(1200, Math.max(200, innerWidth / 2)),
      zone,
    }),
    [range, scrapeMs, zone],
  );
  const marks = useAnnotations(dashboard, scope, context);
  const names = dashboard.variables.map(({ name }) => name);
  const linkOf: PanelBoxProps["linkOf"] = (url, own, more) =>
    linkAddress(url, own, { from: address.from, to: address.to, variables: names }, more);
  useEffect(() => {
    document.title = `${dashboard.title} · Vestal`;
  }, [dashboard]);
  return (
    <>
      <h1>{dashboard.title}</h1>
      <div class="row controls">
        {resolved !== undefined && (
          <VariableBar
            resolved={resolved.map((each) => ({
              ...each,
              // What was chosen is seen at once, before the server has answered.
              chosen: address.chosen.get(each.variable.name) ?? each.chosen,
            }))}
            onChoose={(name, values) => change({ chosen: new Map([...address.chosen, [name, values]]) })}
          />
        )}
        <span class="spacer" />
        <TimeControls
          address={address}
          range={range}
          onChange={change}
          onRefresh={() => setNowMs(Date.now())}
          zone={zone}
        />
      </div>
      <DashboardLinks dashboard={dashboard} scope={scope} address={address} />
      {error !== undefined && (
        <p class="note error" role="alert">
          {error}
        </p>
      )}
      {scope === undefined || scrapeMs === undefined ? (
        <p class="muted">Loading…</p>
      ) : (
        repeatSections(dashboard.sections, scope).map((placed) => (
          <SectionView
            key={placed.key}
            placed={placed}
            context={context}
            round={nowMs}
            isDark={isDark}
            marks={marks}
            syncKey={dashboard.uid}
            linkOf={linkOf}
            onZoom={(from, to) => change({ from: String(Math.round(from)), to: String(Math.round(to)) })}
          />
        ))
      )}
    </>
  );
}

type SectionProps = Omit<PanelBoxProps, "panel" | "scope"> & { readonly placed: PlacedSection };

function SectionView({ placed, ...rest }: SectionProps) {
  const { section, scope } = placed;
  const [isOpen, setOpen] = useState(!section.isCollapsed);
  const panels = useMemo(() => layOut(section.panels, scope), [section, scope]);
  const grid = isOpen && (
    <div class="grid">
      {panels.map(({ key, panel, x, y, width, height, scope: own }) => (
        <div
          key={key}
          class="cell"
          style={{
            gridColumn: `${x + 1} / span ${width}`,
            gridRow: `${y + 1} / span ${height}`,
            "--rows": String(height),
          }}
        >
          <PanelBox {...rest} panel={panel} scope={own} />
        </div>
      ))}
    </div>
  );
  if (section.title === undefined) {
    return (
      <section>
        <h2 class="hidden">Panels</h2>
        {grid}
      </section>
    );
  }
  return (
    <section class="section">
      <h2>
        <button type="button" class="fold" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {interpolate(section.title, scope) || "Row"}{" "}
          <span class="muted">{panels.length}</span>
        </button>
      </h2>
      {grid}
    </section>
  );
}

function TimeControls({
  address,
  range,
  onChange,
  onRefresh,
  zone,
}: {
  address: Address;
  range: TimeRange;
  onChange: (part: Partial<Address>) => void;
  onRefresh: () => void;
  zone: TimeZone;
}) {
  const current = /^now-(\w+)$/.exec(address.from)?.[1];
  const isRelative = current !== undefined && address.to === "now";
  const ranges = isRelative && !RANGES.includes(current) ? [current, ...RANGES] : RANGES;
  const shift = (factor: number): void => {
    const half = (range.toMs - range.fromMs) / 2;
    onChange({
      from: String(Math.round(range.fromMs + factor * half)),
      to: String(Math.round(range.toMs + factor * half)),
    });
  };
  return (
    <fieldset class="end">
      <legend class="hidden">Time</legend>
      <button type="button" aria-label="Earlier" onClick={() => shift(-1)}>
        ‹
      </button>
      <select
        aria-label="Time range"
        value={isRelative ? current : ""}
        onChange={(event) => onChange({ from: `now-${event.currentTarget.value}`, to: "now" })}
      >
        {!isRelative && (
          <option value="">{`${dateTimeText(range.fromMs, zone)} – ${dateTimeText(range.toMs, zone)}`}</option>
        )}
        {ranges.map((each) => (
          <option key={each} value={each}>
            Last {each}
          </option>
        ))}
      </select>
      <button type="button" aria-label="Later" onClick={() => shift(1)}>
        ›
      </button>
      <button type="button" onClick={onRefresh}>
        Refresh
      </button>
      <select
        aria-label="Refresh every"
        value={address.refresh}
        onChange={(event) => onChange({ refresh: event.currentTarget.value })}
      >
        {!REFRESHES.includes(address.refresh) && <option value={address.refresh}>{address.refresh}</option>}
        {REFRESHES.map((each) => (
          <option key={each} value={each}>
            {each === "" ? "Off" : each}
          </option>
        ))}
      </select>
    </fieldset>
  );
}

function DashboardLinks({
  dashboard,
  scope,
  address,
}: {
  dashboard: Dashboard;
  scope: Scope | undefined;
  address: Address;
}) {
  const [others, setOthers] = useState<readonly Listed[]>([]);
  const needsList = dashboard.links.some(({ type }) => type === "dashboards");
  useEffect(() => {
    if (!needsList) return undefined;
    const controller = new AbortController();
    // Without the list the links are missing, and the dashboard is whole.
    listDashboards(controller.signal).then(setOthers, () => setOthers([]));
    return () => controller.abort();
  }, [needsList]);
  if (dashboard.links.length === 0 || scope === undefined) return null;
  const names = dashboard.variables.map(({ name }) => name);
  const search = (keepTime: boolean, includeVars: boolean): string => {
    const parts = [
      ...(keepTime ? [`from=${encodeURIComponent(address.from)}&to=${encodeURIComponent(address.to)}`] : []),
      ...(includeVars ? [variableParameters(scope, names)] : []),
    ].filter((part) => part !== "");
    return parts.length === 0 ? "" : `?${parts.join("&")}`;
  };
  return (
    <nav class="row links" aria-label="Links of the dashboard">
      {dashboard.links.map((link) => {
        const more = search(link.keepTime, link.includeVars);
        if (link.type === "dashboards") {
          const listed = others.filter(({ tags }) => link.tags.every((tag) => tags.includes(tag)));
          return (
            <details key={link.title} class="menu">
              <summary>{link.title || "Dashboards"}</summary>
              <div class="menu-list">
                {listed.map(({ uid, title }) => (
                  <a key={uid} href={`d/${encodeURIComponent(uid)}${more}`}>
                    {title}
                  </a>
                ))}
              </div>
            </details>
          );
        }
        const href = safeAddress(interpolate(link.url, scope));
        return href === undefined ? null : (
          <a key={link.title + link.url} href={href}>
            {link.title || href}
          </a>
        );
      })}
    </nav>
  );
}

/** The server's own scrape interval: with Grafana's fixed 15 s, rates of a slower server are empty. */
function useScrapeInterval(): number | undefined {
  const [ms, setMs] = useState<number>();
  useEffect(() => {
    get<{ readonly yaml: string }>("status/config").then(
      ({ data }) => {
        const global = /^global:\n((?: .*\n)*)/m.exec(data.yaml)?.[1] ?? "";
        setMs(parseInterval(/^\s+scrape_interval: (\S+)/m.exec(global)?.[1] ?? "") ?? DEFAULT_SCRAPE_MS);
      },
      () => setMs(DEFAULT_SCRAPE_MS),
    );
  }, []);
  return ms;
}

const MARKS_MAX = 200;

function useAnnotations(
  dashboard: Dashboard,
  scope: Scope | undefined,
  context: PanelBoxProps["context"],
): readonly Mark[] {
  const [marks, setMarks] = useState<readonly Mark[]>(NO_MARKS);
  const last = useRef(marks);
  useEffect(() => {
    if (scope === undefined || dashboard.annotations.length === 0) return undefined;
    const controller = new AbortController();
    const { range } = context;
    const asked = dashboard.annotations.map(async (annotation) => {
      const step = stepMs(range, 300, annotation.step, 60_000);
      const own = queryScope({ ...context, scope }, { interval: annotation.step }, step);
      const { data } = await get<QueryData>(
        "query_range",
        {
          query: interpolateQuery(annotation.expr, own),
          start: range.fromMs / 1000,
          end: range.toMs / 1000,
          step: step / 1000,
        },
        controller.signal,
      );
      return data.resultType === "matrix" ? marksOf(data.result, step, annotation, scope) : [];
    });
    Promise.all(asked).then(
      (found) => {
        last.current = found.flat().slice(0, MARKS_MAX);
        setMarks(last.current);
      },
      // An annotation that fails leaves the graphs without it; its expression is the dashboard's business.
      () => controller.signal.aborted || setMarks(NO_MARKS),
    );
    return () => controller.abort();
  }, [dashboard, scope, context]);
  return marks;
}

const NO_MARKS: readonly Mark[] = [];

/** A mark where a series begins to have values, not one a step. */
function marksOf(
  series: readonly MatrixSeries[],
  step: number,
  { name, titleFormat, textFormat, colour }: Dashboard["annotations"][number],
  scope: Scope,
): readonly Mark[] {
  return series.flatMap(({ metric, values = [] }) => {
    const labels: Scope = new Map([
      ...scope,
      ...Object.entries(metric).map(([key, value]) => [key, plainValue(value)] as const),
    ]);
    const text = (format: string): string =>
      interpolate(
        format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, key: string) => metric[key] ?? ""),
        labels,
      );
    const title = [text(titleFormat) || name, text(textFormat)].filter((part) => part !== "").join(": ");
    return values.flatMap(([time], i) => {
      const before = values[i - 1]?.[0];
      const isNew = before === undefined || (time - before) * 1000 > step * 1.5;
      return isNew ? [{ timeMs: time * 1000, colour: colourOf(colour, "#e03131"), text: title }] : [];
    });
  });
}
