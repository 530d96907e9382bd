/** What stands before every request of a server with a web configuration: number, headers, user. */
import { type Clock, errorMessage, type Logger } from "../base/index.js";
import type { ConfigSource } from "./live-config.js";
import type { Passwords } from "./passwords.js";
import type { WebConfig } from "./read.js";

export type Verdict =
  | { readonly kind: "pass"; readonly headers: readonly (readonly [string, string])[] }
  | {
      readonly kind: "refuse";
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
      /** For people, with a line end. */
      readonly text: string;
    };

export interface Gate {
  /** @param authorization  the request's header; "" where it has none. Never rejects. */
  check(authorization: string): Promise<Verdict>;
}

/** Go's http.Error says these with its answers. */
const ERROR_HEADERS = [
  ["Content-Type", "text/plain; charset=utf-8"],
  ["X-Content-Type-Options", "nosniff"],
] as const;

export class WebGate implements Gate {
  readonly #source: ConfigSource;
  readonly #passwords: Passwords;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #limit: WebConfig["rateLimit"];
  #tokens = 0;
  #tokensAtMs = 0;

  /** @param limit  as the file says at the start; it is not read again, as there. */
  constructor(source: ConfigSource, limit: WebConfig["rateLimit"], passwords: Passwords, clock: Clock, log: Logger) {
    this.#source = source;
    this.#limit = limit;
    this.#passwords = passwords;
    this.#clock = clock;
    this.#log = log;
    this.#tokens = limit?.burst ?? 0;
    this.#tokensAtMs = clock.monotonicMs();
  }

  async check(authorization: string): Promise<Verdict> {
    let config: WebConfig;
    try {
      config = await this.#source.current();
    } catch (error) {
      this.#log.error("Unable to parse configuration", { err: errorMessage(error) });
      return refusal(500, "Internal Server Error", []);
    }
    if (!this.#takeToken()) return refusal(429, "Too Many Requests", []);
    const headers = Object.entries(config.headers);
    if (config.users.size === 0) return { kind: "pass", headers };
    const given = readBasic(authorization);
    if (given !== undefined) {
      try {
        if (await this.#passwords.isRight(config.users, given.user, given.password)) return { kind: "pass", headers };
      } catch (error) {
        this.#log.error("A password could not be checked", { err: errorMessage(error) });
        return refusal(503, "Service Unavailable", headers);
      }
    }
    return refusal(401, "Unauthorized", [...headers, ["WWW-Authenticate", "Basic"]]);
  }

  #takeToken(): boolean {
    if (this.#limit === undefined) return true;
    const nowMs = this.#clock.monotonicMs();
    const { burst, intervalMs } = this.#limit;
    this.#tokens = Math.min(burst, this.#tokens + (nowMs - this.#tokensAtMs) / intervalMs);
    this.#tokensAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

function refusal(status: number, text: string, headers: readonly (readonly [string, string])[]): Verdict {
  return { kind: "refuse", status, headers: [...headers, ...ERROR_HEADERS], text: `${text}\n` };
}

/** As Go's BasicAuth: the scheme in any case, a colon after the user's name. */
function readBasic(header: string): { readonly user: string; readonly password: string } | undefined {
  if (header.slice(0, 6).toLowerCase() !== "basic ") return undefined;
  const encoded = header.slice(6);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
