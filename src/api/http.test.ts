/** The adapter over real sockets: what handlers cannot show. */
import { createConnection, type Socket } from "node:net";
import { unzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { fakeDeps, fakeQueries, type Recorded } from "../../test/support/api-deps.js";
import { exchange } from "../../test/support/http.js";
import { silentLogger, systemClock } from "../base/index.js";
import { compileRegex } from "../model/index.js";
import {
  type ApiDeps,
  createRouter,
  type HttpObserver,
  type HttpServer,
  type QueryService,
  type RequestGate,
  startHttp,
} from "./index.js";

interface Counts {
  readonly answered: { handler: string; status: number; bytes: number }[];
  opened: number;
  closed: number;
  refused: number;
}

const open: HttpServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close(0);
});

interface Setup {
  readonly deps?: Partial<ApiDeps>;
  readonly corsOrigin?: string;
  readonly maxConnections?: number;
  readonly readTimeoutMs?: number;
  readonly bodyBytesMax?: number;
  readonly addresses?: readonly { host: string; port: number }[];
  readonly gate?: RequestGate;
}

async function start(setup: Setup = {}): Promise<{ port: number; server: HttpServer; counts: Counts }> {
  const counts: Counts = { answered: [], opened: 0, closed: 0, refused: 0 };
  const observer: HttpObserver = {
    answered: (handler, status, _seconds, bytes) => counts.answered.push({ handler, status, bytes }),
    connectionOpened: () => counts.opened++,
    connectionClosed: () => counts.closed++,
    connectionRefused: () => counts.refused++,
  };
  const server = await startHttp({
    addresses: setup.addresses ?? [{ host: "127.0.0.1", port: 0 }],
    router: createRouter(),
    deps: fakeDeps(setup.deps),
    corsOrigin: compileRegex(setup.corsOrigin ?? ".*"),
    maxConnections: setup.maxConnections ?? 512,
    readTimeoutMs: setup.readTimeoutMs ?? 5000,
    ...(setup.bodyBytesMax === undefined ? {} : { bodyBytesMax: setup.bodyBytesMax }),
    clock: systemClock,
    log: silentLogger,
    observer,
    gate: setup.gate,
    notificationSubscribersMax: 1,
  });
  open.push(server);
  return { port: server.ports[0]!, server, counts };
}

function queries(query: QueryService["query"]): Partial<ApiDeps> {
  return { query: { ...fakeQueries([]), query } };
}

/** Bytes of a document that is not the same anywhere, so that a part in the wrong place is found. */
function bigBody(bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  for (let i = 0; i + 8 <= bytes; i += 8) body.write(i.toString(36).padStart(8, "."), i, "latin1");
  return body;
}

/** Waits for a condition; fails after five seconds. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("the condition did not come true within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function connect(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
  });
}

/** Everything a socket receives until it ends. */
async function receiveAll(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("latin1");
}

test("answers do not say which library made them", async () => {
  const { port } = await start({});
  const { headers } = await exchange(port, { method: "GET", path: "/-/healthy" });
  expect(headers).toHaveProperty("content-type");
  expect(headers).not.toHaveProperty("uwebsockets");
});

