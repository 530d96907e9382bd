/**
 * Random cases for the comparison with the real Alertmanager, each from its seed alone: a routing tree, inhibition rules, receivers
 * and what is posted when. All times are in units. Posts, ends and expiries lie at whole units, flushes of groups between them
 * (`group_wait` and `repeat_interval` end in a half), so that no two things which depend on each other happen at one moment; an
 * old alert, whose group flushes at once, is posted at a quarter.
 */
import { randomFrom } from "../support/random.js";

export type Labels = Readonly<Record<string, string>>;

export type RandomStep =
  | {
      readonly kind: "alerts";
      readonly at: number;
      readonly alerts: readonly {
        readonly labels: Labels;
        readonly annotations: Labels;
        /** Units since the case's start; undefined: not said. */
        readonly startsAt: number | undefined;
        readonly endsAt: number | undefined;
      }[];
    }
  | {
      readonly kind: "silence";
      readonly at: number;
      /** Of the case. One that is made again under its name is changed. */
      readonly name: string;
      readonly matchers: readonly Matcher[];
      readonly startsAt: number;
      readonly endsAt: number;
    }
  | { readonly kind: "expire"; readonly at: number; readonly name: string };

export interface Matcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

export interface RandomCase {
  readonly name: string;
  readonly route: Readonly<Record<string, unknown>>;
  readonly receivers: readonly Readonly<Record<string, unknown>>[];
  readonly inhibitRules: readonly Readonly<Record<string, unknown>>[];
  readonly steps: readonly RandomStep[];
  /** For each path of the receivers, what the first requests of a body's group are answered with; then 200. */
  readonly answers: Readonly<Record<string, readonly number[]>>;
}

/** Units from the first to the last thing posted. */
export const LAST_STEP = 8;

const VALUES: Readonly<Record<string, readonly string[]>> = {
  alertname: ["Down", "Slow", "Full"],
  severity: ["critical", "warning", "info"],
  instance: ["a:1", "b:2", "c:3"],
  job: ["api", "db"],
  team: ["ünï cödé", 'quo"te\\', ""],
};
const NAMES = Object.keys(VALUES);

/** Of texts in receivers; each says nothing that depends on the moment. */
const TEXTS = [
  '{{ .Status | toUpper }}{{ len .Alerts.Firing }}/{{ .Alerts.Resolved | len }} {{ .GroupLabels.SortedPairs.Values | join " " }}',
  "{{ range .Alerts }}{{ .Labels.instance | title }}:{{ .Annotations.n }}:{{ .Status }};{{ end }}",
  '{{ (.CommonLabels.Remove (stringSlice "case")).SortedPairs }}{{ .CommonAnnotations }}',
  '{{ with .CommonLabels.severity }}{{ reReplaceAll "^(.)" "<$1>" . }}{{ else }}none{{ end }}{{ .GroupLabels | toJson }}',
  '{{ range $i, $a := .Alerts.Firing }}{{ if $i }}, {{ end }}{{ $a.Labels.Names | join "+" }}={{ $a.Fingerprint }}{{ end }}{{ .Receiver }}',
  '{{ if match "^[DS]" (index .GroupLabels "alertname") }}{{ template "own" . }}{{ else }}{{ .ExternalURL | urlUnescape }}{{ end }}',
  '{{ $n := 0 }}{{ range .Alerts }}{{ if eq .Status "firing" }}{{ $n = len (printf "%s%d" .Labels.job $n) }}{{ end }}{{ end }}{{ $n }} {{ .CommonLabels | len }} {{ "a b" | safeHtml }} {{ trimSpace " x " }}{{ .TruncatedAlerts }}',
  '{{ define "in" }}[{{ .Name }}={{ .Value | printf "%q" }}]{{ end }}{{ range .CommonLabels.SortedPairs }}{{ template "in" . }}{{ end }}{{ stringSlice "x" "y" | join "-" }}{{ slice "abcdef" 1 3 }}',
];
/** Defined in a file of templates of both sides. */
export const OWN_TEMPLATE =
  '{{ define "own" }}own {{ .CommonLabels.alertname | toLower }} {{ range .Alerts.Resolved }}{{ .Labels.instance }} {{ end }}{{ end }}';

