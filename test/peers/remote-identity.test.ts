/**
 * How remote write shows a cloud who it is: a server of this test checks signatures as Amazon would, and gives tokens as the
 * identity service of Azure and Google's token server do. The real Prometheus of Debian has been built without the last two;
 * what they expect is from their documentation.
 */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { SERVER_KEY } from "../doubles/certificates.js";
import { checkAwsSignature } from "../support/aws-signature.js";
import { killAll, makeFolder, removeFolder, startPrometheus, startVestal, waitUntil } from "./harness.js";

const SECRET_KEY = "the/secret+key";
const TOKEN_SECONDS = 3600;

/** What came for a side: requests for tokens, and the proof of each write. */
const seen = new Map<string, { readonly tokens: Set<string>; readonly proofs: Set<string> }>();
const cloud = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const url = new URL(request.url ?? "", "http://x");
    const [, side = "", what = ""] = url.pathname.split("/");
    const { tokens, proofs } = seen.get(side) ?? { tokens: new Set<string>(), proofs: new Set<string>() };
    seen.set(side, { tokens, proofs });
    if (what === "signed") proofs.add(checkAwsSignature(request, body, SECRET_KEY));
    else if (what === "write") proofs.add(request.headers.authorization ?? "none");
    else if (what === "azure") {
      const header = String(request.headers["x-identity-header"]);
      tokens.add(JSON.stringify([request.method, header, [...url.searchParams].sort()]));
      const endsSeconds = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify({ access_token: "azure-token", expires_on: String(endsSeconds), token_type: "Bearer" }),
      );
      return;
    } else if (what === "google") {
      const form = Object.fromEntries(new URLSearchParams(body.toString()));
      const [head = "", claims = ""] = (form["assertion"] ?? "").split(".");
      const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
      const { iat, exp, ...rest } = read(claims);
      const lifeSeconds = Number(exp) - Number(iat);
      tokens.add(JSON.stringify({ grantType: form["grant_type"], header: read(head), ...rest, lifeSeconds }));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ access_token: "google-token", expires_in: TOKEN_SECONDS, token_type: "Bearer" }));
      return;
    }
    response.writeHead(204).end();
  });
});
let origin = "";
const folders: string[] = [];

beforeAll(async () => {
  await new Promise<void>((resolve) => cloud.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(cloud.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await killAll();
  for (const folder of folders.splice(0)) removeFolder(folder);
  seen.clear();
  delete process.env["IDENTITY_ENDPOINT"];
  delete process.env["IDENTITY_HEADER"];
});
afterAll(() => {
  cloud.closeAllConnections();
  cloud.close();
});

const SIDES = { prometheus: startPrometheus, vestal: startVestal };
type Side = keyof typeof SIDES;

/** What came from a server with such an endpoint until it had sent something. */
async function sent(side: Side, section: (folder: string) => Record<string, unknown>) {
  const folder = makeFolder();
  folders.push(folder);
  const config = {
    global: { scrape_interval: "1s" },
    // The failed scrape's `up` is enough to send.
    scrape_configs: [{ job_name: "none", static_configs: [{ targets: ["127.0.0.1:1"] }] }],
    remote_write: [{ ...section(folder), queue_config: { batch_send_deadline: "200ms" } }],
  };
  await SIDES[side]({ config, folder });
  await waitUntil(`${side} has sent samples`, 60_000, async () => (seen.get(side)?.proofs.size ?? 0) > 0);
  const { tokens, proofs } = seen.get(side) ?? { tokens: [], proofs: [] };
  return { tokens: [...tokens], proofs: [...proofs] };
}

test.each(["prometheus", "vestal"] as const)("%s signs by version 4", async (side) => {
  const from = await sent(side, () => ({
    url: `${origin}/${side}/signed/api/v1/remote_write?b=2&a=1`,
    sigv4: { region: "eu-west-1", access_key: "AKID", secret_key: SECRET_KEY },
  }));
  expect(from).toEqual({ tokens: [], proofs: ["AKID eu-west-1 aps"] });
});

test("the identity of an Azure service", async () => {
  const clientId = "00000000-0000-0000-0000-00000000000a";
  process.env["IDENTITY_ENDPOINT"] = `${origin}/vestal/azure`;
  process.env["IDENTITY_HEADER"] = "header";
  const { tokens, proofs } = await sent("vestal", () => ({
    url: `${origin}/vestal/write`,
    azuread: { managed_identity: { client_id: clientId } },
  }));
  expect(proofs).toEqual(["Bearer azure-token"]);
  const query = [
    ["api-version", "2019-08-01"],
    ["client_id", clientId],
    ["resource", "https://monitor.azure.com/"],
  ];
  expect(tokens.map((token) => JSON.parse(token) as unknown)).toEqual([["GET", "header", query]]);
});

test("a service account of Google", async () => {
  const { tokens, proofs } = await sent("vestal", (folder) => {
    const credentials_file = join(folder, "account.json");
    const account = {
      type: "service_account",
      client_email: "me@x",
      private_key_id: "k",
      private_key: SERVER_KEY,
      token_uri: `${origin}/vestal/google`,
    };
    writeFileSync(credentials_file, JSON.stringify(account));
    return { url: `${origin}/vestal/write`, google_iam: { credentials_file } };
  });
  expect(proofs).toEqual(["Bearer google-token"]);
  expect(tokens.map((token) => JSON.parse(token) as unknown)).toEqual([
    {
      grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      header: { alg: "RS256", typ: "JWT", kid: "k" },
      iss: "me@x",
      scope: "https://www.googleapis.com/auth/monitoring.write",
      aud: `${origin}/vestal/google`,
      lifeSeconds: 3600,
    },
  ]);
});
