/**
 * Random rules with random templates, and random series to test them with, as files of `promtool test rules`. Nothing is
 * expected in them, so that what comes is printed: rules fire, wait, keep firing, fail, and depend on each other.
 */
type Random = () => number;

/** A file of rules and a file that tests them, both as JSON, which YAML includes. */
export interface RandomRuleTest {
  readonly rules: string;
  readonly test: string;
}

const METRICS = ["m0", "m1", "m2"];
const RECORDED = ["rec:a", "rec:b", "rec:c"];
const LABELS = ["a", "b", "job", "instance"];
const LABEL_VALUES = ["x", "y", "z", "host:9090", "10.0.0.1:80", "[::1]:99", "é", "a b", "<b>", ""];
const EVALUATED_AT = ["0s", "1m", "2m", "150s", "4m", "10m"];

const OF_NUMBERS = [
  ..."humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp toTime print html js urlquery".split(
    " ",
  ),
  ...["%.2f", "%v", "%d", "%8.3e", "%g", "%+q"].map((verb) => `printf "${verb}"`),
];
const OF_TEXTS = [
  ..."title toUpper toLower stripPort stripDomain safeHtml urlquery html js len graphLink tableLink parseDuration".split(
    " ",
  ),
  ..."humanize humanizeDuration humanizeTimestamp humanizePercentage print println slice".split(" "),
  'printf "%q"',
  'printf "%5s|%-5s|" "k"',
];
const NUMBERS = [
  ..."$value .Value 1 0 -1.5 1e10 0.1 3600 86399.5 1234567.891 1_000 0x1F 1e-7 59.9999 1e100".split(" "),
  '(len "abc")',
];
const TEXTS = [
  ..."$labels.a $labels.job $labels.instance .Labels.b $labels.nope $externalLabels.cluster $externalURL".split(" "),
  ..."externalURL pathPrefix .ExternalLabels.zone".split(" "),
  ...["5m", "abc DEF", "http://h.example.com:80/x", "12.5", "<a href='x'>", "-5", "é"].map((text) => `"${text}"`),
];
/** Some of them wrong. */
const ODD_ACTIONS = [
  "$labels",
  "$labels.a.b",
  'index $labels "a"',
  "index $labels 1",
  ".Foo",
  'template "none"',
  'printf "%s %d" $labels.a 3',
  'printf "%!"',
  'slice "abcdef" 1 3',
  "len $value",
  "call 1",
  "args",
];

