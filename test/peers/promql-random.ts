/** Random queries over the samples of promql-data.ts: nested, often empty, sometimes wrong, always from a seed. */
type Random = () => number;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

const METRICS = [
  "temperature",
  "requests_total",
  "info",
  "latency_bucket",
  '{job="api"}',
  'temperature{instance!="a:1"}',
  "nothing",
];
const LABELS = ["job", "instance", "zone", "le", "path", "version", "__name__"];
const WINDOWED = [
  "rate",
  "increase",
  "delta",
  "irate",
  "idelta",
  "deriv",
  "changes",
  "resets",
  "sum_over_time",
  "avg_over_time",
  "min_over_time",
  "max_over_time",
  "count_over_time",
  "last_over_time",
  "stddev_over_time",
  "present_over_time",
  "absent_over_time",
];
const SIMPLE = [
  "abs",
  "ceil",
  "floor",
  "sgn",
  "sqrt",
  "ln",
  "timestamp",
  "sort",
  "absent",
  "-",
  "+",
  "minute",
  "round",
];
const AGGREGATES = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"];

function labelList(random: Random): string {
  return LABELS.filter(() => random() < 0.3).join(", ");
}

function modifiers(random: Random): string {
  const offset = random() < 0.2 ? ` offset ${pick(random, ["30s", "5m", "-2m"])}` : "";
  const at = random() < 0.15 ? ` @ ${pick(random, ["1700001000", "start()", "end()", "1700002000.5"])}` : "";
  return at + offset;
}

export function randomScalar(random: Random, depth: number): string {
  const roll = random();
  if (depth <= 0 || roll < 0.5)
    return pick(random, ["0", "1", "2.5", "50", "-3", "1e3", "NaN", "Inf", "time()", "pi()"]);
  if (roll < 0.75) return `scalar(${randomVector(random, depth - 1)})`;
  const op = pick(random, ["+", "-", "*", "/", "%", "> bool", "== bool"]);
  return `(${randomScalar(random, depth - 1)} ${op} ${randomScalar(random, depth - 1)})`;
}

function randomRange(random: Random, depth: number): string {
  const range = pick(random, ["30s", "2m", "5m", "17m"]);
  if (depth <= 0 || random() < 0.7) return `${pick(random, METRICS)}[${range}]${modifiers(random)}`;
  return `(${randomVector(random, depth - 1)})[${range}:${pick(random, ["", "30s", "45s", "2m"])}]${modifiers(random)}`;
}

export function randomVector(random: Random, depth: number): string {
  const roll = random();
  const below = (): string => randomVector(random, depth - 1);
  if (depth <= 0 || roll < 0.12) return `${pick(random, METRICS)}${modifiers(random)}`;
  if (roll < 0.32) return `${pick(random, WINDOWED)}(${randomRange(random, depth - 1)})`;
  if (roll < 0.42) return `${pick(random, SIMPLE)}(${below()})`;
  if (roll < 0.58) {
    const grouping = pick(random, ["", `by (${labelList(random)})`, `without (${labelList(random)})`]);
    if (random() < 0.75) return `${pick(random, AGGREGATES)} ${grouping} (${below()})`;
    return pick(random, [
      // Of equal values a range query of Prometheus takes any: only values that differ are asked for.
      `topk ${grouping} (${Math.floor(random() * 4)}, temperature${modifiers(random)})`,
      `quantile ${grouping} (${randomScalar(random, depth - 2)}, ${below()})`,
      `count_values ${grouping} ("v", ${below()})`,
    ]);
  }
  if (roll < 0.72) {
    const op = pick(random, ["+", "-", "*", "/", "%", "^", ">", "<=", "==", "!=", "> bool", "atan2"]);
    const [left, right] = [below(), randomScalar(random, depth - 1)];
    return random() < 0.5 ? `(${left} ${op} ${right})` : `(${right} ${op} ${left})`;
  }
  if (roll < 0.92) {
    const matching = pick(random, ["", `on (${labelList(random)})`, `ignoring (${labelList(random)})`]);
    if (random() < 0.45) return `(${below()} ${pick(random, ["and", "or", "unless"])} ${matching} ${below()})`;
    const group =
      matching === "" || random() < 0.6 ? "" : pick(random, ["group_left()", "group_right()", "group_left(zone)"]);
    return `(${below()} ${pick(random, ["+", "*", "-", ">", "== bool", "/"])} ${matching} ${group} ${below()})`;
  }
  return pick(random, [
    `label_replace(${below()}, "zone", "x$1", "instance", "(.).*")`,
    `label_join(${below()}, "instance", "/", "job", "zone")`,
    `histogram_quantile(${randomScalar(random, 0)}, ${below()})`,
    `clamp(${below()}, ${randomScalar(random, 0)}, ${randomScalar(random, depth - 1)})`,
    `vector(${randomScalar(random, depth - 1)})`,
  ]);
}
