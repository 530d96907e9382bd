/** The routing tree as it is walked: what a route leaves out it has from its parent. */

import type { RouteSection } from "./config/document.js";
import { childRoutes } from "./config/load.js";
import type { LabelSet } from "./labels.js";
import { allMatch, compareMatchers, Matcher, matchersText } from "./matchers/matcher.js";
import type { MatcherSyntax } from "./matchers/parse.js";

export interface RouteOptions {
  readonly receiver: string;
  readonly groupBy: ReadonlySet<string>;
  readonly groupByAll: boolean;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
}

const DEFAULTS: RouteOptions = {
  receiver: "",
  groupBy: new Set(),
  groupByAll: false,
  groupWaitMs: 30_000,
  groupIntervalMs: 300_000,
  repeatIntervalMs: 4 * 3_600_000,
  muteTimeIntervals: [],
  activeTimeIntervals: [],
};

const NONE: readonly Route[] = [];

export class Route {
  readonly options: RouteOptions;
  readonly matchers: readonly Matcher[];
  readonly continues: boolean;
  readonly routes: readonly Route[];
  /** Not unique: two routes may have the same matchers. */
  readonly key: string;
  readonly id: string;
  readonly #alone: readonly Route[] = [this];

  constructor(section: RouteSection, syntax: MatcherSyntax, parent?: Route, index = 0) {
    this.options = optionsOf(section, parent?.options ?? DEFAULTS);
    this.matchers = matchersOf(section, syntax);
    this.continues = section.continue;
    const own = matchersText(this.matchers);
    this.key = parent === undefined ? own : `${parent.key}/${own}`;
    this.id = parent === undefined ? own : `${parent.id}/${own}/${index}`;
    this.routes = childRoutes(section).map((child, i) => new Route(child, syntax, this, i));
  }

  /** The routes that take an alert: depth first, left to right. */
  match(labels: LabelSet): readonly Route[] {
    if (!allMatch(this.matchers, labels)) return NONE;
    if (this.routes.length === 0) return this.#alone;
    const all: Route[] = [];
    for (const child of this.routes) {
      const matches = child.match(labels);
      all.push(...matches);
      if (matches.length > 0 && !child.continues) break;
    }
    return all.length === 0 ? this.#alone : all;
  }
}

function optionsOf(section: RouteSection, inherited: RouteOptions): RouteOptions {
  const names = section.group_by;
  const isAll = names?.includes("...") === true;
  const isNamed = names !== undefined && !isAll;
  return {
    receiver: section.receiver === "" ? inherited.receiver : section.receiver,
    groupBy: isNamed ? new Set(names) : inherited.groupBy,
    groupByAll: isAll || (inherited.groupByAll && !isNamed),
    groupWaitMs: section.group_wait ?? inherited.groupWaitMs,
    groupIntervalMs: section.group_interval ?? inherited.groupIntervalMs,
    repeatIntervalMs: section.repeat_interval ?? inherited.repeatIntervalMs,
    muteTimeIntervals: section.mute_time_intervals ?? [],
    activeTimeIntervals: section.active_time_intervals ?? [],
  };
}

function matchersOf(section: RouteSection, syntax: MatcherSyntax): readonly Matcher[] {
  return joinMatchers(section.match, section.match_re, section.matchers, syntax).sort(compareMatchers);
}

/** The three ways in which matchers can be written, in one list. An old expression is anchored where keys show it, as in the original. */
export function joinMatchers(
  match: Readonly<Record<string, string>> | undefined,
  matchRe: Readonly<Record<string, string | undefined>> | undefined,
  matchers: readonly string[] | undefined,
  syntax: MatcherSyntax,
): Matcher[] {
  return [
    ...Object.entries(match ?? {}).map(([name, value]) => new Matcher("=", name, value)),
    ...Object.entries(matchRe ?? {}).map(([name, value]) => new Matcher("=~", name, `^(?:${value ?? ""})$`)),
    ...(matchers ?? []).flatMap((line) => syntax.matchers(line)),
  ];
}