class RuleWriter {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }
  number(below: number): number {
    return Math.floor(this.#random() * below);
  }
  pick<T>(list: readonly T[]): T {
    return list[this.number(list.length)]!;
  }
  times<T>(count: number, make: (i: number) => T): T[] {
    return Array.from({ length: count }, (_, i) => make(i));
  }

  labels(names = LABELS): Record<string, string> {
    return Object.fromEntries(names.filter(() => this.chance(0.6)).map((name) => [name, this.pick(LABEL_VALUES)]));
  }

  // ── series ─────────────────────────────────────────────────────────────────────────────────────────────────────

  series(): { readonly series: string; readonly values: string } {
    const labels = Object.entries(this.labels()).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return { series: `${this.pick(METRICS)}{${labels.join(",")}}`, values: this.#values() };
  }

  #values(): string {
    const n = (below: number): number => this.number(below);
    const part = (): string =>
      this.pick([
        () => `${n(10)}+${n(5)}x${n(8)}`,
        () => `${n(10)}-${n(5)}x${n(8)}`,
        () => `${this.pick(["1", "7", "0.25", "1e6", this.chance(0.05) ? "NaN" : "2"])}x${n(8)}`,
        () => `_x${n(3) + 1}`,
        () => this.pick("0 1 2 5 -1 0.5 1e-9 1e9 NaN Inf -Inf 3.14159 1e21 _ stale 60 3661".split(" ")),
      ])();
    return this.times(1 + n(4), part).join(" ");
  }

  // ── expressions ────────────────────────────────────────────────────────────────────────────────────────────────

  selector(): string {
    const value = JSON.stringify(this.pick(["x", "y", "z|x", ""]));
    const matcher = this.chance(0.3) ? `{${this.pick(LABELS)}${this.pick(["=", "!=", "=~"])}${value}}` : "";
    return `${this.pick([...METRICS, ...RECORDED])}${matcher}${this.chance(0.1) ? " offset 1m" : ""}`;
  }

  expr(depth: number): string {
    if (depth === 0) return this.selector();
    const below = (): string => this.expr(depth - 1);
    return this.pick([
      () => this.selector(),
      () => this.selector(),
      () => `${below()} ${this.pick([">", "<", ">=", "==", "!="])} ${this.pick(["0", "1", "5", "100"])}`,
      () => `${this.pick(["sum", "max", "min", "avg", "count"])} by (${this.pick(LABELS)}) (${below()})`,
      () => `rate(${this.pick(METRICS)}[${this.pick(["1m", "2m", "5m"])}])`,
      () => `absent(${this.selector()})`,
      () => `${below()} ${this.pick(["and", "or", "unless"])}${this.chance(0.5) ? " on (a)" : ""} ${below()}`,
      () => `vector(${this.pick(["1", "time()", "0"])})`,
      () => `${this.pick(["ALERTS", "ALERTS_FOR_STATE"])}${this.chance(0.5) ? '{alertname!="x"}' : ""}`,
      () => `label_replace(${below()}, "a", "${this.pick(["$1", "k"])}", "${this.pick(["b", "job"])}", "(.*)")`,
    ])();
  }

  // ── templates ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Queries of templates give one element, or such as can be sorted: the order of others is not promised. */
  template(depth: number): string {
    if (depth === 0) return this.pick(["t", "{{ $value }}", "{{ .Labels }}", "u{{ $labels.a }}", ""]);
    return this.times(1 + this.number(2), () => this.#action(depth)).join(this.pick(["", " "]));
  }

  #condition(): string {
    const text = (): string => this.pick(TEXTS);
    const number = (): string => this.pick(NUMBERS);
    return this.pick([
      `(eq ${text()} ${text()})`,
      `(gt ${number()} ${number()})`,
      `(lt ${number()} 5.0)`,
      `(match ${JSON.stringify(this.pick(["^a", "x|y", ".*", "["]))} ${text()})`,
      `(and ${text()} ${number()})`,
      `(or ${number()} ${text()})`,
      `(not ${number()})`,
      "true",
    ]);
  }

  #action(depth: number): string {
    const text = this.pick(TEXTS);
    const number = this.pick(NUMBERS);
    const body = (): string => this.template(depth - 1);
    const query = `query ${JSON.stringify(`max(${this.selector()})`)}`;
    const sorted = `query ${JSON.stringify(`max by (a) (${this.selector()})`)} | sortByLabel "a"`;
    const pattern = JSON.stringify(this.pick(["a", "(x)", "[0-9]+", "$", "(?P<n>b.)", "(", "^(.)(.*)$"]));
    const replacement = JSON.stringify(this.pick(["", "$1", "$" + "{n}", "_", "$2$1", "$$"]));
    return this.pick([
      () => `{{ ${number} | ${this.pick(OF_NUMBERS)} }}`,
      () => `{{ ${text} | ${this.pick(OF_TEXTS)} }}`,
      () => `{{ ${this.pick(OF_TEXTS)} ${text} }}`,
      () => `{{ reReplaceAll ${pattern} ${replacement} ${text} }}`,
      () => `{{ if ${this.#condition()} }}${body()}{{ else }}${body()}{{ end }}`,
      () => `{{ with ${this.pick([text, number, `first (${query})`])} }}${body()}{{ . }}{{ else }}none{{ end }}`,
      () => `{{ range ${sorted} }}{{ .Labels.a }}={{ .Value | humanize }};{{ label "b" . }}{{ else }}no{{ end }}`,
      () => `{{ ${this.pick([`first (${query})`, `len (${query})`, `value (first (${query}))`])} }}`,
      () => `{{ $x := ${number} }}{{ $x }}{{ $x = ${this.pick([number, text])} }}{{ $x }}`,
      () => `{{- ${text} -}} ${this.pick(["  ", " t "])}`,
      () =>
        `{{ range $i, $e := ${this.pick(["$labels", '(args 1 2 "z")', "5", `(${query})`])} }}{{ $i }}:{{ $e }},{{ end }}`,
      () => `{{ ${this.pick(ODD_ACTIONS)} }}`,
      () => this.pick(["text ", "% ", "{", "}", '\\"', "<b>", "\n", "é"]),
    ])();
  }

  // ── rules ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #alert(name: string): object {
    const templates = (names: readonly string[], depth: number): Record<string, string> =>
      Object.fromEntries(names.filter(() => this.chance(0.5)).map((label) => [label, this.template(depth)]));
    return {
      alert: name,
      expr: this.expr(2),
      ...(this.chance(0.5) && { for: this.pick(["0s", "30s", "1m", "90s", "3m"]) }),
      ...(this.chance(0.4) && { keep_firing_for: this.pick(["1m", "2m", "5m"]) }),
      labels: templates(["severity", "a", "tpl"], 1),
      annotations: templates(["summary", "description", "more"], 2),
    };
  }

  #recording(): object {
    const labels = this.chance(0.4) ? this.labels(["a", "more"]) : {};
    return { record: this.pick(RECORDED), expr: this.expr(2), labels };
  }

  group(name: string): { readonly name: string; readonly rules: readonly { readonly alert?: string }[] } {
    return {
      name,
      ...(this.chance(0.6) && { interval: this.pick(["15s", "30s", "1m", "2m"]) }),
      ...(this.chance(0.2) && { limit: 1 + this.number(3) }),
      ...(this.chance(0.3) && { labels: this.labels(["team", "a"]) }),
      ...(this.chance(0.2) && { query_offset: this.pick(["30s", "1m"]) }),
      rules: this.times(1 + this.number(4), (i) =>
        this.chance(0.35) ? this.#recording() : this.#alert(`${name}_${i}`),
      ),
    };
  }
}

