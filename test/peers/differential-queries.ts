/**
 * Random PromQL over the data of differential-data.ts: well-typed, seldom not, over every function and operator of 3.5.
 * Queries are trees, so that one that makes a difference can be cut down to what makes it.
 */
import type { Random } from "./differential-data.js";

type Type = "vector" | "scalar" | "range" | "string";

export interface Node {
  readonly type: Type;
  readonly parts: readonly (string | Node)[];
}

export function textOf(node: Node): string {
  return node.parts.map((part) => (typeof part === "string" ? part : textOf(part))).join("");
}

export function sizeOf(node: Node): number {
  return node.parts.reduce((sum, part) => sum + (typeof part === "string" ? 0 : sizeOf(part)), 1);
}

/** The same query with one part of it made smaller, smallest first. */
export function smaller(node: Node): Node[] {
  const found: Node[] = descendants(node).filter((each) => each.type === node.type);
  if (sizeOf(node) > 1) found.push(LEAVES[node.type]);
  for (const [i, part] of node.parts.entries()) {
    if (typeof part === "string") continue;
    for (const less of smaller(part)) found.push({ ...node, parts: node.parts.with(i, less) });
  }
  return found.sort((a, b) => sizeOf(a) - sizeOf(b));
}

const LEAVES: Readonly<Record<Type, Node>> = {
  vector: { type: "vector", parts: ["temperature"] },
  scalar: { type: "scalar", parts: ["1"] },
  range: { type: "range", parts: ["temperature[5m]"] },
  string: { type: "string", parts: ['"x"'] },
};

function descendants(node: Node): Node[] {
  return node.parts.flatMap((part) => (typeof part === "string" ? [] : [part, ...descendants(part)]));
}

const FLOAT_METRICS = [
  "temperature",
  "requests_total",
  "build_info",
  "latency_bucket",
  "special",
  '{"my.utf-8 metric"}',
  "nothing",
  '{job="api"}',
  'temperature{instance!="a:1"}',
  'requests_total{code=~"2..|500"}',
  '{__name__=~"temp.*|requests_total", job!~"w.*"}',
  '{"the label"=~".+"}',
  '{"temperature", job="api", zone!=""}',
  'temperature{zone=""}',
  '{job=~".+", instance="a:1"}',
  '{__name__!~"special|latency.*", instance=~"[ab]:."}',
  'special{kind=~"mixed|nan"}',
  "target_info",
];
const HISTOGRAM_METRICS = [
  "duration",
  'duration{kind="plain"}',
  'duration{kind!~"float|nan"}',
  "level",
  'level{kind="float"}',
  "custom",
  'custom{kind="one"}',
  "mixed",
  'mixed{kind="floats"}',
  '{__name__=~"duration|custom"}',
];
const LABELS = ["job", "instance", "zone", "le", "path", "version", "kind", "code", '"the label"'];
const WINDOWED = (
  "rate increase delta irate idelta deriv changes resets sum_over_time avg_over_time min_over_time max_over_time " +
  "count_over_time last_over_time stddev_over_time stdvar_over_time present_over_time absent_over_time mad_over_time " +
  "ts_of_max_over_time ts_of_min_over_time ts_of_last_over_time"
).split(" ");
const SIMPLE = (
  "abs ceil floor exp sqrt ln log2 log10 sgn sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh deg rad " +
  "timestamp sort sort_desc absent minute hour day_of_week day_of_month day_of_year days_in_month month year round"
).split(" ");
const HISTOGRAM_SIMPLE = "histogram_count histogram_sum histogram_avg histogram_stddev histogram_stdvar".split(" ");
const AGGREGATES = "sum avg min max count group stddev stdvar".split(" ");
const ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"];
const COMPARISONS = ["==", "!=", ">", "<", ">=", "<=", "> bool", "== bool", "<= bool", "!= bool"];

export class QueryMaker {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  query(): Node {
    const roll = this.#random();
    const depth = this.#chance(0.15) ? 5 : 3;
    const made =
      roll < 0.07
        ? this.#scalar(depth)
        : roll < 0.1
          ? this.#range(1)
          : roll < 0.11
            ? this.#node("string", this.#pick(['"a <b> \\"c\\" é"', "'x'", "`\\n`"]))
            : this.#vector(depth);
    return this.#chance(0.04) ? this.#spoil(made) : made;
  }

