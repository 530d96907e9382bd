/**
 * The same web configuration for the real Prometheus and Alertmanager and for ours: the same clients come in, and the
 * others hear the same. The file changes while all of them run.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/base/index.js";
import { SECRET_HASH, WEB_CONFIG_CASES, writeCertificates } from "../support/web-config.js";
import { freePort, killAll, makeFolder, removeFolder, startPrometheus, startVestal, waitUntil } from "./harness.js";
import { peerBinary } from "./peer-binary.js";

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly user?: string;
  readonly certificate?: "client" | "named";
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  readonly minVersion?: "TLSv1.1";
}

const HEADERS = ["www-authenticate", "x-frame-options", "content-security-policy", "strict-transport-security"];
const PAIR = "cert_file: server.crt, key_file: server.key";
const VESTAL = join(packageRoot(), "bin", "vestal");

const folders: string[] = [];
const urls: { readonly name: string; readonly url: string; readonly folder: string }[] = [];

beforeAll(async () => {
  const starts = [
    ["prometheus", startPrometheus],
    ["vestal", startVestal],
  ] as const;
  const alertmanagers = [
    ["alertmanager", peerBinary("prometheus-alertmanager"), []],
    ["vestal alertmanager", process.execPath, [VESTAL, "alertmanager"]],
  ] as const;
  await Promise.all([
    ...starts.map(async ([name, start]) => {
      const folder = prepared();
      const isReady = async (url: string): Promise<boolean> => (await ask(url, { path: "/-/ready" })).startsWith("200");
      const server = await start({
        config: {},
        folder,
        args: [`--web.config.file=${join(folder, "web.yml")}`],
        isReady,
      });
      urls.push({ name, url: server.url, folder });
    }),
    ...alertmanagers.map(async ([name, program, first]) => {
      const folder = prepared();
      const port = await freePort();
      writeFileSync(join(folder, "am.yml"), "route: {receiver: r}\nreceivers: [{name: r}]\n");
      const log = openSync(join(folder, "am.log"), "a");
      const args = [...first, "--config.file=am.yml", "--storage.path=data", "--web.config.file=web.yml"];
      const own = [`--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address="];
      const child = spawn(program, [...args, ...own], { cwd: folder, stdio: ["ignore", log, log] });
      ends.push(() => child.kill("SIGKILL"));
      const url = `http://127.0.0.1:${port}`;
      await waitUntil(`${name} is ready`, 60_000, async () => (await ask(url, { path: "/-/ready" })).startsWith("200"));
      urls.push({ name, url, folder });
    }),
  ]);
}, 90_000);

const ends: (() => void)[] = [];
afterAll(async () => {
  for (const end of ends) end();
  await killAll();
  for (const folder of folders) removeFolder(folder);
});

function prepared(): string {
  const folder = makeFolder();
  folders.push(folder);
  writeCertificates(folder);
  writeFileSync(join(folder, "web.yml"), `tls_server_config: {${PAIR}}`);
  return folder;
}

/** Status, headers that count, and the text of a refusal; "no answer" where there is none. */
function ask(url: string, asked: Asked): Promise<string> {
  const { port } = new URL(url);
  const folder = folders[0]!;
  const certificate = asked.certificate && {
    cert: readFileSync(join(folder, `${asked.certificate}.crt`)),
    key: readFileSync(join(folder, `${asked.certificate}.key`)),
  };
  return new Promise((resolve) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path: asked.path ?? "/-/healthy",
        method: asked.method ?? "GET",
        agent: false,
        ca: readFileSync(join(folder, "server.crt")),
        timeout: 20_000,
        ...(asked.user !== undefined && { auth: asked.user }),
        ...(asked.maxVersion && { maxVersion: asked.maxVersion }),
        ...(asked.minVersion && {
          minVersion: asked.minVersion,
          maxVersion: "TLSv1.1",
          ciphers: "DEFAULT:@SECLEVEL=0",
        }),
        ...certificate,
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          body += part;
        });
        response.on("end", () => {
          const status = response.statusCode ?? 0;
          const headers = HEADERS.map((name) => `${name}=${String(response.headers[name] ?? "")}`).join(" ");
          resolve(`${status} ${headers} ${status === 200 ? "" : body}`);
        });
        response.on("error", () => resolve("no answer"));
      },
    );
    sent.on("error", () => resolve("no answer")).on("timeout", () => sent.destroy());
    sent.end(asked.method === "POST" ? "a=b" : undefined);
  });
}

const USERS = `basic_auth_users: {admin: "${SECRET_HASH}"}`;

