/** The operator's own pages: health and metrics. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { systemReason, VestalError } from "../../base/index.js";
import type { OperatorOptions } from "../operator-options.js";

export interface MetricLine {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export type Page = (url: URL) => { readonly status: number; readonly type: string; readonly body: string } | undefined;

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
export async function serveWeb(options: OperatorOptions, page: Page): Promise<() => Promise<void>> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const found =
      request.method === "GET" || request.method === "HEAD" ? page(new URL(request.url ?? "/", "http://x")) : undefined;
    if (found === undefined) response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
    else response.writeHead(found.status, { "content-type": found.type }).end(found.body);
  };
  const server = options.tls === undefined ? createServer(answer) : createTlsServer(tlsOf(options.tls), answer);
  const { host, port } = addressOf(options.listenAddress);
  await listen(server, host, port, options.listenAddress);
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

function tlsOf({ certFile, keyFile, clientCaFile, minVersion }: NonNullable<OperatorOptions["tls"]>) {
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
