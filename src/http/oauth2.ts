/** OAuth 2.0 client credentials (RFC 6749, 4.4): a token is fetched when one is needed and kept until shortly before it ends. */
import { VestalError } from "../base/index.js";
import type { Oauth2Options } from "./options.js";
import { readSecret } from "./secret.js";

/** Tokens are renewed this long before they end, as Go's oauth2 does. */
const EXPIRY_DELTA_MS = 10_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

export interface TokenRequest {
  readonly method: "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bodyBytesMax: number;
}

export type AskTokenServer = (request: TokenRequest) => Promise<{ readonly status: number; readonly body: Buffer }>;

interface Token {
  readonly type: string;
  readonly value: string;
  readonly endsMs: number;
  /** The secret that it was made with: another one makes another token. */
  readonly secret: string;
}

export class Oauth2TokenSource {
  readonly #options: Oauth2Options;
  readonly #ask: AskTokenServer;
  readonly #nowMs: () => number;
  #token: Token | undefined;
  /** Credentials in the `Authorization` header, which servers must take, or in the form: found out at the first request. */
  #inHeader: boolean | undefined;

  constructor(options: Oauth2Options, ask: AskTokenServer, nowMs: () => number = Date.now) {
    this.#options = options;
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /** The value of `Authorization`. */
  async authorization(): Promise<string> {
    const secret = readSecret(this.#options.clientSecret, "oauth2 client secret");
    if (this.#token === undefined || this.#token.secret !== secret || this.#nowMs() >= this.#token.endsMs) {
      this.#token = await this.#fetch(secret);
    }
    return `${this.#token.type} ${this.#token.value}`;
  }

  async #fetch(secret: string): Promise<Token> {
    if (this.#options.grantType !== "" && this.#options.grantType !== "client_credentials") {
      throw new VestalError(
        "OAUTH2",
        `oauth2 grant_type ${this.#options.grantType} is not supported; use client_credentials`,
      );
    }
    if (this.#inHeader !== undefined) return this.#exchange(secret, this.#inHeader);
    try {
      const token = await this.#exchange(secret, true);
      this.#inHeader = true;
      return token;
    } catch (error) {
      if (!(error instanceof VestalError) || error.code !== "OAUTH2_REFUSED") throw error;
      const token = await this.#exchange(secret, false);
      this.#inHeader = false;
      return token;
    }
  }

  async #exchange(secret: string, inHeader: boolean): Promise<Token> {
    const { clientId, scopes, endpointParams, tokenUrl } = this.#options;
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    if (scopes.length > 0) form.set("scope", scopes.join(" "));
    for (const [name, value] of Object.entries(endpointParams)) form.set(name, value);
    const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded" };
    if (inHeader) {
      const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
      headers["authorization"] = `Basic ${Buffer.from(credentials).toString("base64")}`;
    } else {
      form.set("client_id", clientId);
      if (secret !== "") form.set("client_secret", secret);
    }
    const request = {
      method: "POST" as const,
      url: tokenUrl,
      headers,
      body: form.toString(),
      bodyBytesMax: ANSWER_BYTES_MAX,
    };
    const { status, body } = await this.#ask(request);
    if (status < 200 || status > 299) {
      throw new VestalError("OAUTH2_REFUSED", `oauth2: cannot fetch token: ${status}`, { status });
    }
    return this.#read(body, secret);
  }

  #read(body: Buffer, secret: string): Token {
    let answer: unknown;
    try {
      answer = JSON.parse(body.toString("utf8"));
    } catch (error) {
      throw new VestalError("OAUTH2", "oauth2: cannot parse json: the token server's answer is no JSON", {}, error);
    }
    const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
    const { access_token: value, token_type: type, expires_in: expires } = fields;
    if (typeof value !== "string" || value === "")
      throw new VestalError("OAUTH2", "oauth2: server response missing access_token");
    const seconds = Number(expires ?? 0);
    const endsMs = seconds > 0 ? this.#nowMs() + seconds * 1000 - EXPIRY_DELTA_MS : Number.POSITIVE_INFINITY;
    return {
      type: typeof type === "string" && !/^bearer$/i.test(type) && type !== "" ? type : "Bearer",
      value,
      endsMs,
      secret,
    };
  }
}
