/** Samples and queries for comparing PromQL with the real Prometheus: from a seed, so that a failure comes again. */
import { Labels } from "../../src/model/index.js";
import type { PeerSeries } from "./prometheus.js";

/** A small generator of numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const START_MS = 1_700_000_000_000;
export const MINUTES = 60;

/** Counters with resets, gauges, gaps, special values, and classic histograms with faults. */
export function sampleSeries(random: () => number): PeerSeries[] {
  const series: PeerSeries[] = [];
  const add = (name: string, labels: Record<string, string>, next: (i: number) => number | undefined): void => {
    const samples: [number, number][] = [];
    const phaseMs = Math.floor(random() * 10_000);
    for (let i = 0; i < MINUTES * 4; i++) {
      const value = next(i);
      if (value !== undefined) samples.push([START_MS + i * 15_000 + phaseMs + Math.floor(random() * 20), value]);
    }
    series.push({ labels: Labels.of({ __name__: name, ...labels }), samples });
  };
  for (const job of ["api", "web"]) {
    for (const instance of ["a:1", "b:2", "c:3"]) {
      let total = Math.floor(random() * 1000);
      add("requests_total", { job, instance }, () => {
        total = random() < 0.02 ? Math.floor(random() * 5) : total + Math.floor(random() * 20);
        return random() < 0.05 ? undefined : total;
      });
      let level = random() * 100;
      add("temperature", { job, instance, zone: `z${Math.floor(random() * 3)}` }, (i) => {
        level += (random() - 0.5) * 7;
        return i % 60 > 50 && instance === "c:3" ? undefined : level;
      });
      add("info", { job, instance, version: `v${Math.floor(random() * 3)}` }, () => 1);
    }
  }
  const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 12, 1e300, -1e300, 5e-324, 1e-7];
  add("special", { kind: "mixed" }, (i) => specials[i % specials.length]);
  add("special", { kind: "tiny" }, () => random() * 1e-7);
  add("special", { kind: "huge" }, () => random() * 1e25);
  add("special", { kind: "zero" }, () => -0);
  add("special", { kind: "max" }, () => 1.7e308);
  add("special", { kind: "nan" }, (i) => (i % 3 === 0 ? Number.NaN : random()));
  add("odd", { text: 'a"b\\c\nd\te\rf<g>h&i\u2028j\u2029k\u0001l\u007fm\u0085n\u00e9o\u{1f600}p' }, (i) => i);
  for (const path of ["/", "/api"]) {
    const counts = [0, 0, 0, 0, 0, 0];
    for (const [k, le] of ["0.1", "0.5", "1", "2.5", "5", "+Inf"].entries()) {
      add("latency_bucket", { path, le }, (i) => {
        counts[k]! += Math.floor(random() * 10) * (k + 1);
        return path === "/api" && k === 3 && i % 40 === 7 ? counts[k]! - 5 : counts[k];
      });
    }
  }
  return series;
}

