/** Text to a checked web configuration, and the certificates that it names. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { TlsOptions } from "node:tls";
import { errorMessage, systemReason, VestalError } from "../base/index.js";
import { resolvePaths } from "../config/paths.js";
import { readText } from "../config/read.js";
import { CURVES, cipherList, VERSIONS, type VersionName } from "./ciphers.js";
import { checkHeaders, checkPasswordHash, refuse, type TlsServerSection, webShape } from "./schema.js";

export interface WebConfig {
  /** Undefined: plain HTTP. */
  readonly tls: TlsServerSection | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Hashes of bcrypt by user. */
  readonly users: ReadonlyMap<string, string>;
  /** Undefined: any number of requests. */
  readonly rateLimit: { readonly burst: number; readonly intervalMs: number } | undefined;
}

export const OPEN: WebConfig = { tls: undefined, headers: {}, users: new Map(), rateLimit: undefined };

/** @throws VestalError WEB_CONFIG in the words of the exporter toolkit. */
export function parseWebConfig(source: string, folder: string): WebConfig {
  const section = resolvePaths(webShape, readSection(source), folder);
  const headers = section.http_server_config.headers ?? {};
  checkHeaders(headers);
  const { burst, interval } = section.rate_limit;
  return {
    tls: isTlsAsked(section.tls_server_config) ? section.tls_server_config : undefined,
    headers,
    users: new Map(Object.entries(section.basic_auth_users ?? {})),
    rateLimit: interval > 0 ? { burst, intervalMs: interval } : undefined,
  };
}

function readSection(source: string): typeof webShape.zero {
  try {
    return readText(webShape, source).value;
  } catch (error) {
    if (!(error instanceof VestalError)) throw error;
    const { reason, line } = error.details as { readonly reason?: string; readonly line?: number };
    // A value that is refused is named alone; Go tells its line only where the type is wrong.
    const message = (reason ?? error.message).replace("errors:\n  cannot", `errors:\n  line ${line}: cannot`);
    throw new VestalError("WEB_CONFIG", message, error.details, error);
  }
}

function isTlsAsked(tls: TlsServerSection): boolean {
  const { cert, key, cert_file, key_file, client_ca, client_ca_file, client_auth_type } = tls;
  return [cert, key, cert_file, key_file, client_ca, client_ca_file, client_auth_type].some((value) => value !== "");
}

/** @throws VestalError WEB_CONFIG */
export async function loadWebConfig(file: string): Promise<WebConfig> {
  return parseWebConfig((await readBytes(file)).toString("utf8"), dirname(file));
}

/** All that can be wrong with a file: what `check web-config` asks, and every server before it listens. */
export async function validateWebConfig(file: string): Promise<WebConfig> {
  const config = await loadWebConfig(file);
  for (const hash of config.users.values()) checkPasswordHash(hash);
  if (config.tls !== undefined) await tlsServerOptions(config.tls);
  return config;
}

/** Who a client must be. */
export interface ClientRule {
  readonly isRequired: boolean;
  readonly isVerified: boolean;
  /** Undefined: any name. */
  readonly allowedNames: readonly string[] | undefined;
}

export interface TlsServerSettings {
  readonly options: TlsOptions;
  /** Undefined: clients are not asked for certificates. */
  readonly client: ClientRule | undefined;
}

const CLIENT_RULES: ReadonlyMap<string, Omit<ClientRule, "allowedNames"> | undefined> = new Map([
  ["", undefined],
  ["NoClientCert", undefined],
  ["RequestClientCert", { isRequired: false, isVerified: false }],
  ["RequireAnyClientCert", { isRequired: true, isVerified: false }],
  ["RequireClientCert", { isRequired: true, isVerified: false }],
  ["VerifyClientCertIfGiven", { isRequired: false, isVerified: true }],
  ["RequireAndVerifyClientCert", { isRequired: true, isVerified: true }],
]);

