/** Dashboards from files, folders and ConfigMaps, followed while the server runs. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeApiServer } from "../doubles/kubernetes/api-server.js";
import { api, killAll, makeFolder, removeFolder, type Server, startVestal, waitUntil } from "../peers/harness.js";

const WAIT_MS = 30_000;
const MAPS = "/api/v1/configmaps";
const folder = makeFolder();
const boards = join(folder, "boards");
let cluster: FakeApiServer;
let server: Server;

interface Listed {
  readonly uid: string;
  readonly title: string;
  readonly source: string;
  readonly error?: string;
}

const board = (uid: string, title = uid): string => JSON.stringify({ uid, title, tags: ["t"], panels: [] });
const map = (name: string, data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) => ({
  metadata: { name, namespace: "apps", labels },
  data,
});

async function listed(): Promise<readonly Listed[]> {
  const { data } = await api(server, "dashboards");
  return (data as { dashboards: Listed[] }).dashboards.filter(({ source }) => source !== "built-in");
}

async function untilListed(uids: readonly string[]): Promise<void> {
  await waitUntil(`the dashboards ${uids.join(", ")}`, WAIT_MS, async () => {
    const found = (await listed()).map(({ uid }) => uid).sort();
    return JSON.stringify(found) === JSON.stringify([...uids].sort());
  });
}

beforeAll(async () => {
  mkdirSync(join(boards, "below"), { recursive: true });
  writeFileSync(join(boards, "one.json"), board("one"));
  writeFileSync(
    join(boards, "below", "two.json"),
    JSON.stringify({ dashboard: JSON.parse(board("two", "<b>Two</b>")) }),
  );
  writeFileSync(
    join(boards, "maps.yaml"),
    `kind: ConfigMapList\nitems:\n- metadata: {name: m}\n  data:\n    three.json: '${board("three")}'\n`,
  );
  writeFileSync(join(boards, "bad.json"), "{");
  writeFileSync(join(boards, "notes.txt"), "no dashboard");
  cluster = await FakeApiServer.start();
  cluster.put(MAPS, map("labelled", { "four.json": board("four") }, { grafana_dashboard: "1" }));
  cluster.put(MAPS, map("other", { "five.json": board("five") }, {}));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      "current-context": "c",
      clusters: [{ name: "c", cluster: { server: cluster.url, "insecure-skip-tls-verify": true } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      users: [{ name: "u", user: {} }],
    }),
  );
  server = await startVestal({
    config: {},
    folder,
    args: [
      `--web.dashboards.path=${boards}`,
      "--web.dashboards.rescan-interval=200ms",
      "--web.dashboards.max-size=10KB",
      "--web.dashboards.config-maps=grafana_dashboard",
      `--web.dashboards.kubeconfig=${kubeconfig}`,
    ],
  });
}, 60_000);

afterAll(async () => {
  await killAll();
  await cluster?.stop();
  removeFolder(folder);
}, 90_000);

test("files, folders below, manifests and labelled ConfigMaps are listed; a broken one says why", async () => {
  await untilListed(["bad", "four", "one", "three", "two"]);
  const byUid = new Map((await listed()).map((each) => [each.uid, each]));
  expect(byUid.get("bad")?.error).toMatch(/no JSON/);
  expect(byUid.get("four")?.source).toBe("ConfigMap apps/labelled");
  expect(byUid.get("three")?.source).toContain("(m)");
  const { data } = await api(server, "dashboards/two");
  expect((data as { model: unknown }).model).toMatchObject({ uid: "two", title: "<b>Two</b>" });
  // Nothing in the bytes that a browser could take for markup.
  expect(await (await fetch(`${server.url}/api/v1/dashboards/two`)).text()).not.toContain("<b>");
  expect((await fetch(`${server.url}/api/v1/dashboards/no-such`)).status).toBe(404);
  expect((await api(server, "dashboards/bad")).status).toBe("error");
}, 90_000);

test("what comes, changes and goes is followed; one that is too large is refused", async () => {
  writeFileSync(join(boards, "new.json"), board("new"));
  rmSync(join(boards, "bad.json"));
  cluster.put(MAPS, map("labelled", { "six.json": board("six") }, { grafana_dashboard: "1" }));
  await untilListed(["new", "one", "six", "three", "two"]);
  writeFileSync(join(boards, "one.json"), board("one", "x".repeat(20_000)));
  await waitUntil("the large one is refused", WAIT_MS, async () =>
    (await listed()).some(({ uid, error }) => uid === "one" && /larger than/.test(error ?? "")),
  );
}, 90_000);

test("pages of dashboards are served, also below a title", async () => {
  for (const path of ["dashboards", "d/one", "d/one/any-title?from=now-1h"]) {
    const response = await fetch(`${server.url}/${path}`);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  }
});