/** @param base  where a receiver's path lies; @param unitMs  how long a unit is. */
export function randomCase(seed: number, base: (path: string) => string, unitMs: number): RandomCase {
  const units = (count: number): string => `${Math.round(count * unitMs)}ms`;
  const random = randomFrom(seed);
  const chance = (p: number): boolean => random() < p;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const some = <T>(list: readonly T[], p: number): T[] => list.filter(() => chance(p));
  const name = `s${seed}`;
  const own = { case: name };

  // Routing.
  const receivers: Record<string, unknown>[] = [];
  const answers: Record<string, readonly number[]> = {};
  const receiver = (): string => {
    if (receivers.length > 0 && chance(0.3)) return String(pick(receivers)["name"]);
    const called = `${name}-${receivers.length}`;
    const made: Record<string, unknown[]> = {};
    for (let i = 0; i <= (chance(0.35) ? (chance(0.3) ? 2 : 1) : 0); i++) {
      const path = `${name}/${receivers.length}-${i}`;
      const [kind, config] = integration(base(path));
      made[kind] = [...(made[kind] ?? []), config];
      if (kind === "webhook_configs" && chance(0.15))
        answers[path] = pick([[400], [503], [429, 503], [500], [404, 404]]);
    }
    receivers.push({ name: called, ...made });
    return called;
  };
  const integration = (url: string): [string, Record<string, unknown>] => {
    const resolved = chance(0.4) ? {} : { send_resolved: chance(0.5) };
    if (chance(0.6))
      return ["webhook_configs", { url, ...resolved, ...(chance(0.25) && { max_alerts: pick([1, 2]) }) }];
    const text = pick(TEXTS);
    return pick<() => [string, Record<string, unknown>]>([
      () => ["slack_configs", { api_url: url, channel: "#{{ .Status }}", text, title: pick(TEXTS), ...resolved }],
      () => ["discord_configs", { webhook_url: url, message: text, title: pick(TEXTS), ...resolved }],
      () => ["msteamsv2_configs", { webhook_url: url, text, title: pick(TEXTS), ...resolved }],
      () => ["mattermost_configs", { webhook_url: url, text, ...resolved }],
      () => [
        "opsgenie_configs",
        { api_url: `${url}/`, api_key: "k", message: text, tags: "a,{{ .Status }}", ...resolved },
      ],
      () => [
        "pagerduty_configs",
        { url, routing_key: "k", description: text, details: { own: pick(TEXTS) }, ...resolved },
      ],
      () => [
        "victorops_configs",
        { api_url: `${url}/`, api_key: "k", routing_key: "r", state_message: text, ...resolved },
      ],
      () => [
        "webex_configs",
        {
          api_url: url,
          room_id: "r",
          message: text,
          http_config: { authorization: { credentials: "t" } },
          ...resolved,
        },
      ],
      () => [
        "webhook_configs",
        { url, payload: { text, list: [pick(TEXTS), "x"], own: "{{ .Receiver }}" }, ...resolved },
      ],
    ])();
  };
  const pattern = (label: string): string =>
    pick([
      pick(VALUES[label]!).replace(/["\\]/g, "."),
      `${VALUES[label]![0]!.slice(0, 2)}.*`,
      `${pick(VALUES[label]!)}|${pick(VALUES[label]!)}`.replace(/["\\]/g, "."),
      ".+",
      "",
      ".*[a-d].*",
    ]);
  const matcherText = (label: string): string => {
    const operator = pick(["=", "=", "!=", "=~", "=~", "!~"]);
    const value = operator.includes("~") ? pattern(label) : pick(VALUES[label]!);
    return `${label}${operator}${JSON.stringify(value)}`;
  };
  const matchersOf = (): Record<string, unknown> => {
    const label = pick(NAMES);
    switch (Math.floor(random() * 6)) {
      case 0:
        return { match: { [label]: pick(VALUES[label]!) } };
      case 1:
        return { match_re: { [label]: pattern(label) } };
      case 2:
        return { match: { severity: pick(VALUES["severity"]!) }, matchers: [matcherText(label)] };
      case 3:
        return { matchers: [`{${matcherText(label)}, ${matcherText(pick(NAMES))}}`] };
      default:
        return { matchers: some(NAMES, 0.3).map(matcherText) };
    }
  };
  const timing = (p: number): Record<string, unknown> => ({
    ...(chance(p) && { group_wait: units(pick([0.5, 1.5, 2.5])) }),
    ...(chance(p) && { group_interval: units(pick([1, 2, 3])) }),
    ...(chance(p) && { repeat_interval: units(pick([0.5, 1.5, 2.5, 3.5])) }),
  });
  const grouping = (p: number): Record<string, unknown> =>
    chance(p) ? { group_by: pick([["..."], [], ["alertname"], ["severity", "team"], some(NAMES, 0.4)]) } : {};
  const route = (depth: number): Record<string, unknown> => ({
    ...(depth === 0 ? { receiver: receiver() } : chance(0.75) ? { receiver: receiver() } : {}),
    ...(depth === 0 ? { matchers: [`case="${name}"`] } : matchersOf()),
    ...grouping(depth === 0 ? 0.8 : 0.35),
    ...timing(depth === 0 ? 0.7 : 0.3),
    ...(depth > 0 && chance(0.4) && { continue: true }),
    ...(depth > 0 && chance(0.12) && { mute_time_intervals: some(["always", "never", "nowhere"], 0.5) }),
    ...(depth > 0 && chance(0.12) && { active_time_intervals: some(["always", "never", "nowhere"], 0.5) }),
    ...(depth < 3 &&
      chance(0.75 - 0.2 * depth) && {
        routes: Array.from({ length: 1 + Math.floor(random() * 3) }, () => route(depth + 1)),
      }),
  });
  const root = route(0);

  // Inhibition.
  const inhibitRules = Array.from({ length: Math.floor(random() * 3) }, () => ({
    source_matchers: [`case="${name}"`, ...some(NAMES, 0.25).map(matcherText)],
    target_matchers: [`case="${name}"`, ...some(NAMES, 0.35).map(matcherText)],
    equal: some(["case", ...NAMES], 0.3),
  }));

  // What happens. An alert's start is said anew each time it fires again.
  // Each label set once: the real one takes alerts of one post in any order.
  const drawn = Array.from({ length: 2 + Math.floor(random() * 5) }, () =>
    Object.fromEntries(
      Object.entries({ ...Object.fromEntries(NAMES.map((label) => [label, pick(VALUES[label]!)])), ...own }).filter(
        ([label, value]) => value !== "" && (label === "alertname" || label === "case" || chance(0.8)),
      ),
    ),
  );
  const pool = [...new Map(drawn.map((labels) => [JSON.stringify(labels), labels])).values()];
  const state = new Map<object, { startsAt: number; endsAt: number }>();
  const silences = new Map<string, number>();
  const steps: RandomStep[] = [];
  const hasOld = chance(0.15);
  if (hasOld) {
    const labels = pool[0]!;
    state.set(labels, { startsAt: -100, endsAt: 1000 });
    steps.push({
      kind: "alerts",
      at: 0.25,
      alerts: [{ labels, annotations: { n: "old" }, startsAt: -100, endsAt: 1000 }],
    });
  }
  for (let at = hasOld ? 1 : 0; at <= LAST_STEP; at++) {
    const touched = new Set(some(pool, at === 0 ? 0.7 : 0.3));
    if (at === 0 && touched.size === 0) touched.add(pool[0]!);
    const alerts = [...touched].flatMap((labels) => {
      const known = state.get(labels);
      const isFiring = known !== undefined && known.endsAt > at;
      const annotations: Labels = {
        ...(chance(0.7) && { n: pick(["1", "two", "<&>"]) }),
        ...(chance(0.2) && { m: "µ" }),
      };
      if (isFiring && chance(0.45)) {
        state.set(labels, { startsAt: known.startsAt, endsAt: at });
        return [{ labels, annotations, startsAt: known.startsAt, endsAt: at }];
      }
      const startsAt = isFiring ? known.startsAt : at;
      // Without an end it ends by the time of `resolve_timeout`.
      const isOpen = chance(0.4);
      const endsAt = isOpen ? at + RESOLVE_TIMEOUT : at + pick([1, 2, 3, 100]);
      state.set(labels, { startsAt, endsAt });
      return [
        {
          labels,
          annotations,
          startsAt: isFiring && chance(0.2) ? undefined : startsAt,
          endsAt: isOpen ? undefined : endsAt,
        },
      ];
    });
    if (alerts.length > 0) steps.push({ kind: "alerts", at, alerts });
    if (chance(0.22)) {
      const isChange = silences.size > 0 && chance(0.35);
      const silence = isChange ? pick([...silences.keys()]) : `q${silences.size}`;
      const startsAt = at + pick([0, 0, 0, 1]);
      const endsAt = startsAt + pick([1, 2, 3, 50]);
      silences.set(silence, endsAt);
      const matchers = some(NAMES, 0.35).map((label) => {
        const isRegex = chance(0.4);
        return { name: label, value: isRegex ? pattern(label) : pick(VALUES[label]!), isRegex, isEqual: chance(0.75) };
      });
      steps.push({
        kind: "silence",
        at,
        name: silence,
        matchers: [{ name: "case", value: name, isRegex: false, isEqual: true }, ...matchers],
        startsAt,
        endsAt,
      });
    } else if (silences.size > 0 && chance(0.12)) {
      steps.push({ kind: "expire", at, name: pick([...silences.keys()]) });
    }
  }
  return { name, route: root, receivers, inhibitRules, steps, answers };
}

/** Units until an alert that has no end is over. */
export const RESOLVE_TIMEOUT = 3;
