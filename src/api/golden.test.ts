/** Every golden request, over a socket: status, type, `Allow`, `Location`, and the body where it does not depend on stored data. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeDeps } from "../../test/support/api-deps.js";
import { exchange } from "../../test/support/http.js";
import { packageRoot, silentLogger, systemClock } from "../base/index.js";
import { compileRegex } from "../model/index.js";
import { createRouter, type HttpServer, startHttp } from "./index.js";

interface Golden {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly form?: string;
  readonly status: number;
  readonly type?: string;
  readonly allow?: string;
  readonly location?: string;
  readonly body: string;
}

const GOLDEN = JSON.parse(readFileSync(join(packageRoot(), "test/golden/api/answers.json"), "utf8")) as Golden[];

/** Where we differ, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "query with a timeout that is NaN": "a race there: 422 or 400; we always say 400",
  "query_range with a step below a millisecond": "a panic there: we say in plain words that it is not supported",
  "a route with a slash at the end": "its redirect loses the prefix /api/v1 and leads to a page",
  "OTLP while it is off": "the answers are of Debian's build, which has no OTLP; upstream's names the flag, as we do",
  "two slashes": "checked by router.test.ts: node:http cannot send it as it is",
};

let server: HttpServer;
beforeAll(async () => {
  server = await startHttp({
    addresses: [{ host: "127.0.0.1", port: 0 }],
    router: createRouter(),
    deps: fakeDeps(),
    corsOrigin: compileRegex(".*"),
    maxConnections: 512,
    readTimeoutMs: 5000,
    clock: systemClock,
    log: silentLogger,
    observer: {
      answered: () => {},
      connectionOpened: () => {},
      connectionClosed: () => {},
      connectionRefused: () => {},
    },
  });
});
afterAll(() => server.close(0));

test.each(GOLDEN.filter(({ name }) => EXCEPTIONS[name] === undefined))("$name", async (golden) => {
  const { form } = golden;
  const received = await exchange(server.ports[0]!, {
    method: golden.method,
    path: golden.path,
    ...(form === undefined ? {} : { form }),
  });
  const { status, type, allow, location } = golden;
  expect({
    status: received.status,
    type: received.headers["content-type"],
    allow: received.headers["allow"],
    location: received.headers["location"],
  }).toEqual({ status, type, allow, location });
  const body = received.body.toString();
  if (status !== 200) expect(body).toBe(golden.body);
  else if (type === "application/json") expect(JSON.parse(body).status).toBe("success");
});

test("there are no exceptions for requests that do not exist", () => {
  const names = new Set(GOLDEN.map(({ name }) => name));
  expect(Object.keys(EXCEPTIONS).filter((name) => !names.has(name))).toEqual([]);
});
