/**
 * Signature version 4 of Amazon's services, but S3, which encodes paths once only.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from "node:crypto";
import type { SignedRequest } from "./identity.js";

export interface AwsCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Empty for credentials that last. */
  readonly sessionToken: string;
}

export interface AwsScope {
  readonly region: string;
  readonly service: string;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

/** RFC 3986 leaves fewer characters alone than `encodeURIComponent`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort(byCodeUnits)
    .join("&");
}

/** The headers that a request needs beside `content-type`, which is signed too where it has one. */
export function signAws(
  { method, url, contentType, body }: SignedRequest,
  { accessKey, secretKey, sessionToken }: AwsCredentials,
  { region, service }: AwsScope,
  nowMs: number,
): Record<string, string> {
  const time = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const headers: (readonly [string, string])[] = [
    ...(contentType === undefined ? [] : [["content-type", contentType] as const]),
    ["host", url.host],
    ["x-amz-date", time],
    ...(sessionToken === "" ? [] : [["x-amz-security-token", sessionToken] as const]),
  ];
  const names = headers.map(([name]) => name).join(";");
  const canonical = [
    method,
    url.pathname.split("/").map(encode).join("/"),
    canonicalQuery(url),
    ...headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}`),
    "",
    names,
    sha256(body ?? ""),
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), service), "aws4_request");
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
  return {
    "x-amz-date": time,
    ...(sessionToken !== "" && { "x-amz-security-token": sessionToken }),
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