describe("big bodies", () => {
  const body = bigBody(20 << 20);

  test("20 MB arrive whole", async () => {
    const { port, counts } = await start({ deps: queries(async () => ({ kind: "encoded", body })) });
    const received = await exchange(port, { method: "GET", path: "/api/v1/query?query=1" });
    expect(received.headers["content-length"]).toBe(String(body.length));
    expect(received.body.equals(body)).toBe(true);
    expect(counts.answered).toEqual([{ handler: "/api/v1/query", status: 200, bytes: body.length }]);
  });

  test("a disposable one arrives whole, and its buffer is given up then", async () => {
    const given = new Uint8Array(body);
    const { port, counts } = await start({
      deps: queries(async () => ({ kind: "encoded", body: given, isDisposable: true })),
    });
    const received = await exchange(port, { method: "GET", path: "/api/v1/query?query=1" });
    expect(received.body.equals(body)).toBe(true);
    await vi.waitFor(() => expect(given.length).toBe(0), 30_000);
    expect(counts.answered).toEqual([{ handler: "/api/v1/query", status: 200, bytes: body.length }]);
  });

  test("20 MB arrive whole at a client that reads slowly", async () => {
    const { port } = await start({ deps: queries(async () => ({ kind: "encoded", body })) });
    const socket = await connect(port);
    socket.write("GET /api/v1/query?query=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of socket) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (parts.length % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const all = Buffer.concat(parts, bytes);
    expect(all.subarray(all.indexOf("\r\n\r\n") + 4).equals(body)).toBe(true);
  });

  test("a client that goes away in the middle does no harm", async () => {
    const { port, counts } = await start({ deps: queries(async () => ({ kind: "encoded", body })) });
    const socket = await connect(port);
    socket.write("GET /api/v1/query?query=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    await until(() => counts.closed === 1);
    expect((await exchange(port, { method: "GET", path: "/-/healthy" })).status).toBe(200);
  });
});

describe("bodies in pieces", () => {
  const pieces = Array.from({ length: 40 }, (_, i) => bigBody((1 << 19) + i));

  /** @returns how many pieces were asked for, and whether the iterator was told to end */
  function reading(failAt = Number.POSITIVE_INFINITY) {
    const seen = { asked: 0, returned: false };
    const body: AsyncIterableIterator<Uint8Array> = {
      next: async () => {
        if (seen.asked === failAt) throw new Error("no more");
        const value = pieces[seen.asked++];
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        seen.returned = true;
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const answer = { status: 200, contentType: "a/b", encoding: "fixed", body } as const;
    const remoteRead = { ...fakeDeps().remoteRead, read: async () => answer };
    return { seen, deps: { remoteRead } };
  }

  test("arrive whole", async () => {
    const { deps } = reading();
    const { port, counts } = await start({ deps });
    const headers = { "Accept-Encoding": "gzip" };
    const received = await exchange(port, { method: "POST", path: "/api/v1/read", headers });
    expect(received.body.equals(Buffer.concat(pieces))).toBe(true);
    expect(received.headers["content-encoding"]).toBeUndefined();
    const [answered] = counts.answered;
    expect(answered).toEqual({ handler: "/api/v1/read", status: 200, bytes: received.body.length });
  });

  test("are asked for as fast as the client takes them, and no more when it goes away", async () => {
    const { deps, seen } = reading();
    const { port } = await start({ deps });
    const socket = await connect(port);
    socket.pause();
    socket.write("POST /api/v1/read HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    await until(() => seen.asked > 0);
    let before = -1;
    // The buffers of both sockets take some pieces; then nothing moves.
    await until(() => {
      const isStill = seen.asked === before;
      before = seen.asked;
      return isStill;
    });
    expect(seen.asked).toBeLessThan(pieces.length);
    expect(seen.returned).toBe(false);
    socket.destroy();
    await until(() => seen.returned);
  });

  test("a client that reads slowly gets every byte", async () => {
    const { deps } = reading();
    const { port } = await start({ deps });
    const socket = await connect(port);
    socket.write("POST /api/v1/read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    const parts: Buffer[] = [];
    for await (const part of socket) {
      parts.push(part as Buffer);
      if (parts.length % 32 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const all = Buffer.concat(parts);
    const body: Buffer[] = [];
    for (let at = all.indexOf("\r\n\r\n") + 4; ; ) {
      const end = all.indexOf("\r\n", at);
      const length = Number.parseInt(all.toString("latin1", at, end), 16);
      if (length === 0) break;
      body.push(all.subarray(end + 2, end + 2 + length));
      at = end + 2 + length + 2;
    }
    expect(Buffer.concat(body).equals(Buffer.concat(pieces))).toBe(true);
  });

  test("a failure in the middle cuts the connection: what came cannot be taken for the whole", async () => {
    const { deps } = reading(3);
    const { port } = await start({ deps });
    await expect(exchange(port, { method: "POST", path: "/api/v1/read" })).rejects.toThrow(/aborted|hang up/);
    expect((await exchange(port, { method: "GET", path: "/-/healthy" })).status).toBe(200);
  });
});

describe("compression", () => {
  test.each([
    ["gzip", 5000, "gzip"],
    ["deflate, gzip;q=0.5", 2 << 20, "deflate"],
    ["br, gzip, deflate", 2 << 20, "gzip"],
    ["*", 5000, undefined],
    ["gzip;q=0", 5000, undefined],
    ["br", 5000, undefined],
    ["gzip", 2, "gzip"],
    ["deflate", 500, "deflate"],
    ["gzip", 4097, "gzip"],
  ])("Accept-Encoding %s for %i bytes: %s", async (accept, bytes, coding) => {
    const body = bigBody(bytes);
    const { port } = await start({ deps: queries(async () => ({ kind: "encoded", body })) });
    const received = await exchange(port, {
      method: "GET",
      path: "/api/v1/query?query=1",
      headers: { "Accept-Encoding": accept },
    });
    expect(received.headers["content-encoding"]).toBe(coding);
    expect((coding === undefined ? received.body : unzipSync(received.body)).equals(body)).toBe(true);
  });
});

test("a client that goes away aborts the query's signal", async () => {
  let aborted = false;
  let started = false;
  const { port, counts } = await start({
    deps: queries(
      (_query, signal) =>
        new Promise((resolve) => {
          started = true;
          signal.addEventListener("abort", () => {
            aborted = true;
            resolve({ kind: "encoded", body: Buffer.from("{}") });
          });
        }),
    ),
  });
  const socket = await connect(port);
  socket.write("GET /api/v1/query?query=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => started);
  socket.destroy();
  await until(() => aborted && counts.closed === 1);
  expect((await exchange(port, { method: "GET", path: "/-/healthy" })).status).toBe(200);
});

describe("connections", () => {
  test("one serves several requests, pipelined or not", async () => {
    const { port, counts } = await start();
    const socket = await connect(port);
    const request = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n";
    socket.write(request + request);
    socket.write("GET /-/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const all = await receiveAll(socket);
    expect(all.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(counts.opened).toBe(1);
  });

  test("those beyond the limit are closed and counted, later ones are served again", async () => {
    const { port, counts } = await start({ maxConnections: 2 });
    const held = [await connect(port), await connect(port)];
    await until(() => counts.opened === 2);
    const third = await connect(port);
    expect(await receiveAll(third).catch(() => "")).toBe("");
    expect(counts.refused).toBe(1);
    for (const socket of held) socket.destroy();
    await until(() => counts.closed === 3);
    expect((await exchange(port, { method: "GET", path: "/-/healthy" })).status).toBe(200);
  });

  test("a client that does not send its body is cut off", async () => {
    const { port } = await start({ readTimeoutMs: 50 });
    const socket = await connect(port);
    socket.write("POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nquery=");
    expect(await receiveAll(socket).catch(() => "")).toBe("");
  });

  test("two addresses are served; a port in use is refused", async () => {
    const { server } = await start({
      addresses: [
        { host: "127.0.0.1", port: 0 },
        { host: "", port: 0 },
      ],
    });
    for (const port of server.ports) {
      expect((await exchange(port, { method: "GET", path: "/-/healthy" })).status).toBe(200);
    }
    await expect(start({ addresses: [{ host: "127.0.0.1", port: server.ports[0]! }] })).rejects.toMatchObject({
      code: "LISTEN",
    });
  });

  test("closing lets a running request end, and refuses new connections", async () => {
    let finish = (): void => {};
    let started = false;
    const { port, server } = await start({
      deps: queries(
        () =>
          new Promise((resolve) => {
            started = true;
            finish = () => resolve({ kind: "encoded", body: Buffer.from('{"late":true}') });
          }),
      ),
    });
    const running = exchange(port, { method: "GET", path: "/api/v1/query?query=1" });
    await until(() => started);
    open.splice(open.indexOf(server), 1);
    const closed = server.close(5000);
    await expect(connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    finish();
    expect((await running).body.toString()).toBe('{"late":true}');
    await closed;
  });

  test("closing aborts what does not end in time", async () => {
    let aborted = false;
    const { port, server } = await start({
      deps: queries(
        (_query, signal) =>
          new Promise(() => {
            signal.addEventListener("abort", () => {
              aborted = true;
            });
          }),
      ),
    });
    const running = exchange(port, { method: "GET", path: "/api/v1/query?query=1" }).catch((error: Error) => error);
    await new Promise((resolve) => setTimeout(resolve, 50));
    open.splice(open.indexOf(server), 1);
    await server.close(10);
    expect(await running).toBeInstanceOf(Error);
    expect(aborted).toBe(true);
  });
});

describe("requests", () => {
  test("a form beyond the limit is refused, announced or not", async () => {
    const { port } = await start({ bodyBytesMax: 1000 });
    const form = `query=${"a".repeat(2000)}`;
    expect((await exchange(port, { method: "POST", path: "/api/v1/query", form })).status).toBe(413);
    const socket = await connect(port);
    socket.write(
      "POST /api/v1/query HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" +
        `Content-Type: application/x-www-form-urlencoded\r\n\r\n7d8\r\n${form.slice(0, 2008)}\r\n`,
    );
    expect(await receiveAll(socket).catch(() => "")).toContain("413");
  });

  test("a GET whose query has 100 kB is answered", async () => {
    const calls: Recorded[] = [];
    const { port } = await start({ deps: { query: fakeQueries(calls) } });
    const expression = "a".repeat(100_000);
    const received = await exchange(port, { method: "GET", path: `/api/v1/query?query=${expression}` });
    expect(received.status).toBe(200);
    expect(calls[0]?.argument).toMatchObject({ expression });
  });

  test("a form of several parts is read", async () => {
    const calls: Recorded[] = [];
    const { port } = await start({ deps: { query: fakeQueries(calls) } });
    const body = Buffer.from(
      '--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nup\r\n' +
        '--x\r\nContent-Disposition: form-data; name="time"\r\n\r\n5\r\n--x--\r\n',
    );
    const headers = { "Content-Type": "multipart/form-data; boundary=x" };
    expect((await exchange(port, { method: "POST", path: "/api/v1/query", body, headers })).status).toBe(200);
    expect(calls[0]?.argument).toMatchObject({ expression: "up", timeMs: 5000 });
  });

  test("a path that does not decode is a bad request", async () => {
    const { port } = await start();
    const socket = await connect(port);
    socket.write("GET /api/v1/label/%zz/values HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await receiveAll(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request/);
  });

  test("what is no HTTP at all is refused", async () => {
    const { port } = await start();
    const socket = await connect(port);
    socket.write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n");
    expect(await receiveAll(socket).catch(() => "")).not.toContain("200 OK");
    expect((await exchange(port, { method: "GET", path: "/-/healthy" })).status).toBe(200);
  });

  test("a query's time-out carries cross-origin headers, so that pages can read it", async () => {
    const { port } = await start({
      deps: queries(async () => ({ kind: "failure", errorType: "timeout", message: "query timed out" })),
    });
    const headers = { Origin: "http://a.com" };
    const received = await exchange(port, { method: "GET", path: "/api/v1/query?query=1", headers });
    expect([received.status, received.headers["access-control-allow-origin"]]).toEqual([503, "http://a.com"]);
  });

  test("a handler that throws is an internal error, and the server goes on", async () => {
    const { port } = await start({ deps: queries(() => Promise.reject(new TypeError("oops"))) });
    const received = await exchange(port, { method: "GET", path: "/api/v1/query?query=1" });
    expect([received.status, JSON.parse(received.body.toString())]).toEqual([
      500,
      { status: "error", errorType: "internal", error: "oops" },
    ]);
  });
});

describe("cross-origin", () => {
  test.each([
    ["http://a.com", "http://a.com"],
    ["http://axcom", undefined],
    ["http://a.com.evil.org", undefined],
  ])("origin %s gets %s", async (origin, allowed) => {
    const { port } = await start({ corsOrigin: "https?://(a|b)\\.com" });
    const { headers } = await exchange(port, {
      method: "GET",
      path: "/api/v1/query?query=1",
      headers: { Origin: origin },
    });
    expect(headers["access-control-allow-origin"]).toBe(allowed);
    expect(headers["access-control-allow-methods"]).toBe("GET, POST, OPTIONS");
    expect(headers["vary"]).toBe("Origin");
  });
});

describe("before the server is ready", () => {
  const lifecycle: ApiDeps["lifecycle"] = {
    isReady: () => false,
    isStopping: () => false,
    enabled: false,
    reload: async () => undefined,
    quit: () => true,
  };

  test.each([
    ["/-/ready", 503],
    ["/api/v1/query?query=1", 503],
    ["/-/healthy", 200],
    ["/metrics", 200],
    ["/api/v1/status/walreplay", 200],
  ])("%s answers %i", async (path, status) => {
    const { port } = await start({ deps: { lifecycle } });
    const received = await exchange(port, { method: "GET", path });
    expect(received.status).toBe(status);
    if (status === 503) expect(received.body.toString()).toBe("Service Unavailable");
  });
});

test("a route prefix holds for all routes, and leads there", async () => {
  const { port } = await start({ deps: { routePrefix: "/p/q", externalUrl: new URL("http://x.y/p/q") } });
  const ask = async (path: string): Promise<[number, unknown]> => {
    const { status, headers } = await exchange(port, { method: "GET", path });
    return [status, headers["location"]];
  };
  expect(await ask("/")).toEqual([302, "/p/q"]);
  expect(await ask("/p/q")).toEqual([301, "/p/q/"]);
  expect(await ask("/p/q/")).toEqual([302, "/p/q/query"]);
  expect(await ask("/-/healthy")).toEqual([404, undefined]);
  expect(await ask("/p/qx/-/healthy")).toEqual([404, undefined]);
  expect(await ask("/p/q/-/healthy")).toEqual([200, undefined]);
  expect(await ask("/p/q/api/v1/query?query=1")).toEqual([200, undefined]);
  expect(await ask("/p/q//api/v1/query?query=1")).toEqual([301, "/p/q/api/v1/query?query=1"]);
});

describe("a gate", () => {
  const gate: RequestGate = {
    check: (authorization) =>
      Promise.resolve(
        authorization === "yes"
          ? { kind: "pass", headers: [["X-Frame-Options", "deny"]] }
          : { kind: "refuse", status: 401, headers: [["WWW-Authenticate", "Basic"]], text: "Unauthorized\n" },
      ),
  };

  test.each([
    ["GET", "/-/healthy"],
    ["HEAD", "/-/healthy"],
    ["GET", "/api/v1/notifications/live"],
    ["GET", "/nowhere"],
    ["POST", "/api/v1/query"],
    ["PUT", "/-/quit"],
  ])("refuses %s %s, and nothing behind it hears of it", async (method, path) => {
    const { port, counts } = await start({ gate });
    const { status, headers, body } = await exchange(port, {
      method,
      path,
      ...(method === "POST" && { form: "query=up" }),
    });
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toBe("Basic");
    expect(body.toString()).toBe(method === "HEAD" ? "" : "Unauthorized\n");
    expect(counts.answered).toEqual([]);
  });

  test("lets pass, and adds its headers", async () => {
    const { port } = await start({ gate });
    const get = await exchange(port, { method: "GET", path: "/-/healthy", headers: { authorization: "yes" } });
    expect([get.status, get.headers["x-frame-options"]]).toEqual([200, "deny"]);
    const post = await exchange(port, {
      method: "POST",
      path: "/api/v1/query",
      headers: { authorization: "yes" },
      form: "query=up",
    });
    expect(post.headers["x-frame-options"]).toBe("deny");
    expect(post.status).toBe(200);
  });
});
