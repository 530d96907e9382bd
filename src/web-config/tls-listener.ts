/**
 * TLS as the web configuration asks for it: listens, and hands over connections that are encrypted and whose client may
 * come in. Each connection is taken as the file and its certificates are when it arrives: nothing is restarted.
 *
 *   net.Server ─ connection ─► file changed? ─► tls.Server of these certificates ─ handshake ─► client's rule ─► onConnection
 */
import { type AddressInfo, createServer, isIP, type Server, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  type PeerCertificate,
  type TLSSocket,
  type Server as TlsServer,
} from "node:tls";
import { errorMessage, type Logger, VestalError } from "../base/index.js";
import type { ConfigSource } from "./live-config.js";
import { type ClientRule, type TlsServerSettings, tlsServerOptions } from "./read.js";
import { refuse } from "./schema.js";

/** A handshake that takes longer is given up. */
const HANDSHAKE_MS = 10_000;

export interface TlsListenerOptions {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly source: ConfigSource;
  /** 0: any number. Beyond it connections are closed at once. */
  readonly maxConnections: number;
  readonly log: Logger;
  onConnection(socket: TLSSocket): void;
}

/** A TLS server that never listens: connections are given to it. */
interface Generation {
  readonly server: TlsServer;
  /** What was read for it. */
  readonly identity: string;
}

export class TlsListener {
  readonly #options: TlsListenerOptions;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #generation: Generation | undefined;

  private constructor(options: TlsListenerOptions) {
    this.#options = options;
  }

  /** @throws VestalError LISTEN; nothing is left open then. */
  static async listen(options: TlsListenerOptions): Promise<TlsListener> {
    const listener = new TlsListener(options);
    try {
      for (const address of options.addresses) await listener.#listen(address);
    } catch (error) {
      listener.close();
      throw error;
    }
    return listener;
  }

  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as AddressInfo).port);
  }

  /** Connections that are open stay so. */
  stopListening(): void {
    for (const server of this.#servers) server.close();
  }

  close(): void {
    this.stopListening();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket));
    if (this.#options.maxConnections > 0) server.maxConnections = this.#options.maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        const message = `cannot listen on ${host}:${port}: ${errorMessage(error)}`;
        reject(new VestalError("LISTEN", message, { host, port }, error));
      });
      server.listen(port, host === "" ? undefined : host, resolve);
    });
    this.#servers.push(server);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // A client that goes away before or in its handshake is no event.
    socket.on("error", () => socket.destroy());
    this.#serverNow().then(
      (server) => {
        if (!socket.destroyed) server.emit("connection", socket);
      },
      (error: unknown) => {
        this.#options.log.warn("http: TLS handshake error", {
          remote: socket.remoteAddress ?? "",
          err: errorMessage(error),
        });
        socket.destroy();
      },
    );
  }

  async #serverNow(): Promise<TlsServer> {
    const { tls } = await this.#options.source.current();
    if (tls === undefined) return refuse("TLS config is not present");
    const settings = await tlsServerOptions(tls);
    const identity = JSON.stringify([
      tls,
      String(settings.options.cert),
      String(settings.options.key),
      String(settings.options.ca),
    ]);
    if (this.#generation?.identity !== identity) {
      this.#generation = { identity, server: this.#tlsServer(settings) };
    }
    return this.#generation.server;
  }

  #tlsServer({ options, client }: TlsServerSettings): TlsServer {
    const server = createTlsServer({ ...options, handshakeTimeout: HANDSHAKE_MS, ALPNProtocols: ["http/1.1"] });
    const log = this.#options.log;
    server.on("tlsClientError", (error, socket) => {
      log.debug("http: TLS handshake error", { err: errorMessage(error) });
      socket.destroy();
    });
    server.on("secureConnection", (socket) => {
      const reason = client === undefined ? undefined : whyRefused(socket, client);
      if (reason !== undefined) {
        log.debug("http: TLS handshake error", { remote: socket.remoteAddress ?? "", err: reason });
        socket.destroy();
        return;
      }
      this.#options.onConnection(socket);
    });
    return server;
  }
}

/** Undefined: the client may come in. */
function whyRefused(socket: TLSSocket, rule: ClientRule): string | undefined {
  const certificate = socket.getPeerCertificate();
  const isGiven = Object.keys(certificate).length > 0;
  if (!isGiven) {
    // Where names are asked for, a client without a certificate has none of them.
    const isMissed = rule.isRequired || rule.allowedNames !== undefined;
    return isMissed ? "tls: client didn't provide a certificate" : undefined;
  }
  if (rule.isVerified && !socket.authorized) {
    return `tls: failed to verify certificate: ${String(socket.authorizationError)}`;
  }
  if (rule.allowedNames === undefined) return undefined;
  const names = namesOf(certificate);
  if (rule.allowedNames.some((name) => names.includes(name))) return undefined;
  return `could not find allowed SANs in client cert, found: [${rule.allowedNames.join(" ")}]`;
}

/** Values of the subject's alternative names: host names, mail addresses, IP addresses and URIs. */
function namesOf(certificate: PeerCertificate): readonly string[] {
  const names: string[] = [];
  // "DNS:a, URI:\"b, c\"": a value with a comma in it is a JSON string.
  for (const [, kind, value] of (certificate.subjectaltname ?? "").matchAll(
    /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g,
  )) {
    const plain = value!.startsWith('"') ? (JSON.parse(value!) as string) : value!;
    if (kind!.trim() === "IP Address") names.push(isIP(plain) === 6 ? shortIp6(plain) : plain);
    else if (["DNS", "email", "URI"].includes(kind!.trim())) names.push(plain);
  }
  return names;
}

/** As Go prints it. */
function shortIp6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