const CASES: readonly (readonly [name: string, file: string, asked: Asked, outcome: string | RegExp])[] = [
  ["TLS alone", `tls_server_config: {${PAIR}}`, {}, /^200/],
  ["TLS 1.2", `tls_server_config: {${PAIR}}`, { maxVersion: "TLSv1.2" }, /^200/],
  ["TLS 1.1 against the default", `tls_server_config: {${PAIR}}`, { minVersion: "TLSv1.1" }, "no answer"],
  ["TLS 1.2 against 1.3", `tls_server_config: {${PAIR}, min_version: TLS13}`, { maxVersion: "TLSv1.2" }, "no answer"],
  ["a cipher", `tls_server_config: {${PAIR}, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]}`, {}, /^200/],
  [
    "a cipher of other keys",
    `tls_server_config: {${PAIR}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}`,
    { maxVersion: "TLSv1.2" },
    "no answer",
  ],
  ["no user", `tls_server_config: {${PAIR}}\n${USERS}`, {}, /^401 www-authenticate=Basic /],
  ["a user", `tls_server_config: {${PAIR}}\n${USERS}`, { user: "admin:secret" }, /^200/],
  ["a wrong password", `tls_server_config: {${PAIR}}\n${USERS}`, { user: "admin:Secret" }, /^401/],
  ["another user", `tls_server_config: {${PAIR}}\n${USERS}`, { user: "root:secret" }, /^401/],
  ["a refused body", `tls_server_config: {${PAIR}}\n${USERS}`, { method: "POST", path: "/-/reload" }, /^401/],
  ["HEAD", `tls_server_config: {${PAIR}}\n${USERS}`, { method: "HEAD" }, /^401/],
  [
    "headers",
    `tls_server_config: {${PAIR}}\nhttp_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: foo}}`,
    {},
    /^200.* x-frame-options=deny content-security-policy=foo /,
  ],
  [
    "headers with a refusal",
    `tls_server_config: {${PAIR}}\n${USERS}\nhttp_server_config: {headers: {Strict-Transport-Security: a}}`,
    {},
    /^401.* strict-transport-security=a /,
  ],
  ["a file that is wrong now", "foo: 1", {}, "no answer"],
  ["a file without TLS now", "{}", {}, "no answer"],
  ["a certificate that is gone", "tls_server_config: {cert_file: nope, key_file: server.key}", {}, "no answer"],
  ...["RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"].flatMap(
    (type) =>
      ([undefined, "client", "named"] as const).map((certificate) => {
        const file = `tls_server_config: {${PAIR}, client_auth_type: ${type}, client_ca_file: named.crt}`;
        const isIn =
          type === "RequestClientCert" ||
          certificate === "named" ||
          (certificate === undefined ? type === "VerifyClientCertIfGiven" : type === "RequireAnyClientCert");
        return [
          `${type}, ${certificate ?? "none"}`,
          file,
          { ...(certificate && { certificate }) },
          isIn ? /^200/ : "no answer",
        ] as const;
      }),
  ),
  ...["client.example", "a@b.example", "spiffe://example/a", "::1", "example", "vestal-named"].map(
    (name) =>
      [
        `a client called ${name}`,
        `tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: named.crt, client_allowed_sans: ["x", "${name}"]}`,
        { certificate: "named" },
        ["example", "vestal-named"].includes(name) ? "no answer" : /^200/,
      ] as const,
  ),
  [
    "names and no certificate",
    `tls_server_config: {${PAIR}, client_auth_type: RequestClientCert, client_allowed_sans: ["x"]}`,
    {},
    "no answer",
  ],
  ["all is well again", `tls_server_config: {${PAIR}}`, {}, /^200/],
];

test.each(CASES)("%s", async (_name, file, asked, outcome) => {
  for (const { folder } of urls) writeFileSync(join(folder, "web.yml"), file);
  const answers = await Promise.all(urls.map(({ url }) => ask(url, asked)));
  for (const [i, answer] of answers.entries()) {
    if (typeof outcome === "string") expect.soft(answer, urls[i]!.name).toBe(outcome);
    else expect.soft(answer, urls[i]!.name).toMatch(outcome);
  }
  const of = (name: string): string | undefined => answers[urls.findIndex((server) => server.name === name)];
  expect(of("vestal")).toBe(of("prometheus"));
  expect(of("vestal alertmanager")).toBe(of("alertmanager"));
});

test("a request in small parts is served", async () => {
  const { url, folder } = urls.find(({ name }) => name === "vestal")!;
  const ca = readFileSync(join(folder, "server.crt"));
  const whole = "GET /-/healthy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  for (let cut = 1; cut < whole.length; cut += 5) {
    const socket = connectTls({ host: "127.0.0.1", port: Number(new URL(url).port), ca });
    let text = "";
    socket.on("data", (part: Buffer) => {
      text += part.toString();
    });
    await new Promise<void>((resolve) => socket.write(whole.slice(0, cut), () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(whole.slice(cut));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(text, `cut at ${cut}`).toContain("HTTP/1.1 200 OK");
  }
});

test("a plain request to a port with TLS is not served", async () => {
  const { url } = urls.find(({ name }) => name === "vestal")!;
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const bytes: Buffer[] = [];
  socket.on("data", (part: Buffer) => bytes.push(part));
  socket.on("error", () => socket.destroy());
  socket.write("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise((resolve) => socket.once("close", resolve));
  expect(Buffer.concat(bytes).toString("latin1")).not.toContain("prometheus_");
});

test("no other way leads in: the socket in the data directory is ours alone", () => {
  const { folder } = urls.find(({ name }) => name === "vestal")!;
  expect(existsSync(join(folder, "data", "web.sock"))).toBe(true);
});

test("check web-config says what promtool says", async () => {
  const folder = folders[0]!;
  const files = WEB_CONFIG_CASES.map((_, i) => `case-${i}.yml`);
  for (const [i, [content]] of WEB_CONFIG_CASES.entries()) writeFileSync(join(folder, files[i]!), content);
  const run = (program: string, first: readonly string[]): Promise<readonly [unknown, string, readonly string[]]> =>
    new Promise((resolve) => {
      execFile(
        program,
        [...first, "check", "web-config", ...files],
        { cwd: folder, timeout: 30_000 },
        (error, out, err) => resolve([error?.code ?? 0, out, err.split(/^(?=case-)/m)]),
      );
    });
  const [theirs, ours] = await Promise.all([
    run(peerBinary("promtool"), []),
    run(process.execPath, [VESTAL, "promtool"]),
  ]);
  expect(theirs[2]).toHaveLength(files.length);
  expect(ours).toEqual(theirs);
});
