/** The main thread's dashboards: those that the build brings along, and what the control worker found. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DashboardService, DashboardSummary } from "../../api/index.js";
import { packageRoot } from "../../base/index.js";
import { dashboardEntry } from "./dashboard-entry.js";
import type { DashboardEntry, DashboardsMessage } from "./dashboard-messages.js";

const OWN_BYTES_MAX = 1 << 20;

export class DashboardList implements DashboardService {
  readonly #bySource = new Map<string, readonly DashboardEntry[]>();

  constructor(folder = join(packageRoot(), "dist", "web", "dashboards")) {
    if (!existsSync(folder)) return;
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
    const read = (name: string): DashboardEntry =>
      dashboardEntry(name, readFileSync(join(folder, name), "utf8"), "built-in", OWN_BYTES_MAX);
    this.#bySource.set("built-in", names.sort().map(read));
  }

  put({ source, entries }: DashboardsMessage): void {
    this.#bySource.set(source, entries);
  }

  list(): readonly DashboardSummary[] {
    return this.#all()
      .map(({ uid, title, tags, source, error }) => ({
        uid,
        title,
        tags,
        source,
        ...(error !== undefined && { error }),
      }))
      .sort((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0));
  }

  /** What was found last hides the build's own of the same uid. */
  model(uid: string): string | undefined {
    return this.#all().findLast((entry) => entry.uid === uid && entry.error === undefined)?.json;
  }

  #all(): readonly DashboardEntry[] {
    return [...this.#bySource.values()].flat();
  }
}
