/** One target invents series: they are refused and named, what exists goes on, the target stays up. */
import { afterAll, expect, test } from "vitest";
import { respond, startExporter } from "../doubles/exporter.js";
import { api, killAll, makeFolder, queryVector, removeFolder, startVestal, waitUntil } from "../peers/harness.js";

const folder = makeFolder();

afterAll(async () => {
  await killAll();
  removeFolder(folder);
});

test("a job over its budget gets no new series", async () => {
  let scrapes = 0;
  const exporter = await startExporter(() => {
    scrapes++;
    const users = Array.from({ length: 200 }, (_, i) => `hits_total{user="${scrapes}-${i}",code="200"} 1`);
    return respond(`steady 1\n${users.join("\n")}\n`);
  });
  const job = { job_name: "wild", scrape_interval: "200ms", scrape_timeout: "200ms" };
  const server = await startVestal({
    config: { scrape_configs: [{ ...job, static_configs: [{ targets: [exporter.address] }] }] },
    folder,
    args: ["--storage.head.series-budget=500", "--ingest.threads=1"],
  });
  await waitUntil("ten scrapes", 20_000, async () => scrapes > 10);
  const count = async (query: string): Promise<number> =>
    Number((await queryVector(server, query, Date.now() / 1000))[0]?.value[1] ?? 0);
  expect(await count('count(last_over_time({__name__="hits_total"}[1m]))')).toBeLessThanOrEqual(500);
  expect(await count('count(last_over_time({__name__="hits_total"}[1m]))')).toBeGreaterThan(300);
  expect(await count("count_over_time(steady[1m])")).toBeGreaterThan(5);
  expect(await count("up")).toBe(1);
  const { data } = await api(server, "status/tsdb");
  expect(data).toMatchObject({ refusedSeries: [{ job: "wild", metric: "hits_total", label: "user" }] });
  const page = await (await fetch(`${server.url}/metrics`)).text();
  expect(page).toMatch(/vestal_head_series_over_budget_total [1-9]/);
  expect(page).toMatch(/vestal_head_series_refused\{job="wild",label="user",metric="hits_total"\} [1-9]/);
  expect(server.log()).toContain("New series are refused");
  await exporter.close();
}, 60_000);
