/**
 * Random cases (alertmanager-random.ts) into Vestal's Alertmanager and into the real one: the same notifications in the same unit
 * of time out of both, and the same lists of the API. `ALERTMANAGER_SEEDS=FIRST..LAST` names other seeds, to search on;
 * `ALERTMANAGER_UNIT_MS` how long a unit is.
 */
import { writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  LAST_STEP,
  OWN_TEMPLATE,
  type RandomCase,
  type RandomStep,
  RESOLVE_TIMEOUT,
  randomCase,
} from "./alertmanager-random.js";
import { killAll, makeFolder, removeFolder, type Server, startAlertmanager } from "./harness.js";

type Side = "real" | "vestal";

const SIDES: readonly Side[] = ["real", "vestal"];
const [FIRST = 1, LAST = 30] = (process.env["ALERTMANAGER_SEEDS"] ?? "1..30").split("..").map(Number);
/** Between a post and the flushes around it. */
const LOOKS_AT = [2.8, 5.8, LAST_STEP + 0.8];
/** Units after the start: what fired is told, repeated and over by then. */
const WATCHED = LAST_STEP + 5;
/** Cases begin one after the other, within the first unit. */
const STAGGER = 0.9 / (LAST - FIRST + 1);
/**
 * A machine that stands still for half a unit makes one side late: what differs is tried again with longer units, and a defect
 * differs each time.
 */
const ROUNDS_MS = [1, 2, 4].map((factor) => factor * Number(process.env["ALERTMANAGER_UNIT_MS"] ?? 2000));

interface Told {
  readonly unit: number;
  readonly path: string;
  readonly body: string;
}

const told = new Map<string, Told[]>();
const looks = new Map<string, string[]>();
const asked = new Map<string, number>();
const startedMs = new Map<string, number>();
const servers = new Map<Side, Server>();
const silenceIds = new Map<string, string>();
const results = new Map<number, Readonly<Record<Side, string>>>();
let recorder: HttpServer;
let folder = "";
let cases: readonly RandomCase[] = [];
/** Of this round. */
let unitMs = 0;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Instants as units since the case's start, so that a late request is no difference. */
function inUnits(text: string, name: string): string {
  const start = startedMs.get(name) ?? 0;
  return text.replace(/\b20\d\d-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g, (time) => {
    return `t${Math.round((2 * (Date.parse(time) - start)) / unitMs) / 2}`;
  });
}

function startRecorder(): HttpServer {
  return createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const [, side = "", name = "", receiver = "", ...rest] = (request.url ?? "").split("/");
      const text = Buffer.concat(parts).toString();
      const unit = Math.floor((Date.now() - (startedMs.get(name) ?? 0)) / unitMs);
      const key = `${side} ${name}`;
      told.set(key, [
        ...(told.get(key) ?? []),
        { unit, path: [receiver, ...rest].join("/"), body: inUnits(text, name) },
      ]);
      const answers = cases.find((item) => item.name === name)?.answers[`${name}/${receiver}`] ?? [];
      const group = `${side} ${name} ${receiver} ${/"groupKey":"(?:[^"\\]|\\.)*"/.exec(text)?.[0] ?? ""}`;
      const count = asked.get(group) ?? 0;
      asked.set(group, count + 1);
      response.writeHead(answers[count] ?? 200, { "content-type": "application/json" }).end("{}");
    });
  });
}

function configOf(side: Side, seeds: readonly number[], recorderPort: number): string {
  const base = (path: string): string => `http://127.0.0.1:${recorderPort}/${side}/${path}`;
  const made = seeds.map((seed) => randomCase(seed, base, unitMs));
  return JSON.stringify({
    global: { resolve_timeout: `${RESOLVE_TIMEOUT * unitMs}ms` },
    route: {
      receiver: "nobody",
      group_wait: `${unitMs / 2}ms`,
      group_interval: `${unitMs}ms`,
      repeat_interval: "1h",
      routes: made.map(({ route }) => route),
    },
    receivers: [{ name: "nobody" }, ...made.flatMap(({ receivers }) => receivers)],
    inhibit_rules: made.flatMap(({ inhibitRules }) => inhibitRules),
    time_intervals: [
      {
        name: "always",
        time_intervals: [{ times: [{ start_time: "00:00", end_time: "24:00" }], location: "Asia/Tokyo" }],
      },
      { name: "never", time_intervals: [{ years: ["1990:1991"] }] },
      { name: "nowhere", time_intervals: [{ weekdays: ["sunday:saturday"], months: ["1:12"], years: ["1995"] }] },
    ],
    templates: [`${folder}/*.tmpl`],
  });
}

async function send(
  side: Side,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${servers.get(side)?.url}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(30_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

async function perform(name: string, step: RandomStep): Promise<void> {
  const start = startedMs.get(name) ?? 0;
  const at = (units: number): string => new Date(start + units * unitMs).toISOString();
  await Promise.all(
    SIDES.map(async (side) => {
      const key = `${side} ${name}`;
      const note = (text: string): void => void looks.set(key, [...(looks.get(key) ?? []), `${step.at}: ${text}`]);
      if (step.kind === "alerts") {
        const alerts = step.alerts.map(({ labels, annotations, startsAt, endsAt }) => ({
          labels,
          annotations,
          ...(startsAt !== undefined && { startsAt: at(startsAt) }),
          ...(endsAt !== undefined && { endsAt: at(endsAt) }),
        }));
        const { status, text } = await send(side, "POST", "/api/v2/alerts", alerts);
        note(`alerts ${status} ${text}`);
        return;
      }
      const id = silenceIds.get(`${key} ${step.name}`);
      if (step.kind === "expire") {
        const { status, text } = await send(side, "DELETE", `/api/v2/silence/${id}`);
        note(`expire ${status} ${text.replaceAll(id ?? "", "ID")}`);
        return;
      }
      const { status, text } = await send(side, "POST", "/api/v2/silences", {
        ...(id !== undefined && { id }),
        matchers: step.matchers,
        startsAt: at(step.startsAt),
        endsAt: at(step.endsAt),
        createdBy: "test",
        comment: step.name,
      });
      const made = /"silenceID":"([^"]+)"/.exec(text)?.[1];
      note(`silence ${status} ${made === undefined ? inUnits(text, name) : made === id ? "kept" : "new"}`);
      if (made !== undefined) silenceIds.set(`${key} ${step.name}`, made);
    }),
  );
}