  #chance(p: number): boolean {
    return this.#random() < p;
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  #node(type: Type, ...parts: (string | Node)[]): Node {
    return { type, parts };
  }

  /** A query that may be wrong: something of another type where it does not belong. */
  #spoil(node: Node): Node {
    const places = node.parts.flatMap((part, i) => (typeof part === "string" ? [] : [i]));
    if (places.length === 0 || this.#chance(0.3)) {
      return this.#pick([
        this.#node("vector", "rate(", node, ")"),
        this.#node("vector", node, " and 1"),
        this.#node("vector", "sum(", node, ", 1)"),
        this.#node("vector", "label_replace(", node, ', "a-b", "$1", "job", "(")'),
        this.#node("vector", "histogram_quantile(", node, ", 1)"),
        this.#node("vector", node, " == bool"),
        this.#node("vector", "unknown(", node, ")"),
        this.#node("vector", node, " offset 5m"),
        this.#node("vector", "topk(", node, ", temperature)"),
      ]);
    }
    const at = this.#pick(places);
    const wrong = this.#pick([this.#scalar(1), this.#vector(1), this.#range(0), LEAVES.string]);
    return { ...node, parts: node.parts.with(at, wrong) };
  }

  #metric(): string {
    return this.#pick(this.#chance(0.45) ? HISTOGRAM_METRICS : FLOAT_METRICS);
  }

  #modifiers(): string {
    const offsets = ["30s", "5m", "-2m", "17s", "(1m + 30s)", "-7s", "1h"];
    const offset = this.#chance(0.15) ? ` offset ${this.#pick(offsets)}` : "";
    const times = ["1700001000", "start()", "end()", "1700002000.5", "0"];
    const at = this.#chance(0.12) ? ` @ ${this.#pick(times)}` : "";
    return this.#chance(0.5) ? at + offset : offset + at;
  }

  #labels(): string {
    return LABELS.filter(() => this.#chance(0.25)).join(", ");
  }

  #scalar(depth: number): Node {
    const roll = this.#random();
    if (depth <= 0 || roll < 0.5) {
      const leaves =
        "0 1 2.5 50 -3 1e3 NaN Inf time() pi() 0.5 0.9 -Inf 3m 0x1F 1_000 .5 -0 1e300 9007199254740993".split(" ");
      return this.#node("scalar", this.#pick(leaves));
    }
    if (roll < 0.7) return this.#node("scalar", "scalar(", this.#vector(depth - 1), ")");
    if (roll < 0.8) return this.#node("scalar", "-(", this.#scalar(depth - 1), ")");
    const op = this.#pick([...ARITHMETIC, "> bool", "== bool"]);
    return this.#node("scalar", "(", this.#scalar(depth - 1), ` ${op} `, this.#scalar(depth - 1), ")");
  }

  /** A number between 0 and 1 as a rule. */
  #phi(depth: number): Node {
    if (this.#chance(0.8)) {
      return this.#node(
        "scalar",
        this.#pick(["0", "0.1", "0.25", "0.5", "0.75", "0.9", "0.99", "1", "-1", "2", "NaN"]),
      );
    }
    return this.#scalar(depth);
  }

  #range(depth: number): Node {
    const range = this.#pick(["30s", "1m7s", "2m", "5m", "17m", "40s * 3"]);
    if (depth <= 0 || this.#chance(0.75)) return this.#node("range", `${this.#metric()}[${range}]${this.#modifiers()}`);
    const step = this.#pick(["", "30s", "45s", "2m", "7s"]);
    return this.#node("range", "(", this.#vector(depth - 1), `)[${range}:${step}]${this.#modifiers()}`);
  }

  #vector(depth: number): Node {
    const roll = this.#random();
    const below = (): Node => this.#vector(depth - 1);
    if (depth <= 0 || roll < 0.1) return this.#node("vector", `${this.#metric()}${this.#modifiers()}`);
    if (roll < 0.32) return this.#node("vector", `${this.#pick(WINDOWED)}(`, this.#range(depth - 1), ")");
    if (roll < 0.38) return this.#node("vector", `${this.#pick(SIMPLE)}(`, below(), ")");
    if (roll < 0.44) return this.#node("vector", `${this.#pick(HISTOGRAM_SIMPLE)}(`, below(), ")");
    if (roll < 0.6) return this.#aggregation(depth);
    if (roll < 0.72) return this.#withScalar(depth);
    if (roll < 0.9) return this.#betweenVectors(depth);
    return this.#other(depth);
  }

  #aggregation(depth: number): Node {
    const grouping = this.#pick(["", `by (${this.#labels()})`, `without (${this.#labels()})`]);
    const operand = this.#vector(depth - 1);
    if (this.#chance(0.7)) return this.#node("vector", `${this.#pick(AGGREGATES)} ${grouping} (`, operand, ")");
    const op = this.#pick(["topk", "bottomk", "limitk", "limit_ratio", "quantile", "count_values"]);
    const label = this.#pick(['"v"', '"v"', '"job"', '"an odd label"', '"__name__"']);
    if (op === "count_values") return this.#node("vector", `count_values ${grouping} (${label}, `, operand, ")");
    const param =
      op === "quantile"
        ? this.#phi(depth - 2)
        : op === "limit_ratio"
          ? this.#node("scalar", this.#pick(["0.5", "-0.3", "1", "0", "1.5"]))
          : this.#chance(0.8)
            ? this.#node("scalar", String(Math.floor(this.#random() * 5)))
            : this.#scalar(depth - 2);
    return this.#node("vector", `${op} ${grouping} (`, param, ", ", operand, ")");
  }

  #withScalar(depth: number): Node {
    const op = this.#pick(this.#chance(0.5) ? ARITHMETIC : COMPARISONS);
    const [vector, scalar] = [this.#vector(depth - 1), this.#scalar(depth - 1)];
    return this.#chance(0.6)
      ? this.#node("vector", "(", vector, ` ${op} `, scalar, ")")
      : this.#node("vector", "(", scalar, ` ${op} `, vector, ")");
  }

  #betweenVectors(depth: number): Node {
    const matching = this.#pick(["", `on (${this.#labels()})`, `ignoring (${this.#labels()})`]);
    const [left, right] = [this.#vector(depth - 1), this.#vector(depth - 1)];
    if (this.#chance(0.15)) {
      const ops = ["+", "-", "*", "/", "%", "^", "and", "or", "unless", "==", "> bool", "<"];
      const third = this.#vector(depth - 2);
      return this.#node("vector", left, ` ${this.#pick(ops)} `, right, ` ${this.#pick(ops)} `, third);
    }
    if (this.#chance(0.4)) {
      const op = this.#pick(["and", "or", "unless"]);
      return this.#node("vector", "(", left, ` ${op} ${matching} `, right, ")");
    }
    const groups = ["group_left()", "group_right()", "group_left(zone)", "group_right(kind)"];
    const group = matching === "" || this.#chance(0.5) ? "" : this.#pick(groups);
    const op = this.#pick(this.#chance(0.6) ? ARITHMETIC : COMPARISONS);
    // Often the same on both sides, so that there are matches.
    const other = this.#chance(0.4) ? left : right;
    return this.#node("vector", "(", left, ` ${op} ${matching} ${group} `, other, ")");
  }

  #other(depth: number): Node {
    const below = (): Node => this.#vector(depth - 1);
    const scalar = (): Node => this.#scalar(depth - 2);
    switch (Math.floor(this.#random() * 18)) {
      case 0:
        return this.#node("vector", "label_replace(", below(), ', "zone", "x$1", "instance", "(.).*")');
      case 1:
        return this.#node("vector", "label_join(", below(), ', "instance", "/", "job", "zone")');
      case 2:
      case 3:
        return this.#node("vector", "histogram_quantile(", this.#phi(depth - 2), ", ", below(), ")");
      case 4:
        return this.#node("vector", "histogram_fraction(", scalar(), ", ", scalar(), ", ", below(), ")");
      case 5:
        return this.#node("vector", "clamp(", below(), ", ", scalar(), ", ", scalar(), ")");
      case 6:
        return this.#node(
          "vector",
          `${this.#pick(["clamp_min", "clamp_max", "round"])}(`,
          below(),
          ", ",
          scalar(),
          ")",
        );
      case 7:
        return this.#node("vector", "vector(", this.#scalar(depth - 1), ")");
      case 8:
        return this.#node("vector", "quantile_over_time(", this.#phi(depth - 2), ", ", this.#range(depth - 1), ")");
      case 9:
        return this.#node("vector", "predict_linear(", this.#range(depth - 1), ", ", scalar(), ")");
      case 10:
        return this.#node("vector", "double_exponential_smoothing(", this.#range(depth - 1), ", 0.5, 0.3)");
      case 11:
        return this.#node("vector", this.#pick(["-(", "+("]), below(), ")");
      case 12: {
        const [destination, replacement, source, pattern] = this.#pick([
          ['"zone"', '"$2-$1"', '"instance"', '"(.)(:.*)"'],
          ['"an odd"', '"$name"', '"job"', '"(?P<name>a.*)"'],
          ['"job"', '""', '"job"', '".*"'],
          ['"__name__"', '"renamed"', '"job"', '"api"'],
          ['"x"', '"$1"', '"nothing"', '"()"'],
        ] as const);
        return this.#node(
          "vector",
          "label_replace(",
          below(),
          `, ${destination}, ${replacement}, ${source}, ${pattern})`,
        );
      }
      case 13:
        return this.#node(
          "vector",
          `${this.#pick(["sort_by_label", "sort_by_label_desc"])}(`,
          below(),
          ', "instance", "job")',
        );
      case 14:
        return this.#node(
          "vector",
          this.#pick(['absent(nothing{a="b", c=~"d"})', "absent_over_time(nothing{job='x'}[5m])"]),
        );
      case 15:
        return this.#node(
          "vector",
          `${this.#pick(["hour", "minute", "month", "day_of_year"])}(vector(`,
          this.#scalar(1),
          "))",
        );
      case 16: {
        const ranges = ["5m:1m", "2m:30s", "10m:", "3m:20s"];
        const inner = this.#node("range", "(", this.#vector(depth - 2), `)[${this.#pick(ranges)}]`);
        const middle = this.#node("vector", `${this.#pick(WINDOWED)}(`, inner, ")");
        return this.#node(
          "vector",
          `${this.#pick(WINDOWED)}(`,
          this.#node("range", middle, `[${this.#pick(ranges)}]`),
          ")",
        );
      }
      default:
        return this.#node(
          "vector",
          "info(",
          below(),
          this.#pick(["", ', {region!=""}', ', {__name__="build_info"}', ', {version=~"v.*"}']),
          ")",
        );
    }
  }
}
