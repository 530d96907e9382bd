/** The file of `--web.config.file`, in the language of the configuration; names and words are the exporter toolkit's. */
import { VestalError } from "../base/index.js";
import {
  bool,
  checked,
  field,
  int,
  list,
  map,
  path,
  type Shape,
  secret,
  stringMap,
  strings,
  struct,
  text,
} from "../config/shape.js";
import { quoteGo } from "../model/index.js";
import { parseGoDuration } from "../template/time.js";
import { CIPHERS, CURVES, VERSIONS } from "./ciphers.js";

/** What may be set, and to what; no value: any. */
const HEADERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Strict-Transport-Security", []],
  ["X-Content-Type-Options", ["nosniff"]],
  ["X-Frame-Options", ["deny", "sameorigin"]],
  ["X-XSS-Protection", []],
  ["Content-Security-Policy", []],
]);

const oneOf = (known: { has(name: string): boolean }, what: string): Shape<string> =>
  checked("string", (name) => {
    if (!known.has(name)) refuse(`unknown ${what}: ${name}`);
    return name;
  });

const version = (): Shape<string> => oneOf(new Map(Object.entries(VERSIONS)), "TLS version");

/** Milliseconds; as Go reads a duration from YAML: with a unit, or nanoseconds. */
const interval: Shape<number> = {
  spec: { kind: "string", goType: "time.Duration" },
  zero: 0,
  convert: (source) => {
    const nanos = /^-?[0-9]+$/.test(source) ? BigInt(source) : parseGoDuration(source);
    if (nanos === undefined) {
      return refuse(`yaml: unmarshal errors:\n  cannot unmarshal !!str \`${source}\` into time.Duration`);
    }
    return Number(nanos) / 1e6;
  },
};

export const tlsShape = struct("web.TLSConfig", {
  cert: field(text()),
  key: field(secret()),
  client_ca: field(text()),
  cert_file: field(path()),
  key_file: field(path()),
  client_auth_type: field(text()),
  client_ca_file: field(path()),
  cipher_suites: field(list(oneOf(CIPHERS, "cipher"))),
  curve_preferences: field(list(oneOf(CURVES, "curve"))),
  min_version: field(version(), "TLS12"),
  max_version: field(version(), "TLS13"),
  prefer_server_cipher_suites: field(bool(), true),
  client_allowed_sans: field(strings()),
});
export type TlsServerSection = typeof tlsShape.zero;

const httpShape = struct("web.HTTPConfig", {
  http2: field(bool(), true),
  headers: field(stringMap()),
});

export const webShape = struct("web.Config", {
  tls_server_config: field(tlsShape, initial(tlsShape)),
  http_server_config: field(httpShape, initial(httpShape)),
  rate_limit: field(struct("web.RateLimiterConfig", { burst: field(int()), interval: field(interval) })),
  basic_auth_users: field(map(secret(), { goType: "map[string]config.Secret" })),
});
export type WebSection = typeof webShape.zero;

function initial<T>(shape: Shape<T>): T {
  if (shape.spec.kind !== "struct") return shape.zero;
  return Object.fromEntries([...shape.spec.struct.fields].map(([key, { initial: value }]) => [key, value])) as T;
}

/** @throws VestalError WEB_CONFIG */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    const allowed = HEADERS.get(name);
    if (allowed === undefined) throw refused(`HTTP header ${quoteGo(name)} can not be configured`);
    if (allowed.length === 0 || allowed.includes(value)) continue;
    const expected = `[${allowed.map(quoteGo).join(" ")}]`;
    refuse(`invalid value for ${name}. Expected one of: ${expected}, but got: ${quoteGo(value)}`);
  }
}

/** Of bcrypt: a version, a cost, salt and hash. @throws VestalError WEB_CONFIG in Go's words. */
export function checkPasswordHash(hash: string): void {
  const bytes = Buffer.from(hash);
  if (bytes.length < 59) refuse("crypto/bcrypt: hashedSecret too short to be a bcrypted password");
  const [first, major] = [hash.charAt(0), hash.charAt(1)];
  if (first !== "$")
    refuse(`crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '${first}'`);
  if (major > "2") {
    refuse(`crypto/bcrypt: bcrypt algorithm version '${major}' requested is newer than current version '2'`);
  }
  const begin = hash.charAt(2) === "$" ? 3 : 4;
  const cost = hash.slice(begin, begin + 2);
  if (!/^[-+]?[0-9]+$/.test(cost)) refuse(`strconv.Atoi: parsing ${quoteGo(cost)}: invalid syntax`);
  if (Number(cost) < 4 || Number(cost) > 31) {
    refuse(`crypto/bcrypt: cost ${Number(cost)} is outside allowed inclusive range 4..31`);
  }
}

export function refuse(message: string): never {
  throw refused(message);
}

function refused(message: string): VestalError {
  return new VestalError("WEB_CONFIG", message);
}
