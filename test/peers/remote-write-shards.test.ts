/**
 * Requests of remote write 1.0 whose series lie in several shards, beside a real Prometheus: a bad sample is answered with the
 * same status, about the same series. (What the other shards had of such a request they keep; Prometheus keeps none.)
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { postWrite, type WriteSeries, writeRequestV1 } from "../support/write-request.js";
import { killAll, makeFolder, removeFolder, type Server, startPrometheus, startVestal } from "./harness.js";

const folders = [makeFolder(), makeFolder()];
let servers: readonly Server[] = [];
const now = Math.floor(Date.now() / 1000) * 1000;

beforeAll(async () => {
  const args = ["--web.enable-remote-write-receiver"];
  servers = [
    await startPrometheus({ config: {}, folder: folders[0] ?? "", args }),
    await startVestal({ config: {}, folder: folders[1] ?? "", args: [...args, "--ingest.threads=4"] }),
  ];
}, 120_000);
afterAll(async () => {
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

const SERIES = 40;
/** One sample a series, `back` seconds ago; that of `bad` an hour and more before. */
function request(back: number, bad: readonly number[] = [], badBack = 300): readonly WriteSeries[] {
  return Array.from({ length: SERIES }, (_, i) => ({
    labels: [
      ["__name__", "spread"],
      ["i", String(i)],
    ],
    samples: [{ timeMs: now - (bad.includes(i) ? badBack : back) * 1000, value: back }],
  }));
}

test.each([
  ["all good", request(100), 204],
  ["all newer", request(90), 204],
  // First, as the shards keep what is good of the refused requests.
  ["one a duplicate with another value", request(85, [5], 90), 400],
  ["one out of order", request(80, [17]), 400],
  ["one too old", request(70, [3], 4 * 3600), 400],
] as const)("%s", async (_, series, status) => {
  const [theirs, ours] = await Promise.all(servers.map(({ url }) => postWrite(url, 1, writeRequestV1(series))));
  expect(theirs?.status).toBe(status);
  expect(ours?.status).toBe(theirs?.status);
  expect(ours?.text).toBe(theirs?.text);
});
