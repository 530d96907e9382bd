/**
 * A target under a test's control: a raw TCP server that answers each GET with what a plan says, byte for byte. It frames,
 * compresses, delays, splits and breaks off as told, so that every fault of a peer can be produced.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { gzipSync } from "node:zlib";

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; repeated ones joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  /** Number of the connection, from 0. */
  readonly connection: number;
}

export interface ResponsePlan {
  /** Sent as they are, one write each; `pauseMs` lies between them. */
  readonly parts: readonly (string | Uint8Array)[];
  readonly latencyMs?: number;
  readonly pauseMs?: number;
  /** What follows the last part: nothing (kept alive), an orderly end, or a reset. */
  readonly after?: "keep" | "end" | "reset";
}

export interface PlainResponse {
  readonly status?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly gzip?: boolean;
  /** Chunk length in bytes; Content-Length is sent where it is missing. */
  readonly chunkBytes?: number;
  readonly latencyMs?: number;
}

/** A correct response with `body`, framed as told. */
export function respond(body: string | Uint8Array, how: PlainResponse = {}): ResponsePlan {
  let bytes: Uint8Array = typeof body === "string" ? Buffer.from(body) : body;
  if (how.gzip === true) bytes = gzipSync(bytes);
  const lines = [`HTTP/1.1 ${how.status ?? "200 OK"}`];
  if (how.contentType !== "") lines.push(`Content-Type: ${how.contentType ?? "text/plain; version=0.0.4"}`);
  if (how.gzip === true) lines.push("Content-Encoding: gzip");
  for (const [name, value] of Object.entries(how.headers ?? {})) lines.push(`${name}: ${value}`);
  lines.push(how.chunkBytes === undefined ? `Content-Length: ${bytes.length}` : "Transfer-Encoding: chunked");
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  const framed = how.chunkBytes === undefined ? bytes : chunked(bytes, how.chunkBytes);
  const latency = how.latencyMs === undefined ? {} : { latencyMs: how.latencyMs };
  return { parts: [Buffer.concat([head, framed])], ...latency };
}

export function chunked(bytes: Uint8Array, chunkBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = bytes.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  parts.push(Buffer.from("0\r\n\r\n"));
  return Buffer.concat(parts);
}

export interface Exporter {
  readonly port: number;
  /** `127.0.0.1:port` */
  readonly address: string;
  /** Requests seen so far, oldest first. */
  readonly requests: readonly ReceivedRequest[];
  readonly connectionCount: number;
  /** Ends every connection, as a server does that restarts; it listens on. */
  dropConnections(): void;
  close(): Promise<void>;
}

export interface ExporterOptions {
  /** 0 = any free one. */
  readonly port?: number;
  readonly host?: string;
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string; readonly requestCert?: boolean };
}

/** @param plan  undefined leaves the request without an answer. */
export async function startExporter(
  plan: (request: ReceivedRequest) => ResponsePlan | undefined,
  options: ExporterOptions = {},
): Promise<Exporter> {
  const requests: ReceivedRequest[] = [];
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  const accept = (socket: Socket): void => {
    const connection = connectionCount++;
    sockets.add(socket);
    socket.setNoDelay(true);
    // Clients of a test break off as they like; what matters is what they saw.
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    let text = "";
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      for (;;) {
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        const request = parseRequest(text.slice(0, end), connection);
        text = text.slice(end + 4);
        requests.push(request);
        const response = plan(request);
        if (response !== undefined) void send(socket, response);
      }
    });
  };
  const server: Server =
    options.tls === undefined
      ? createServer(accept)
      : createTlsServer({ ...options.tls, ALPNProtocols: ["http/1.1"] }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, options.host ?? "127.0.0.1", resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("exporter: not listening on TCP");
  return {
    port: bound.port,
    address: `127.0.0.1:${bound.port}`,
    requests,
    get connectionCount() {
      return connectionCount;
    },
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function send(socket: Socket, plan: ResponsePlan): Promise<void> {
  if (plan.latencyMs !== undefined) await pause(plan.latencyMs);
  for (const [i, part] of plan.parts.entries()) {
    if (i > 0) await pause(plan.pauseMs ?? 0);
    if (socket.destroyed) return;
    if (typeof part === "string") socket.write(part, "latin1");
    else socket.write(part);
  }
  if (plan.after === "end") socket.end();
  if (plan.after === "reset") socket.resetAndDestroy();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

function parseRequest(text: string, connection: number): ReceivedRequest {
  const [first = "", ...lines] = text.split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { method, path, headers, connection };
}
