import { describe, expect, test } from "vitest";
import {
  type AlertTemplateContext,
  checkAlertTemplate,
  expandAlertTemplate,
  type TemplateSample,
} from "./prometheus.js";

const VECTOR: readonly TemplateSample[] = [
  { labels: { __name__: "metric", instance: "b", __value__: "b" }, value: 21 },
  { labels: { __name__: "metric", instance: "a", __value__: "a" }, value: 11 },
];

function expand(
  text: string,
  value: number | { histogram: string } = 1,
  overrides: Partial<AlertTemplateContext> = {},
) {
  const data = { labels: { job: "api", instance: "h:80" }, externalLabels: { dc: "eu" }, value };
  const context: AlertTemplateContext = {
    externalUrl: "http://testhost:9090/path/prefix",
    query: async (expression) => {
      if (expression === "bad") throw new Error("parse error: oops");
      return expression === "empty" ? [] : VECTOR;
    },
    ...overrides,
  };
  return expandAlertTemplate("__alert_X", text, data, context);
}

/** Text and result; the numbers are what Go's `%.4g` makes of them. */
const ROWS: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  [
    "{{ $labels.job }} {{ $externalLabels.dc }} {{ $externalURL }} {{ $value }}",
    "api eu http://testhost:9090/path/prefix 1",
  ],
  ["[{{ $labels.missing }}]", "[]"],
  ["{{ .Labels.job }}{{ .Value }}", "api1"],
  ["{{ range query `q` | sortByLabel `instance` }}{{ .Labels.instance }}:{{ .Value }};{{ end }}", "a:11;b:21;"],
  [
    "{{ query `q` | first | value }} {{ query `q` | first | label `instance` }} {{ query `q` | first | strvalue }}",
    "21 b b",
  ],
  ["{{ with query `empty` }}x{{ else }}none{{ end }}", "none"],
  ["{{ template `t` (args 1 `b`) }}{{ define `t` }}{{ .arg0 }}{{ .arg1 }}{{ end }}", "1b"],
  [
    '{{ range tableLink `up{a="b"}` | printf `%s` | args }}{{ . }}{{ end }}',
    "/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=1",
  ],
  ["{{ graphLink `a b` }}", "/graph?g0.expr=a+b&g0.tab=0"],
  ["{{ externalURL }} {{ pathPrefix }}", "http://testhost:9090/path/prefix /path/prefix"],
  ["{{ reReplaceAll `(a)b` `x$1$$1x` `abcab` }} {{ match `a+` `aa` }} {{ match `^b` `ab` }}", "xa$1xcxa$1x true false"],
  ["{{ reReplaceAll `x*` `-` `abc` }} {{ reReplaceAll `b*` `-` `abc` }}", "-a-b-c- -a-c-"],
  ["{{ `aa bb CC` | title }} {{ toUpper `aé` }} {{ toLower `AÉ` }}", "Aa Bb CC AÉ aé"],
  // As promtool 3.5.3 prints them.
  ["{{ title `5m x_y 3RD O'neil _a 1a1b ßx ǆ a/b hello.world` }}", "5M X_y 3RD O'neil _A 1A1b Ssx ǅ A/B Hello.world"],
  [
    "{{ query `q` | first }} {{ range query `empty` }}{{ . }}{{ else }}-{{ end }}",
    "{map[__name__:metric __value__:b instance:b] 21} -",
  ],
  ["{{ printf `%8.3e|%-6d` 0 1.5 }}", "%!e(int=     000)|%!d(float64=1.5   )"],
  ["{{ stripPort `h:80` }} {{ stripPort `[::1]:80` }} {{ stripPort `h` }} {{ stripPort `::1` }}", "h ::1 h ::1"],
  ["{{ stripDomain `h.example.com:80` }} {{ stripDomain `h.x` }} {{ stripDomain `1.2.3.4:80` }}", "h:80 h 1.2.3.4:80"],
  [
    "{{ humanize 0.0 }} {{ humanize 1234567.0 }} {{ humanize 0.00012 }} {{ humanize `-1000` }} {{ humanize 1 }}",
    "0 1.235M 120u -1k 1",
  ],
  ["{{ humanize1024 1048576.0 }} {{ humanize1024 1.0 }} {{ humanize1024 1500.0 }}", "1Mi 1 1.465ki"],
  ["{{ humanizePercentage 0.1234567 }} {{ humanizePercentage -2 }}", "12.35% -200%"],
  [
    "{{ humanizeDuration 0 }} {{ humanizeDuration 0.1 }} {{ humanizeDuration 59.9 }} {{ humanizeDuration 3661 }} {{ humanizeDuration -90061.5 }}",
    "0s 100ms 59.9s 1h 1m 1s -1d 1h 1m 1s",
  ],
  ["{{ humanizeDuration 60 }} {{ humanizeDuration 1.234567 }}", "1m 0s 1.235s"],
  [
    "{{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp 0 }}",
    "2015-06-23 13:19:44.128 +0000 UTC 1970-01-01 00:00:00 +0000 UTC",
  ],
  ["{{ (1435065584.128 | toTime).Format `2006 Jan _2 15:04:05.000 MST Mon` }}", "2015 Jun 23 13:19:44.128 UTC Tue"],
  ["{{ (toTime 0).Year }} {{ (toTime 0).Weekday }} {{ ((toTime 90).Sub (toTime 0)).Seconds }}", "1970 Thursday 90"],
  ["{{ parseDuration `1h2m10ms` }}", "3720.01"],
  ["{{ safeHtml `<b>` }}", "<b>"],
];

