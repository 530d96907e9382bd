/** E-mail: a message of two parts, text and HTML, by SMTP with STARTTLS or TLS from the start. */
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { ConnectionOptions } from "node:tls";
import { createTransport } from "nodemailer";
import { errorMessage, VestalError } from "../../base/index.js";
import type { TlsSection } from "../../config/schema/http-client.js";
import { GoTime } from "../../template/index.js";
import type { email } from "../config/receivers.js";
import { SENT } from "../pipeline/context.js";
import { secretText } from "./http.js";
import type { IntegrationSpec, Notification } from "./integration.js";
import { groupHash } from "./text.js";

type EmailConfig = typeof email.zero;

const RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700";
/** Lines of quoted-printable text. */
const LINE_MAX = 76;

export function emailIntegration(config: EmailConfig): IntegrationSpec {
  const [host, port] = splitAddress(config.smarthost);
  const isImplicit = config.force_implicit_tls ?? port === 465;
  return {
    name: "email",
    sendsResolved: config.send_resolved,
    send: async (notification) => {
      const { text } = notification;
      const from = addresses(text(config.from), "from");
      if (from.length !== 1) throw mailError(`must be exactly one 'from' address (got: ${from.length})`);
      const to = addresses(text(config.to), "to");
      const raw = message(config, notification);
      const transport = createTransport({
        host,
        port,
        secure: isImplicit,
        name: config.hello === "" ? "localhost" : config.hello,
        requireTLS: config.require_tls === true && !isImplicit,
        ignoreTLS: config.require_tls !== true && !isImplicit,
        tls: tlsOptions(config.tls_config, host),
        ...authOptions(config, host, isImplicit || config.require_tls === true),
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const stop = (): void => transport.close();
      notification.context.signal.addEventListener("abort", stop, { once: true });
      try {
        await transport.sendMail({ envelope: { from: from[0], to }, raw });
        return SENT;
      } catch (error) {
        return { kind: "retry", message: errorMessage(error), reason: "other" };
      } finally {
        notification.context.signal.removeEventListener("abort", stop);
        transport.close();
      }
    },
    close: () => undefined,
  };
}

function mailError(message: string): VestalError {
  return new VestalError("EMAIL", message);
}

function splitAddress(address: string): readonly [host: string, port: number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1))];
}

const OWN_METHOD = "CONFIGURED";
const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "::1"]);

/** What nodemailer hands to whoever authenticates. */
interface AuthDialogue {
  readonly authMethods: readonly string[];
  sendCommand(line: string): Promise<{ readonly status: number; readonly text: string }>;
}

/** By the first way that the server offers and the configuration has a secret for, with an identity, as the original does. */
function authOptions(config: EmailConfig, host: string, isSecure: boolean): object {
  if (config.auth_username === "") return {};
  const password = config.auth_password_file === "" ? config.auth_password : secretText("", config.auth_password_file);
  const secret = config.auth_secret_file === "" ? config.auth_secret : secretText("", config.auth_secret_file);
  const user = config.auth_username;
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const authenticate = async ({ authMethods, sendCommand }: AuthDialogue): Promise<void> => {
    const say = async (line: string, status: number): Promise<string> => {
      const answer = await sendCommand(line);
      if (answer.status !== status) throw mailError(`${answer.status} ${answer.text}`);
      return answer.text;
    };
    if (secret !== "" && authMethods.includes("CRAM-MD5")) {
      const challenge = Buffer.from(await say("AUTH CRAM-MD5", 334), "base64");
      await say(base64(`${user} ${createHmac("md5", secret).update(challenge).digest("hex")}`), 235);
    } else if (password !== "" && authMethods.includes("PLAIN")) {
      if (!isSecure && !LOCAL_HOSTS.has(host)) throw mailError("unencrypted connection");
      await say(`AUTH PLAIN ${base64(`${config.auth_identity}\0${user}\0${password}`)}`, 235);
    } else if (password !== "" && authMethods.includes("LOGIN")) {
      await say("AUTH LOGIN", 334);
      await say(base64(user), 334);
      await say(base64(password), 235);
    } else throw mailError(`no way to authenticate that the server offers: ${authMethods.join(" ")}`);
  };
  return { auth: { type: "custom", method: OWN_METHOD, user }, customAuth: { [OWN_METHOD]: authenticate } };
}

