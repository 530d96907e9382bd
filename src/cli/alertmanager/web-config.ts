/** `--web.config.file` of the exporter toolkit: TLS of the server, and users with bcrypt hashes. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { load } from "js-yaml";
import { errorMessage, VestalError } from "../../base/index.js";

export interface WebConfig {
  readonly tls: TlsOptions | undefined;
  readonly users: ReadonlyMap<string, string>;
}

type Section = Readonly<Record<string, unknown>>;

const VERSIONS: Readonly<Record<string, TlsOptions["minVersion"]>> = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
};
const KNOWN_TLS = new Set([
  "cert_file",
  "key_file",
  "client_auth_type",
  "client_ca_file",
  "min_version",
  "max_version",
]);

/** @throws VestalError WEB_CONFIG for what cannot be read, and for settings that are not done here. */
export function readWebConfig(file: string): WebConfig {
  if (file === "") return { tls: undefined, users: new Map() };
  try {
    const content = (load(readFileSync(file, "utf8")) ?? {}) as Section;
    const tls = content["tls_server_config"] as Section | undefined;
    const users = Object.entries((content["basic_auth_users"] ?? {}) as Readonly<Record<string, string>>);
    const unknown = Object.keys(content).filter((key) => key !== "tls_server_config" && key !== "basic_auth_users");
    if (unknown.length > 0) throw new VestalError("WEB_CONFIG", `${unknown.join(", ")} is not available`);
    return { tls: tls && tlsOptions(tls, dirname(file)), users: new Map(users) };
  } catch (error) {
    throw new VestalError("WEB_CONFIG", `${file} (--web.config.file): ${errorMessage(error)}`, { file }, error);
  }
}

function tlsOptions(tls: Section, folder: string): TlsOptions {
  const unknown = Object.keys(tls).filter((key) => !KNOWN_TLS.has(key));
  if (unknown.length > 0)
    throw new VestalError("WEB_CONFIG", `tls_server_config: ${unknown.join(", ")} is not available`);
  const read = (key: string): Buffer | undefined => {
    const name = tls[key];
    return typeof name === "string" && name !== "" ? readFileSync(resolve(folder, name)) : undefined;
  };
  const [cert, key, ca] = [read("cert_file"), read("key_file"), read("client_ca_file")];
  if (cert === undefined || key === undefined) throw new VestalError("WEB_CONFIG", "missing cert_file or key_file");
  const auth = tls["client_auth_type"] ?? "";
  const minVersion = VERSIONS[String(tls["min_version"] ?? "TLS12")];
  const maxVersion = VERSIONS[String(tls["max_version"] ?? "")];
  return {
    cert,
    key,
    ...(ca && { ca }),
    requestCert: auth !== "" && auth !== "NoClientCert",
    rejectUnauthorized: auth === "RequireAndVerifyClientCert" || auth === "VerifyClientCertIfGiven",
    ...(minVersion && { minVersion }),
    ...(maxVersion && { maxVersion }),
  };
}

/** `--cluster.tls-config`: `tls_server_config` as above, `tls_client_config` as in a configuration's `tls_config`. */
export function readClusterTls(
  file: string,
): { readonly server: TlsOptions; readonly client: ConnectionOptions } | undefined {
  if (file === "") return undefined;
  try {
    const content = (load(readFileSync(file, "utf8")) ?? {}) as Section;
    const client = (content["tls_client_config"] ?? {}) as Section;
    const read = (key: string): Buffer | undefined => {
      const name = client[key];
      return typeof name === "string" && name !== "" ? readFileSync(resolve(dirname(file), name)) : undefined;
    };
    const [ca, cert, key] = [read("ca_file"), read("cert_file"), read("key_file")];
    const name = client["server_name"];
    return {
      server: tlsOptions((content["tls_server_config"] ?? {}) as Section, dirname(file)),
      client: {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(typeof name === "string" && { servername: name }),
        rejectUnauthorized: client["insecure_skip_verify"] !== true,
      },
    };
  } catch (error) {
    throw new VestalError("WEB_CONFIG", `${file} (--cluster.tls-config): ${errorMessage(error)}`, { file }, error);
  }
}
