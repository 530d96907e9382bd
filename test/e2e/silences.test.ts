/** Silences through the server: of the Alertmanager inside it, and of one of its configuration, with the server's own credentials. */
import { writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type ApiAnswer,
  api,
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startVestal,
} from "../peers/harness.js";

const folders = [makeFolder(), makeFolder()] as const;
const FORBIDDEN = "it knows no such silence";
let outside: HttpServer;
let asked: string[] = [];
let server: Server;
let trusted: Server;
let embedded: string;
let external: string;

beforeAll(async () => {
  outside = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""} ${Buffer.concat(parts)}`);
      response.setHeader("content-type", "application/json");
      if (request.method === "DELETE") response.writeHead(404).end(JSON.stringify(FORBIDDEN));
      else if (request.method === "POST") response.end('{"silenceID":"s1"}');
      else response.end("[]");
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  const target = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
  external = `http://${target}/am/api/v2/alerts`;
  const own = {
    path_prefix: "/am",
    basic_auth: { username: "u", password: "p" },
    static_configs: [{ targets: [target] }],
  };
  const config = { alerting: { alertmanagers: [own] } };
  const file = join(folders[0], "am.yml");
  writeFileSync(file, "route: {receiver: r}\nreceivers: [{name: r}]\n");
  const address = `127.0.0.1:${await freePort()}`;
  embedded = `http://${address}/api/v2/alerts`;
  server = await startVestal({
    folder: folders[0],
    config,
    args: [
      "--alertmanager.embedded",
      `--alertmanager.embedded.config-file=${file}`,
      `--alertmanager.embedded.listen-address=${address}`,
    ],
  });
  trusted = await startVestal({ folder: folders[1], config, args: ["--web.enable-silences"] });
}, 120_000);

afterAll(async () => {
  await killAll();
  outside?.closeAllConnections();
  outside?.close();
  for (const folder of folders) removeFolder(folder);
});

async function post(
  of: Server,
  path: string,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly answer: ApiAnswer }> {
  const response = await fetch(`${of.url}/api/v1/alertmanagers/${path}?${new URLSearchParams({ url })}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as ApiAnswer };
}

function newSilence(comment: string): unknown {
  const startsAt = new Date().toISOString();
  const endsAt = new Date(Date.now() + 3_600_000).toISOString();
  const matchers = [{ name: "alertname", value: "Broken", isRegex: false, isEqual: true }];
  return { matchers, startsAt, endsAt, createdBy: "me", comment };
}

interface Silences {
  readonly silences: readonly {
    readonly id: string;
    readonly comment: string;
    readonly status: { readonly state: string };
  }[];
  readonly isChangeable: boolean;
}

async function silencesOf(of: Server, url: string): Promise<Silences> {
  return (await api(of, "alertmanagers/silences", { url })).data as Silences;
}

test("of the Alertmanager inside: made, listed, expired; what it refuses comes in its words", async () => {
  const made = await post(server, "silences", embedded, newSilence("by night"));
  expect(made.status).toBe(200);
  const { silenceID } = made.answer.data as { silenceID: string };
  const { silences, isChangeable } = await silencesOf(server, embedded);
  expect(isChangeable).toBe(true);
  expect(silences.map(({ id, comment, status }) => [id, comment, status.state])).toEqual([
    [silenceID, "by night", "active"],
  ]);
  const refused = await post(server, "silences", embedded, { ...(newSilence("") as object), matchers: [] });
  expect([refused.status, refused.answer.errorType]).toEqual([400, "bad_data"]);
  expect(refused.answer.error).toMatch(/matcher/);
  expect((await post(server, `silences/${silenceID}/expire`, embedded, {})).status).toBe(200);
  expect((await silencesOf(server, embedded)).silences[0]?.status.state).toBe("expired");
});

test.each<[what: string, headers: Readonly<Record<string, string>>]>([
  ["a page of another site", { "sec-fetch-site": "cross-site" }],
  ["another origin", { origin: "https://evil.example" }],
  ["a form", { "content-type": "text/plain" }],
])("%s may not make one", async (_what, headers) => {
  const { status, answer } = await post(server, "silences", embedded, newSilence("evil"), headers);
  expect([status, answer.errorType]).toEqual([400, "bad_data"]);
  expect((await silencesOf(server, embedded)).silences.filter(({ comment }) => comment === "evil")).toEqual([]);
});

test("of one outside they are listed, and changed only with --web.enable-silences", async () => {
  expect(await silencesOf(server, external)).toEqual({ silences: [], isChangeable: false });
  const refused = await post(server, "silences", external, newSilence("x"));
  expect(refused.answer.error).toMatch(/--web\.enable-silences/);
  asked = [];
  const silence = newSilence("x");
  const { answer } = await post(trusted, "silences", external, silence);
  expect(answer.data).toEqual({ silenceID: "s1" });
  const basic = `Basic ${Buffer.from("u:p").toString("base64")}`;
  const gone = await post(trusted, "silences/gone/expire", external, {});
  expect([gone.status, gone.answer.error]).toEqual([404, FORBIDDEN]);
  expect(asked.filter((each) => !each.startsWith("POST /am/api/v2/alerts"))).toEqual([
    `POST /am/api/v2/silences ${basic} ${JSON.stringify(silence)}`,
    `DELETE /am/api/v2/silence/gone ${basic} `,
  ]);
  asked = [];
  await api(trusted, "alertmanagers/alerts", { url: external, filter: ['a="b"', "c=~d"], other: "x" });
  expect(asked.filter((each) => each.startsWith("GET"))).toEqual([
    `GET /am/api/v2/alerts?${new URLSearchParams([
      ["filter", 'a="b"'],
      ["filter", "c=~d"],
    ])} ${basic} `,
  ]);
});

test("no other address is ever asked", async () => {
  asked = [];
  const { port } = outside.address() as AddressInfo;
  const answer = await api(trusted, "alertmanagers/silences", { url: `http://127.0.0.1:${port}/secret/api/v2/alerts` });
  expect(answer).toMatchObject({ status: "error", errorType: "not_found" });
  expect(asked.filter((each) => each.includes("secret"))).toEqual([]);
});
