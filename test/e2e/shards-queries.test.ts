/** The same samples in servers of one, two and three shards and query threads: every answer has the same bytes. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { compareLabels, Labels } from "../../src/model/index.js";
import { killAll, makeFolder, removeFolder, type Server, startVestal } from "../peers/harness.js";
import { remoteWrite } from "../support/remote-write.js";

const START_MS = 1_700_000_000_000;
const SAMPLES = 120;
const INTERVAL_MS = 15_000;

const folders = [1, 2, 3].map(() => makeFolder());
let servers: Server[] = [];

/** Values whose sums depend on the order in which they are added. */
function seriesOf(): { labels: Labels; samples: [number, number][] }[] {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 2 ** 31;
  };
  const all = Array.from({ length: 180 }, (_, k) => {
    const isCounter = k % 3 !== 0;
    let total = 0;
    return {
      labels: Labels.of({
        __name__: isCounter ? "requests_total" : "level",
        job: `j${k % 7}`,
        instance: `i${k}`,
        zone: `z${k % 4}`,
      }),
      samples: Array.from({ length: SAMPLES }, (_, s): [number, number] => {
        total = random() < 0.01 ? 0 : total + random() * 10 ** (k % 9);
        return [START_MS + s * INTERVAL_MS + (k % 11) * 100, isCounter ? total : (random() - 0.5) * 10 ** (k % 12)];
      }),
    };
  });
  return all.sort((a, b) => compareLabels(a.labels, b.labels));
}

beforeAll(async () => {
  servers = await Promise.all(
    folders.map((folder, i) => {
      const threads = i + 1;
      const args = [
        "--web.enable-remote-write-receiver",
        "--storage.tsdb.retention.time=100y",
        `--ingest.threads=${threads}`,
        `--query.threads=${threads}`,
      ];
      return startVestal({ config: {}, folder, args });
    }),
  );
  // The first queries of a server come while its query threads start: none may stay behind.
  for (const { url } of servers) {
    const asked = Array.from({ length: 50 }, (_, i) => fetch(`${url}/api/v1/query?query=${i}`));
    expect((await Promise.all(asked)).every(({ status }) => status === 200)).toBe(true);
  }
  const series = seriesOf();
  for (const { url } of servers) await remoteWrite(url, series);
}, 90_000);
afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

const QUERIES = [
  "level",
  "sum(level)",
  "avg by (zone) (level)",
  "stddev without (instance) (level)",
  "sum by (job) (rate(requests_total[5m]))",
  "sum(rate(requests_total[2m])) / count(level)",
  "topk(5, rate(requests_total[5m]))",
  "bottomk by (zone) (2, level)",
  "quantile by (job) (0.3, level)",
  "count_values('v', round(level / 1e9))",
  "rate(requests_total{job=~'j[1-4]'}[5m]) * on (zone) group_left () sum by (zone) (level)",
  "level and on (job) requests_total > 100",
  "max_over_time(sum by (zone) (level)[10m:1m])",
  "avg_over_time(level[10m])",
  "sort_desc(level)",
  "{__name__=~'.+', job='j1'}",
  "absent(nothing)",
];

test.each(QUERIES)("%s", async (query) => {
  const at = START_MS / 1000;
  const forms = [
    `query?${new URLSearchParams({ query, time: String(at + 1500) })}`,
    `query_range?${new URLSearchParams({ query, start: String(at), end: String(at + 1700), step: "37" })}`,
  ];
  for (const form of forms) {
    const answers = await Promise.all(servers.map(async ({ url }) => (await fetch(`${url}/api/v1/${form}`)).text()));
    expect(answers[0]).toContain('"status":"success"');
    expect(answers[1]).toBe(answers[0]);
    expect(answers[2]).toBe(answers[0]);
  }
});