const ERRORS: readonly (readonly [string, string])[] = [
  [
    "{{ query `bad` }}",
    'error executing template __alert_X: template: __alert_X:1:115: executing "__alert_X" at <query `bad`>: error calling query: parse error: oops',
  ],
  [
    "{{ query `empty` | first }}",
    'error executing template __alert_X: template: __alert_X:1:131: executing "__alert_X" at <first>: error calling first: first() called on vector with no elements',
  ],
  ["{{ humanize `x` }}", 'error calling humanize: strconv.ParseFloat: parsing "x": invalid syntax'],
  [
    "{{ reReplaceAll `(` `` `` }}",
    "error calling reReplaceAll: regexp: Compile(`(`): error parsing regexp: missing closing ): `(`",
  ],
  [
    "{{ toTime 1e30 }}",
    "error calling toTime: 1e+30 cannot be represented as a nanoseconds timestamp since it overflows int64",
  ],
  ["{{ parseDuration `x` }}", 'error calling parseDuration: not a valid duration string: "x"'],
  ["{{ nope }}", 'error parsing template __alert_X: template: __alert_X:1: function "nope" not defined'],
];

describe("alert templates", () => {
  test.each(ROWS)("%s", async (text, expected) => {
    expect(await expand(text)).toBe(expected);
  });

  test.each(ERRORS)("%s fails", async (text, message) => {
    await expect(expand(text)).rejects.toThrow(message);
  });

  test("a histogram prints as its text", async () => {
    expect(await expand("{{ $value }}", { histogram: "{count:1, sum:2}" })).toBe("{count:1, sum:2}");
  });

  test("each query is asked once, also when the template runs again for another", async () => {
    const asked: string[] = [];
    const query = async (expression: string) => {
      asked.push(expression);
      return VECTOR;
    };
    const text = "{{ len (query `a`) }}{{ len (query `b`) }}{{ len (query `a`) }}";
    expect(await expand(text, 1, { query })).toBe("222");
    expect(asked).toEqual(["a", "b"]);
  });

  test("queries, steps, output and depth are bounded", async () => {
    await expect(expand("{{ range 9 }}{{ query (printf `%d` .) }}{{ end }}", 1, { maxQueries: 3 })).rejects.toThrow(
      "more than 3 queries",
    );
    await expect(expand("{{ range 100000 }}{{ end }}", 1, { limits: { maxSteps: 1000 } })).rejects.toThrow(
      "1000 steps",
    );
    await expect(
      expand("{{ range 99 }}{{ printf `%99d` 1 }}{{ end }}", 1, { limits: { maxOutput: 1000 } }),
    ).rejects.toThrow("1000 characters");
    await expect(expand("{{ define `a` }}{{ template `a` }}{{ end }}{{ template `a` }}")).rejects.toThrow(
      "exceeded maximum template depth",
    );
    await expect(expand(`{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`)).rejects.toThrow("nested deeper");
  });

  test("a text is checked without running it", () => {
    expect(() => checkAlertTemplate("__alert_X", "{{ $labels.a | humanize }}")).not.toThrow();
    expect(() => checkAlertTemplate("__alert_X", "{{ $nope }}")).toThrow(
      'template: __alert_X:1: undefined variable "$nope"',
    );
  });
});
