/** Web configurations and certificates for tests. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  NAMED_CLIENT_CERTIFICATE,
  NAMED_CLIENT_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from "../doubles/certificates.js";

export function writeCertificates(folder: string): void {
  const files = {
    "server.crt": SERVER_CERTIFICATE,
    "server.key": SERVER_KEY,
    "client.crt": CLIENT_CERTIFICATE,
    "client.key": CLIENT_KEY,
    "named.crt": NAMED_CLIENT_CERTIFICATE,
    "named.key": NAMED_CLIENT_KEY,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** Of "secret", at the lowest cost. */
export const SECRET_HASH = "$2b$04$YfvOGzCX0U3SkzOT.pSeieSDbSeaFW6NI01H8VI3F/smKdewyGQ.y";

const PAIR = "cert_file: server.crt, key_file: server.key";

/** A file, and what is said of it; "": it is good. */
export const WEB_CONFIG_CASES: readonly (readonly [content: string, message: string])[] = [
  ["", ""],
  ["{}", ""],
  ["# nothing\n", ""],
  ["tls_server_config: {}\nbasic_auth_users:\n", ""],
  ["tls_server_config:\nhttp_server_config:\n", ""],
  [`tls_server_config: {${PAIR}}`, ""],
  [`tls_server_config: {${PAIR}, min_version: TLS13, max_version: TLS12}`, ""],
  [`tls_server_config: {${PAIR}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]}`, ""],
  [`tls_server_config: {${PAIR}, curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]}`, ""],
  [`tls_server_config: {${PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: client.crt}`, ""],
  [`tls_server_config: {${PAIR}, client_auth_type: RequireClientCert, client_allowed_sans: [a]}`, ""],
  ["tls_server_config: {client_allowed_sans: [a]}", ""],
  ["rate_limit: {interval: 5, burst: 2}", ""],
  ["rate_limit: {interval: 1s, burst: 2}", ""],
  ["http_server_config: {http2: false, headers: {X-Frame-Options: deny, Content-Security-Policy: foo}}", ""],
  ["foo: 1", "yaml: unmarshal errors:\n  line 1: field foo not found in type web.Config"],
  [
    "tls_server_config:\n  cert_filse: a\n",
    "yaml: unmarshal errors:\n  line 2: field cert_filse not found in type web.TLSConfig",
  ],
  ["hWkNKCp3fvIx3jKnsaBI", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `hWkNKCp...` into web.Config"],
  ["tls_server_config: {cert_file: [a]}", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string"],
  ["basic_auth_users: [a]", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into map[string]config.Secret"],
  ["rate_limit: {interval: xx}", "yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `xx` into time.Duration"],
  ["basic_auth_users: {a: b}", "crypto/bcrypt: hashedSecret too short to be a bcrypted password"],
  ["basic_auth_users: {a: }", "crypto/bcrypt: hashedSecret too short to be a bcrypted password"],
  [
    "basic_auth_users: {a: $3a$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}",
    "crypto/bcrypt: bcrypt algorithm version '3' requested is newer than current version '2'",
  ],
  [
    "basic_auth_users: {a: xx$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSiyy}",
    "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with 'x'",
  ],
  [
    "basic_auth_users: {a: $2a$99$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSiyy}",
    "crypto/bcrypt: cost 99 is outside allowed inclusive range 4..31",
  ],
  [
    "basic_auth_users: {a: $2a$9x$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSiyy}",
    'strconv.Atoi: parsing "9x": invalid syntax',
  ],
  ["http_server_config: {headers: {Content-Type: a}}", 'HTTP header "Content-Type" can not be configured'],
  ["http_server_config: {headers: {x-frame-options: deny}}", 'HTTP header "x-frame-options" can not be configured'],
  [
    "http_server_config: {headers: {X-Content-Type-Options: sniff}}",
    'invalid value for X-Content-Type-Options. Expected one of: ["nosniff"], but got: "sniff"',
  ],
  [
    "http_server_config: {headers: {X-Frame-Options: foo}}",
    'invalid value for X-Frame-Options. Expected one of: ["deny" "sameorigin"], but got: "foo"',
  ],
  ["tls_server_config: {client_ca: foo}", "missing one of cert or cert_file"],
  ["tls_server_config: {key_file: server.key}", "missing one of cert or cert_file"],
  ["tls_server_config: {cert_file: server.crt}", "missing one of key or key_file"],
  [
    "tls_server_config: {cert_file: nope.crt, key_file: nope.key}",
    "failed to read cert_file (nope.crt): open nope.crt: no such file or directory",
  ],
  [
    "tls_server_config: {cert_file: server.crt, key_file: nope.key}",
    "failed to read key_file (nope.key): open nope.key: no such file or directory",
  ],
  [
    `tls_server_config: {${PAIR}, client_auth_type: RequireAnyClientCert, client_ca_file: nope}`,
    "open nope: no such file or directory",
  ],
  [`tls_server_config: {${PAIR}, client_auth_type: foo}`, "invalid ClientAuth: foo"],
  [
    `tls_server_config: {${PAIR}, client_ca_file: client.crt}`,
    "client CA's have been configured without a Client Auth Policy",
  ],
  [
    `tls_server_config: {${PAIR}, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}`,
    "unknown cipher: TLS_RSA_WITH_AES_128_CBC_SHA",
  ],
  [`tls_server_config: {${PAIR}, curve_preferences: [CurveP257]}`, "unknown curve: CurveP257"],
  [`tls_server_config: {${PAIR}, min_version: TLS111}`, "unknown TLS version: TLS111"],
  [
    "tls_server_config: {cert: x, key: y}",
    "failed to load X509KeyPair: tls: failed to find any PEM data in certificate input",
  ],
  [
    "tls_server_config: {cert_file: server.crt, key: y}",
    "failed to load X509KeyPair: tls: failed to find any PEM data in key input",
  ],
  [
    "tls_server_config: {cert_file: server.key, key_file: server.key}",
    "failed to load X509KeyPair: tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
  ],
  [
    "tls_server_config: {cert_file: server.crt, key_file: server.crt}",
    "failed to load X509KeyPair: tls: found a certificate rather than a key in the PEM for the private key",
  ],
  [
    "tls_server_config: {cert_file: server.crt, key_file: client.key}",
    "failed to load X509KeyPair: tls: private key does not match public key",
  ],
];
