import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SERVER_CERTIFICATE, SERVER_KEY } from "../../../test/doubles/certificates.js";
import { signAws } from "./aws-signature.js";
import { type AskTokens, createIdentity, type IdentityOptions } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "vestal-identity-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

type Asked = Parameters<AskTokens>[0];

/** An identity whose token servers give `answers` in turn, the last one again and again. */
function open(
  options: IdentityOptions,
  answers: readonly (readonly [status: number, body: unknown])[],
  env: Record<string, string> = {},
) {
  const asked: Asked[] = [];
  const time = { ms: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const identity = createIdentity(options, {
    env: { HOME: folder, ...env },
    nowMs: () => time.ms,
    ask: async (request) => {
      const [status, body] = answers[Math.min(asked.length, answers.length - 1)] ?? [500, ""];
      asked.push(request);
      return { status, body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)) };
    },
  });
  const url = new URL("https://x.example/api/v1/write");
  const headers = () => identity.headers({ method: "POST", url, contentType: undefined, body: "b" });
  return { asked, time, headers, form: (i = 0) => Object.fromEntries(new URLSearchParams(asked[i]?.body ?? "")) };
}

const AWS = {
  kind: "sigv4",
  region: "eu-west-1",
  accessKey: "",
  secretKey: "",
  profile: "",
  roleArn: "",
  externalId: "",
  usesFipsSts: false,
  service: "aps",
} as const;
const AZURE = { kind: "azuread", cloud: "AzurePublic", scope: "" } as const;
const credential = (headers: Readonly<Record<string, string>>): string =>
  /Credential=([^,]+)/.exec(headers["authorization"] ?? "")?.[1] ?? "";

test("a signature is the one of Amazon's own example", () => {
  const url = new URL("https://iam.amazonaws.com/?Version=2010-05-08&Action=ListUsers");
  const contentType = "application/x-www-form-urlencoded; charset=utf-8";
  const headers = signAws(
    { method: "GET", url, contentType, body: undefined },
    { accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: "" },
    { region: "us-east-1", service: "iam" },
    Date.UTC(2015, 7, 30, 12, 36, 0),
  );
  expect(headers["authorization"]).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, " +
      "SignedHeaders=content-type;host;x-amz-date, " +
      "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  );
});

test("Amazon: credentials of the configuration come before the environment's, and those before a profile", async () => {
  const shared = {
    AWS_SHARED_CREDENTIALS_FILE: file("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key=s\n"),
    AWS_CONFIG_FILE: file("config", "[default]\nregion = us-east-2\n[profile other]\nregion=ap-south-1\n"),
  };
  const own = { AWS_ACCESS_KEY_ID: "ENV", AWS_SECRET_ACCESS_KEY: "s", AWS_SESSION_TOKEN: "t" };
  const given = open({ ...AWS, accessKey: "GIVEN", secretKey: "s" }, [], { ...shared, ...own });
  expect(credential(await given.headers())).toBe("GIVEN/20260102/eu-west-1/aps/aws4_request");
  const fromEnvironment = await open(AWS, [], { ...shared, ...own }).headers();
  expect(credential(fromEnvironment)).toBe("ENV/20260102/eu-west-1/aps/aws4_request");
  expect(fromEnvironment["x-amz-security-token"]).toBe("t");
  expect(fromEnvironment["authorization"]).toContain("SignedHeaders=host;x-amz-date;x-amz-security-token,");
  const fromFile = open({ ...AWS, region: "" }, [], shared);
  expect(credential(await fromFile.headers())).toBe("FILE/20260102/us-east-2/aps/aws4_request");
  await expect(open({ ...AWS, region: "" }, [], own).headers()).rejects.toThrow("region not configured in sigv4");
  await expect(open({ ...AWS, profile: "none" }, [], shared).headers()).rejects.toThrow("there is no profile none");
});

