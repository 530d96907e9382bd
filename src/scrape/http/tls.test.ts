import { afterEach, expect, test } from "vitest";
import { BodySlots } from "../../../test/doubles/body-slots.js";
import { CLIENT_CERTIFICATE, CLIENT_KEY, SERVER_CERTIFICATE, SERVER_KEY } from "../../../test/doubles/certificates.js";
import { type ExporterOptions, respond, startExporter } from "../../../test/doubles/exporter.js";
import { createClientContext, TargetClient } from "./client.js";
import { scrapeUrl } from "./request.js";
import { DEFAULT_TRANSPORT, type TlsOptions } from "./transport.js";

const BODY = "x 1\n".repeat(50_000);
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function fetchOver(tls: TlsOptions, host = "127.0.0.1", server: Partial<ExporterOptions["tls"]> | "plain" = {}) {
  const started = await startExporter(
    ({ path }) => (path === "/x" ? respond(BODY) : undefined),
    server === "plain" ? {} : { tls: { key: SERVER_KEY, cert: SERVER_CERTIFICATE, ...server } },
  );
  const slots = new BodySlots();
  const url = scrapeUrl("https", `${host}:${started.port}`, "/x", {});
  const client = new TargetClient(url, { ...DEFAULT_TRANSPORT, tls }, 2000, createClientContext(slots, "Vestal/0.0.0"));
  closers.push(
    () => client.close(),
    () => started.close(),
  );
  const results = [await client.fetch(0), await client.fetch(0)];
  return {
    error: results[1]!.error?.replace(url.href, "URL"),
    isWhole: slots.text(0, results[1]!.bodyBytes) === BODY,
    connections: started.connectionCount,
  };
}

test.each(["127.0.0.1", "localhost"])("a certificate that is trusted and names %s", async (host) => {
  const result = await fetchOver({ context: { ca: SERVER_CERTIFICATE } }, host);
  expect(result).toEqual({ error: undefined, isWhole: true, connections: 1 });
});

test("a certificate that nobody trusts is refused", async () => {
  const { error } = await fetchOver({ context: {} });
  expect(error).toBe('Get "URL": tls: failed to verify certificate: x509: certificate signed by unknown authority');
});

test("unless verification is switched off", async () => {
  expect((await fetchOver({ context: {}, insecureSkipVerify: true })).isWhole).toBe(true);
});

test("a certificate for another name is refused", async () => {
  const { error } = await fetchOver({ context: { ca: SERVER_CERTIFICATE }, serverName: "other.example" });
  expect(error).toContain('Get "URL": tls: failed to verify certificate: x509: ');
});

test("a client certificate is shown to the server that asks for it", async () => {
  const context = { ca: SERVER_CERTIFICATE, cert: CLIENT_CERTIFICATE, key: CLIENT_KEY };
  expect((await fetchOver({ context }, "127.0.0.1", { requestCert: true, ca: CLIENT_CERTIFICATE })).isWhole).toBe(true);
});

test("a server that speaks plain HTTP and stays silent costs the timeout, as in Prometheus", async () => {
  const { error } = await fetchOver({ context: {} }, "127.0.0.1", "plain");
  expect(error).toBe('Get "URL": context deadline exceeded');
});
