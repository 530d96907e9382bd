/** The web configuration file of Prometheus, Alertmanager and Thanos, and how it reaches the pod. */
import { posix } from "node:path";
import type { Json } from "../kube-object.js";
import type { PrometheusWebHttpConfig, SecretOrConfigMap, WebTLSConfig } from "../schema/generated/types.js";
import { invalid } from "./invalid.js";
import { type Mounts, tlsFile, tlsMounts } from "./tls-mounts.js";
import { compact, lower, type Mapping, nonEmpty, nonEmptyList } from "./value.js";

export const WEB_CONFIG_FILE = "web-config.yaml";
const VOLUME = "web-config";
const VOLUME_PREFIX = "web-config-tls-";

export interface WebFields {
  readonly tlsConfig?: WebTLSConfig;
  readonly httpConfig?: PrometheusWebHttpConfig;
}

function isSet(reference: SecretOrConfigMap | undefined): boolean {
  return reference?.secret !== undefined || reference?.configMap !== undefined;
}

function checkReference(name: string, reference: SecretOrConfigMap | undefined, file: string | undefined): void {
  if (!isSet(reference)) return;
  if (nonEmpty(file) !== undefined) invalid(`${name} and ${name}File exclude each other`);
  if (reference?.secret !== undefined && reference.configMap !== undefined) {
    invalid(`${name}: a Secret and a ConfigMap exclude each other`);
  }
}

/** @throws InvalidConfigurationError if certificate or key are missing, or there twice. */
export function checkWebTls(tls: WebTLSConfig | undefined): void {
  if (tls === undefined) return;
  const hasKeySecret = nonEmpty(tls.keySecret?.name) !== undefined || nonEmpty(tls.keySecret?.key) !== undefined;
  const hasKeyFile = nonEmpty(tls.keyFile) !== undefined;
  checkReference("clientCA", tls.client_ca, tls.clientCAFile);
  checkReference("cert", tls.cert, tls.certFile);
  if (hasKeySecret && hasKeyFile) invalid("keySecret and keyFile exclude each other");
  if (!hasKeySecret && !hasKeyFile) invalid("a private key is missing");
  if (!isSet(tls.cert) && nonEmpty(tls.certFile) === undefined) invalid("a certificate is missing");
}

/** The `tls_server_config` of a file whose TLS material is mounted below `folder`. */
export function tlsServerConfig(folder: string, tls: WebTLSConfig): Mapping {
  return {
    cert_file: nonEmpty(tls.certFile) ?? tlsFile(folder, "cert", tls.cert),
    key_file: nonEmpty(tls.keyFile) ?? tlsFile(folder, "key", { secret: tls.keySecret ?? {} }),
    client_auth_type: nonEmpty(tls.clientAuthType),
    client_ca_file: nonEmpty(tls.clientCAFile) ?? tlsFile(folder, "ca", tls.client_ca),
    min_version: nonEmpty(tls.minVersion),
    max_version: nonEmpty(tls.maxVersion),
    cipher_suites: nonEmptyList(tls.cipherSuites),
    prefer_server_cipher_suites: tls.preferServerCipherSuites,
    curve_preferences: nonEmptyList(tls.curvePreferences),
  };
}

/** The file's content; undefined where there is nothing to say, and the file is empty. */
export function webConfig(folder: string, fields: WebFields): Json | undefined {
  const { tlsConfig, httpConfig } = fields;
  checkWebTls(tlsConfig);
  if (tlsConfig === undefined && httpConfig === undefined) return undefined;
  const headers = httpConfig?.headers;
  return compact({
    tls_server_config: tlsConfig === undefined ? undefined : tlsServerConfig(folder, tlsConfig),
    http_server_config:
      httpConfig === undefined
        ? undefined
        : {
            http2: httpConfig.http2,
            headers:
              headers === undefined
                ? undefined
                : {
                    "Content-Security-Policy": nonEmpty(headers.contentSecurityPolicy),
                    "Strict-Transport-Security": nonEmpty(headers.strictTransportSecurity),
                    "X-Content-Type-Options": lower(nonEmpty(headers.xContentTypeOptions)),
                    "X-Frame-Options": lower(nonEmpty(headers.xFrameOptions)),
                    "X-XSS-Protection": nonEmpty(headers.xXSSProtection),
                  },
          },
  });
}

/** The flag that names the file is `web.config.file`. */
export function webConfigMounts(
  folder: string,
  secretName: string,
  fields: WebFields,
): Mounts & { readonly file: string } {
  const file = posix.join(folder, WEB_CONFIG_FILE);
  const { tlsConfig } = fields;
  checkWebTls(tlsConfig);
  const tls =
    tlsConfig === undefined
      ? { volumes: [], mounts: [] }
      : tlsMounts(folder, VOLUME_PREFIX, { key: tlsConfig.keySecret, cert: tlsConfig.cert, ca: tlsConfig.client_ca });
  return {
    file,
    volumes: [{ name: VOLUME, secret: { secretName } }, ...tls.volumes],
    mounts: [{ name: VOLUME, readOnly: true, mountPath: file, subPath: WEB_CONFIG_FILE }, ...tls.mounts],
  };
}
