/** What went wrong with a connection, in the words of Go's net and crypto/tls: `lastError` of a target shows them. */
import { getServers } from "node:dns";
import { errorCode, errorMessage } from "../base/index.js";

export const DEADLINE_EXCEEDED = "context deadline exceeded";
export const BODY_LIMIT_EXCEEDED = "body size limit exceeded";

/** As Go's url.Error prints: what failed before the response's head was read. */
export function requestError(url: string, message: string): string {
  return `Get "${url}": ${message}`;
}

/** `host:port` as Go prints it: an IPv6 address in brackets. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const ERRNO_TEXT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  ECONNABORTED: "software caused connection abort",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  ETIMEDOUT: "connection timed out",
  EPIPE: "broken pipe",
  EADDRNOTAVAIL: "cannot assign requested address",
  EACCES: "permission denied",
  EMFILE: "too many open files",
  EINVAL: "invalid argument",
};

interface SystemError extends Error {
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/**
 * `code` of a socket's or TLS error. An alert that arrives while something is written comes as EPROTO, with OpenSSL's
 * reason in the message only; it gets the code that it has otherwise.
 */
export function socketErrorCode(error: unknown): string {
  const code = errorCode(error);
  if (code !== "EPROTO") return code;
  const reason = /:SSL routines:[^:]*:([^:]+):/.exec(errorMessage(error))?.[1];
  return reason === undefined ? code : `ERR_SSL_${reason.toUpperCase().replaceAll(" ", "_")}`;
}

/** Names an error of a socket that is not connected yet. */
export function dialErrorText(error: unknown, host: string, port: number): string {
  const first = firstOf(error) as SystemError;
  const code = socketErrorCode(first);
  if (first.syscall === "getaddrinfo") return `dial tcp: ${lookupErrorText(code, host)}`;
  const text = ERRNO_TEXT[code];
  if (text !== undefined)
    return `dial tcp ${joinHostPort(first.address ?? host, first.port ?? port)}: connect: ${text}`;
  return tlsErrorText(code, errorMessage(first));
}

/** Names an error of a connected socket; the addresses are those of its two ends. */
export function streamErrorText(error: unknown, localAddress: string, remoteAddress: string): string {
  const code = socketErrorCode(error);
  const text = ERRNO_TEXT[code];
  const call = (error as SystemError).syscall === "write" ? "write" : "read";
  if (text !== undefined) return `${call} tcp ${localAddress}->${remoteAddress}: ${call}: ${text}`;
  return tlsErrorText(code, errorMessage(error));
}

/** Where several addresses of a name failed, Go shows the first failure. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

function lookupErrorText(code: string, host: string): string {
  const server = getServers()[0];
  const where = server === undefined ? "" : ` on ${/:\d+$/.test(server) ? server : joinHostPort(server, 53)}`;
  if (code === "ENOTFOUND") return `lookup ${host}${where}: no such host`;
  if (code === "EAI_AGAIN") return `lookup ${host}${where}: server misbehaving`;
  return `lookup ${host}${where}: ${code}`;
}

/** Codes of Node.js and OpenSSL whose meaning Go words differently; others pass in OpenSSL's words. */
const TLS_TEXT: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  CERT_HAS_EXPIRED: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID: "tls: failed to verify certificate: x509: certificate has expired or is not yet valid",
  ERR_SSL_WRONG_VERSION_NUMBER: "http: server gave HTTP response to HTTPS client",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "tls: first record does not look like a TLS handshake",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "remote error: tls: bad certificate",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "remote error: tls: certificate required",
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: "remote error: tls: handshake failure",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "remote error: tls: protocol version not supported",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "remote error: tls: unknown certificate authority",
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "remote error: tls: no application protocol",
};

function tlsErrorText(code: string, message: string): string {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `tls: failed to verify certificate: x509: ${message}`;
  return TLS_TEXT[code] ?? message;
}