function tlsOptions(tls: TlsSection | undefined, host: string): ConnectionOptions {
  if (tls === undefined) return { servername: host };
  const read = (text: string, file: string): string | undefined =>
    text !== "" ? text : file === "" ? undefined : readFileSync(file, "utf8");
  const [ca, cert, key] = [read(tls.ca, tls.ca_file), read(tls.cert, tls.cert_file), read(tls.key, tls.key_file)];
  return {
    servername: tls.server_name === "" ? host : tls.server_name,
    rejectUnauthorized: !tls.insecure_skip_verify,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** The bare addresses of `Name <a@b>, c@d`. */
function addresses(list: string, what: string): string[] {
  const found = list
    .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((item) => /<([^<>]+)>\s*$/.exec(item)?.[1] ?? item.trim())
    .filter((item) => item !== "");
  if (found.length === 0 || found.some((item) => !/^[^\s@]+@[^\s@]+$/.test(item))) {
    throw mailError(`parse '${what}' addresses: mail: no address in ${JSON.stringify(list)}`);
  }
  return found;
}

function message(config: EmailConfig, { text, html, context, deps }: Notification): string {
  const headers = new Map(Object.entries(config.headers ?? {}));
  const now = GoTime.ofMs(deps.now.ms());
  const lines = [...headers].map(([name, value]) => `${name}: ${encodeHeader(text(value))}`);
  if (!headers.has("Message-Id")) {
    const unique = `${now.unixNano}.${randomBytes(8).readBigUInt64BE()}`;
    lines.push(`Message-Id: <${unique}@${hostname() || "localhost.localdomain"}>`);
  }
  if (config.threading.enabled) {
    const day = config.threading.thread_by_date === "none" ? "" : now.format("2006-01-02");
    const root = `<alert-${groupHash(context.groupKey).slice(0, 16)}-${day}@alertmanager>`;
    lines.push(`References: ${root}`, `In-Reply-To: ${root}`);
  }
  const boundary = randomBytes(30).toString("hex");
  lines.push(`Date: ${now.format(RFC1123Z)}`);
  lines.push(`Content-Type: multipart/alternative;  boundary=${boundary}`, "MIME-Version: 1.0", "");
  const part = (type: string, body: string): void => {
    lines.push(
      `--${boundary}`,
      "Content-Transfer-Encoding: quoted-printable",
      `Content-Type: ${type}; charset=UTF-8`,
      "",
    );
    lines.push(quotedPrintable(body));
  };
  if (config.text !== "") part("text/plain", text(config.text));
  if (config.html !== "") part("text/html", html(config.html));
  return [...lines, `--${boundary}--`, ""].join("\r\n");
}

/** RFC 2047, as Go's mime.QEncoding: only where something needs it, in words of at most 75 characters. */
export function encodeHeader(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  const words: string[] = [];
  let word = "";
  for (const rune of value) {
    let encoded = "";
    for (const byte of Buffer.from(rune)) {
      const char = String.fromCharCode(byte);
      if (char === " ") encoded += "_";
      else if (/[!-<>@-^`-~]/.test(char)) encoded += char;
      else encoded += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    }
    if (word.length + encoded.length > 75 - "=?utf-8?q??=".length) {
      words.push(word);
      word = "";
    }
    word += encoded;
  }
  return [...words, word].map((text) => `=?utf-8?q?${text}?=`).join(" ");
}

/** RFC 2045, as Go's mime/quotedprintable. */
export function quotedPrintable(text: string): string {
  return text
    .split(/\r\n|\n/)
    .map((line) => {
      const units = [...Buffer.from(line)].map((byte, i, all) => {
        const isEnd = i === all.length - 1;
        const isPlain = (byte >= 33 && byte <= 126 && byte !== 61) || ((byte === 32 || byte === 9) && !isEnd);
        return isPlain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
      });
      const lines: string[] = [];
      let current = "";
      for (const [i, unit] of units.entries()) {
        const room = i === units.length - 1 ? LINE_MAX : LINE_MAX - 1;
        if (current.length + unit.length > room) {
          lines.push(`${current}=`);
          current = "";
        }
        current += unit;
      }
      return [...lines, current].join("\r\n");
    })
    .join("\r\n");
}
