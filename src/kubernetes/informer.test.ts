import { afterEach, expect, test } from "vitest";
import { FakeApiServer } from "../../test/doubles/kubernetes/api-server.js";
import { silentLogger, systemTimers } from "../base/index.js";
import { DEFAULT_HTTP_CLIENT } from "../http/index.js";
import {
  connectTo,
  DEFAULT_INFORMER_LIMITS,
  Informer,
  type InformerLimits,
  type KubernetesConnection,
} from "./index.js";

const CONFIG_MAPS = "/api/v1/configmaps";
let server: FakeApiServer | undefined;
let connection: KubernetesConnection | undefined;
let informer: Informer<string> | undefined;

afterEach(async () => {
  informer?.stop();
  connection?.close();
  await server?.stop();
});

const object = (name: string, value: string) => ({ metadata: { name, namespace: "n" }, value });

async function follow(setUp: (server: FakeApiServer) => void = () => {}, limits: Partial<InformerLimits> = {}) {
  server = await FakeApiServer.start();
  setUp(server);
  connection = connectTo(server.url, DEFAULT_HTTP_CLIENT, "Test");
  const options = {
    path: CONFIG_MAPS,
    labelSelector: "",
    fieldSelector: "",
    limits: { ...DEFAULT_INFORMER_LIMITS, backoffMs: 10, backoffMsMax: 50, ...limits },
  };
  const events: string[] = [];
  const failures: string[] = [];
  informer = new Informer<string>(options, (each) => (each as unknown as { value: string }).value, {
    server: connection,
    timers: systemTimers,
    random: () => 0,
    log: silentLogger,
  });
  informer.addHandlers({
    onAdd: (value) => events.push(`+${value}`),
    onUpdate: (before, after) => events.push(`${before}>${after}`),
    onDelete: (value) => events.push(`-${value}`),
    onSynced: () => events.push("synced"),
    onFailure: (reason) => failures.push(reason),
  });
  informer.start();
  return { server, informer, events, failures };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let left = 500; left > 0; left--) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within 5 s: ${what}`);
}

test.each([
  ["streamed", false],
  ["in pages, from a server that streams no lists", true],
])("a list %s comes before synced, then changes as they happen", async (_, hasNoStreamedLists) => {
  const world = await follow(
    (api) => {
      api.faults.hasNoStreamedLists = hasNoStreamedLists;
      for (const name of ["a", "b", "c"]) api.put(CONFIG_MAPS, object(name, name));
    },
    { pageObjects: 2 },
  );
  await until("synced", () => world.informer.isSynced);
  world.server.put(CONFIG_MAPS, object("a", "A"));
  world.server.delete(CONFIG_MAPS, "n/b");
  world.server.put(CONFIG_MAPS, object("d", "d"));
  await until("all events", () => world.events.length >= 7);
  expect(world.events).toEqual(["+a", "+b", "+c", "synced", "a>A", "-b", "+d"]);
  expect([...world.informer.store]).toEqual([
    ["n/a", "A"],
    ["n/c", "c"],
    ["n/d", "d"],
  ]);
  if (hasNoStreamedLists) expect(world.server.requests.filter((path) => path.includes("limit=2"))).toHaveLength(2);
});

test("a cut watch goes on where it was; one whose version is too old lists anew, and tells differences only", async () => {
  const world = await follow((api) => {
    for (const name of ["a", "b"]) api.put(CONFIG_MAPS, object(name, name));
  });
  await until("watching", () => world.server.watchCount === 1 && world.informer.isSynced);
  world.server.put(CONFIG_MAPS, object("c", "c"));
  await until("c", () => world.events.includes("+c"));
  world.server.cutAll();
  world.server.put(CONFIG_MAPS, object("d", "d"));
  await until("d", () => world.events.includes("+d"));
  expect(world.server.requests.at(-1)).toMatch(/resourceVersion=103/);
  world.server.put(CONFIG_MAPS, object("a", "A"));
  await until("A", () => world.events.includes("a>A"));
  for (const tell of [true, false]) {
    world.server.faults.isSilent = true; // events get lost
    world.server.put(CONFIG_MAPS, object(`e${tell}`, "e"));
    world.server.delete(CONFIG_MAPS, "n/b");
    world.server.faults.isSilent = false;
    world.server.compact(tell);
    if (!tell) world.server.cutAll();
    await until("what was lost", () => world.informer.store.has(`n/e${tell}`));
  }
  expect(world.events).toEqual(["+a", "+b", "synced", "+c", "+d", "a>A", "-b", "+e", "+e"]);
});

test("a connection that falls silent is given up", async () => {
  const world = await follow((api) => api.put(CONFIG_MAPS, object("a", "a")), { silenceMs: 100 });
  await until("synced", () => world.informer.isSynced);
  world.server.faults.isSilent = true;
  world.server.put(CONFIG_MAPS, object("a", "A"));
  world.server.faults.isSilent = false;
  await until("the change", () => world.events.includes("a>A"));
  expect(world.events.filter((event) => event === "a>A")).toHaveLength(1);
});

test("overload and refusals are waited out, with the reason told; broken lines list anew", async () => {
  const world = await follow((api) => {
    api.faults.status = { code: 429 };
    api.put(CONFIG_MAPS, object("a", "a"));
  });
  await until("failures", () => world.failures.length >= 2);
  expect(world.failures[0]).toMatch(/^\/api\/v1\/configmaps\?.*: status 429: refused by the test$/);
  world.server.faults.status = undefined;
  await until("synced", () => world.informer.isSynced);
  expect(world.events).toEqual(["+a", "synced"]);
});
