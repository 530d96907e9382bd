import { describe, expect, test } from "vitest";
import { ManualTime } from "../../test/doubles/manual-time.js";
import { silentLogger, VestalError } from "../base/index.js";
import { Labels } from "../model/index.js";
import type { AlertChange, AlertingRule } from "./alerting-rule.js";
import type { ForStateSample, OutgoingAlert, RuleRow, RuleSample } from "./deps.js";
import { type RuleGroupSpec, readRules } from "./format/index.js";
import { type GroupDeps, RuleGroup } from "./group.js";
import { RuleManager } from "./manager.js";

const OPTIONS = {
  resendDelayMs: 60_000,
  forOutageToleranceMs: 3_600_000,
  forGracePeriodMs: 600_000,
  externalUrl: "http://x",
  parser: {},
};

/** A world of rules: what expressions give, what was stored and sent. */
class World {
  readonly vectors = new Map<string, readonly RuleSample[] | string>();
  readonly rows: RuleRow[] = [];
  readonly sent: OutgoingAlert[] = [];
  readonly changes: AlertChange[] = [];
  readonly asked: string[][] = [];
  forState: readonly ForStateSample[] = [];
  readonly time = new ManualTime(0);

  readonly deps: GroupDeps = {
    querier: {
      evaluate: async (queries) => {
        this.asked.push(queries.map(({ expr }) => expr));
        return queries.map(({ expr }) => {
          const found = this.vectors.get(expr) ?? [];
          return typeof found === "string"
            ? { seconds: 0, error: { message: found, isCanceled: false } }
            : { seconds: 0, samples: found };
        });
      },
      forState: async () => this.forState,
    },
    appender: {
      append: async (rows) => {
        this.rows.push(...rows);
        return { outOfOrder: 0, outOfBounds: 0, duplicates: 0, error: "", hasFailed: false };
      },
    },
    sender: { send: (alerts) => this.sent.push(...alerts) },
    templates: {
      expand: async (_name, text) => {
        if (text.includes("bad")) throw new VestalError("TEMPLATE", "it is bad");
        return text.replaceAll("{{x}}", "X").replaceAll("{{none}}", "");
      },
    },
    clock: this.time,
    timers: this.time,
    log: silentLogger,
    onChange: (change) => this.changes.push(change),
    observeRule: () => {},
    observeIteration: () => {},
  };

  group(rules: string, extra = ""): RuleGroup {
    const settings = { file: "f.yml", spec: specOf(rules, extra), intervalMs: 10_000, queryOffsetMs: 0 };
    return new RuleGroup(settings, false, OPTIONS, this.deps);
  }

  take(): string[] {
    return this.rows
      .splice(0)
      .map(
        ({ labels, timestampMs, value, isStale }) => `${labels} ${isStale === true ? "stale" : value} @${timestampMs}`,
      );
  }
}

function specOf(rules: string, extra = ""): RuleGroupSpec {
  const { groups, errors } = readRules(`groups: [{name: g, ${extra} rules: [${rules}]}]`);
  if (errors !== undefined) throw new Error(errors.join());
  return groups[0]!;
}

function vector(...values: readonly (readonly [Record<string, string>, number])[]): readonly RuleSample[] {
  return values.map(([labels, value]) => ({ labels: Labels.of(labels), value }));
}

const states = (group: RuleGroup) =>
  [...(group.rules[0]!.rule as AlertingRule).active.values()].map(({ state }) => state).join();

describe("a recording rule", () => {
  test("stores its vector under its name with its labels; what vanishes becomes stale once", async () => {
    const world = new World();
    const group = world.group("{record: 'a:b', expr: up, labels: {x: y}}", "labels: {g: h, x: z},");
    world.vectors.set("up", vector([{ __name__: "up", i: "1" }, 1], [{ __name__: "up", i: "2" }, 0]));
    await group.evaluate(1000);
    expect(world.take()).toEqual([
      '{__name__="a:b", g="h", i="1", x="y"} 1 @1000',
      '{__name__="a:b", g="h", i="2", x="y"} 0 @1000',
    ]);
    world.vectors.set("up", vector([{ __name__: "up", i: "1" }, 1]));
    await group.evaluate(2000);
    await group.evaluate(3000);
    expect(world.take()).toEqual([
      '{__name__="a:b", g="h", i="1", x="y"} 1 @2000',
      '{__name__="a:b", g="h", i="2", x="y"} stale @2000',
      '{__name__="a:b", g="h", i="1", x="y"} 1 @3000',
    ]);
  });

  test("two elements that become one, too many elements and a failed query are failures", async () => {
    const world = new World();
    const group = world.group("{record: 'a:b', expr: up, labels: {i: x}}, {record: c, expr: down}", "limit: 1,");
    world.vectors.set("up", vector([{ i: "1" }, 1], [{ i: "2" }, 0]));
    world.vectors.set("down", vector([{ i: "1" }, 1], [{ i: "2" }, 0]));
    await group.evaluate(1000);
    expect(group.rules.map(({ status }) => status.lastError)).toEqual([
      "vector contains metrics with the same labelset after applying rule labels",
      "exceeded limit of 1 with 2 series",
    ]);
    world.vectors.set("up", "it failed");
    await group.evaluate(2000);
    expect(group.rules[0]!.status).toMatchObject({ health: "err", lastError: "it failed" });
    expect(group.counters).toMatchObject({ evaluations: 4, failures: 4 });
    expect(world.take()).toEqual([]);
  });
});

