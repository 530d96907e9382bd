/** The address of a rule's back-test; all of it is in the address, so that it can be sent to a colleague. */
import { formatDuration } from "./format.js";

export interface BacktestState {
  readonly alert: string;
  readonly expr: string;
  readonly hold: string;
  readonly keepFiring: string;
  readonly range: string;
}

export function backtestLink(rule: {
  readonly name: string;
  readonly query: string;
  readonly duration?: number;
  readonly keepFiringFor?: number;
}): string {
  return writeBacktest({
    alert: rule.name,
    expr: rule.query,
    hold: (rule.duration ?? 0) > 0 ? formatDuration((rule.duration ?? 0) * 1000) : "",
    keepFiring: (rule.keepFiringFor ?? 0) > 0 ? formatDuration((rule.keepFiringFor ?? 0) * 1000) : "",
    range: "1w",
  });
}

export function writeBacktest({ alert, expr, hold, keepFiring, range }: BacktestState): string {
  const params = new URLSearchParams({ alert, expr, range });
  if (hold !== "") params.set("for", hold);
  if (keepFiring !== "") params.set("keep_firing_for", keepFiring);
  return `backtest?${params}`;
}

export function readBacktest(search: string): BacktestState {
  const params = new URLSearchParams(search);
  return {
    alert: params.get("alert") ?? "",
    expr: params.get("expr") ?? "",
    hold: params.get("for") ?? "",
    keepFiring: params.get("keep_firing_for") ?? "",
    range: params.get("range") ?? "1w",
  };
}
