/** JSON web tokens that a client signs to say who it is (RFC 7523). */
import { constants, createPrivateKey, sign } from "node:crypto";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** @param algorithm  `RS256` or `PS256`. */
export function signJwt(
  algorithm: "RS256" | "PS256",
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
  pemKey: string,
): string {
  const text = `${part({ alg: algorithm, typ: "JWT", ...header })}.${part(claims)}`;
  const key = createPrivateKey(pemKey);
  const signature =
    algorithm === "RS256"
      ? sign("sha256", Buffer.from(text), key)
      : sign("sha256", Buffer.from(text), {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        });
  return `${text}.${signature.toString("base64url")}`;
}