describe("as Prometheus has it", () => {
  test("an empty label takes one of the vector away", async () => {
    const world = new World();
    const group = world.group("{record: 'a:b', expr: up, labels: {i: ''}}");
    world.vectors.set("up", vector([{ __name__: "up", i: "1", k: "2" }, 1]));
    await group.evaluate(1000);
    expect(world.take()).toEqual(['{__name__="a:b", k="2"} 1 @1000']);
  });

  test("a label whose template gives nothing is stored as it is written; an empty annotation is told", async () => {
    const world = new World();
    const group = world.group("{alert: A, expr: up, labels: {l: '{{none}}'}, annotations: {a: '{{none}}', b: ''}}");
    world.vectors.set("up", vector([{ i: "1" }, 1]));
    await group.evaluate(1000);
    expect(world.take()).toEqual([
      '{__name__="ALERTS", alertname="A", alertstate="firing", i="1", l="{{none}}"} 1 @1000',
      '{__name__="ALERTS_FOR_STATE", alertname="A", i="1", l="{{none}}"} 1 @1000',
    ]);
    const [alert] = world.sent;
    expect(alert!.labels.toObject()).toEqual({ alertname: "A", i: "1" });
    expect(alert!.annotations.toObject()).toEqual({ a: "", b: "" });
  });

  test("a marker that is refused, since another rule goes on with the series, is no failure", async () => {
    const world = new World();
    const append = async (rows: readonly RuleRow[]) => {
      const isRefused = rows.some(({ isStale }) => isStale === true);
      const [duplicates, error] = isRefused ? [1, "duplicate sample for timestamp"] : [0, ""];
      if (!isRefused) world.rows.push(...rows);
      return { outOfOrder: 0, outOfBounds: 0, duplicates, error, hasFailed: false };
    };
    const settings = { file: "f", spec: specOf("{record: a, expr: up}"), intervalMs: 1000, queryOffsetMs: 0 };
    const group = new RuleGroup(settings, false, OPTIONS, { ...world.deps, appender: { append } });
    world.vectors.set("up", vector([{ i: "1" }, 1], [{ i: "2" }, 1]));
    await group.evaluate(1000);
    world.vectors.set("up", vector([{ i: "1" }, 1]));
    await group.evaluate(2000);
    expect(group.rules[0]!.status).toMatchObject({ health: "ok", lastError: "" });
    expect(world.take().at(-1)).toBe('{__name__="a", i="1"} 1 @2000');
  });

  test("a rule whose templates ask queries sees what those before it have stored", async () => {
    const world = new World();
    const group = world.group(
      "{record: r, expr: up}, {alert: A, expr: down}, {alert: B, expr: down, annotations: {q: '{{ query \"r\" }}'}}",
    );
    await group.evaluate(1000);
    expect(world.asked).toEqual([["up", "down"], ["down"]]);
  });
});