interface GettableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly silencedBy: readonly string[] };
}

/** What both sides list, without ids that each makes and the times at which each heard of something. */
async function look(name: string, unit: number): Promise<void> {
  const filter = `filter=${encodeURIComponent(`case="${name}"`)}`;
  await Promise.all(
    SIDES.map(async (side) => {
      const key = `${side} ${name}`;
      const names = new Map(
        [...silenceIds].filter(([each]) => each.startsWith(`${key} `)).map(([each, id]) => [id, each.split(" ")[2]]),
      );
      const shown = (text: string): string =>
        inUnits(text, name)
          .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => names.get(id) ?? "older")
          .replace(/"updatedAt":"[^"]*",?/g, "");
      const [groups, alerts, silences] = await Promise.all(
        ["alerts/groups", "alerts", "silences"].map(async (path) => {
          const { text } = await send(side, "GET", `/api/v2/${path}?${filter}`);
          return JSON.parse(text) as { readonly alerts?: GettableAlert[] }[];
        }),
      );
      const sorted = (list: readonly unknown[]): string =>
        list
          .map((item) => shown(JSON.stringify(item)))
          .sort()
          .join("\n");
      const text = [
        ...groups!
          .map((group) => `${shown(JSON.stringify({ ...group, alerts: [] }))} ${sorted(group.alerts ?? [])}`)
          .sort(),
        "--",
        sorted(alerts!),
        "--",
        sorted(silences!),
      ].join("\n");
      looks.set(key, [...(looks.get(key) ?? []), `${unit}:\n${text}`]);
    }),
  );
}

async function play({ name, steps }: RandomCase): Promise<void> {
  const start = Date.now();
  startedMs.set(name, start);
  const until = (unit: number): Promise<void> => sleep(Math.max(0, start + unit * unitMs - Date.now()));
  const events = [
    ...steps.map((step) => ({ at: step.at, act: () => perform(name, step) })),
    ...LOOKS_AT.map((at) => ({ at, act: () => look(name, at) })),
  ].sort((a, b) => a.at - b.at);
  for (const { at, act } of events) {
    await until(at);
    await act();
  }
  await until(WATCHED);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** What the API said, and a line a notification, in order of units; within one the order is nobody's promise. */
function seen(side: Side, name: string): string {
  const lines = (told.get(`${side} ${name}`) ?? []).map(
    ({ unit, path, body }) => `TOLD ${String(unit).padStart(2, "0")} ${path} ${body.replaceAll(`/${side}/`, "/SIDE/")}`,
  );
  return [...(looks.get(`${side} ${name}`) ?? []), ...lines.sort()].join("\n");
}

beforeAll(async () => {
  folder = makeFolder();
  writeFileSync(`${folder}/own.tmpl`, OWN_TEMPLATE);
  recorder = startRecorder();
  await new Promise<void>((resolve) => recorder.listen(0, "127.0.0.1", resolve));
  const { port } = recorder.address() as AddressInfo;
  let seeds = range(FIRST, LAST);
  for (unitMs of ROUNDS_MS) {
    if (seeds.length === 0) break;
    for (const map of [told, looks, asked, startedMs, silenceIds]) map.clear();
    await playAll(seeds, port);
    seeds = seeds.filter((seed) => results.get(seed)?.vestal !== results.get(seed)?.real);
  }
}, 600_000);

async function playAll(seeds: readonly number[], port: number): Promise<void> {
  const round = makeFolder();
  cases = seeds.map((seed) => randomCase(seed, (path) => path, unitMs));
  const args = ["--web.external-url=http://am.example/p%20q", "--web.route-prefix=/", "--web.get-concurrency=1000"];
  await Promise.all(
    SIDES.map(async (side) =>
      servers.set(side, await startAlertmanager(side, round, configOf(side, seeds, port), args)),
    ),
  );
  await Promise.all(cases.map((item, i) => sleep(i * STAGGER * unitMs).then(() => play(item))));
  await killAll();
  removeFolder(round);
  for (const seed of seeds) results.set(seed, { real: seen("real", `s${seed}`), vestal: seen("vestal", `s${seed}`) });
}

afterAll(async () => {
  await killAll();
  recorder.closeAllConnections();
  recorder.close();
  removeFolder(folder);
});

test.each(range(FIRST, LAST))("seed %i: both tell and list the same", (seed) => {
  const { real, vestal } = results.get(seed)!;
  expect(vestal).toEqual(real);
});

test("enough is told to compare", () => {
  const count = [...results.values()].reduce((sum, { real }) => sum + real.split("\nTOLD ").length - 1, 0);
  expect(count).toBeGreaterThan((LAST - FIRST + 1) * 5);
});
