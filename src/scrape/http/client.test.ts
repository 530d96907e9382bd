import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { BodySlots } from "../../../test/doubles/body-slots.js";
import {
  type Exporter,
  type ReceivedRequest,
  type ResponsePlan,
  respond,
  startExporter,
} from "../../../test/doubles/exporter.js";
import { createClientContext, type FetchResult, TargetClient } from "./client.js";
import { scrapeUrl } from "./request.js";
import { DEFAULT_TRANSPORT, type TransportOptions } from "./transport.js";

const BODY = "up_x 1\n";
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function exporter(plan: (request: ReceivedRequest) => ResponsePlan | undefined): Promise<Exporter> {
  const started = await startExporter(plan);
  closers.push(() => started.close());
  return started;
}

interface Subject {
  readonly client: TargetClient;
  readonly slots: BodySlots;
  fetchText(): Promise<FetchResult & { text: string }>;
}

function subject(address: string, path: string, options: Partial<TransportOptions> = {}, timeoutMs = 1500): Subject {
  const slots = new BodySlots();
  const context = createClientContext(slots, "Vestal/0.0.0");
  const url = scrapeUrl("http", address, path, {});
  const client = new TargetClient(url, { ...DEFAULT_TRANSPORT, ...options }, timeoutMs, context);
  closers.push(() => client.close());
  const fetchText = async () => {
    const result = await client.fetch(3);
    return { ...result, text: slots.text(3, result.bodyBytes) };
  };
  return { client, slots, fetchText };
}

function ok(headers = "", body = BODY): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
}

