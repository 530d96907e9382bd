/** Real senders of remote write, a Prometheus of either version and vmagent, into Vestal: what they have arrives, value by value. */
import { afterEach, expect, test } from "vitest";
import {
  api,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startPrometheus,
  startVestal,
  startVmagent,
  waitUntil,
} from "./harness.js";

const folders: string[] = [];

afterEach(async () => {
  await killAll();
  for (const folder of folders.splice(0)) removeFolder(folder);
});

function folder(): string {
  const made = makeFolder();
  folders.push(made);
  return made;
}

test("from a real Prometheus (1.0 and 2.0) and a real vmagent into Vestal", async () => {
  const vestal = await startVestal({ config: {}, folder: folder(), args: ["--web.enable-remote-write-receiver"] });
  const scrapes = (job: string, url: string) => ({
    global: { scrape_interval: "1s", external_labels: { sender: job } },
    scrape_configs: [{ job_name: job, static_configs: [{ targets: [new URL(url).host] }] }],
  });
  const url = `${vestal.url}/api/v1/write`;
  const queue_config = { batch_send_deadline: "200ms" };
  const messages = ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"];
  const senders = await Promise.all(
    messages.map((protobuf_message, i) =>
      startPrometheus({
        config: { ...scrapes(`v${i + 1}`, vestal.url), remote_write: [{ url, protobuf_message, queue_config }] },
        folder: folder(),
      }),
    ),
  );
  await startVmagent(folder(), scrapes("vm", vestal.url), url);
  // A real one begins to scrape some five seconds after its start.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  const count = async (server: Server, query: string, time = Date.now() / 1000): Promise<number> => {
    const { data, error } = await api(server, "query", { query, time: String(time) });
    if (error !== undefined) throw new Error(error);
    const { result } = data as { result: { value: [number, string] }[] };
    return Number(result[0]?.value[1] ?? 0);
  };
  for (const job of ["v1", "v2", "vm"]) {
    await waitUntil(
      `samples of ${job} are here`,
      15_000,
      async () => (await count(vestal, `count({job="${job}"})`)) > 50,
    );
  }
  // What the senders have themselves, up to two seconds ago, is here, value by value.
  for (const [i, sender] of senders.entries()) {
    const time = String(Math.floor(Date.now() / 1000) - 2);
    const [theirs, ours] = await Promise.all(
      [sender, vestal].map(async (server) => {
        const { data } = await api(server, "query", { query: `{job="v${i + 1}"}[3s]`, time });
        const { result } = data as { result: { metric: Record<string, string>; values: unknown[] }[] };
        return result
          .map(({ metric: { sender: _sender, ...metric }, values }) => JSON.stringify([metric, values]))
          .sort();
      }),
    );
    expect(theirs!.length).toBeGreaterThan(50);
    expect(ours).toEqual(theirs);
  }
}, 60_000);
