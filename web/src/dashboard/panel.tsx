/** One panel: loads its data when it is in sight, and shows it, or says in words why there is nothing to show. */
import type { ComponentType } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { reasonText } from "../api.js";
import { legendIn, savePng } from "../plot/png.js";
import type { Mark } from "../plot/types.js";
import type { Panel } from "./grafana.js";
import { interpolate, type Scope } from "./interpolate.js";
import { textOf } from "./json.js";
import { type LoadContext, loadPanel, type PanelData } from "./load.js";
import { whyEmpty } from "./missing.js";
import type { VisualProps } from "./visuals/common.js";
import { Heatmap, StateTimeline } from "./visuals/states.js";
import { Table } from "./visuals/table.js";
import { TextPanel } from "./visuals/text.js";
import { BarGauge, Gauge, Pie, Stat } from "./visuals/tiles.js";
import { TimeSeries } from "./visuals/timeseries.js";

const VISUALS: Readonly<Record<string, ComponentType<VisualProps>>> = {
  timeseries: TimeSeries,
  stat: Stat,
  gauge: Gauge,
  bargauge: BarGauge,
  barchart: BarGauge,
  table: Table,
  piechart: Pie,
  heatmap: Heatmap,
  "state-timeline": StateTimeline,
  "status-history": StateTimeline,
};

const ON_CANVAS: ReadonlySet<string> = new Set(["timeseries", "heatmap"]);

export interface PanelBoxProps {
  readonly panel: Panel;
  readonly scope: Scope;
  readonly context: Omit<LoadContext, "scope">;
  /** Raised by each refresh. */
  readonly round: number;
  readonly isDark: boolean;
  readonly marks: readonly Mark[];
  readonly syncKey: string;
  readonly onZoom: (startMs: number, endMs: number) => void;
  readonly linkOf: (url: string, scope: Scope, more?: ReadonlyMap<string, string>) => string | undefined;
}

export function PanelBox(props: PanelBoxProps) {
  const { panel, scope, context, isDark, marks, syncKey, onZoom, linkOf } = props;
  const box = useRef<HTMLElement>(null);
  const isSeen = useSeen(box);
  const [isFull, setFull] = useState(false);
  const { data, error, isLoading } = usePanelData(props, isSeen);
  const title = interpolate(panel.title, scope);
  const Visual = Object.hasOwn(VISUALS, panel.type) ? VISUALS[panel.type] : undefined;
  const isText = panel.type === "text";
  const isEmpty = data?.frames.every(({ fields }) => fields.every(({ values }) => values.length === 0)) === true;
  const state = stateOf(isText, Visual !== undefined, data, error, isEmpty);
  const heading = `panel-${panel.id}-${useMemo(() => nextHeading++, [])}`;
  return (
    <section
      ref={box}
      class={isFull ? "box full" : "box"}
      aria-labelledby={title === "" ? undefined : heading}
      aria-label={title === "" ? `Panel ${panel.type}` : undefined}
      data-panel={panel.id}
      data-type={panel.type}
      data-state={state}
      aria-busy={isLoading}
    >
      <header class="box-head">
        {title !== "" && (
          <h3 id={heading} title={interpolate(panel.description, scope)}>
            {title}
          </h3>
        )}
        <PanelMenu
          panel={panel}
          data={data}
          scope={scope}
          isFull={isFull}
          isDrawn={state === "data" && ON_CANVAS.has(panel.type)}
          onFull={setFull}
          linkOf={linkOf}
          title={title}
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="box-body" tabIndex={0} aria-label={`${title || panel.type}: content`}>
        {error !== undefined && (
          <p class="note error" role="alert">
            {error}
          </p>
        )}
        {data?.errors.map((text) => (
          <p key={text} class="note error" role="alert">
            {text}
          </p>
        ))}
        {data?.notes.map((text) => (
          <p key={text} class="note warn">
            {text}
          </p>
        ))}
        {isText && (
          <TextPanel panel={panel} fill={(text) => interpolate(text, scope)} linkOf={(url) => linkOf(url, scope)} />
        )}
        {!isText && Visual === undefined && (
          <p class="note warn">
            Panels of the type "{panel.type}" are not supported. Its queries can be opened from its menu.
          </p>
        )}
        {!isText && panel.targets.length === 0 && Visual !== undefined && <p class="note">This panel has no query.</p>}
        {Visual !== undefined && data !== undefined && state === "data" && (
          <Visual
            panel={panel}
            data={data}
            isDark={isDark}
            marks={marks}
            zone={context.zone}
            syncKey={syncKey}
            onZoom={onZoom}
            linkOf={(url, more) => linkOf(url, scope, more)}
          />
        )}
        {data !== undefined && state === "empty" && <Empty panel={panel} data={data} />}
        {isSeen && isLoading && data === undefined && error === undefined && !isText && <p class="muted">Loading…</p>}
      </section>
    </section>
  );
}