function chunkedHead(rest: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n${rest}`;
}

function gzipped(bytes: Uint8Array): readonly (string | Uint8Array)[] {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  return [Buffer.concat([Buffer.from(head), bytes])];
}

/** What /api/v1/targets of Prometheus 3.5.3 showed as lastError for a server that sent these bytes. `URL` is the target's. */
interface Row {
  readonly name: string;
  readonly parts: readonly (string | Uint8Array)[];
  readonly after?: "end" | "reset";
  readonly error?: string;
  readonly options?: Partial<TransportOptions>;
}

const BROKEN = 'Get "URL": net/http: HTTP/1.x transport connection broken: ';
const gz = gzipSync(BODY);
const clSame = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nContent-Length: 7\r\n\r\n";
const interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";

const ROWS: readonly Row[] = [
  { name: "a body with Content-Length", parts: [ok()] },
  { name: "head and body in single bytes", parts: [...ok()] },
  { name: "no response, then an end", parts: [""], after: "end", error: 'Get "URL": EOF' },
  { name: "half a status line", parts: ["HTTP/1.1 200"], after: "end", error: `${BROKEN}unexpected EOF` },
  {
    name: "half a head",
    parts: ["HTTP/1.1 200 OK\r\nContent-Type: te"],
    after: "end",
    error: `${BROKEN}unexpected EOF`,
  },
  { name: "half a body", parts: [ok().replace("h: 7", "h: 100")], after: "end", error: "unexpected EOF" },
  {
    name: "no HTTP",
    parts: ["SSH-2.0-OpenSSH_9\r\n\r\n"],
    error: `${BROKEN}malformed HTTP response "SSH-2.0-OpenSSH_9"`,
  },
  { name: "an empty line first", parts: [`\r\n${ok()}`], error: `${BROKEN}malformed HTTP response ""` },
  { name: "letters as status", parts: ["HTTP/1.1 abc OK\r\n\r\n"], error: `${BROKEN}malformed HTTP status code "abc"` },
  {
    name: "a status of two digits",
    parts: ["HTTP/1.1 20 OK\r\n\r\n"],
    error: `${BROKEN}malformed HTTP status code "20"`,
  },
  {
    name: "a strange version",
    parts: ["HTTP/9.x 200 OK\r\n\r\n"],
    error: `${BROKEN}malformed HTTP version "HTTP/9.x"`,
  },
  {
    name: "a status without reason",
    parts: ["HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n"],
    error: "server returned HTTP status 500",
  },
  {
    name: "status 500",
    parts: ["HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"],
    error: "server returned HTTP status 500 Internal Server Error",
  },
  {
    name: "an own reason",
    parts: ["HTTP/1.1 404 Nix da\r\nContent-Length: 0\r\n\r\n"],
    error: "server returned HTTP status 404 Nix da",
  },
  {
    name: "status 204",
    parts: ["HTTP/1.1 204 No Content\r\n\r\n"],
    error: "server returned HTTP status 204 No Content",
  },
  {
    name: "status 206",
    parts: [ok().replace("200 OK", "206 Partial")],
    error: "server returned HTTP status 206 Partial",
  },
  {
    name: "status 101",
    parts: ["HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    error: "server returned HTTP status 101 Switching Protocols",
  },
  {
    name: "a redirect to nowhere",
    parts: ["HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"],
    error: "server returned HTTP status 302 Found",
  },
  {
    name: "a redirect that may not be followed",
    parts: ["HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"],
    error: "server returned HTTP status 302 Found",
    options: { followRedirects: false },
  },
  {
    name: "a header without colon",
    parts: ["HTTP/1.1 200 OK\r\nno colon here\r\n\r\n"],
    error: `${BROKEN}malformed MIME header: missing colon: "no colon here"`,
  },
  {
    name: "a header without name",
    parts: ["HTTP/1.1 200 OK\r\n: b\r\n\r\n"],
    error: `${BROKEN}malformed MIME header line: ": b"`,
  },
  {
    name: "a NUL in a header",
    parts: ["HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"],
    error: `${BROKEN}malformed MIME header line: "X: a\\x00b"`,
  },
  { name: "a blank in a header's name", parts: [ok("bad name: x\r\n")] },
  { name: "a folded header", parts: [ok().replace("text/plain", "text/plain;\r\n version=0.0.4")] },
  {
    name: "line feeds alone in the head",
    parts: [`HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 7\n\n${BODY}`],
  },
  { name: "a length with letters", parts: [ok().replace("h: 7", "h: 7x")], error: `${BROKEN}bad Content-Length "7x"` },
  { name: "a negative length", parts: [ok().replace("h: 7", "h: -7")], error: `${BROKEN}bad Content-Length "-7"` },
  { name: "a length with plus", parts: [ok().replace("h: 7", "h: +7")], error: `${BROKEN}bad Content-Length "+7"` },
  { name: "an empty length", parts: [ok().replace("h: 7", "h:")], after: "end" },
  { name: "the length twice", parts: [clSame + BODY] },
  {
    name: "two lengths",
    parts: [clSame.replace("h: 7", "h: 8") + BODY],
    error: `${BROKEN}http: message cannot contain multiple Content-Length headers; got ["8" "7"]`,
  },
  {
    name: "an unknown transfer encoding",
    parts: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\n"],
    error: `${BROKEN}unsupported transfer encoding: "foo"`,
  },
  {
    name: "chunks and a length",
    parts: [chunkedHead("7\r\nup_x 1\n\r\n0\r\n\r\n").replace("Transfer", "Content-Length: 3\r\nTransfer")],
  },
  { name: "a chunk extension and a trailer", parts: [chunkedHead("7;ext=1\r\nup_x 1\n\r\n0\r\nT: x\r\n\r\n")] },
  { name: "chunks in single bytes", parts: [...chunkedHead("3;e\r\nup_\r\n4\r\nx 1\n\r\n0\r\nT: x\r\n\r\n")] },
  {
    name: "chunk lines that end with LF",
    parts: [chunkedHead("7\nup_x 1\n\n0\n\n")],
    error: "chunked line ends with bare LF",
  },
  { name: "no hex number", parts: [chunkedHead("zz\r\nup_x 1\n\r\n")], error: "invalid byte in chunk length" },
  {
    name: "a chunk of 2^68 bytes",
    parts: [chunkedHead("fffffffffffffffff\r\nup")],
    error: "http chunk length too large",
  },
  {
    name: "a chunk longer than declared",
    parts: [chunkedHead("7\r\nup_x 1\nXX0\r\n\r\n")],
    error: "malformed chunked encoding",
  },
  { name: "an empty chunk line", parts: [chunkedHead("\r\nup_x 1\n")], error: "empty hex number for chunk length" },
  { name: "an end after a chunk", parts: [chunkedHead("7\r\nup_x 1\n")], after: "end", error: "unexpected EOF" },
  { name: "an end in a chunk", parts: [chunkedHead("7\r\nup")], after: "end", error: "unexpected EOF" },
  {
    name: "an end in the trailer",
    parts: [chunkedHead("7\r\nup_x 1\n\r\n0\r\n")],
    after: "end",
    error: "http: unexpected EOF reading trailer",
  },
  { name: "interim responses", parts: [interim.repeat(7) + ok()] },
  { name: "a body up to the end", parts: [`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n${BODY}`], after: "end" },
  { name: "HTTP/1.0", parts: [`HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n${BODY}`], after: "end" },
  { name: "bytes behind the body", parts: [`${ok()}junkjunk`] },
  { name: "gzip", parts: gzipped(gz) },
  { name: "two gzip members", parts: gzipped(Buffer.concat([gzipSync("up_"), gzipSync("x 1\n")])) },
  { name: "gzip that is none", parts: gzipped(Buffer.from(BODY)), error: "unexpected EOF" },
  { name: "gzip without its end", parts: gzipped(gz.subarray(0, -6)), error: "unexpected EOF" },
  {
    name: "gzip with a wrong checksum",
    parts: gzipped(Buffer.concat([gz.subarray(0, -8), Buffer.alloc(8)])),
    error: "gzip: invalid checksum",
  },
  {
    name: "gzip with a tail",
    parts: gzipped(Buffer.concat([gz, Buffer.from("junk of some length")])),
    error: "gzip: invalid header",
  },
  { name: "an empty gzip body", parts: gzipped(new Uint8Array(0)), error: "EOF" },
  {
    name: "a body of the limit's size",
    parts: [ok()],
    error: "body size limit exceeded",
    options: { bodySizeLimit: 7 },
  },
  { name: "a body below the limit", parts: [ok()], options: { bodySizeLimit: 8 } },
  {
    name: "gzip of the limit's size",
    parts: gzipped(gz),
    error: "body size limit exceeded",
    options: { bodySizeLimit: 7 },
  },
  {
    name: "chunks of the limit's size",
    parts: [chunkedHead("7\r\nup_x 1\n\r\n0\r\n\r\n")],
    error: "body size limit exceeded",
    options: { bodySizeLimit: 7 },
  },
];

describe("a response that ends in the verdict of Prometheus", () => {
  test.each(ROWS)("$name", async ({ parts, after, error, options }) => {
    const server = await exporter(() => ({ parts, ...(after === undefined ? {} : { after }) }));
    const { client, fetchText } = subject(server.address, "/x", options);
    const result = await fetchText();
    expect(result.error).toBe(error?.replace("URL", client.url.href));
    if (error === undefined) expect(result.text).toBe(BODY);
  });
});

test("a reset is named with both ends", async () => {
  const server = await exporter(() => ({ parts: [], after: "reset" }));
  const { error } = await subject(server.address, "/x").fetchText();
  expect(error).toMatch(
    new RegExp(
      `^Get "http://${server.address}/x": read tcp 127.0.0.1:\\d+->${server.address}: read: connection reset by peer$`,
    ),
  );
});

test("a server that never answers costs the timeout and no more", async () => {
  const server = await exporter(() => undefined);
  const { error } = await subject(server.address, "/x", {}, 100).fetchText();
  expect(error).toBe(`Get "http://${server.address}/x": context deadline exceeded`);
});

test("a body that stops costs the timeout and no more", async () => {
  const server = await exporter(() => ({ parts: [ok().replace("h: 7", "h: 100")] }));
  expect((await subject(server.address, "/x", {}, 100).fetchText()).error).toBe("context deadline exceeded");
});

test.each([
  ["127.0.0.1:1", "dial tcp 127.0.0.1:1: connect: connection refused"],
  ["[::1]:1", "dial tcp [::1]:1: connect: connection refused"],
])("nobody listens at %s", async (address, message) => {
  const { error } = await subject(address, "/metrics").fetchText();
  expect(error).toBe(`Get "http://${address}/metrics": ${message}`);
});

test("a name that does not exist is named", async () => {
  const { error } = await subject("nosuch.invalid:80", "/metrics", {}, 10_000).fetchText();
  expect(error).toMatch(/^Get "http:\/\/nosuch.invalid:80\/metrics": dial tcp: lookup nosuch.invalid( on \S+)?: /);
});

test("a name with addresses of which only the second listens is reached", async () => {
  const server = await exporter(() => respond(BODY));
  expect((await subject(`localhost:${server.port}`, "/x").fetchText()).text).toBe(BODY);
});

test("the connection is kept from scrape to scrape", async () => {
  const server = await exporter(({ path }) => respond(path, { chunkBytes: 2 }));
  const { fetchText } = subject(server.address, "/abc");
  for (let i = 0; i < 3; i++) expect((await fetchText()).text).toBe("/abc");
  expect(server.connectionCount).toBe(1);
});

test("a kept connection that the server closed is replaced without a failed scrape", async () => {
  const server = await exporter(() => respond(BODY));
  const { fetchText } = subject(server.address, "/x");
  await fetchText();
  server.dropConnections();
  expect((await fetchText()).text).toBe(BODY);
});

test("a kept connection that closes on the second request is tried again once", async () => {
  const server = await exporter(({ connection }) => {
    const isSecond = server.requests.filter((request) => request.connection === connection).length === 2;
    return isSecond ? { parts: [], after: "end" } : respond(BODY);
  });
  const { fetchText } = subject(server.address, "/x");
  await fetchText();
  expect((await fetchText()).text).toBe(BODY);
  expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0, 1]);
});

test("a large body, framed in every way, arrives whole", async () => {
  const body = Array.from({ length: 20_000 }, (_, i) => `metric_${i % 977}{a="${i}"} ${i * 7}\n`).join("");
  const plans: Record<string, ResponsePlan> = {
    "/length": respond(body),
    "/chunked": respond(body, { chunkBytes: 4096 }),
    "/gzip": respond(body, { gzip: true }),
    "/gzipchunked": respond(body, { gzip: true, chunkBytes: 1000 }),
    "/close": { parts: [`HTTP/1.1 200 OK\r\n\r\n${body}`], after: "end" },
  };
  const server = await exporter(({ path }) => plans[path]);
  for (const path of Object.keys(plans)) {
    const { fetchText } = subject(server.address, path, {}, 5000);
    for (let i = 0; i < 2; i++) expect((await fetchText()).text === body, path).toBe(true);
  }
});

test("a gzip bomb is stopped at the limit", async () => {
  const server = await exporter(() => respond(Buffer.alloc(50_000_000), { gzip: true }));
  const { fetchText, slots } = subject(server.address, "/x", { bodySizeLimit: 1_000_000 });
  expect((await fetchText()).error).toBe("body size limit exceeded");
  expect(slots.bytesMax).toBeLessThan(1_100_000);
});

test("an endless body is stopped at the limit", async () => {
  const server = await exporter(() => ({
    parts: ["HTTP/1.1 200 OK\r\n\r\n", ...Array<string>(100).fill("x".repeat(10_000))],
  }));
  expect((await subject(server.address, "/x", { bodySizeLimit: 200_000 }).fetchText()).error).toBe(
    "body size limit exceeded",
  );
});

test("an endless head is stopped", async () => {
  const server = await exporter(() => ({ parts: [`HTTP/1.1 200 OK\r\nX: ${"a".repeat(3 << 20)}`] }));
  const { error } = await subject(server.address, "/x").fetchText();
  expect(error).toContain("net/http: server response headers exceeded 1048576 bytes; aborted");
});

test("a slot that cannot grow fails the scrape in its own words", async () => {
  const server = await exporter(() => respond("x".repeat(100_000)));
  const buffers = {
    bodyBuffer: () => {
      throw new Error("the head's memory is full");
    },
  };
  const url = scrapeUrl("http", server.address, "/x", {});
  const client = new TargetClient(url, DEFAULT_TRANSPORT, 1000, createClientContext(buffers, "Vestal/0.0.0"));
  expect((await client.fetch(0)).error).toBe("the head's memory is full");
  client.close();
});

describe("through undici", () => {
  test("a redirect is followed, and remembered", async () => {
    const server = await exporter(({ path }) =>
      path === "/x" ? respond("", { status: "302 Found", headers: { Location: "/y" } }) : respond(BODY),
    );
    const { fetchText } = subject(server.address, "/x");
    for (let i = 0; i < 2; i++) expect((await fetchText()).text).toBe(BODY);
    // Once to find out, and from then on by the way that follows.
    expect(server.requests.map(({ path }) => path)).toEqual(["/x", "/x", "/y", "/x", "/y"]);
  });

  test("redirects in a circle end", async () => {
    const server = await exporter(() => respond("", { status: "302 Found", headers: { Location: "/x" } }));
    expect((await subject(server.address, "/x").fetchText()).error).toContain("stopped after 10 redirects");
  });

  test("credentials and own headers stay with their host", async () => {
    const other = await exporter(() => respond(BODY));
    const server = await exporter(({ path }) =>
      path === "/x"
        ? respond("", { status: "307 Temporary Redirect", headers: { Location: "/same" } })
        : respond("", { status: "302 Found", headers: { Location: `http://${other.address}/y` } }),
    );
    const secrets = { authorization: "Bearer s3cret", headers: [["X-Token", "s3cret"]] as const };
    expect((await subject(server.address, "/x", secrets).fetchText()).text).toBe(BODY);
    expect(server.requests.at(-1)?.headers).toMatchObject({ authorization: "Bearer s3cret", "x-token": "s3cret" });
    expect(Object.keys(other.requests[0]!.headers).sort()).toEqual([
      "accept",
      "accept-encoding",
      "connection",
      "host",
      "user-agent",
      "x-prometheus-scrape-timeout-seconds",
    ]);
  });

  test("a token in a file is read at each scrape, and a file that cannot be read fails that scrape alone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vestal-token-"));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "token");
    const server = await exporter(() => respond(BODY));
    const credentials = { type: "Bearer", credentials: { value: "", file } };
    const target = subject(server.address, "/metrics", { credentials });
    expect((await target.fetchText()).error).toBe(
      `Get "http://${server.address}/metrics": unable to read authorization credentials: unable to read file ${file}: open ${file}: no such file or directory`,
    );
    for (const token of ["first", "first", "second"]) {
      writeFileSync(file, `${token}\n`);
      expect((await target.fetchText()).text).toBe(BODY);
    }
    expect(server.requests.map(({ headers }) => headers["authorization"])).toEqual([
      "Bearer first",
      "Bearer first",
      "Bearer second",
    ]);
    const failure = "error creating HTTP client: unable to read CA cert file /none: no such file or directory";
    expect((await subject(server.address, "/m", { failure }).fetchText()).error).toBe(
      `Get "http://${server.address}/m": ${failure}`,
    );
  });

  test("a proxy gets the whole address", async () => {
    const proxy = await exporter(() => respond(BODY, { gzip: true }));
    const options = { proxy: { url: `http://${proxy.address}`, headers: { "Proxy-Authorization": "Basic eDp5" } } };
    expect((await subject("target.invalid:9100", "/metrics", options).fetchText()).text).toBe(BODY);
    expect(proxy.requests[0]).toMatchObject({
      path: "http://target.invalid:9100/metrics",
      headers: { host: "target.invalid:9100", "proxy-authorization": "Basic eDp5" },
    });
  });

  test("limits, status and timeouts have the words of the lean way", async () => {
    const plans: Record<string, ResponsePlan | undefined> = {
      "/large": respond("x".repeat(2000), { chunkBytes: 100 }),
      "/404": respond("", { status: "404 Not Found" }),
    };
    const server = await exporter(({ path }) =>
      path === "/x"
        ? undefined
        : (plans[path] ?? respond("", { status: "301 Moved", headers: { Location: path.slice(2) } })),
    );
    const large = subject(server.address, "/r/large", { bodySizeLimit: 2000, enableCompression: false });
    expect((await large.fetchText()).error).toBe("body size limit exceeded");
    expect((await subject(server.address, "/r/404").fetchText()).error).toBe(
      "server returned HTTP status 404 Not Found",
    );
    const { error } = await subject(server.address, "/r/x", {}, 300).fetchText();
    expect(error).toBe(`Get "http://${server.address}/r/x": context deadline exceeded`);
  });
});
