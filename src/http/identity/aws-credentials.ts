/**
 * Where Amazon's credentials come from, in the order of its SDKs: the environment, a token file of a Kubernetes service
 * account, the shared files' profile, the container's endpoint, the machine's. Each that ends is renewed before.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { promisify } from "node:util";
import { VestalError } from "../../base/index.js";
import { readObject, textField } from "./answer.js";
import { type AwsProfile, readProfile } from "./aws-profile.js";
import { type AwsCredentials, signAws } from "./aws-signature.js";
import type { Expiring, IdentityDeps } from "./identity.js";

const RENEW_BEFORE_MS = 5 * 60_000;
const ROLE_SECONDS = "900";
const PROFILES_MAX = 8;
const PROCESS_TIMEOUT_MS = 60_000;
const CONTAINER_HOST = "http://169.254.170.2";
const MACHINE_HOST = "http://169.254.169.254";
const MACHINE_TOKEN_SECONDS = "21600";
const FORM = "application/x-www-form-urlencoded";

export interface StsOptions {
  readonly region: string;
  readonly usesFips: boolean;
}

export interface AssumedRole {
  readonly arn: string;
  readonly sessionName: string;
  readonly externalId: string;
}

export class AwsCredentialChain {
  readonly #sts: StsOptions;
  readonly #deps: IdentityDeps;

  constructor(sts: StsOptions, deps: IdentityDeps) {
    this.#sts = sts;
    this.#deps = deps;
  }

  /** @param profile  empty: the environment's, or `default`, and only after the environment's own credentials. */
  async find(profile: string): Promise<Expiring<AwsCredentials>> {
    const { env } = this.#deps;
    if (profile !== "") return await this.#ofProfile(profile, []);
    const fromEnvironment = environmentCredentials(env);
    if (fromEnvironment !== undefined) return fromEnvironment;
    const tokenFile = env["AWS_WEB_IDENTITY_TOKEN_FILE"] ?? "";
    const arn = env["AWS_ROLE_ARN"] ?? "";
    if (tokenFile !== "" && arn !== "") {
      return await this.#webIdentity(tokenFile, arn, env["AWS_ROLE_SESSION_NAME"] ?? "");
    }
    const name = env["AWS_PROFILE"] ?? "default";
    const known = readProfile(name, env);
    if (known !== undefined && hasCredentials(known)) return await this.#ofProfile(name, []);
    return (await this.#container()) ?? (await this.#machine());
  }

  /** Temporary credentials of a role, for whom `credentials` are. */
  async assumeRole(credentials: AwsCredentials, role: AssumedRole): Promise<Expiring<AwsCredentials>> {
    const parameters = {
      Action: "AssumeRole",
      DurationSeconds: ROLE_SECONDS,
      ...(role.externalId !== "" && { ExternalId: role.externalId }),
      RoleArn: role.arn,
      RoleSessionName: this.#sessionName(role.sessionName),
    };
    return await this.#askSts(parameters, credentials);
  }

  async #ofProfile(name: string, seen: readonly string[]): Promise<Expiring<AwsCredentials>> {
    if (seen.includes(name) || seen.length >= PROFILES_MAX) {
      throw new VestalError("IDENTITY", `aws: the profiles ${[...seen, name].join(" → ")} form no chain with an end`);
    }
    const profile = readProfile(name, this.#deps.env);
    if (profile === undefined)
      throw new VestalError("IDENTITY", `aws: there is no profile ${name} in the shared files`);
    const arn = profile["role_arn"] ?? "";
    const tokenFile = profile["web_identity_token_file"] ?? "";
    const sessionName = profile["role_session_name"] ?? "";
    if (arn !== "" && tokenFile !== "") return await this.#webIdentity(tokenFile, arn, sessionName);
    const base = await this.#baseOfProfile(name, profile, seen);
    if (arn === "") return base;
    return await this.assumeRole(base.value, { arn, sessionName, externalId: profile["external_id"] ?? "" });
  }

  async #baseOfProfile(name: string, profile: AwsProfile, seen: readonly string[]): Promise<Expiring<AwsCredentials>> {
    const source = profile["source_profile"] ?? "";
    const accessKey = profile["aws_access_key_id"] ?? "";
    const secretKey = profile["aws_secret_access_key"] ?? "";
    // A profile may name itself as the source of its role.
    if (source !== "" && source !== name) return await this.#ofProfile(source, [...seen, name]);
    if (accessKey !== "" && secretKey !== "") {
      return lasting({ accessKey, secretKey, sessionToken: profile["aws_session_token"] ?? "" });
    }
    switch (profile["credential_source"] ?? "") {
      case "":
        break;
      case "Environment": {
        const found = environmentCredentials(this.#deps.env);
        if (found !== undefined) return found;
        throw new VestalError("IDENTITY", `aws: profile ${name} wants credentials of the environment: there are none`);
      }
      case "Ec2InstanceMetadata":
        return await this.#machine();
      case "EcsContainer": {
        const found = await this.#container();
        if (found !== undefined) return found;
        throw new VestalError("IDENTITY", `aws: profile ${name} wants credentials of the container: there are none`);
      }
      default:
        throw new VestalError("IDENTITY", `aws: profile ${name} has an unknown credential_source`);
    }
    const command = profile["credential_process"] ?? "";
    if (command !== "") return await processCredentials(command);
    if (profile["sso_start_url"] !== undefined || profile["sso_session"] !== undefined) {
      throw new VestalError("IDENTITY", `aws: profile ${name} wants a login by SSO, which a server cannot do`);
    }
    return (await this.#container()) ?? (await this.#machine());
  }

  async #webIdentity(file: string, arn: string, sessionName: string): Promise<Expiring<AwsCredentials>> {
    return await this.#askSts({
      Action: "AssumeRoleWithWebIdentity",
      RoleArn: arn,
      RoleSessionName: this.#sessionName(sessionName),
      WebIdentityToken: readFileSync(file, "utf8").trim(),
    });
  }

  #sessionName(given: string): string {
    return given === "" ? `vestal-${hostname().replace(/[^\w+=,.@-]/g, "-")}`.slice(0, 64) : given;
  }

  async #askSts(
    parameters: Readonly<Record<string, string>>,
    credentials?: AwsCredentials,
  ): Promise<Expiring<AwsCredentials>> {
    const { region, usesFips } = this.#sts;
    const { env, nowMs, ask } = this.#deps;
    const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    const own = env["AWS_ENDPOINT_URL_STS"] ?? env["AWS_ENDPOINT_URL"] ?? "";
    const url = new URL(own === "" ? `https://sts${usesFips ? "-fips" : ""}.${region}.${domain}/` : own);
    const body = new URLSearchParams({ ...parameters, Version: "2011-06-15" }).toString();
    const request = { method: "POST" as const, url, contentType: FORM, body };
    const signed = credentials === undefined ? {} : signAws(request, credentials, { region, service: "sts" }, nowMs());
    const answer = await ask({ method: "POST", url: url.href, headers: { "content-type": FORM, ...signed }, body });
    const text = answer.body.toString("utf8");
    const tag = (name: string): string => new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(text)?.[1] ?? "";
    const found = {
      accessKey: tag("AccessKeyId"),
      secretKey: tag("SecretAccessKey"),
      sessionToken: tag("SessionToken"),
    };
    if (answer.status !== 200 || found.accessKey === "" || found.secretKey === "") {
      const why = tag("Message") === "" ? "" : `: ${tag("Message")}`;
      throw new VestalError("IDENTITY", `aws: ${parameters["Action"]} was answered with ${answer.status}${why}`);
    }
    return { value: found, renewMs: renewal(tag("Expiration")) };
  }

  async #container(): Promise<Expiring<AwsCredentials> | undefined> {
    const { env, ask } = this.#deps;
    const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] ?? "";
    const url = relative === "" ? (env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] ?? "") : `${CONTAINER_HOST}${relative}`;
    if (url === "") return undefined;
    const file = env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] ?? "";
    const token = file === "" ? (env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "") : readFileSync(file, "utf8").trim();
    const headers: Record<string, string> = token === "" ? {} : { authorization: token };
    return readCredentials("aws: the container's credentials", await ask({ method: "GET", url, headers }));
  }

  /** By version 2 of the machine's metadata service, which wants a token of its own. */
  async #machine(): Promise<Expiring<AwsCredentials>> {
    const { env, ask } = this.#deps;
    const what = "aws: the machine's credentials";
    if ((env["AWS_EC2_METADATA_DISABLED"] ?? "").toLowerCase() === "true") {
      throw new VestalError("IDENTITY", "aws: there are no credentials, and those of the machine are not to be asked");
    }
    const host = (env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? MACHINE_HOST).replace(/\/+$/, "");
    const session = await ask({
      method: "PUT",
      url: `${host}/latest/api/token`,
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": MACHINE_TOKEN_SECONDS },
    });
    if (session.status !== 200) throw new VestalError("IDENTITY", `${what}: the server answered ${session.status}`);
    const headers = { "x-aws-ec2-metadata-token": session.body.toString("utf8") };
    const roles = `${host}/latest/meta-data/iam/security-credentials/`;
    const list = await ask({ method: "GET", url: roles, headers });
    const role = list.status === 200 ? list.body.toString("utf8").split("\n")[0]?.trim() : undefined;
    if (role === undefined || role === "") throw new VestalError("IDENTITY", `${what}: the machine has no role`);
    return readCredentials(what, await ask({ method: "GET", url: `${roles}${role}`, headers }));
  }
}

