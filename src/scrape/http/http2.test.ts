import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { BodySlots } from "../../../test/doubles/body-slots.js";
import { SERVER_CERTIFICATE, SERVER_KEY } from "../../../test/doubles/certificates.js";
import { createClientContext, TargetClient } from "./client.js";
import { scrapeUrl } from "./request.js";
import { DEFAULT_TRANSPORT } from "./transport.js";

const BODY = "x 1\n";
let close: (() => void) | undefined;
afterEach(() => close?.());

/** A server that speaks HTTP/2 and nothing else, asked twice. */
async function fetchTwice(enableHttp2: boolean) {
  const server = createSecureServer({ key: SERVER_KEY, cert: SERVER_CERTIFICATE, allowHTTP1: false });
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(BODY);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const slots = new BodySlots();
  const url = scrapeUrl("https", `127.0.0.1:${(server.address() as AddressInfo).port}`, "/metrics", {});
  const transport = { ...DEFAULT_TRANSPORT, enableHttp2, tls: { context: { ca: SERVER_CERTIFICATE } } };
  const client = new TargetClient(url, transport, 2000, createClientContext(slots, "Vestal/0.0.0"));
  close = () => {
    client.close();
    server.close();
  };
  const first = await client.fetch(0);
  const second = await client.fetch(0);
  return { errors: [first.error, second.error], text: slots.text(0, second.bodyBytes), url: url.href };
}

test("a server that only speaks HTTP/2 is asked in HTTP/2", async () => {
  expect(await fetchTwice(true)).toMatchObject({ errors: [undefined, undefined], text: BODY });
});

test("unless enable_http2 is off: then its refusal is shown", async () => {
  const { errors, url } = await fetchTwice(false);
  expect(errors[0]).toBe(`Get "${url}": remote error: tls: no application protocol`);
});
