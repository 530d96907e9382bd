/** The web server of the operator and of its admission webhook: pages and posts, over TLS whose files may change while it runs. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { errorMessage, type Logger, systemReason, type Timers, VestalError } from "../../base/index.js";

export interface MetricLine {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export interface WebTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string;
  readonly minVersion: string;
  /** How often the files are looked at; 0 is never. */
  readonly reloadMs: number;
}

export interface WebOptions {
  readonly listenAddress: string;
  readonly tls: WebTls | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** What is served; undefined is "not found". A body is given to posts only. */
export type Page = (
  url: URL,
  body: string | undefined,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
) => Answer | undefined | Promise<Answer | undefined>;

/** Of a review: objects are at most 3 MiB, and a review carries two of them. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Text format 0.0.4. */
export function metricsText(lines: readonly MetricLine[]): string {
  const quote = (value: string): string =>
    value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
  return lines
    .map(({ name, type, help, samples }) => {
      const rows = samples.map(({ labels, value }) => {
        const pairs = Object.entries(labels).map(([label, text]) => `${label}="${quote(text)}"`);
        return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
      });
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.join("")}`;
    })
    .join("");
}

/** Listens, and resolves to what ends it. @throws VestalError LISTEN */
export async function serveWeb(
  options: WebOptions,
  page: Page,
  timers: Timers,
  log: Logger,
): Promise<() => Promise<void>> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    respond(request, response, page).catch((error: unknown) => {
      log.error("A request could not be answered", { url: request.url ?? "", err: errorMessage(error) });
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end("internal error\n");
    });
  };
  const { tls } = options;
  const server = tls === undefined ? createServer(answer) : createTlsServer(tlsOf(tls), answer);
  const { host, port } = addressOf(options.listenAddress);
  await listen(server, host, port, options.listenAddress);
  const stopReload = tls === undefined ? undefined : keepFresh(server as TlsServer, tls, timers, log);
  return async () => {
    stopReload?.();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, page: Page): Promise<void> {
  const { method = "" } = request;
  const url = new URL(request.url ?? "/", "http://x");
  let found: Answer | undefined;
  if (method === "GET" || method === "HEAD") found = await page(url, undefined, request.headers);
  else if (method === "POST") {
    const body = await bodyOf(request);
    if (body === undefined) {
      response.writeHead(413, { "content-type": "text/plain", connection: "close" }).end("request body too large\n");
      return;
    }
    found = await page(url, body, request.headers);
  }
  if (found === undefined) response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
  else response.writeHead(found.status, { "content-type": found.type, ...found.headers }).end(found.body);
}

/** Undefined where it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function tlsOf({ certFile, keyFile, clientCaFile, minVersion }: WebTls) {
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new VestalError("LISTEN", `cannot read ${file}: ${systemReason(error)}`, { file }, error);
    }
  };
  // Without the file, clients need no certificate, as in prometheus-operator; one that cannot be read must not mean the same.
  const ca = existsSync(clientCaFile) ? read(clientCaFile) : undefined;
  return {
    cert: read(certFile),
    key: read(keyFile),
    minVersion: minVersion as "TLSv1.3",
    ...(ca !== undefined && { ca, requestCert: true, rejectUnauthorized: true }),
  };
}

/** New certificates count for connections from then on; files that cannot be used leave the old ones in force. */
function keepFresh(server: TlsServer, tls: WebTls, timers: Timers, log: Logger): (() => void) | undefined {
  if (tls.reloadMs <= 0) return undefined;
  const digest = (context: ReturnType<typeof tlsOf>): string => {
    const { cert, key, ca } = context;
    const hash = createHash("sha256").update(cert).update("\0").update(key);
    return hash
      .update("\0")
      .update(ca ?? "")
      .digest("hex");
  };
  let inForce = digest(tlsOf(tls));
  let failure = "";
  return timers.every(tls.reloadMs, () => {
    try {
      const context = tlsOf(tls);
      const next = digest(context);
      if (next === inForce) return;
      server.setSecureContext(context);
      inForce = next;
      failure = "";
      log.info("The certificate of the web server was loaded anew", { file: tls.certFile });
    } catch (error) {
      const reason = errorMessage(error);
      if (reason !== failure)
        log.error("The certificate of the web server cannot be loaded; the old one stays", { err: reason });
      failure = reason;
    }
  });
}

function addressOf(address: string): { readonly host: string | undefined; readonly port: number } {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, "");
  return { host: host === "" ? undefined : host, port: Number(address.slice(colon + 1)) };
}

async function listen(server: Server, host: string | undefined, port: number, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      reject(new VestalError("LISTEN", `cannot listen on ${address}: ${systemReason(error)}`, { address }, error));
    });
    server.listen(port, host, resolve);
  });
}
