/** `--cluster.tls-config`: `tls_server_config` as in a web configuration, `tls_client_config` as in a configuration's `tls_config`. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { errorMessage, VestalError } from "../../base/index.js";
import { field, readText, struct } from "../../config/index.js";
import { resolvePaths } from "../../config/paths.js";
import { tlsConfig } from "../../config/schema/http-client.js";
import { tlsServerOptions, tlsShape } from "../../web-config/index.js";

const shape = struct("cluster.TLSTransportConfig", {
  tls_server_config: field(tlsShape),
  tls_client_config: field(tlsConfig),
});

export interface ClusterTls {
  readonly server: TlsOptions;
  readonly client: ConnectionOptions;
}

/** @throws VestalError WEB_CONFIG */
export async function readClusterTls(file: string): Promise<ClusterTls | undefined> {
  if (file === "") return undefined;
  try {
    const content = resolvePaths(shape, readText(shape, readFileSync(file, "utf8")).value, dirname(file));
    const { options, client: rule } = await tlsServerOptions(content.tls_server_config);
    const client = content.tls_client_config;
    const read = (text: string, path: string): string | Buffer | undefined =>
      path !== "" ? readFileSync(path) : text !== "" ? text : undefined;
    const ca = read(client.ca, client.ca_file);
    const cert = read(client.cert, client.cert_file);
    const key = read(client.key, client.key_file);
    return {
      // Members are few and known: a certificate that is asked for must be good.
      server: { ...options, rejectUnauthorized: rule?.isVerified === true },
      client: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(client.server_name !== "" && { servername: client.server_name }),
        rejectUnauthorized: !client.insecure_skip_verify,
      },
    };
  } catch (error) {
    throw new VestalError("WEB_CONFIG", `${file} (--cluster.tls-config): ${errorMessage(error)}`, { file }, error);
  }
}
