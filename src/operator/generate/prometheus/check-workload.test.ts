import { expect, test } from "vitest";
import type { Prometheus } from "../../schema/generated/types.js";
import { reasonOf } from "../invalid.js";
import { AssetStore } from "../store.js";
import { checkWorkload } from "./check-workload.js";
import { contextOf } from "./context.js";

function reason(spec: Prometheus["spec"] & {}): string | undefined {
  const assets = new AssetStore();
  assets.addSecret({ metadata: { namespace: "ns", name: "login" }, stringData: { user: "u", password: "p" } });
  const context = contextOf({ metadata: { namespace: "ns", name: "main" }, spec });
  return reasonOf(() => checkWorkload(context, assets));
}

const login = { username: { name: "login", key: "user" }, password: { name: "login", key: "password" } };
const missing = { ...login, password: { name: "login", key: "gone" } };

test("what leads somewhere is accepted", () => {
  expect(reason({})).toBeUndefined();
  expect(reason({ remoteRead: [{ url: "http://a", basicAuth: login }] })).toBeUndefined();
});

test("the place of a wrong reference is named", () => {
  const why = 'secret ns/login has no key "gone"';
  expect(reason({ remoteRead: [{ url: "http://a", basicAuth: missing }] })).toBe(
    `remoteRead[0]: basicAuth.password: ${why}`,
  );
  expect(reason({ remoteWrite: [{ url: "http://a", basicAuth: missing }] })).toBe(
    `remoteWrite[0]: basicAuth.password: ${why}`,
  );
  expect(reason({ apiserverConfig: { host: "http://a", basicAuth: missing } })).toBe(
    `apiserverConfig: basicAuth.password: ${why}`,
  );
  expect(reason({ alerting: { alertmanagers: [{ name: "am", basicAuth: missing }] } })).toBe(
    `alerting.alertmanagers[0]: basicAuth.password: ${why}`,
  );
});
