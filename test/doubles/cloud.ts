/**
 * A server that plays APIs of clouds: it answers each request from a table by host, path and, where one is given, a text of
 * the body. As a proxy it ends TLS itself for whatever host it is asked to connect to, so that both programs under test reach
 * it by the real names of providers.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { SERVER_CERTIFICATE, SERVER_KEY } from "./certificates.js";

export interface CloudAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or text as it is. */
  readonly body: unknown;
}

/** By `METHOD host/path`, perhaps with ` …text of the body`; the query string counts only where the key has one. */
export type CloudTable = Readonly<Record<string, CloudAnswer | unknown[]>>;

export interface CloudDouble {
  readonly port: number;
  /** Requests as they came: `METHOD host/path?query`. */
  readonly asked: readonly string[];
  close(): void;
}

export async function startCloud(table: () => CloudTable): Promise<CloudDouble> {
  const asked: string[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8");
      const { pathname, search } = new URL(request.url ?? "/", "http://x");
      const where = `${request.method} ${String(request.headers.host).replace(/:\d+$/, "")}${pathname}`;
      asked.push(`${where}${search}`);
      const keys = Object.keys(table()).filter((key) => {
        const [method = "", path = "", ...text] = key.split(" ");
        const matches = path.includes("?") ? `${where}${search}` : where;
        return `${method} ${path}` === matches && body.includes(text.join(" "));
      });
      // The longest says most.
      const key = keys.sort((a, b) => b.length - a.length)[0];
      const found = key === undefined ? undefined : table()[key];
      if (found === undefined) {
        response.writeHead(404, { "content-type": "application/json" }).end("{}");
        return;
      }
      const {
        status = 200,
        headers = {},
        body: answer,
      } = Array.isArray(found) ? { body: found } : (found as CloudAnswer);
      const text = typeof answer === "string" ? answer : JSON.stringify(answer);
      const type = text.startsWith("<") ? "text/xml" : "application/json";
      response.writeHead(status, { "content-type": type, ...headers }).end(text);
    });
  };
  const server: Server = createServer(handle);
  const inside = createTlsServer({ cert: SERVER_CERTIFICATE, key: SERVER_KEY }, handle);
  server.on("connect", (_, socket) => {
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    inside.emit("connection", socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () => {
      server.closeAllConnections();
      inside.closeAllConnections();
      server.close();
    },
  };
}