/** Reads the files. @throws VestalError WEB_CONFIG */
export async function tlsServerOptions(tls: TlsServerSection): Promise<TlsServerSettings> {
  if (tls.cert_file === "" && tls.cert === "") refuse("missing one of cert or cert_file");
  if (tls.key_file === "" && tls.key === "") refuse("missing one of key or key_file");
  const cert = tls.cert_file === "" ? Buffer.from(tls.cert) : await readNamed("cert_file", tls.cert_file);
  const key = tls.key_file === "" ? Buffer.from(tls.key) : await readNamed("key_file", tls.key_file);
  checkKeyPair(cert.toString("latin1"), key.toString("latin1"));
  const ca =
    tls.client_ca_file !== ""
      ? await readBytes(tls.client_ca_file)
      : tls.client_ca !== ""
        ? Buffer.from(tls.client_ca)
        : undefined;
  const type = tls.client_auth_type;
  if (!CLIENT_RULES.has(type)) refuse(`invalid ClientAuth: ${type}`);
  const rule = CLIENT_RULES.get(type);
  if (ca !== undefined && rule === undefined) refuse("client CA's have been configured without a Client Auth Policy");
  const curves = tls.curve_preferences?.map((name) => CURVES.get(name)!);
  return {
    options: {
      cert,
      key,
      ...(ca !== undefined && { ca }),
      minVersion: VERSIONS[(tls.min_version || "TLS12") as VersionName],
      maxVersion: VERSIONS[(tls.max_version || "TLS13") as VersionName],
      honorCipherOrder: tls.prefer_server_cipher_suites,
      ...(tls.cipher_suites !== undefined && { ciphers: cipherList(tls.cipher_suites) }),
      ...(curves !== undefined && { ecdhCurve: curves.join(":") }),
      requestCert: rule !== undefined,
      // Whom to refuse is decided after the handshake: OpenSSL knows fewer rules than the file.
      rejectUnauthorized: false,
    },
    client: rule && { ...rule, allowedNames: tls.client_allowed_sans },
  };
}

async function readNamed(field: string, file: string): Promise<Buffer> {
  try {
    return await readBytes(file);
  } catch (error) {
    return refuse(`failed to read ${field} (${file}): ${errorMessage(error)}`);
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const call = errorMessage(error).startsWith("EISDIR") ? "read" : "open";
    throw new VestalError("WEB_CONFIG", `${call} ${file}: ${systemReason(error)}`, { file }, error);
  }
}

/** As Go's X509KeyPair says it. */
function checkKeyPair(cert: string, key: string): void {
  const fail = (reason: string): never => refuse(`failed to load X509KeyPair: tls: ${reason}`);
  const inCert = pemTypes(cert);
  if (!inCert.includes("CERTIFICATE")) {
    if (inCert.length === 0) fail("failed to find any PEM data in certificate input");
    if (inCert.length === 1 && inCert[0]!.endsWith("PRIVATE KEY")) {
      fail(
        "failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
      );
    }
    const types = `[${inCert.join(" ")}]`;
    fail(
      `failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${types}`,
    );
  }
  const inKey = pemTypes(key);
  if (!inKey.some((type) => type.endsWith("PRIVATE KEY"))) {
    if (inKey.length === 0) fail("failed to find any PEM data in key input");
    if (inKey.length === 1 && inKey[0] === "CERTIFICATE") {
      fail("found a certificate rather than a key in the PEM for the private key");
    }
    const types = `[${inKey.join(" ")}]`;
    fail(
      `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${types}`,
    );
  }
  const leaf = parsed(() => new X509Certificate(cert));
  const privateKey = parsed(() => createPrivateKey(key));
  if (leaf.publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType) {
    fail("private key type does not match public key type");
  }
  if (!leaf.checkPrivateKey(privateKey)) fail("private key does not match public key");
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    return refuse(`failed to load X509KeyPair: ${errorMessage(error)}`);
  }
}

function pemTypes(text: string): readonly string[] {
  return [...text.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----\r?$[\s\S]*?^-----END \1-----/gm)].map((match) => match[1]!);
}