describe("an alerting rule", () => {
  test("pending, firing, kept firing, resolved, forgotten; sent again, and its end for 15 minutes", async () => {
    const world = new World();
    const group = world.group(
      "{alert: A, expr: up == 0, for: 20s, keep_firing_for: 20s, labels: {s: '{{x}}'}, annotations: {d: '{{bad}}'}}",
    );
    const seen: string[] = [];
    for (let timeMs = 0; timeMs <= 150_000; timeMs += 10_000) {
      world.vectors.set("up == 0", timeMs <= 100_000 ? vector([{ __name__: "up", i: "1" }, 0]) : []);
      await group.evaluate(timeMs);
      for (const { startsAtMs, endsAtMs } of world.sent.splice(0)) seen.push(`${timeMs}: ${startsAtMs}-${endsAtMs}`);
    }
    // Sent when it fires, after more than a minute again, and when it is resolved.
    expect(seen).toEqual(["20000: 20000-260000", "90000: 20000-330000", "130000: 20000-130000"]);
    expect(world.changes.map(({ from, to, timeMs }) => `${from}>${to}@${timeMs}`)).toEqual([
      "inactive>pending@0",
      "pending>firing@20000",
      "firing>inactive@130000",
    ]);
    expect(states(group)).toBe("inactive");
    await group.evaluate(130_000 + 900_000);
    expect(states(group)).toBe("inactive");
    await group.evaluate(130_000 + 910_000);
    expect(states(group)).toBe("");
    const rows = world.take();
    expect(rows[0]).toBe('{__name__="ALERTS", alertname="A", alertstate="pending", i="1", s="X"} 1 @0');
    expect(rows[1]).toBe('{__name__="ALERTS_FOR_STATE", alertname="A", i="1", s="X"} 0 @0');
    expect(rows.slice(-2)).toEqual([
      '{__name__="ALERTS", alertname="A", alertstate="firing", i="1", s="X"} stale @130000',
      '{__name__="ALERTS_FOR_STATE", alertname="A", i="1", s="X"} stale @130000',
    ]);
    expect(world.changes[0]!.annotations.toString()).toBe('{d="<error expanding template: it is bad>"}');
  });

  test("a pending alert whose element vanishes is gone, and was never sent", async () => {
    const world = new World();
    const group = world.group("{alert: A, expr: up, for: 1m}");
    world.vectors.set("up", vector([{ i: "1" }, 0]));
    await group.evaluate(0);
    expect(states(group)).toBe("pending");
    world.vectors.set("up", []);
    await group.evaluate(10_000);
    expect([states(group), world.sent.length]).toEqual(["", 0]);
  });

  test.each([
    ["it had fired", 2 * 3_600_000, 0, -2 * 3_600_000],
    ["less than the grace period is left", 55 * 60_000, 0, 600_000 - 3_600_000],
    ["the outage does not count", 30 * 60_000, 5 * 60_000, -30 * 60_000],
  ])("restored: %s", async (_name, pendingMs, outageMs, expectedMs) => {
    const world = new World();
    const group = world.group("{alert: A, expr: up, for: 1h}");
    const nowMs = 100_000_000;
    world.vectors.set("up", vector([{ i: "1" }, 0]));
    await group.evaluate(nowMs);
    const rule = group.rules[0]!.rule as AlertingRule;
    const [alert] = rule.active.values();
    const timestampMs = nowMs - outageMs;
    const stored = { labels: alert!.labels, timestampMs, value: (timestampMs - pendingMs) / 1000 };
    rule.restore([stored], nowMs, 600_000);
    expect(alert!.activeAtMs - nowMs).toBe(expectedMs);
  });
});

test("rules that read what others of the group write wait for it; the rest is asked at once", async () => {
  const world = new World();
  const group = world.group(
    "{record: a, expr: x}, {record: b, expr: y}, {record: c, expr: a + b}, {alert: D, expr: z}, {record: e, expr: '{job=\"f\"}'}, {record: g, expr: count(ALERTS)}",
  );
  await group.evaluate(0);
  expect(world.asked).toEqual([
    ["x", "y"],
    ["a + b", "z"],
    ['{job="f"}', "count(ALERTS)"],
  ]);
});

test("a group's instants are those of Prometheus 3.5.3 for this file and name", () => {
  const world = new World();
  const settings = { file: "r.yml", spec: { ...specOf(""), name: "g1" }, intervalMs: 5000, queryOffsetMs: 0 };
  const group = new RuleGroup(settings, false, OPTIONS, world.deps);
  // As its activeAt showed: 2026-11-26T11:35:41.719119952Z.
  expect(group.timestampNs(Date.parse("2026-11-26T11:35:46.000Z"))).toBe(
    BigInt(Date.parse("2026-11-26T11:35:41.000Z")) * 1_000_000n + 719_119_952n,
  );
});

test("a reload keeps unchanged groups, hands over state of changed ones, and ends what is gone", async () => {
  const world = new World();
  const manager = new RuleManager({ ...OPTIONS, restoreNewGroups: false }, world.deps);
  const load = (rules: string) =>
    manager.update({ files: [{ file: "f.yml", groups: [specOf(rules)] }], intervalMs: 10_000, queryOffsetMs: 0 });
  world.vectors.set("up", vector([{ i: "1" }, 0]));
  await load("{alert: A, expr: up, for: 1h}, {record: b, expr: up}");
  const [first] = manager.groups;
  await first!.evaluate(0);
  await load("{alert: A, expr: up, for: 1h}, {record: b, expr: up}");
  expect(manager.groups[0]).toBe(first);
  await load("{alert: A, expr: up, for: 2h}");
  const [second] = manager.groups;
  expect(second).not.toBe(first);
  expect(states(second!)).toBe("pending");
  world.take();
  await second!.evaluate(10_000);
  expect(world.take()).toContain('{__name__="b", i="1"} stale @10000');
  await manager.stop();
});
