/** A reload that is refused, beside the real Prometheus: what was in force stays in force, and both say why in the same words. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exchange } from "../support/http.js";
import {
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  waitUntil,
} from "./harness.js";

const folder = makeFolder();
const SIDES = ["prometheus", "vestal"] as const;
type Side = (typeof SIDES)[number];
const servers = new Map<Side, Server>();
const own = (side: Side, file: string): string => join(folder, side, file);

const GOOD = "groups: [{name: first, rules: [{record: a:b, expr: vector(1)}, {alert: A, expr: vector(1)}]}]\n";
const config = (side: Side, more: object = {}) => ({
  global: { evaluation_interval: "1s", external_labels: { side: "x" } },
  rule_files: [own(side, "rules.yml")],
  scrape_configs: [{ job_name: "j", static_configs: [{ targets: ["127.0.0.1:1"] }] }],
  ...more,
});

beforeAll(async () => {
  for (const side of SIDES) {
    mkdirSync(join(folder, side));
    writeFileSync(own(side, "rules.yml"), GOOD);
    const start = side === "prometheus" ? startPrometheus : startVestal;
    const args = ["--web.enable-lifecycle"];
    servers.set(side, await start({ config: config(side), folder: join(folder, side), args }));
  }
}, 120_000);
afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

/** Status and text of a reload, with the side's own paths taken out. */
async function reload(side: Side): Promise<string> {
  const port = Number(new URL(servers.get(side)?.url ?? "").port);
  const { status, body } = await exchange(port, { method: "POST", path: "/-/reload" });
  return `${status} ${body.toString().replaceAll(join(folder, side), "DIR").replaceAll(`${side}.yml`, "CONFIG")}`;
}

async function state(side: Side) {
  const server = servers.get(side);
  if (server === undefined) throw new Error(`${side} does not run`);
  const rules = (await api(server, "rules")).data as {
    groups: { name: string; rules: { name: string; query: string }[] }[];
  };
  const page = (await exchange(Number(new URL(server.url).port), { method: "GET", path: "/metrics" })).body.toString();
  const isLastGood = /^prometheus_config_last_reload_successful (\d)$/m.exec(page)?.[1];
  return {
    groups: rules.groups.map((group) => [group.name, ...group.rules.map((rule) => `${rule.name} ${rule.query}`)]),
    isLastGood,
  };
}

const IN_FORCE = { groups: [["first", "a:b vector(1)", "A vector(1)"]] };

const CASES: readonly (readonly [name: string, rules: string, config: object | string])[] = [
  ["a rule whose expression is none", GOOD.replace("expr: vector(1)}]", "expr: 'sum('}]"), {}],
  ["a rule file that is no YAML", "groups: [", {}],
  ["two groups of one name", `${GOOD.trim().slice(0, -1)}, {name: first, rules: []}]\n`, {}],
  ["a field that there is not", "groups: [{name: g, rulez: []}]\n", {}],
  [
    "a rule file that is bad beside a configuration that is new",
    "groups: [{name: g, rules: [{record: a, expr: 'sum('}]}]\n",
    { scrape_configs: [{ job_name: "new" }] },
  ],
  ["a configuration that is refused", GOOD, { scrape_configs: [{ job_name: "j" }, { job_name: "j" }] }],
];

/** Messages of Vestal name the place too. */
const withoutPlace = (text: string): string => text.replace(/ \(line \d+[^)]*\)/g, "").trim();

test.each(CASES)("%s", async (_, rules, more) => {
  const answers: string[] = [];
  for (const side of SIDES) {
    writeFileSync(own(side, "rules.yml"), rules);
    writeFileSync(own(side, `${side}.yml`), JSON.stringify(config(side, more as object)));
    answers.push(withoutPlace(await reload(side)));
    expect(await state(side), side).toEqual({ ...IN_FORCE, isLastGood: "0" });
  }
  expect(answers[0]).toMatch(/^500 /);
  expect(answers[1]).toBe(answers[0]);
});

test("what is mended is taken", async () => {
  for (const side of SIDES) {
    writeFileSync(own(side, "rules.yml"), GOOD.replace("first", "second"));
    writeFileSync(own(side, `${side}.yml`), JSON.stringify(config(side, { scrape_configs: [{ job_name: "new" }] })));
    expect(await reload(side)).toBe("200 ");
    await waitUntil(
      `${side} shows the new groups`,
      30_000,
      async () => (await state(side)).groups[0]?.[0] === "second",
    );
    expect(await state(side)).toMatchObject({ isLastGood: "1" });
  }
});
