/**
 * Tokens of Microsoft Entra: for an application with a secret or a certificate, for a Kubernetes service account, for the
 * machine's identity. Renewed at half of their life.
 */
import { createHash, randomUUID, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { errorMessage, VestalError } from "../../base/index.js";
import { readObject, textField } from "./answer.js";
import { type Expiring, type Identity, type IdentityDeps, renewing } from "./identity.js";
import { signJwt } from "./jwt.js";

export interface AzureOptions {
  readonly cloud: "AzurePublic" | "AzureChina" | "AzureGovernment";
  /** Empty: that of Azure Monitor in the cloud. */
  readonly scope: string;
  readonly way: AzureWay;
}

export type AzureWay =
  | { readonly kind: "managed"; readonly clientId: string }
  | { readonly kind: "workload"; readonly clientId: string; readonly tenantId: string; readonly tokenFile: string }
  | { readonly kind: "secret"; readonly clientId: string; readonly tenantId: string; readonly secret: string }
  | ({ readonly kind: "certificate" } & CertificateWay)
  /** The first that the environment has. */
  | { readonly kind: "sdk"; readonly tenantId: string };

interface CertificateWay {
  readonly clientId: string;
  readonly tenantId: string;
  /** PEM. */
  readonly certificateFile: string;
  /** Empty: the key is in the certificate's file. */
  readonly keyFile: string;
  readonly sendsChain: boolean;
}

const CLOUDS = {
  AzurePublic: { authority: "https://login.microsoftonline.com/", scope: "https://monitor.azure.com//.default" },
  AzureChina: { authority: "https://login.chinacloudapi.cn/", scope: "https://monitor.azure.cn//.default" },
  AzureGovernment: { authority: "https://login.microsoftonline.us/", scope: "https://monitor.azure.us//.default" },
} as const;

const MACHINE_HOST = "http://169.254.169.254";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ASSERTION_SECONDS = 600;
const WORKLOAD_TOKEN_FILE = "/var/run/secrets/azure/tokens/azure-identity-token";

export function azureIdentity(options: AzureOptions, deps: IdentityDeps): Identity {
  const source = new AzureTokens(options, deps);
  const token = renewing(deps.nowMs, async () => {
    try {
      return await source.fetch(options.way);
    } catch (error) {
      throw new VestalError("IDENTITY", `Failed to get access token: ${errorMessage(error)}`, {}, error);
    }
  });
  return { headers: async () => ({ authorization: `Bearer ${await token()}` }) };
}

class AzureTokens {
  readonly #deps: IdentityDeps;
  readonly #authority: string;
  readonly #scope: string;

  constructor({ cloud, scope }: AzureOptions, deps: IdentityDeps) {
    this.#deps = deps;
    this.#authority = (deps.env["AZURE_AUTHORITY_HOST"] || CLOUDS[cloud].authority).replace(/\/*$/, "/");
    this.#scope = scope === "" ? CLOUDS[cloud].scope : scope;
  }

  async fetch(way: AzureWay): Promise<Expiring<string>> {
    switch (way.kind) {
      case "managed":
        return await this.#managed(way.clientId);
      case "workload":
        return await this.#withAssertion(way, this.#workloadToken(way.tokenFile));
      case "secret":
        return await this.#ofApplication(way, { client_secret: way.secret });
      case "certificate":
        return await this.#withAssertion(way, this.#certificateToken(way));
      case "sdk":
        return await this.fetch(this.#wayOfEnvironment(way.tenantId));
    }
  }

  #wayOfEnvironment(givenTenantId: string): AzureWay {
    const { env } = this.#deps;
    const text = (name: string): string => env[name] ?? "";
    const tenantId = givenTenantId || text("AZURE_TENANT_ID");
    const clientId = text("AZURE_CLIENT_ID");
    if (tenantId !== "" && clientId !== "") {
      const secret = text("AZURE_CLIENT_SECRET");
      if (secret !== "") return { kind: "secret", tenantId, clientId, secret };
      const certificateFile = text("AZURE_CLIENT_CERTIFICATE_PATH");
      const sendsChain = /^(1|true)$/i.test(text("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"));
      if (certificateFile !== "") {
        return { kind: "certificate", tenantId, clientId, certificateFile, keyFile: "", sendsChain };
      }
      const tokenFile = text("AZURE_FEDERATED_TOKEN_FILE");
      if (tokenFile !== "") return { kind: "workload", tenantId, clientId, tokenFile };
    }
    return { kind: "managed", clientId };
  }

  #workloadToken(file: string): string {
    return readFileSync(file || this.#deps.env["AZURE_FEDERATED_TOKEN_FILE"] || WORKLOAD_TOKEN_FILE, "utf8").trim();
  }

  #certificateToken({ certificateFile, keyFile, clientId, tenantId, sendsChain }: CertificateWay): string {
    const text = readFileSync(certificateFile, "utf8");
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
    const [own] = certificates;
    if (own === undefined) {
      throw new VestalError(
        "IDENTITY",
        `azure: ${certificateFile} has no certificate in PEM, the only form that is read`,
      );
    }
    const key = keyFile === "" ? text : readFileSync(keyFile, "utf8");
    const pem = /-----BEGIN (?:RSA )?PRIVATE KEY-----[\s\S]*?-----END (?:RSA )?PRIVATE KEY-----/.exec(key)?.[0];
    if (pem === undefined) throw new VestalError("IDENTITY", `azure: ${keyFile || certificateFile} has no private key`);
    const seconds = Math.floor(this.#deps.nowMs() / 1000);
    const raw = (certificate: string): Buffer => new X509Certificate(certificate).raw;
    const header = {
      "x5t#S256": createHash("sha256").update(raw(own)).digest("base64url"),
      ...(sendsChain && { x5c: certificates.map((one) => raw(one).toString("base64")) }),
    };
    const claims = {
      aud: this.#tokenUrl(tenantId),
      iss: clientId,
      sub: clientId,
      jti: randomUUID(),
      nbf: seconds,
      exp: seconds + ASSERTION_SECONDS,
    };
    return signJwt("PS256", header, claims, pem);
  }

  #tokenUrl(tenantId: string): string {
    return `${this.#authority}${tenantId}/oauth2/v2.0/token`;
  }

  async #withAssertion(
    who: { readonly clientId: string; readonly tenantId: string },
    assertion: string,
  ): Promise<Expiring<string>> {
    return await this.#ofApplication(who, { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion });
  }

  async #ofApplication(
    { clientId, tenantId }: { readonly clientId: string; readonly tenantId: string },
    proof: Readonly<Record<string, string>>,
  ): Promise<Expiring<string>> {
    const form = { client_id: clientId, grant_type: "client_credentials", scope: this.#scope, ...proof };
    const answer = await this.#deps.ask({
      method: "POST",
      url: this.#tokenUrl(tenantId),
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    return this.#read("azure: token of an application", answer);
  }

  async #managed(clientId: string): Promise<Expiring<string>> {
    const { env, ask } = this.#deps;
    const resource = this.#scope.replace(/\/\.default$/, "");
    const who: Record<string, string> = clientId === "" ? {} : { client_id: clientId };
    const service = env["IDENTITY_ENDPOINT"] ?? "";
    const secret = env["IDENTITY_HEADER"] ?? "";
    if (service !== "" && secret !== "") {
      const query = new URLSearchParams({ "api-version": "2019-08-01", resource, ...who });
      const headers = { "x-identity-header": secret };
      return this.#read(
        "azure: token of the service's identity",
        await ask({ method: "GET", url: `${service}?${query}`, headers }),
      );
    }
    const host = (env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] || MACHINE_HOST).replace(/\/+$/, "");
    const query = new URLSearchParams({ "api-version": "2018-02-01", resource, ...who });
    const url = `${host}/metadata/identity/oauth2/token?${query}`;
    return this.#read(
      "azure: token of the machine's identity",
      await ask({ method: "GET", url, headers: { metadata: "true" } }),
    );
  }

  #read(what: string, answer: { readonly status: number; readonly body: Buffer }): Expiring<string> {
    const fields = readObject(what, answer);
    const value = textField(what, fields, "access_token");
    const nowMs = this.#deps.nowMs();
    // The App Service tells only when the token ends, as seconds of the epoch in a string.
    const lifeMs =
      fields["expires_in"] === undefined
        ? Number(fields["expires_on"]) * 1000 - nowMs
        : Number(fields["expires_in"]) * 1000;
    if (!(lifeMs > 0)) throw new VestalError("IDENTITY", "access token expiry is less than the current time");
    return { value, renewMs: nowMs + lifeMs / 2 };
  }
}