/** One query a line, `#` for a comment: every function and operator at least once. */
export const QUERIES: readonly string[] = `
temperature
requests_total{job="api"}
temperature{zone!="z1"} offset 3m
odd
rate(odd[5m])
label_replace(odd, "b<", "$1&", "text", "(?s)(.).*")
temperature @ 1700001000
rate(requests_total[5m])
rate(requests_total[1m7s])
irate(requests_total[2m])
increase(requests_total[10m])
delta(temperature[5m])
idelta(temperature[2m])
deriv(temperature[10m])
predict_linear(temperature[10m], 3600)
predict_linear(temperature[10m] offset 2m, 600)
double_exponential_smoothing(temperature[5m], 0.3, 0.6)
changes(temperature[5m])
resets(requests_total[30m])
sum_over_time(temperature[5m])
avg_over_time(temperature[5m])
min_over_time(temperature[5m])
max_over_time(temperature[5m])
count_over_time(temperature[5m])
last_over_time(temperature[5m])
present_over_time(temperature[5m])
stddev_over_time(temperature[5m])
stdvar_over_time(temperature[5m])
quantile_over_time(0.37, temperature[5m])
quantile_over_time(1.5, temperature[5m])
mad_over_time(temperature[5m])
ts_of_max_over_time(temperature[5m])
ts_of_min_over_time(temperature[5m])
ts_of_last_over_time(temperature[5m])
sum_over_time(special[10m])
avg_over_time(special[10m])
stddev_over_time(special[10m])
min_over_time(special[10m])
max_over_time(special[10m])
quantile_over_time(0.5, special[10m])
deriv(special[10m])
special
-special
special * 0
absent(temperature)
absent(nothing{a="b", c=~"d"})
absent_over_time(temperature{instance="c:3"}[1m])
absent_over_time(nothing[5m])
absent((nothing{a="b"}))
absent(nothing{a="b"} @ 1700001000)
absent(sum(nothing{a="b"}))
absent_over_time((nothing{a="b"}[5m]))
absent_over_time(nothing{a="b"}[5m:1m])
timestamp((temperature))
timestamp(temperature @ 1700001000)
predict_linear(temperature[10m] @ 1700001000, 60)
sum(temperature @ 1700001000) + time()
topk(scalar(vector(2)), temperature @ 1700001000)
quantile(scalar(sum(info)) / 10, temperature @ 1700001000)
double_exponential_smoothing(temperature[5m], 1.5, 0.6)
label_replace(temperature, "x", "y", "z", "(")
label_replace(temperature, "", "y", "z", "")
count_values("", temperature)
topk(NaN, temperature)
limit_ratio(NaN, temperature)
topk(1e19, temperature)
sum by (instance) (temperature) + on() group_left() sum(temperature)
temperature + ignoring(zone) group_left() info
info and ignoring(version) temperature unless on(job) nothing
count by (zone) (temperature > 20) or vector(0)
sum(temperature)
sum by (job) (temperature)
sum without (instance, zone) (temperature)
avg by (job) (temperature)
avg(special)
min by (zone) (temperature)
max by (zone) (temperature)
count by (zone) (temperature)
group by (job) (temperature)
stddev by (job) (temperature)
stdvar(temperature)
quantile by (job) (0.9, temperature)
quantile(-1, temperature)
topk by (job) (2, temperature)
bottomk(3, temperature)
topk(3, special)
count_values("v", info)
count_values by (job) ("version", round(temperature, 10))
limit_ratio(0.5, temperature)
limit_ratio(-0.5, temperature)
sum by (job) (rate(requests_total[5m])) / sum by (job) (info)
rate(requests_total[5m]) / on(job, instance) info
rate(requests_total[5m]) * on(job, instance) group_left(version) info
info * on(job, instance) group_right(zone) temperature
temperature > 50
temperature > bool 50
50 < temperature
temperature == bool temperature
temperature - temperature offset 1m
temperature + on(job, instance) requests_total
temperature and on(instance) requests_total{job="api"}
temperature unless temperature{zone="z1"}
temperature{job="api"} or requests_total
temperature % 7
temperature ^ 2
temperature ^ 7
temperature ^ -3
temperature ^ 2.7
temperature ^ -0.3
0.37 ^ temperature
exp(-temperature * 7)
asinh(temperature / 40)
acosh(1 + temperature / 100)
atanh(temperature / 1000)
sin(temperature * 1000)
tan(-temperature / 100)
2 ^ (temperature / 40)
temperature atan2 10
requests_total / 0
abs(temperature - 50)
ceil(temperature)
floor(temperature)
round(temperature)
round(temperature, 0.25)
clamp(temperature, 20, 60)
clamp_min(temperature, 40)
clamp_max(temperature, 40)
clamp(temperature, 60, 20)
sgn(temperature - 50)
sqrt(temperature)
exp(temperature / 20)
ln(temperature)
log2(temperature)
log10(temperature)
sin(temperature)
cos(temperature)
tan(temperature)
asin(temperature / 100)
acos(temperature / 100)
atan(temperature)
sinh(temperature / 50)
cosh(temperature / 50)
tanh(temperature / 50)
asinh(temperature)
acosh(temperature)
atanh(temperature / 200)
deg(temperature)
rad(temperature)
pi()
time()
timestamp(temperature)
timestamp(temperature offset 1m)
timestamp(-temperature)
vector(3)
scalar(sum(temperature))
scalar(temperature)
minute()
hour(vector(time()))
day_of_week(vector(time() * 1.7))
day_of_month(vector(time() * 1.3))
day_of_year(vector(time() * 1.2))
days_in_month(vector(time() * 1.1))
month(vector(time() / 3))
year(vector(-time()))
sort(temperature)
sort_desc(temperature)
sort_by_label(temperature, "zone", "instance")
sort_by_label_desc(temperature, "zone")
label_replace(temperature, "host", "$1", "instance", "(.*):.*")
label_join(temperature, "all", "-", "job", "instance")
histogram_quantile(0.9, latency_bucket)
histogram_quantile(0.9, rate(latency_bucket[5m]))
histogram_quantile(0.5, sum by (le) (rate(latency_bucket[5m])))
histogram_quantile(7, latency_bucket)
histogram_quantile(0.9, temperature)
histogram_fraction(0.2, 3, rate(latency_bucket[5m]))
max_over_time(rate(requests_total[1m])[10m:30s])
sum_over_time(temperature[10m:])
avg_over_time(sum by (job) (temperature)[5m:1m] offset 1m)
last_over_time(temperature[5m:45s] @ 1700001500)
rate(requests_total[5m] @ end())
sum(rate(requests_total[5m] @ start())) + temperature
min_over_time(topk(2, temperature)[5m:1m])
quantile_over_time(scalar(avg(temperature)) / 100, temperature[5m])
sum(temperature) > 0 or vector(0)
1 + 2 * 3 ^ 2
10 % 3
7 > bool 3
-(1 / 0)
0 / 0
temperature * on(job) sum by (job) (temperature)
sum by (job) (temperature) * on(job) group_right() temperature
temperature + on(job) info
ceil({__name__=~"temperature|requests_total"})
rate({__name__=~"requests_total|info"}[5m])
"a string <b> & \\"c\\""
`
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