let nextHeading = 1;

type State = "loading" | "data" | "empty" | "words" | "error";

function stateOf(
  isText: boolean,
  isKnown: boolean,
  data: PanelData | undefined,
  error: string | undefined,
  isEmpty: boolean,
): State {
  if (isText) return "data";
  if (!isKnown) return "words";
  if (error !== undefined) return "error";
  if (data === undefined) return "loading";
  if (!isEmpty) return "data";
  if (data.errors.length > 0) return "error";
  return data.queries.length === 0 ? "words" : "empty";
}

function usePanelData({ panel, scope, context, round }: PanelBoxProps, isSeen: boolean) {
  const [data, setData] = useState<PanelData>();
  const [error, setError] = useState<string>();
  const [isLoading, setLoading] = useState(true);
  useEffect(() => {
    if (!isSeen || panel.type === "text") return undefined;
    const controller = new AbortController();
    setLoading(true);
    loadPanel(panel, { ...context, scope }, controller.signal).then(
      (found) => {
        setData(found);
        setError(undefined);
        setLoading(false);
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        setError(reasonText(reason));
        setLoading(false);
      },
    );
    return () => controller.abort();
  }, [panel, scope, context, round, isSeen]);
  return { data, error, isLoading };
}

/** Panels far below are not asked for: a dashboard of a hundred panels would ask for all of them at each refresh. */
function useSeen(box: { readonly current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: "300px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return isSeen;
}

function Empty({ panel, data }: { panel: Panel; data: PanelData }) {
  const [why, setWhy] = useState<readonly string[]>();
  const key = data.queries.join("\n");
  const noValue = textOf(panel.defaults["noValue"]);
  useEffect(() => {
    let isCurrent = true;
    whyEmpty(data.queries, data.range).then(
      (lines) => isCurrent && setWhy(lines),
      (reason: unknown) => isCurrent && setWhy([reasonText(reason)]),
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return (
    <div class="empty">
      <p>{noValue === "" ? "No data." : noValue}</p>
      {why?.slice(0, 5).map((text) => (
        <p key={text} class="muted">
          {text}
        </p>
      ))}
    </div>
  );
}

interface MenuProps {
  readonly panel: Panel;
  readonly data: PanelData | undefined;
  readonly scope: Scope;
  readonly title: string;
  readonly isFull: boolean;
  /** On a canvas, which can be saved. */
  readonly isDrawn: boolean;
  readonly onFull: (isFull: boolean) => void;
  readonly linkOf: PanelBoxProps["linkOf"];
}

function PanelMenu({ panel, data, scope, title, isFull, isDrawn, onFull, linkOf }: MenuProps) {
  const links = panel.links.flatMap((link) => {
    const href = linkOf(link.url, scope);
    return href === undefined ? [] : [{ href, title: interpolate(link.title, scope) || "Link" }];
  });
  const search = new URLSearchParams();
  for (const [i, query] of (data?.queries ?? panel.targets.map(({ expr }) => expr)).entries()) {
    search.set(`g${i}.expr`, query);
    search.set(`g${i}.tab`, panel.type === "table" ? "table" : "graph");
  }
  return (
    <details
      class="menu"
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.open = false;
      }}
    >
      <summary aria-label={`Menu of ${title || panel.type}`}>⋮</summary>
      <div class="menu-list">
        <button
          type="button"
          onClick={(event) => {
            onFull(!isFull);
            event.currentTarget.closest("details")?.removeAttribute("open");
          }}
        >
          {isFull ? "Back to the dashboard" : "Full size"}
        </button>
        {panel.targets.length > 0 && <a href={`query?${search}`}>Open the queries</a>}
        {isDrawn && (
          <button
            type="button"
            onClick={(event) => {
              const box = event.currentTarget.closest(".box");
              if (box !== null) void savePng(box, title, legendIn(box), `${title || "panel"}.png`);
              event.currentTarget.closest("details")?.removeAttribute("open");
            }}
          >
            Save as PNG
          </button>
        )}
        {links.map(({ href, title: text }) => (
          <a key={href} href={href}>
            {text}
          </a>
        ))}
        {panel.description !== "" && <p class="muted">{interpolate(panel.description, scope)}</p>}
      </div>
    </details>
  );
}
