/** Panels of the query page in the address, under Prometheus' names: its links open here, ours there. */
import type { DisplayMode } from "../plot/chart.js";

export interface PanelState {
  readonly expr: string;
  readonly tab: "table" | "graph";
  readonly range: string;
  /** Milliseconds; undefined is now. */
  readonly endMs: number | undefined;
  /** Seconds, or undefined for automatic. */
  readonly step: number | undefined;
  readonly mode: DisplayMode;
  readonly hasExemplars: boolean;
}

export const NEW_PANEL: PanelState = {
  expr: "",
  tab: "table",
  range: "1h",
  endMs: undefined,
  step: undefined,
  mode: "lines",
  hasExemplars: false,
};

export function readPanels(search: string): readonly PanelState[] {
  const params = new URLSearchParams(search);
  const indices = new Set<number>();
  for (const key of params.keys()) {
    const match = /^g(\d{1,4})\./.exec(key);
    if (match !== null) indices.add(Number(match[1]));
  }
  const panels = [...indices]
    .sort((a, b) => a - b)
    .map((i): PanelState => {
      const of = (name: string): string | null => params.get(`g${i}.${name}`);
      const tab = of("tab");
      const end = of("end_input") ?? of("moment_input");
      const endMs =
        end === null ? Number.NaN : Date.parse(/[zZ]|[+-]\d\d:\d\d$/.test(end) ? end : `${end.replace(" ", "T")}Z`);
      const step = Number(of("step_input") ?? of("res_step") ?? Number.NaN);
      const mode = of("display_mode");
      return {
        expr: of("expr") ?? "",
        tab: tab === "graph" || tab === "0" ? "graph" : "table",
        range: of("range_input") ?? "1h",
        endMs: Number.isFinite(endMs) ? endMs : undefined,
        step: Number.isFinite(step) && step > 0 ? step : undefined,
        mode: mode === "heatmap" ? mode : of("stacked") === "1" || mode === "stacked" ? "stacked" : "lines",
        hasExemplars: of("show_exemplars") === "1",
      };
    });
  return panels.length === 0 ? [NEW_PANEL] : panels;
}

export function writePanels(panels: readonly PanelState[]): string {
  const params = new URLSearchParams();
  for (const [i, panel] of panels.entries()) {
    const set = (name: string, value: string): void => params.set(`g${i}.${name}`, value);
    set("expr", panel.expr);
    set("tab", panel.tab);
    set("range_input", panel.range);
    if (panel.endMs !== undefined) set("end_input", new Date(panel.endMs).toISOString().slice(0, 19).replace("T", " "));
    if (panel.step !== undefined) set("step_input", String(panel.step));
    set("display_mode", panel.mode);
    set("show_exemplars", panel.hasExemplars ? "1" : "0");
  }
  return params.toString();
}