const sts = (key: string, expiration: string): string =>
  `<R><Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
  `<Expiration>${expiration}</Expiration></Credentials></R>`;

test("Amazon: a role is taken on with the credentials, and again before it ends", async () => {
  const role = open({ ...AWS, accessKey: "K", secretKey: "s", roleArn: "arn:r", externalId: "e" }, [
    [200, sts("ROLE1", "2026-01-02T03:19:05Z")],
    [200, sts("ROLE2", "2026-01-02T04:00:00Z")],
  ]);
  const [first] = await Promise.all([role.headers(), role.headers()]);
  expect(credential(first)).toContain("ROLE1/");
  expect(role.asked).toHaveLength(1);
  expect(role.asked[0]?.url).toBe("https://sts.eu-west-1.amazonaws.com/");
  expect(credential(role.asked[0]?.headers ?? {})).toBe("K/20260102/eu-west-1/sts/aws4_request");
  expect(role.form()).toMatchObject({ Action: "AssumeRole", RoleArn: "arn:r", ExternalId: "e", Version: "2011-06-15" });
  role.time.ms += 10 * 60_000 - 1;
  expect(credential(await role.headers())).toContain("ROLE1/");
  role.time.ms += 1;
  expect(credential(await role.headers())).toContain("ROLE2/");
  const refused = open({ ...AWS, accessKey: "K", secretKey: "s", roleArn: "arn:r" }, [
    [403, "<Error><Message>not you</Message></Error>"],
  ]);
  await expect(refused.headers()).rejects.toThrow("aws: AssumeRole was answered with 403: not you");
});

test("Amazon: a service account's token, a container's endpoint, the machine's role", async () => {
  const web = open(AWS, [[200, sts("WEB", "2026-01-02T04:00:00Z")]], {
    AWS_WEB_IDENTITY_TOKEN_FILE: file("token", "jwt\n"),
    AWS_ROLE_ARN: "arn:w",
    AWS_ROLE_SESSION_NAME: "me",
  });
  expect(credential(await web.headers())).toContain("WEB/");
  expect(web.form()).toEqual({
    Action: "AssumeRoleWithWebIdentity",
    RoleArn: "arn:w",
    RoleSessionName: "me",
    WebIdentityToken: "jwt",
    Version: "2011-06-15",
  });
  expect(web.asked[0]?.headers).not.toHaveProperty("authorization");
  const answer = { AccessKeyId: "C", SecretAccessKey: "s", Token: "t", Expiration: "2026-01-02T04:00:00Z" };
  const container = open(AWS, [[200, answer]], {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/x",
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "secret",
  });
  expect(credential(await container.headers())).toContain("C/");
  expect(container.asked[0]).toEqual({
    method: "GET",
    url: "http://169.254.170.2/v2/credentials/x",
    headers: { authorization: "secret" },
  });
  const machine = open(AWS, [
    [200, "session"],
    [200, "role-name\n"],
    [200, { ...answer, AccessKeyId: "M" }],
  ]);
  expect(credential(await machine.headers())).toContain("M/");
  expect(machine.asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
    "PUT /latest/api/token",
    "GET /latest/meta-data/iam/security-credentials/",
    "GET /latest/meta-data/iam/security-credentials/role-name",
  ]);
  expect(machine.asked[2]?.headers).toEqual({ "x-aws-ec2-metadata-token": "session" });
  const none = open(AWS, [[404, ""]]);
  await expect(none.headers()).rejects.toThrow("aws: the machine's credentials: the server answered 404");
});

test("Amazon: a profile takes its role's credentials from another profile, and no chain goes round", async () => {
  const env = {
    AWS_CONFIG_FILE: file(
      "chain",
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\naws_access_key_id = B\naws_secret_access_key = s\n" +
        "[profile x]\nrole_arn=arn:x\nsource_profile=y\n[profile y]\nrole_arn=arn:y\nsource_profile=x\n",
    ),
  };
  const chained = open({ ...AWS, profile: "a" }, [[200, sts("A", "2026-01-02T04:00:00Z")]], env);
  expect(credential(await chained.headers())).toContain("A/");
  expect(credential(chained.asked[0]?.headers ?? {})).toContain("B/");
  await expect(open({ ...AWS, profile: "x" }, [], env).headers()).rejects.toThrow("x → y → x form no chain");
  const command = `echo '{"Version":1,"AccessKeyId":"P","SecretAccessKey":"s"}'`;
  const process = open({ ...AWS, profile: "p" }, [], {
    AWS_CONFIG_FILE: file("process", `[profile p]\ncredential_process = ${command}\n`),
  });
  expect(credential(await process.headers())).toContain("P/");
});

test("Azure: an application's secret gets a token, which is renewed at half of its life", async () => {
  const way = { kind: "secret", clientId: "c", tenantId: "t", secret: "s" } as const;
  const azure = open({ ...AZURE, cloud: "AzureGovernment", way }, [
    [200, { access_token: "one", expires_in: 3600 }],
    [200, { access_token: "two", expires_in: 3600 }],
  ]);
  expect(await azure.headers()).toEqual({ authorization: "Bearer one" });
  expect(azure.asked[0]?.url).toBe("https://login.microsoftonline.us/t/oauth2/v2.0/token");
  expect(azure.form()).toEqual({
    client_id: "c",
    client_secret: "s",
    grant_type: "client_credentials",
    scope: "https://monitor.azure.us//.default",
  });
  azure.time.ms += 1_800_000 - 1;
  expect(await azure.headers()).toEqual({ authorization: "Bearer one" });
  azure.time.ms += 1;
  expect(await azure.headers()).toEqual({ authorization: "Bearer two" });
  const refused = open({ ...AZURE, way }, [
    [401, { error: "invalid_client", error_description: "AADSTS1: no\r\nTrace" }],
  ]);
  await expect(refused.headers()).rejects.toThrow(
    /^Failed to get access token: azure: token of an application: the server answered 401: AADSTS1: no$/,
  );
});

test("Azure: a service account's token is the proof, read anew for each request", async () => {
  const tokenFile = file("federated", "first\n");
  const azure = open(
    { ...AZURE, scope: "api://x/.default", way: { kind: "workload", clientId: "c", tenantId: "t", tokenFile } },
    [[200, { access_token: "a", expires_in: 100 }]],
  );
  await azure.headers();
  file("federated", "second\n");
  azure.time.ms += 60_000;
  await azure.headers();
  const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  const common = {
    client_id: "c",
    grant_type: "client_credentials",
    scope: "api://x/.default",
    client_assertion_type: type,
  };
  expect([azure.form(0), azure.form(1)]).toEqual([
    { ...common, client_assertion: "first" },
    { ...common, client_assertion: "second" },
  ]);
});

test("Azure: the identity of a machine and of a service", async () => {
  const way = { kind: "managed", clientId: "00000000-0000-0000-0000-000000000001" } as const;
  const machine = open({ ...AZURE, way }, [[200, { access_token: "m", expires_in: "3600" }]]);
  expect(await machine.headers()).toEqual({ authorization: "Bearer m" });
  const url = new URL(machine.asked[0]?.url ?? "");
  expect(`${url.origin}${url.pathname}`).toBe("http://169.254.169.254/metadata/identity/oauth2/token");
  expect(Object.fromEntries(url.searchParams)).toEqual({
    "api-version": "2018-02-01",
    resource: "https://monitor.azure.com/",
    client_id: way.clientId,
  });
  expect(machine.asked[0]?.headers).toEqual({ metadata: "true" });
  const service = open({ ...AZURE, way }, [[200, { access_token: "s", expires_on: "1893456000" }]], {
    IDENTITY_ENDPOINT: "http://localhost:1/token",
    IDENTITY_HEADER: "h",
  });
  expect(await service.headers()).toEqual({ authorization: "Bearer s" });
  expect(service.asked[0]?.url).toContain("http://localhost:1/token?api-version=2019-08-01&");
  expect(service.asked[0]?.headers).toEqual({ "x-identity-header": "h" });
});

/** Header and claims of a token whose signature is right. */
function opened(jwt: string, publicKey: string, isPss: boolean): [header: object, claims: object] {
  const [header = "", claims = "", signature = ""] = jwt.split(".");
  const key = { key: createPublicKey(publicKey), ...(isPss && { padding: 6, saltLength: 32 }) };
  const isRight = verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"));
  expect(isRight).toBe(true);
  const read = (part: string): object => JSON.parse(Buffer.from(part, "base64url").toString()) as object;
  return [read(header), read(claims)];
}

test("Azure: a certificate signs who we are; the environment's application is found", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const certificateFile = file("certificate.pem", SERVER_CERTIFICATE);
  const keyFile = file("key.pem", pem);
  const certificate = {
    kind: "certificate",
    clientId: "c",
    tenantId: "t",
    certificateFile,
    keyFile,
    sendsChain: true,
  } as const;
  const azure = open({ ...AZURE, way: certificate }, [[200, { access_token: "a", expires_in: 100 }]]);
  await azure.headers();
  const published = publicKey.export({ type: "spki", format: "pem" }).toString();
  const [header, claims] = opened(azure.form()["client_assertion"] ?? "", published, true);
  expect(header).toMatchObject({ alg: "PS256", typ: "JWT", x5c: [expect.any(String)] });
  const aud = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
  expect(claims).toMatchObject({ aud, iss: "c", sub: "c", nbf: azure.time.ms / 1000 });
  const sdk = open({ ...AZURE, way: { kind: "sdk", tenantId: "" } }, [[200, { access_token: "e", expires_in: 100 }]], {
    AZURE_TENANT_ID: "t",
    AZURE_CLIENT_ID: "c",
    AZURE_CLIENT_SECRET: "s",
  });
  await sdk.headers();
  expect(sdk.form()).toMatchObject({ client_id: "c", client_secret: "s" });
});

test("Google: a service account signs for a token; users' logins only as default credentials", async () => {
  const scope = "https://www.googleapis.com/auth/monitoring.write";
  const account = {
    type: "service_account",
    client_email: "me@x",
    private_key: SERVER_KEY,
    private_key_id: "k",
    token_uri: "http://127.0.0.1:1/token",
  };
  const credentialsFile = file("account.json", JSON.stringify(account));
  const google = open({ kind: "google_iam", scope, credentialsFile }, [[200, { access_token: "g", expires_in: 3600 }]]);
  expect(await google.headers()).toEqual({ authorization: "Bearer g" });
  expect(google.asked[0]?.url).toBe(account.token_uri);
  const form = google.form();
  expect(form["grant_type"]).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
  const published = createPublicKey(SERVER_KEY).export({ type: "spki", format: "pem" }).toString();
  const [header, claims] = opened(form["assertion"] ?? "", published, false);
  expect(header).toEqual({ alg: "RS256", typ: "JWT", kid: "k" });
  const seconds = google.time.ms / 1000;
  expect(claims).toEqual({ iss: "me@x", scope, aud: account.token_uri, iat: seconds, exp: seconds + 3600 });

  const user = { type: "authorized_user", client_id: "c", client_secret: "s", refresh_token: "r" };
  const userFile = file("user.json", JSON.stringify(user));
  const login = open({ kind: "google_iam", scope, credentialsFile: "" }, [[200, { access_token: "u" }]], {
    GOOGLE_APPLICATION_CREDENTIALS: userFile,
  });
  expect(await login.headers()).toEqual({ authorization: "Bearer u" });
  expect(login.form()).toEqual({ grant_type: "refresh_token", client_id: "c", client_secret: "s", refresh_token: "r" });
  const refused = open({ kind: "google_iam", scope, credentialsFile: userFile }, []);
  await expect(refused.headers()).rejects.toThrow("credentials of type authorized_user cannot be used here");
  const machine = open(
    { kind: "google_iam", scope, credentialsFile: "" },
    [[200, { access_token: "m", expires_in: 3600 }]],
    {
      GCE_METADATA_HOST: "127.0.0.1:1",
    },
  );
  expect(await machine.headers()).toEqual({ authorization: "Bearer m" });
  expect(machine.asked[0]?.headers).toEqual({ "metadata-flavor": "Google" });
});
