/**
 * Remote write from Vestal into a real Prometheus (1.0 and 2.0) and a real VictoriaMetrics, through a proxy that fails: all
 * samples arrive, once and in order, although the receiver answers 500 and 429 and is away, and Vestal is killed in between.
 */
import { createServer, type Server as HttpServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { postWrite, type WriteSeries, writeRequestV1 } from "../support/write-request.js";
import {
  api,
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  startVictoriaMetrics,
  waitUntil,
} from "./harness.js";

const folders: string[] = [];
const proxies: HttpServer[] = [];

afterEach(async () => {
  await killAll();
  for (const proxy of proxies.splice(0)) {
    proxy.closeAllConnections();
    proxy.close();
  }
  for (const folder of folders.splice(0)) removeFolder(folder);
});

function folder(): string {
  const made = makeFolder();
  folders.push(made);
  return made;
}

/** Passes requests on to `target()`, or answers for it with one of `faults` in turn. */
async function startProxy(target: () => string, faults: () => number | undefined): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const fault = faults();
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      if (fault !== undefined) {
        outgoing.writeHead(fault).end("a fault");
        return;
      }
      const url = new URL(incoming.url!, target());
      const passed = httpRequest(
        url,
        { method: incoming.method, headers: { ...incoming.headers, host: url.host } },
        (answer) => {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(outgoing);
        },
      );
      passed.on("error", () => outgoing.destroy());
      passed.end(Buffer.concat(parts));
    });
  });
  proxies.push(proxy);
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

const SERIES = 40;
const base = Math.floor(Date.now() / 1000) * 1000 - 600_000;

function round(n: number): WriteSeries[] {
  return Array.from({ length: SERIES }, (_, i) => ({
    labels: [
      ["__name__", i % 8 === 7 ? "dropped" : `sent_${i % 3}`],
      ["instance", `host-${i}`],
      ["job", `job-${i % 5}`],
    ],
    samples: [{ timeMs: base + n * 1000, value: n * 1000 + i }],
  }));
}

/** Series and values under a name, external labels left out. */
async function stored(server: Server): Promise<string[]> {
  const answer = await api(server, "query", {
    query: '{__name__=~"sent_.*|dropped"}[1h]',
    time: String(base / 1000 + 600),
  });
  const { result } = answer.data as { result: { metric: Record<string, string>; values: unknown[] }[] };
  return result
    .map(({ metric: { cluster: _cluster, ...metric }, values }) =>
      JSON.stringify([Object.entries(metric).sort(), values]),
    )
    .sort();
}

function config(url: string, more: Record<string, unknown> = {}) {
  return {
    global: { external_labels: { cluster: "eu" } },
    remote_write: [
      {
        url,
        name: "peer",
        write_relabel_configs: [{ source_labels: ["__name__"], regex: "dropped", action: "drop" }],
        queue_config: {
          batch_send_deadline: "200ms",
          max_samples_per_send: 100,
          min_backoff: "20ms",
          max_backoff: "200ms",
          retry_on_http_429: true,
        },
        ...more,
      },
    ],
  };
}

test.each([
  ["1.0", {}],
  ["2.0", { protobuf_message: "io.prometheus.write.v2.Request" }],
])(
  "into a real Prometheus that fails, version %s, and over kill -9",
  async (_version, more) => {
    const receiverFolder = folder();
    const receiverPort = await freePort();
    const receiverOptions = {
      config: {},
      folder: receiverFolder,
      port: receiverPort,
      args: ["--web.enable-remote-write-receiver"],
    };
    let receiver = await startPrometheus(receiverOptions);
    let count = 0;
    const faults = [undefined, 500, undefined, 429, undefined, 503];
    const proxy = await startProxy(
      () => receiver.url,
      () => faults[count++ % faults.length],
    );
    const vestalFolder = folder();
    const vestalOptions = {
      config: config(`${proxy}/api/v1/write`, more),
      folder: vestalFolder,
      args: ["--web.enable-remote-write-receiver"],
    };
    let vestal = await startVestal(vestalOptions);
    const rounds = 60;
    for (let n = 0; n < rounds; n++) {
      if (n === 15) await receiver.kill("SIGKILL");
      if (n === 30) receiver = await startPrometheus(receiverOptions);
      if (n === 40) {
        await vestal.kill("SIGKILL");
        vestal = await startVestal(vestalOptions);
      }
      const { status, text } = await postWrite(vestal.url, 1, writeRequestV1(round(n)));
      expect({ status, text }).toEqual({ status: 204, text: "" });
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const expected = (await stored(vestal)).filter((line) => !line.includes('"dropped"'));
    expect(expected.length).toBe(35);
    await waitUntil("all samples arrive", 20_000, async () => (await stored(receiver)).join() === expected.join());
    expect(await stored(receiver)).toEqual(expected);
    const own = async (): Promise<string> =>
      (await (await fetch(`${vestal.url}/metrics`)).text())
        .split("\n")
        .filter((line) => line.startsWith("prometheus_remote_storage"))
        .join("\n");
    await waitUntil("the queue's figures are shown", 5000, async () =>
      /samples_dropped_total\{reason="dropped_series".*\} [1-9]/.test(await own()),
    );
  },
  60_000,
);

test("into a real VictoriaMetrics", async () => {
  const receiver = await startVictoriaMetrics(folder());
  const vestal = await startVestal({
    config: config(`${receiver.url}/api/v1/write`),
    folder: folder(),
    args: ["--web.enable-remote-write-receiver"],
  });
  for (let n = 0; n < 20; n++) await postWrite(vestal.url, 1, writeRequestV1(round(n)));
  const exported = async (): Promise<{ series: number; samples: number }> => {
    const match = new URLSearchParams({ "match[]": '{__name__=~"sent_.*",cluster="eu"}' });
    const text = await (await fetch(`${receiver.url}/api/v1/export?${match}`)).text();
    const lines = text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { timestamps: number[] });
    return { series: lines.length, samples: lines.reduce((sum, { timestamps }) => sum + timestamps.length, 0) };
  };
  await waitUntil("all samples arrive", 20_000, async () => (await exported()).samples === 35 * 20);
  expect(await exported()).toEqual({ series: 35, samples: 35 * 20 });
}, 60_000);
