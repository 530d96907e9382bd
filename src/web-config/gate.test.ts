import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SECRET_HASH } from "../../test/support/web-config.js";
import { silentLogger } from "../base/index.js";
import { type Verdict, WebGate } from "./gate.js";
import { LiveWebConfig } from "./live-config.js";
import { Passwords } from "./passwords.js";
import { OPEN, type WebConfig } from "./read.js";

const passwords = new Passwords();
const folder = mkdtempSync(join(tmpdir(), "web-gate-"));
const file = join(folder, "web.yml");
afterAll(async () => {
  await passwords.stop();
  rmSync(folder, { recursive: true });
});

let nowMs = 0;
const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
const gate = (config: WebConfig): WebGate =>
  new WebGate({ current: () => Promise.resolve(config) }, config.rateLimit, passwords, clock, silentLogger);
const status = (verdict: Verdict): number => (verdict.kind === "pass" ? 200 : verdict.status);
const basic = (user: string): string => `Basic ${Buffer.from(user).toString("base64")}`;

test("as many requests as the bucket holds, then one an interval", async () => {
  const limited = gate({ ...OPEN, rateLimit: { burst: 2, intervalMs: 1000 } });
  const next = async (): Promise<number> => status(await limited.check(""));
  expect([await next(), await next(), await next()]).toEqual([200, 200, 429]);
  nowMs += 1500;
  expect([await next(), await next()]).toEqual([200, 429]);
  nowMs += 500;
  expect([await next(), await next()]).toEqual([200, 429]);
  nowMs += 1e6;
  expect([await next(), await next(), await next()]).toEqual([200, 200, 429]);
});

test.each([
  ["", 401],
  [basic("admin:secret"), 200],
  [basic("admin:secret").replace("Basic", "bASIC"), 200],
  [basic("admin:secret").replace("Basic", "Bearer"), 401],
  [basic("admin:secre"), 401],
  [basic("admin:secret2"), 401],
  [basic("nobody:secret"), 401],
  [basic("nobody:fakepassword"), 401],
  [basic("adminsecret"), 401],
  ["Basic %%%", 401],
])("%j: %i", async (header, expected) => {
  const asked = gate({ ...OPEN, users: new Map([["admin", SECRET_HASH]]) });
  expect(status(await asked.check(header))).toBe(expected);
  // From memory.
  expect(status(await asked.check(header))).toBe(expected);
});

test("a file that changes counts for the very next request, however it is replaced", async () => {
  const live = new WebGate(new LiveWebConfig(file), undefined, passwords, clock, silentLogger);
  const ask = async (): Promise<number> => status(await live.check(basic("admin:secret")));
  writeFileSync(file, "");
  expect(await ask()).toBe(200);
  writeFileSync(file, "basic_auth_users: {other: $2a$04$YfvOGzCX0U3SkzOT.pSeieSDbSeaFW6NI01H8VI3F/smKdewyGQ.y}");
  expect(await ask()).toBe(401);
  writeFileSync(join(folder, "new.yml"), `basic_auth_users: {admin: ${SECRET_HASH}}`);
  renameSync(join(folder, "new.yml"), file);
  expect(await ask()).toBe(200);
  writeFileSync(file, "nonsense: 1");
  expect(await ask()).toBe(500);
  rmSync(file);
  expect(await ask()).toBe(500);
});
