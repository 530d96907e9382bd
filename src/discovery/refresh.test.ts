import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { silentLogger, systemTimers } from "../base/index.js";
import { DEFAULT_HTTP_CLIENT } from "../http/index.js";
import type { Discovery } from "./discovery.js";
import { type DnsResolver, dnsDiscovery } from "./dns.js";
import { httpDiscovery } from "./http.js";
import type { TargetGroup } from "./messages.js";

let server: Server | undefined;
let discovery: Discovery | undefined;

afterEach(() => {
  discovery?.close();
  server?.close().closeAllConnections();
});

function world() {
  const reports: (readonly TargetGroup[])[] = [];
  const state = { failures: 0 };
  let round: (() => void) | undefined;
  const deps = {
    timers: {
      ...systemTimers,
      after: (_: number, run: () => void) => {
        round = run;
        return () => {};
      },
    },
    log: silentLogger,
    onGroups: (groups: readonly TargetGroup[]) => void reports.push(groups),
    onFailure: () => void state.failures++,
  };
  const next = async (): Promise<void> => {
    round?.();
    round = undefined;
    for (let left = 300; round === undefined && left > 0; left--)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(round, "a round within 3 s").toBeDefined();
  };
  return { deps, reports, state, next };
}

test("HTTP: groups as they are told, the last good ones while the server fails, and none when it says so", async () => {
  const answers: (readonly [status: number, type: string, body: string])[] = [
    [200, "application/json", '[{"targets":["a:1"],"labels":{"x":"y"}},{"targets":["b:1"]}]'],
    [500, "application/json", ""],
    [200, "text/plain", "[]"],
    [200, "application/json; charset=utf-8", '[{"targets":["a:1"],"labels":{"x":"y"}}]'],
    [200, "application/json", '[{"targets":[1]}]'],
  ];
  const asked: string[] = [];
  server = createServer((request, response) => {
    asked.push(`${request.headers.accept} ${request.headers["x-prometheus-refresh-interval-seconds"]}`);
    const [status, type, body] = answers[asked.length - 1] ?? [500, "", ""];
    response.writeHead(status, { "content-type": type }).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sd`;
  const { deps, reports, state, next } = world();
  discovery = httpDiscovery(
    { kind: "http", url, refreshIntervalMs: 5000, http: DEFAULT_HTTP_CLIENT as never },
    "T",
    deps,
  );
  discovery.start();
  for (let i = 0; i < answers.length; i++) await next();
  expect(asked[0]).toBe("application/json 5");
  expect(state.failures).toBe(3);
  const group = (i: number, targets: string[], labels = {}) => ({
    source: `${url}:${i}`,
    targets: targets.map((address) => ({ __address__: address })),
    labels: { ...labels, ...(targets.length > 0 && { __meta_url: url }) },
  });
  expect(reports).toEqual([[group(0, ["a:1"], { x: "y" }), group(1, ["b:1"])], [group(1, [])]]);
});

test("DNS: every kind of record, the search list, and a failure that keeps what was known", async () => {
  let isBroken = false;
  const missing = (): never => {
    throw Object.assign(new Error("queryA"), { code: isBroken ? "ESERVFAIL" : "ENOTFOUND" });
  };
  const only =
    <T>(name: string, records: T[]) =>
    (asked: string) =>
      asked === name && !isBroken ? Promise.resolve(records) : Promise.resolve().then(missing);
  const resolver: DnsResolver = {
    resolve4: only("web.svc.local", ["10.0.0.1"]),
    resolve6: only("web.svc.local", ["2001:db8::1"]),
    resolveSrv: only("web.svc.local", [{ name: "h.local", port: 81 }]),
    resolveMx: only("web.svc.local", [{ exchange: "m.local" }]),
    resolveNs: only("web.svc.local", ["n.local"]),
  };
  const expected = {
    A: { __address__: "10.0.0.1:80" },
    AAAA: { __address__: "[2001:db8::1]:80" },
    MX: { __address__: "m.local:80", __meta_dns_mx_record_target: "m.local." },
    NS: { __address__: "n.local:80", __meta_dns_ns_record_target: "n.local." },
    SRV: { __address__: "h.local:81", __meta_dns_srv_record_target: "h.local.", __meta_dns_srv_record_port: "81" },
  } as const;
  for (const [type, target] of Object.entries(expected)) {
    const { deps, reports, state, next } = world();
    isBroken = false;
    const config = {
      kind: "dns" as const,
      names: ["web", "none.at.all"],
      type: type as "A",
      port: 80,
      refreshIntervalMs: 1000,
    };
    discovery = dnsDiscovery(config, deps, resolver, { domains: ["svc.local", "local"], dots: 1 });
    discovery.start();
    await next();
    isBroken = true;
    await next();
    expect(reports).toEqual([
      [
        { source: "web", targets: [{ __meta_dns_name: "web", ...target }], labels: {} },
        { source: "none.at.all", targets: [], labels: {} },
      ],
    ]);
    expect(state.failures).toBe(1);
    discovery.close();
  }
});
