/**
 * X.509 certificates that the operator makes itself: an authority of its own, and a server's certificate signed by it. Keys are ECDSA
 * over P-256, which every API server takes. Encoded in DER by RFC 5280; what is read again is read by `X509Certificate`.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";

export interface KeyedCertificate {
  /** Both in PEM, the key as PKCS #8. */
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly name: string;
  /** Inclusive; the clocks of others may be behind by an hour. */
  readonly nowMs: number;
  readonly lifetimeMs: number;
  /** Bytes that nobody can guess. */
  readonly random: (bytes: number) => Buffer;
}

const CLOCK_SKEW_MS = 3_600_000;
const SERIAL_BYTES = 16;

const OIDS = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** Signs itself. */
export function makeAuthority(options: CertificateOptions): KeyedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = keyId(publicKey);
  const certificate = issue(options, options.name, publicKey, privateKey, [
    extension(OIDS.basicConstraints, true, sequence(boolean(true), integer(Buffer.of(0)))),
    // keyCertSign and cRLSign.
    extension(OIDS.keyUsage, true, bitString(Buffer.of(0x06), 1)),
    extension(OIDS.subjectKeyIdentifier, false, octetString(id)),
  ]);
  return { certificate, key: pemKey(privateKey) };
}

/** @param names  DNS names by which clients know the server. */
export function makeServerCertificate(
  authority: KeyedCertificate,
  names: readonly string[],
  options: CertificateOptions,
): KeyedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = new X509Certificate(authority.certificate);
  const issuerName = /^CN=(.*)$/m.exec(issuer.subject)?.[1] ?? "";
  const certificate = issue(options, issuerName, publicKey, createPrivateKey(authority.key), [
    extension(OIDS.basicConstraints, true, sequence()),
    // digitalSignature.
    extension(OIDS.keyUsage, true, bitString(Buffer.of(0x80), 7)),
    extension(OIDS.extKeyUsage, false, sequence(oid(OIDS.serverAuth))),
    extension(OIDS.subjectAltName, false, sequence(...names.map((name) => tlv(0x82, Buffer.from(name, "ascii"))))),
    extension(OIDS.subjectKeyIdentifier, false, octetString(keyId(publicKey))),
    extension(OIDS.authorityKeyIdentifier, false, sequence(tlv(0x80, keyId(issuer.publicKey)))),
  ]);
  return { certificate, key: pemKey(privateKey) };
}

function issue(
  { name, nowMs, lifetimeMs, random }: CertificateOptions,
  issuer: string,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): string {
  const algorithm = sequence(oid(OIDS.ecdsaWithSha256));
  const serial = random(SERIAL_BYTES);
  // Positive, and not shorter than it seems.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const body = sequence(
    tlv(0xa0, integer(Buffer.of(2))), // version 3
    integer(serial),
    algorithm,
    distinguishedName(issuer),
    sequence(time(nowMs - CLOCK_SKEW_MS), time(nowMs + lifetimeMs)),
    distinguishedName(name),
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", body, signer);
  return pem("CERTIFICATE", sequence(body, algorithm, bitString(signature, 0)));
}

/** RFC 5280, 4.2.1.2, method 1: SHA-1 over the bits of the key. */
function keyId(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ type: "spki", format: "der" });
  // An uncompressed point of P-256 is the last 65 bytes.
  return createHash("sha1")
    .update(spki.subarray(spki.length - 65))
    .digest();
}

function pemKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").replace(/(.{64})(?=.)/g, "$1\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

// ── DER ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Tag, length, contents. */
function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  const size = length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
  return Buffer.concat([Buffer.of(tag), size, body]);
}

const sequence = (...contents: readonly Buffer[]): Buffer => tlv(0x30, ...contents);
const integer = (bytes: Buffer): Buffer => tlv(0x02, bytes);
const boolean = (value: boolean): Buffer => tlv(0x01, Buffer.of(value ? 0xff : 0));
const octetString = (bytes: Buffer): Buffer => tlv(0x04, bytes);
const bitString = (bytes: Buffer, unusedBits: number): Buffer => tlv(0x03, Buffer.of(unusedBits), bytes);

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const each of rest) {
    const groups = [each & 0x7f];
    for (let left = each >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid(OIDS.commonName), tlv(0x0c, Buffer.from(commonName, "utf8")))));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), octetString(value));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on. */
function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return text < "2050" ? tlv(0x17, Buffer.from(text.slice(2), "ascii")) : tlv(0x18, Buffer.from(text, "ascii"));
}
