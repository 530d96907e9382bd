/** Members of a cluster that ask each other for certificates: they exchange silences, and whoever has none is not let in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLIENT_CERTIFICATE, CLIENT_KEY, SERVER_CERTIFICATE, SERVER_KEY } from "../doubles/certificates.js";
import {
  freePort,
  killAll,
  makeFolder,
  removeFolder,
  type Server,
  startAlertmanager,
  waitUntil,
} from "../peers/harness.js";

let folder = "";
beforeEach(() => {
  folder = makeFolder();
  const files = {
    "server.crt": SERVER_CERTIFICATE,
    "server.key": SERVER_KEY,
    "client.crt": CLIENT_CERTIFICATE,
    "client.key": CLIENT_KEY,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, "tls.yml"),
    `tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: client.crt, client_auth_type: RequireAndVerifyClientCert}
tls_client_config: {ca_file: server.crt, cert_file: client.crt, key_file: client.key}
`,
  );
});
afterEach(async () => {
  await killAll();
  removeFolder(folder);
});

const CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n";

async function member(name: string, port: number, peer: number, hasTls: boolean): Promise<Server> {
  const own = join(folder, name);
  mkdirSync(own);
  return startAlertmanager("vestal", own, CONFIG, [
    `--cluster.listen-address=127.0.0.1:${port}`,
    `--cluster.peer=127.0.0.1:${peer}`,
    "--cluster.reconnect-interval=300ms",
    "--cluster.settle-timeout=1s",
    ...(hasTls ? [`--cluster.tls-config=${join(folder, "tls.yml")}`] : []),
  ]);
}

async function peersOf({ url }: Server): Promise<number> {
  const { cluster } = (await (await fetch(`${url}/api/v2/status`)).json()) as { cluster: { peers: readonly object[] } };
  return cluster.peers.length;
}

const silences = async ({ url }: Server): Promise<readonly { readonly comment: string }[]> =>
  (await (await fetch(`${url}/api/v2/silences`)).json()) as readonly { readonly comment: string }[];

test("silences travel between members with certificates, and to nobody else", async () => {
  const [first, second, third] = [await freePort(), await freePort(), await freePort()];
  const a = await member("a", first, second, true);
  const b = await member("b", second, first, true);
  const stranger = await member("stranger", third, first, false);
  await waitUntil(
    "both members know each other",
    60_000,
    async () => (await peersOf(a)) === 2 && (await peersOf(b)) === 2,
  );
  const silence = {
    matchers: [{ name: "a", value: "b", isRegex: false }],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: "me",
    comment: "over TLS",
  };
  const answer = await fetch(`${a.url}/api/v2/silences`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(silence),
  });
  expect(answer.status).toBe(200);
  await waitUntil("the other member has the silence", 60_000, async () => (await silences(b)).length === 1);
  expect((await silences(b))[0]?.comment).toBe("over TLS");
  // By now the stranger has tried several times.
  await waitUntil("the stranger says that it cannot join", 60_000, async () =>
    /cluster|peer|member/i.test(stranger.log()),
  );
  expect(await silences(stranger)).toEqual([]);
  expect([await peersOf(a), await peersOf(stranger)]).toEqual([2, 1]);
}, 180_000);
