import { randomBytes, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { expect, test } from "vitest";
import { makeAuthority, makeServerCertificate } from "./certificate.js";

const DAY_MS = 86_400_000;
const options = (name: string, nowMs = Date.now(), lifetimeMs = 30 * DAY_MS) => ({
  name,
  nowMs,
  lifetimeMs,
  random: randomBytes,
});

test("OpenSSL takes the certificate for the server's names, by its authority", async () => {
  const authority = makeAuthority(options("own-ca"));
  const server = makeServerCertificate(authority, ["hook.monitoring.svc", "localhost"], options("hook.monitoring.svc"));
  const [root, leaf] = [new X509Certificate(authority.certificate), new X509Certificate(server.certificate)];
  expect([root.ca, leaf.ca]).toEqual([true, false]);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.subjectAltName).toBe("DNS:hook.monitoring.svc, DNS:localhost");
  expect([leaf.checkHost("hook.monitoring.svc"), leaf.checkHost("other.monitoring.svc")]).toEqual([
    "hook.monitoring.svc",
    undefined,
  ]);
  const listening = createServer({ cert: server.certificate, key: server.key, minVersion: "TLSv1.3" }, (socket) =>
    socket.end(),
  );
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  try {
    const { port } = listening.address() as AddressInfo;
    const ask = async (ca: string): Promise<boolean> => {
      const socket = connect({
        port,
        host: "127.0.0.1",
        servername: "hook.monitoring.svc",
        ca,
        rejectUnauthorized: false,
      });
      await once(socket, "secureConnect");
      socket.destroy();
      return socket.authorized;
    };
    expect(await ask(authority.certificate)).toBe(true);
    expect(await ask(makeAuthority(options("own-ca")).certificate)).toBe(false);
  } finally {
    listening.close();
  }
});

test.each([
  ["2026-11-26T18:00:00Z", "Nov 26 17:00:00 2026 GMT", "Dec 26 18:00:00 2026 GMT"],
  ["2049-12-20T00:00:00Z", "Dec 19 23:00:00 2049 GMT", "Jan 19 00:00:00 2050 GMT"],
])("it is good from an hour before %s on, for its lifetime", (now, from, to) => {
  const { validFrom, validTo } = new X509Certificate(makeAuthority(options("ca", Date.parse(now))).certificate);
  expect([validFrom.replace(/ +/g, " "), validTo.replace(/ +/g, " ")]).toEqual([from, to]);
});
