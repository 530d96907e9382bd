/** The box beside the cursor. Everything in it is set as text, so labels can hold anything. */
import type uPlot from "uplot";
import { dateTimeText } from "../time-zone.js";
import { dotNear } from "./overlays.js";
import { type PlotProps, valueAt } from "./types.js";

const TIP_ROWS = 12;

/** The element of a chart, made when it is first needed. */
export function tipOf(chart: uPlot): HTMLDivElement {
  const found = chart.over.querySelector<HTMLDivElement>(".tip");
  if (found !== null) return found;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  chart.over.appendChild(tip);
  return tip;
}

export function putTip(chart: uPlot, lines: readonly HTMLElement[]): void {
  const tip = tipOf(chart);
  const { left = 0 } = chart.cursor;
  tip.replaceChildren(...lines);
  tip.hidden = false;
  tip.classList.toggle("left", left > chart.over.clientWidth / 2);
  tip.style.setProperty("--x", `${left}px`);
}

/** Values under the cursor, largest first; of more than have room, those that lie nearest to it. */
export function showTip(chart: uPlot, { series, times, marks, dots, zone }: PlotProps): void {
  const { idx, left = 0, top = 0 } = chart.cursor;
  if (idx === null || idx === undefined || left < 0) {
    tipOf(chart).hidden = true;
    return;
  }
  const all = series.flatMap((each) => {
    const value = valueAt(each.values, idx);
    if (value === null || !each.isInTip) return [];
    return [{ each, value, distance: Math.abs(chart.valToPos(value, each.isRight ? "r" : "y") - top) }];
  });
  const isCut = all.length > TIP_ROWS;
  const rows = (isCut ? all.sort((a, b) => a.distance - b.distance).slice(0, TIP_ROWS) : all).sort(
    (a, b) => b.value - a.value,
  );
  const nearest = rows.reduce((least, row) => (row.distance < least ? row.distance : least), Number.POSITIVE_INFINITY);
  const near = marks.filter(({ timeMs }) => Math.abs(chart.valToPos(timeMs / 1000, "x") - left) < 6).slice(0, 4);
  const dot = dotNear(chart, dots, left, top);
  putTip(chart, [
    ...(dot?.lines ?? []).map((text) => tipLine(text, "var(--warn)")),
    tipLine(dateTimeText((times[idx] ?? 0) * 1000, zone)),
    ...near.map(({ text }) => tipLine(text)),
    ...rows.map(({ each, value, distance }) => {
      const row = tipLine(`${each.text(value)}  ${each.name}`, each.colour);
      if (distance === nearest && rows.length > 1) row.className = "near";
      return row;
    }),
    ...(isCut ? [tipLine(`${all.length - rows.length} more`)] : []),
  ]);
}

export function tipLine(text: string, colour?: string): HTMLDivElement {
  const element = document.createElement("div");
  element.textContent = text;
  if (colour !== undefined) element.style.borderLeft = `3px solid ${colour}`;
  return element;
}
