import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { SERVER_CERTIFICATE, SERVER_KEY } from "../../test/doubles/certificates.js";
import { DEFAULT_HTTP_CLIENT, DEFAULT_TLS, HttpClient, type HttpClientOptions, proxyFor } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "vestal-http-"));
const servers: Server[] = [];
const clients: HttpClient[] = [];

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function serve(handler: Handler, tls?: { cert: string; key: string }): Promise<string> {
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => handler(request, response, body));
  };
  const server = tls === undefined ? createServer(listen) : createTlsServer(tls, listen);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function open(options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = new HttpClient({ ...DEFAULT_HTTP_CLIENT, ...options }, "Test/1");
  clients.push(client);
  return client;
}

const ask = async (client: HttpClient, url: string) => {
  const { status, body } = await client.request({ url, timeoutMs: 5000, bodyBytesMax: 1000 });
  return `${status} ${body}`;
};

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const echo: Handler = (request, response) => {
  response.end(
    `${request.headers.authorization ?? "-"} ${request.headers["x-a"] ?? "-"} ${request.headers["user-agent"]}`,
  );
};

test("each kind of credentials is sent, a file's as it is at the moment", async () => {
  const url = await serve(echo);
  const file = join(folder, "secret");
  writeFileSync(file, " one\n");
  const source = { value: "", file };
  const basic = open({ basicAuth: { username: { value: "u", file: "" }, password: source } });
  expect(await ask(basic, url)).toBe(`200 Basic ${Buffer.from("u:one").toString("base64")} - Test/1`);
  const bearer = open({
    authorization: { type: "Bearer", credentials: source },
    headers: { "X-A": { values: ["v"], secrets: [], files: [] } },
  });
  expect(await ask(bearer, url)).toBe("200 Bearer one v Test/1");
  writeFileSync(file, "two");
  expect(await ask(bearer, url)).toBe("200 Bearer two v Test/1");
  const missing = open({ authorization: { type: "Bearer", credentials: { value: "", file: join(folder, "none") } } });
  await expect(ask(missing, url)).rejects.toThrow(
    /unable to read authorization credentials: unable to read file .*: open .*: no such file/,
  );
});

test("a redirect is followed on its host with credentials, elsewhere without; or not at all", async () => {
  const other = await serve(echo);
  const url = await serve((request, response, body) => {
    if (request.url === "/here") response.writeHead(302, { location: "/end" }).end();
    else if (request.url === "/there") response.writeHead(307, { location: `${other}/end` }).end();
    else if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
    else echo(request, response, body);
  });
  const options = { authorization: { type: "Bearer", credentials: { value: "s", file: "" } } };
  const client = open(options);
  expect(await ask(client, `${url}/here`)).toBe("200 Bearer s - Test/1");
  expect(await ask(client, `${url}/there`)).toBe("200 - - Test/1");
  await expect(ask(client, `${url}/loop`)).rejects.toThrow(`Get "${url}/loop": stopped after 10 redirects`);
  expect(await ask(open({ ...options, followRedirects: false }), `${url}/here`)).toBe("302 ");
});

test("OAuth 2.0: one token serves until it ends, and a new secret makes a new one", async () => {
  const seen: string[] = [];
  const tokens = await serve((request, response, body) => {
    seen.push(`${request.headers.authorization ?? "-"} ${body}`);
    if (request.headers.authorization !== undefined) response.writeHead(401).end();
    else response.end(JSON.stringify({ access_token: `t${seen.length}`, token_type: "bearer", expires_in: 3600 }));
  });
  const url = await serve(echo);
  const file = join(folder, "oauth");
  writeFileSync(file, "a");
  const client = open({
    oauth2: {
      clientId: "id",
      clientSecret: { value: "", file },
      grantType: "",
      scopes: ["x", "y"],
      tokenUrl: tokens,
      endpointParams: { audience: "me" },
      tls: DEFAULT_TLS,
      proxy: DEFAULT_HTTP_CLIENT.proxy,
    },
  });
  expect(await ask(client, url)).toBe("200 Bearer t2 - Test/1");
  expect(await ask(client, url)).toBe("200 Bearer t2 - Test/1");
  const form = "grant_type=client_credentials&scope=x+y&audience=me";
  expect(seen).toEqual([
    `Basic ${Buffer.from("id:a").toString("base64")} ${form}`,
    `- ${form}&client_id=id&client_secret=a`,
  ]);
  writeFileSync(file, "b");
  expect(await ask(client, url)).toBe("200 Bearer t3 - Test/1");
});

test("TLS: verified against the given authority; failures in Go's words", async () => {
  const url = await serve(echo, { cert: SERVER_CERTIFICATE, key: SERVER_KEY });
  const tls = { ...DEFAULT_TLS, ca: { value: SERVER_CERTIFICATE, file: "" } };
  expect(await ask(open({ tls }), url)).toMatch(/^200 /);
  expect(await ask(open({ tls: { ...DEFAULT_TLS, insecureSkipVerify: true } }), url)).toMatch(/^200 /);
  await expect(ask(open(), url)).rejects.toThrow(
    `Get "${url}/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
  );
});

test("what does not answer, answers too slowly or too much, is an error with the URL and no password", async () => {
  const url = await serve((request, response) => {
    if (request.url === "/big") response.end("x".repeat(1001));
  });
  const client = open();
  await expect(ask(client, `${url}/big`)).rejects.toThrow(/is larger than 1000 bytes/);
  const slow = client.request({ url: `${url.replace("//", "//u:p@")}/slow`, timeoutMs: 50, bodyBytesMax: 1 });
  await expect(slow).rejects.toMatchObject({ code: "HTTP_TIMEOUT", message: expect.stringContaining("u:xxxxx@") });
  await expect(ask(client, "http://127.0.0.1:1/")).rejects.toThrow(
    'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused',
  );
});

test.each([
  ["http://a.example/", { url: "http://p:1" }, "http://p:1"],
  ["http://a.example/", { url: "http://p:1", noProxy: "example" }, undefined],
  ["http://a.example/", { url: "http://p:1", noProxy: ".a.example" }, "http://p:1"],
  ["http://b.a.example/", { url: "http://p:1", noProxy: "x,*.a.example" }, undefined],
  ["http://10.1.2.3/", { url: "http://p:1", noProxy: "10.0.0.0/8" }, undefined],
  ["http://10.1.2.3:81/", { url: "http://p:1", noProxy: "10.1.2.3:80" }, "http://p:1"],
  ["http://[2001:db8::1]/", { url: "http://p:1", noProxy: "2001:db8::/32" }, undefined],
  ["http://a/", { url: "http://p:1", noProxy: "*" }, undefined],
  ["http://a/", { fromEnvironment: true }, "http://env:1"],
  ["https://a/", { fromEnvironment: true }, undefined],
  ["http://skip.me/", { fromEnvironment: true }, undefined],
  ["http://127.0.0.1/", { fromEnvironment: true }, undefined],
] as const)("proxy of %s with %j is %s", (url, options, expected) => {
  const all = { url: undefined, noProxy: "", fromEnvironment: false, connectHeaders: {}, ...options };
  expect(proxyFor(new URL(url), all, { HTTP_PROXY: "env:1", no_proxy: "skip.me" })).toBe(expected);
});
