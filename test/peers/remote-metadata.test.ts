/** What remote write 1.0 tells of metrics: Vestal's and the real Prometheus' requests of metadata for the same target. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { uncompressSync } from "snappy";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exchange } from "../support/http.js";
import { killAll, makeFolder, removeFolder, type Server, startPrometheus, startVestal, waitUntil } from "./harness.js";

const EXPORTER = `# HELP requests_total Requests that were served: "all" of them.
# TYPE requests_total counter
requests_total{code="200"} 1
# TYPE temperature gauge
temperature 20
# HELP latency_seconds How long it took.
# TYPE latency_seconds histogram
latency_seconds_bucket{le="+Inf"} 1
latency_seconds_sum 1
latency_seconds_count 1
# HELP plain Without a type.
plain 1
`;

type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** The fields of a message: varints as numbers, texts and messages as bytes. */
function fieldsOf(bytes: Buffer): Fields {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const list = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, list);
    if ((tag & 7) === 0) list.push(varint());
    else if ((tag & 7) === 1) at += 8;
    else {
      const length = varint();
      list.push(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return fields;
}

/** Type, family, help and unit of each entry, by the side that sent it. */
const told = new Map<string, Set<string>>();
const receiver = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const side = (request.url ?? "").slice(1);
    const entries = told.get(side) ?? new Set<string>();
    told.set(side, entries);
    const body = uncompressSync(Buffer.concat(parts)) as Buffer;
    for (const entry of fieldsOf(body).get(3) ?? []) {
      const fields = fieldsOf(entry as Buffer);
      const [type] = fields.get(1) ?? [0];
      const texts = [2, 4, 5].map((field) => String(fields.get(field)?.[0] ?? ""));
      entries.add(JSON.stringify([type, ...texts]));
    }
    response.writeHead(204).end();
  });
});
const exporter = createServer((_, response) => {
  response.setHeader("content-type", "text/plain; version=0.0.4").end(EXPORTER);
});
const folders = [makeFolder(), makeFolder()];
let ours: Server;

beforeAll(async () => {
  const [port = 0, targetPort = 0] = await Promise.all(
    [receiver, exporter].map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  const config = (side: string) => ({
    global: { scrape_interval: "1s" },
    scrape_configs: [{ job_name: "j", static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }] }],
    remote_write: [
      { url: `http://127.0.0.1:${port}/${side}`, name: side, metadata_config: { send_interval: "1s" } },
      { url: `http://127.0.0.1:${port}/${side}-none`, name: `${side}-none`, metadata_config: { send: false } },
    ],
  });
  await startPrometheus({ config: config("prometheus"), folder: folders[0] ?? "" });
  ours = await startVestal({ config: config("vestal"), folder: folders[1] ?? "" });
}, 120_000);
afterAll(async () => {
  await killAll();
  for (const server of [receiver, exporter]) {
    server.closeAllConnections();
    server.close();
  }
  for (const folder of folders) removeFolder(folder);
});

test("the same entries, and none where they are not wanted", async () => {
  await waitUntil("both have told of four metrics, and sent samples without", 60_000, async () =>
    ["prometheus", "vestal"].every((side) => told.get(side)?.size === 4 && told.has(`${side}-none`)),
  );
  expect([...(told.get("vestal") ?? [])].sort()).toEqual([...(told.get("prometheus") ?? [])].sort());
  expect([told.get("vestal-none")?.size, told.get("prometheus-none")?.size]).toEqual([0, 0]);
});

test("what was sent is counted", async () => {
  const value = async (name: string): Promise<number> => {
    const page = await exchange(Number(new URL(ours.url).port), { method: "GET", path: "/metrics" });
    const line = new RegExp(`^${name}\\{[^}]*remote_name="vestal"[^}]*\\} (\\S+)$`, "m").exec(page.body.toString());
    return Number(line?.[1]);
  };
  await waitUntil(
    "entries are counted",
    30_000,
    async () => (await value("prometheus_remote_storage_metadata_total")) >= 4,
  );
  expect(await value("prometheus_remote_storage_metadata_bytes_total")).toBeGreaterThan(0);
  expect(await value("prometheus_remote_storage_metadata_failed_total")).toBe(0);
});
