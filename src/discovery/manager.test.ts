import { expect, test } from "vitest";
import { silentLogger } from "../base/index.js";
import { loadConfig } from "../config/index.js";
import { type DiscoveryChanges, DiscoveryManager } from "./index.js";

/** A small disk and clock: `advance` runs what is due, in order. */
function world(content: Record<string, string>) {
  const watchers: (() => void)[] = [];
  const due: { at: number; everyMs: number | undefined; run: () => void }[] = [];
  let now = 0;
  const add = (ms: number, everyMs: number | undefined, run: () => void) => {
    const timer = { at: now + ms, everyMs, run };
    due.push(timer);
    return () => {
      if (due.includes(timer)) due.splice(due.indexOf(timer), 1);
    };
  };
  const reports: DiscoveryChanges[] = [];
  const manager = new DiscoveryManager(
    { batchMs: 100 },
    {
      files: {
        readText: (path) => content[path] ?? "",
        list: (folder) =>
          Object.keys(content).flatMap((path) =>
            path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [],
          ),
        modifiedSeconds: () => 1,
        watch: (_folder, onChange) => {
          watchers.push(onChange);
          return () => watchers.splice(watchers.indexOf(onChange), 1);
        },
      },
      timers: { after: (ms, run) => add(ms, undefined, run), every: (ms, run) => add(ms, ms, run) },
      log: silentLogger,
      onChanges: (changes) => reports.push(structuredClone(changes)),
    },
  );
  return {
    manager,
    reports,
    content,
    apply: (text: string) => manager.apply(loadConfig(text, { file: "/f/c.yml" }).config),
    touch: () => {
      for (const onChange of watchers) onChange();
    },
    advance: (ms: number) => {
      const end = now + ms;
      for (;;) {
        const next = due.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = next.at;
        if (next.everyMs === undefined) due.splice(due.indexOf(next), 1);
        else next.at += next.everyMs;
        next.run();
      }
      now = end;
    },
    watching: () => watchers.length,
  };
}

const summary = (changes: DiscoveryChanges | undefined) =>
  changes?.jobs.map(({ jobName, added, removed, updated }) => [
    jobName,
    added.map((target) => target.address),
    removed.length,
    updated.length,
  ]);
const job = (name: string, targets: string): string =>
  `- job_name: ${name}\n  static_configs: [{targets: [${targets}]}]\n`;

test("a reload names only what differs, and unchanged targets keep their keys", () => {
  const { apply, reports, manager } = world({});
  apply(`scrape_configs:\n${job("one", "a, b")}${job("two", "c")}`);
  const before = manager.targets().map((target) => target.key);
  apply(`scrape_configs:\n${job("one", "a, b")}${job("two", "c")}`);
  expect(reports.map(summary)).toEqual([
    [
      ["one", ["a", "b"], 0, 0],
      ["two", ["c"], 0, 0],
    ],
  ]);
  apply(`scrape_configs:\n${job("one", "b, d")}${job("three", "e")}`);
  expect(summary(reports[1])).toEqual([
    ["two", [], 1, 0],
    ["one", ["d"], 1, 0],
    ["three", ["e"], 0, 0],
  ]);
  expect(manager.targets().map((target) => target.key)).toContain(before[1]);
});

test("files are read on change and at the interval; a broken one keeps its groups, a lost one loses them", () => {
  const w = world({ "/f/t/a.yml": "[{targets: [x]}]", "/f/t/b.json": '[{"targets": ["y"]}]' });
  w.apply("scrape_configs: [{job_name: j, file_sd_configs: [{files: ['t/*.yml', 't/*.json'], refresh_interval: 1m}]}]");
  expect(summary(w.reports.at(-1))).toEqual([["j", ["x", "y"], 0, 0]]);
  w.content["/f/t/a.yml"] = "[{targets: [x, z]}]";
  w.touch();
  w.touch();
  w.advance(200);
  expect([w.reports.length, summary(w.reports.at(-1))]).toEqual([2, [["j", ["z"], 0, 0]]]);
  w.content["/f/t/a.yml"] = "[{targets: [";
  w.content["/f/t/b.json"] = '[{"targets": ["y"], "more": 1}]';
  w.touch();
  w.advance(200);
  expect([w.reports.length, w.manager.targets().length]).toEqual([2, 3]);
  expect(w.manager.stats().fileReadErrors).toBe(2);
  delete w.content["/f/t/a.yml"];
  w.advance(61_000);
  expect(summary(w.reports.at(-1))).toEqual([["j", [], 2, 0]]);
  w.apply("scrape_configs: []");
  expect([summary(w.reports.at(-1)), w.watching()]).toEqual([[["j", [], 1, 0]], 0]);
});
