/** Mutual TLS between the members of an Alertmanager cluster: the configuration file, and how it reaches the pods. */
import { posix } from "node:path";
import type { Json } from "../../kube-object.js";
import type { AlertmanagerClusterTLS } from "../../schema/generated/types.js";
import { at, invalid } from "../invalid.js";
import { checkSafeTlsConfig } from "../prometheus/check-http-client.js";
import { type Mounts, tlsFile, tlsMounts } from "../tls-mounts.js";
import { compact } from "../value.js";
import { checkWebTls, tlsServerConfig } from "../web-config.js";

export const CLUSTER_TLS_FILE = "cluster-tls-config.yaml";
const VOLUME = "cluster-tls-config";

/** Below the folder where the file is. */
const SERVER_FOLDER = "server_tls";
const CLIENT_FOLDER = "client_tls";

function check({ server, client }: AlertmanagerClusterTLS): void {
  at("clusterTLS.server", () => checkWebTls(server ?? {}));
  at("clusterTLS.client", () => {
    checkSafeTlsConfig(client);
    if (client?.cert?.secret === undefined && client?.cert?.configMap === undefined)
      invalid("a certificate is missing");
  });
}

/** The file's content; undefined where the cluster speaks without TLS, and the file is empty. */
export function clusterTlsConfig(folder: string, tls: AlertmanagerClusterTLS | undefined): Json | undefined {
  if (tls === undefined) return undefined;
  check(tls);
  const { server = {}, client = {} } = tls;
  const clientFolder = posix.join(folder, CLIENT_FOLDER);
  return compact({
    tls_server_config: tlsServerConfig(posix.join(folder, SERVER_FOLDER), server),
    tls_client_config: {
      key_file: tlsFile(clientFolder, "key", { secret: client.keySecret ?? {} }),
      cert_file: tlsFile(clientFolder, "cert", client.cert),
      ca_file: tlsFile(clientFolder, "ca", client.ca),
      server_name: client.serverName,
      insecure_skip_verify: client.insecureSkipVerify,
    },
  });
}

export function clusterTlsSecretName(alertmanager: string): string {
  return `alertmanager-${alertmanager}-cluster-tls-config`;
}

/** `file` is the value of the flag `cluster.tls-config`; without TLS there is a volume, but no flag. */
export function clusterTlsMounts(
  folder: string,
  alertmanager: string,
  tls: AlertmanagerClusterTLS | undefined,
): Mounts & { readonly file: string | undefined } {
  const file = posix.join(folder, CLUSTER_TLS_FILE);
  if (tls !== undefined) check(tls);
  const { server, client } = tls ?? {};
  const parts =
    tls === undefined
      ? []
      : [
          tlsMounts(posix.join(folder, SERVER_FOLDER), "cluster-tls-server-config-", {
            key: server?.keySecret,
            cert: server?.cert,
            ca: server?.client_ca,
          }),
          tlsMounts(posix.join(folder, CLIENT_FOLDER), "cluster-tls-client-config-", {
            key: client?.keySecret,
            cert: client?.cert,
            ca: client?.ca,
          }),
        ];
  return {
    file: tls === undefined ? undefined : file,
    volumes: [
      { name: VOLUME, secret: { secretName: clusterTlsSecretName(alertmanager) } },
      ...parts.flatMap((part) => part.volumes),
    ],
    mounts: [
      { name: VOLUME, readOnly: true, mountPath: file, subPath: CLUSTER_TLS_FILE },
      ...parts.flatMap((part) => part.mounts),
    ],
  };
}
