/**
 * Tokens of Google Cloud: for a service account's key, for a user's login, for the machine's
 * service account. Without a file the default credentials are looked for as Google's libraries do.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorCode, VestalError } from "../../base/index.js";
import { readObject, textField } from "./answer.js";
import { type Expiring, type Identity, type IdentityDeps, renewing } from "./identity.js";
import { signJwt } from "./jwt.js";

export interface GoogleOptions {
  /** Of a service account; empty for the default credentials. */
  readonly credentialsFile: string;
  /** What the token is for. */
  readonly scope: string;
}

const TOKEN_URL = "https://oauth2.googleapis.com/token";
const MACHINE_HOST = "metadata.google.internal";
const ASSERTION_SECONDS = 3600;
const RENEW_BEFORE_MS = 4 * 60_000;

export function googleIdentity({ credentialsFile, scope }: GoogleOptions, deps: IdentityDeps): Identity {
  const token = renewing(deps.nowMs, async () => {
    const file = credentialsFile || defaultFile(deps.env);
    if (file === undefined) return await machineToken(scope, deps);
    return await fileToken(file, { scope, mustBeAccount: credentialsFile !== "" }, deps);
  });
  return { headers: async () => ({ authorization: `Bearer ${await token()}` }) };
}

function defaultFile(env: IdentityDeps["env"]): string | undefined {
  const named = env["GOOGLE_APPLICATION_CREDENTIALS"] ?? "";
  if (named !== "") return named;
  const folder = env["CLOUDSDK_CONFIG"] || join(env["HOME"] ?? homedir(), ".config", "gcloud");
  const file = join(folder, "application_default_credentials.json");
  try {
    readFileSync(file);
    return file;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function fileToken(
  file: string,
  { scope, mustBeAccount }: { readonly scope: string; readonly mustBeAccount: boolean },
  deps: IdentityDeps,
): Promise<Expiring<string>> {
  const what = `google: ${file}`;
  const fields = readObject(what, { status: 200, body: readFileSync(file) });
  const type = textField(what, fields, "type");
  const url = typeof fields["token_uri"] === "string" && fields["token_uri"] !== "" ? fields["token_uri"] : TOKEN_URL;
  if (type === "service_account") {
    const seconds = Math.floor(deps.nowMs() / 1000);
    const claims = {
      iss: textField(what, fields, "client_email"),
      scope,
      aud: url,
      iat: seconds,
      exp: seconds + ASSERTION_SECONDS,
    };
    const keyId = typeof fields["private_key_id"] === "string" ? { kid: fields["private_key_id"] } : {};
    const assertion = signJwt("RS256", keyId, claims, textField(what, fields, "private_key"));
    return await exchange(url, { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }, deps);
  }
  if (type === "authorized_user" && !mustBeAccount) {
    const form = {
      grant_type: "refresh_token",
      client_id: textField(what, fields, "client_id"),
      client_secret: textField(what, fields, "client_secret"),
      refresh_token: textField(what, fields, "refresh_token"),
    };
    return await exchange(url, form, deps);
  }
  throw new VestalError("IDENTITY", `${what}: credentials of type ${type} cannot be used here`);
}

async function exchange(
  url: string,
  form: Readonly<Record<string, string>>,
  deps: IdentityDeps,
): Promise<Expiring<string>> {
  const answer = await deps.ask({
    method: "POST",
    url,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  });
  return readToken("google: token", answer, deps);
}

async function machineToken(scope: string, deps: IdentityDeps): Promise<Expiring<string>> {
  const host = deps.env["GCE_METADATA_HOST"] || MACHINE_HOST;
  const path = "/computeMetadata/v1/instance/service-accounts/default/token";
  const answer = await deps.ask({
    method: "GET",
    url: `http://${host}${path}?scopes=${encodeURIComponent(scope)}`,
    headers: { "metadata-flavor": "Google" },
  });
  return readToken("google: token of the machine", answer, deps);
}

function readToken(
  what: string,
  answer: { readonly status: number; readonly body: Buffer },
  { nowMs }: IdentityDeps,
): Expiring<string> {
  const fields = readObject(what, answer);
  const value = textField(what, fields, "access_token");
  const seconds = Number(fields["expires_in"] ?? 0);
  return {
    value,
    renewMs: seconds > 0 ? nowMs() + Math.max(0, seconds * 1000 - RENEW_BEFORE_MS) : Number.POSITIVE_INFINITY,
  };
}