function hasCredentials(profile: AwsProfile): boolean {
  const keys = [
    "aws_access_key_id",
    "role_arn",
    "credential_process",
    "sso_start_url",
    "sso_session",
    "credential_source",
  ];
  return keys.some((key) => (profile[key] ?? "") !== "");
}

function environmentCredentials(env: IdentityDeps["env"]): Expiring<AwsCredentials> | undefined {
  const accessKey = env["AWS_ACCESS_KEY_ID"] || env["AWS_ACCESS_KEY"] || "";
  const secretKey = env["AWS_SECRET_ACCESS_KEY"] || env["AWS_SECRET_KEY"] || "";
  if (accessKey === "" || secretKey === "") return undefined;
  return lasting({ accessKey, secretKey, sessionToken: env["AWS_SESSION_TOKEN"] ?? "" });
}

async function processCredentials(command: string): Promise<Expiring<AwsCredentials>> {
  const what = "aws: credential_process";
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)("/bin/sh", ["-c", command], { timeout: PROCESS_TIMEOUT_MS }));
  } catch (error) {
    throw new VestalError("IDENTITY", `${what} failed`, {}, error);
  }
  const fields = readObject(what, { status: 200, body: Buffer.from(stdout) });
  return {
    value: {
      accessKey: textField(what, fields, "AccessKeyId"),
      secretKey: textField(what, fields, "SecretAccessKey"),
      sessionToken: typeof fields["SessionToken"] === "string" ? fields["SessionToken"] : "",
    },
    renewMs: renewal(fields["Expiration"]),
  };
}

function readCredentials(
  what: string,
  answer: { readonly status: number; readonly body: Buffer },
): Expiring<AwsCredentials> {
  const fields = readObject(what, answer);
  return {
    value: {
      accessKey: textField(what, fields, "AccessKeyId"),
      secretKey: textField(what, fields, "SecretAccessKey"),
      sessionToken: textField(what, fields, "Token"),
    },
    renewMs: renewal(fields["Expiration"]),
  };
}

function renewal(expiration: unknown): number {
  const endsMs = typeof expiration === "string" ? Date.parse(expiration) : Number.NaN;
  return Number.isNaN(endsMs) ? Number.POSITIVE_INFINITY : endsMs - RENEW_BEFORE_MS;
}

function lasting(value: AwsCredentials): Expiring<AwsCredentials> {
  return { value, renewMs: Number.POSITIVE_INFINITY };
}
