/** Where dashboards come from: the server, and what was imported into this browser. */
import { get } from "../api.js";
import { type Dashboard, DashboardError, parseDashboard } from "./grafana.js";

export interface Listed {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** `built-in`, a file, a ConfigMap, or `this browser`. */
  readonly source: string;
  readonly error?: string;
}

const PREFIX = "vestal.dashboard.";
export const LOCAL = "this browser";

export async function listDashboards(signal?: AbortSignal): Promise<readonly Listed[]> {
  const { data } = await get<{ readonly dashboards: readonly Listed[] }>("dashboards", {}, signal);
  return [...localDashboards(), ...data.dashboards];
}

function localDashboards(): readonly Listed[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => {
      try {
        const { uid, title, tags } = parseDashboard(localStorage.getItem(key) ?? "");
        return { uid, title, tags, source: LOCAL };
      } catch (error) {
        if (!(error instanceof DashboardError)) throw error;
        const uid = key.slice(PREFIX.length);
        return { uid, title: uid, tags: [], source: LOCAL, error: error.message };
      }
    });
}

/** One imported here hides the server's of the same uid. */
export async function loadDashboard(uid: string, signal: AbortSignal): Promise<Dashboard> {
  const local = localStorage.getItem(PREFIX + uid);
  if (local !== null) return parseDashboard(local);
  const { data } = await get<{ readonly model: unknown }>(`dashboards/${encodeURIComponent(uid)}`, {}, signal);
  return parseDashboard(JSON.stringify(data.model));
}

/** @throws DashboardError if it is none, or if this browser has no room for it. */
export function keepDashboard(text: string): Dashboard {
  const dashboard = parseDashboard(text);
  try {
    localStorage.setItem(PREFIX + dashboard.uid, text);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    throw new DashboardError("this browser has no room left for dashboards: remove others");
  }
  return dashboard;
}

export function forgetDashboard(uid: string): void {
  localStorage.removeItem(PREFIX + uid);
}
