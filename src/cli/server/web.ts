/**
 * The server's own port. Without a web configuration the API listens on it itself. With one, a gate stands before every
 * request; and where the file asks for TLS, Node's TLS listens instead, since the API's library knows neither a client's
 * names nor certificates that change, and hands its connections on:
 *
 *   client ═ TLS ═ TlsListener ─ plain ─ Unix socket in the data directory ─ API
 *
 * Only this user can reach the socket. It is made through an open descriptor of the folder, so that its path is short
 * enough for every folder, and each connection begins with the client's address (the PROXY protocol, version 2).
 */
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { connect, isIPv6, type Socket } from "node:net";
import { type HttpOptions, type HttpServer, startHttp } from "../../api/index.js";
import { systemClock } from "../../base/index.js";
import { LiveWebConfig, Passwords, TlsListener, type WebConfig, WebGate } from "../../web-config/index.js";

const SOCKET_NAME = "web.sock";
const PROXY_SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
/** Version 2, command PROXY; then TCP over IPv4 or IPv6. */
const PROXY_VERSION = 0x21;
const PROXY_TCP4 = 0x11;
const PROXY_TCP6 = 0x21;

/** As the library's own limit for a connection that is idle. */
const HEAD_MS = 10_000;
/** A first head up to this is held back until it is whole. */
const HEAD_BYTES_MAX = 64 << 10;

export interface WebConfigUse {
  readonly file: string;
  /** As it was when the server started. */
  readonly config: WebConfig;
  /** Holds the socket. */
  readonly folder: string;
}

/** @throws VestalError LISTEN */
export async function startWeb(options: HttpOptions, use: WebConfigUse | undefined): Promise<HttpServer> {
  if (use === undefined) {
    logAddresses(options, undefined);
    return startHttp(options);
  }
  const source = new LiveWebConfig(use.file);
  const passwords = new Passwords();
  const gate = new WebGate(source, use.config.rateLimit, passwords, systemClock, options.log);
  if (use.config.tls === undefined) {
    const http = await startHttp({ ...options, gate });
    logAddresses(options, undefined);
    return { ports: http.ports, close: async (graceMs) => http.close(graceMs).finally(() => passwords.stop()) };
  }
  return startBehindTls({ ...options, gate }, source, passwords, use.folder);
}

async function startBehindTls(
  options: HttpOptions,
  source: LiveWebConfig,
  passwords: Passwords,
  folder: string,
): Promise<HttpServer> {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const socketPath = `/proc/self/fd/${descriptor}/${SOCKET_NAME}`;
  const release = async (): Promise<void> => {
    rmSync(socketPath, { force: true });
    closeSync(descriptor);
    await passwords.stop();
  };
  // Of a server that was killed: the directory is locked, so nobody uses it.
  rmSync(socketPath, { force: true });
  let http: HttpServer | undefined;
  try {
    http = await startHttp({ ...options, socketPath });
    const listener = await TlsListener.listen({
      addresses: options.addresses,
      source,
      maxConnections: options.maxConnections,
      log: options.log,
      onConnection: (socket) => open(socket, socketPath),
    });
    logAddresses(options, listener.ports);
    const api = http;
    return {
      ports: listener.ports,
      close: async (graceMs) => {
        listener.stopListening();
        await api.close(graceMs);
        listener.close();
        await release();
      },
    };
  } catch (error) {
    await http?.close(0);
    await release();
    throw error;
  }
}

function logAddresses({ addresses, log }: HttpOptions, tlsPorts: readonly number[] | undefined): void {
  for (const [i, { host, port }] of addresses.entries()) {
    const address = `${host === "" ? "[::]" : host}:${tlsPorts?.[i] ?? port}`;
    log.info("Listening on", { address });
    log.info(tlsPorts === undefined ? "TLS is disabled." : "TLS is enabled.", { http2: false, address });
  }
}

/**
 * Waits for the head of the first request and hands it over in one piece with the addresses: the library's reader of the
 * PROXY protocol does not bear a request line in two parts. A longer head goes without the addresses.
 */
function open(outer: Socket, socketPath: string): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  const isWhole = (): boolean => Buffer.concat(parts, bytes).includes("\r\n\r\n");
  outer.setTimeout(HEAD_MS, () => outer.destroy());
  outer.on("error", () => outer.destroy());
  const more = (part: Buffer): void => {
    parts.push(part);
    bytes += part.length;
    if (bytes < HEAD_BYTES_MAX && !isWhole()) return;
    outer.off("data", more);
    outer.pause();
    outer.setTimeout(0);
    const preface = bytes < HEAD_BYTES_MAX ? [addressesOf(outer)] : [];
    join(outer, connect(socketPath), Buffer.concat([...preface, ...parts]));
  };
  outer.on("data", more);
}

/** Bytes both ways, with both sockets' own back-pressure; the end or failure of one ends the other. */
function join(outer: Socket, inner: Socket, preface: Buffer): void {
  inner.write(preface);
  outer.pipe(inner);
  inner.pipe(outer);
  outer.on("close", () => inner.destroy());
  inner.on("error", () => outer.destroy());
  inner.on("close", () => outer.destroySoon());
}

/** The client's address and ours, as the first bytes of a connection. */
function addressesOf(socket: Socket): Buffer {
  const from = socket.remoteAddress ?? "127.0.0.1";
  const to = socket.localAddress ?? "127.0.0.1";
  const is6 = isIPv6(from) || isIPv6(to);
  const parts = [from, to].map((address) => (is6 ? bytesOfIp6(address) : bytesOfIp4(address)));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(socket.remotePort ?? 0, 0);
  ports.writeUInt16BE(socket.localPort ?? 0, 2);
  const body = Buffer.concat([...parts, ports]);
  const head = Buffer.alloc(4);
  head[0] = PROXY_VERSION;
  head[1] = is6 ? PROXY_TCP6 : PROXY_TCP4;
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([PROXY_SIGNATURE, head, body]);
}

function bytesOfIp4(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

/** Of any form, also `::ffff:127.0.0.1` and with a zone. */
function bytesOfIp6(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.concat([Buffer.from("00000000000000000000ffff", "hex"), bytesOfIp4(address)]);
  const plain = address.replace(/%.*$/, "");
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const groups = (text: string): readonly string[] => (text === "" ? [] : text.split(":"));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  const all = [...left, ...(tail === undefined ? [] : zeros), ...right];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}