export function randomRuleTest(random: Random): RandomRuleTest {
  const writer = new RuleWriter(random);
  const groups = writer.times(1 + writer.number(3), (i) => writer.group(`g${i}`));
  const alerts = groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert])));
  const series = new Map(writer.times(2 + writer.number(5), () => writer.series()).map((one) => [one.series, one]));
  const test = {
    rule_files: ["rules.yml"],
    evaluation_interval: writer.pick(["30s", "1m"]),
    // Without it promtool takes the order of a map.
    group_eval_order: groups.map(({ name }) => name),
    tests: [
      {
        interval: writer.pick(["30s", "1m"]),
        input_series: [...series.values()],
        ...(writer.chance(0.5) && { external_labels: { cluster: "c1", zone: "z" } }),
        ...(writer.chance(0.5) && { external_url: "http://ex.org/p/q" }),
        alert_rule_test: alerts.flatMap((alertname) =>
          EVALUATED_AT.filter(() => writer.chance(0.6)).map((eval_time) => ({ eval_time, alertname, exp_alerts: [] })),
        ),
        promql_expr_test: [...RECORDED, "ALERTS", "ALERTS_FOR_STATE"].map((expr) => ({
          expr,
          eval_time: writer.pick(EVALUATED_AT),
          exp_samples: [],
        })),
      },
    ],
  };
  return { rules: JSON.stringify({ groups }, null, 1), test: JSON.stringify(test, null, 1) };
}
