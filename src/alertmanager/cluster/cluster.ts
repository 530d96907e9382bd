/**
 * The members of a cluster: each is connected with each, as far as the network allows.
 *
 *   on joining, and every push-pull interval   the whole state goes to the other side
 *   on a change                                the change goes to all; news goes on to those who may not be reached directly
 *   before and after a notification            "sending" and "done", so that others wait for a slow one
 *
 * State is two maps in which the later change counts, so messages may come twice, late, or in any order. A member that is
 * gone is waited for no longer: its notification may then be sent twice, never not at all.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { lookup } from "node:dns/promises";
import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import {
  connect as connectTls,
  createServer as createTlsServer,
  type ConnectionOptions as TlsConnect,
  type TlsOptions,
} from "node:tls";
import { errorMessage, type Logger, VestalError } from "../../base/index.js";
import type { Cluster, ClusterStatus } from "../alertmanager.js";
import { receiverKey } from "../nflog.js";
import { sleep } from "../pipeline/retry.js";
import { decodeEntries, encodeEntries, type MeshEntry, type NflogReceiver } from "../state/nflog-codec.js";
import { decodeSilences, encodeSilences, type MeshSilence } from "../state/silence-codec.js";
import { Connection, type Hello, type Message } from "./connection.js";

export interface ClusterOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** `host:port`; "" to find one. */
  readonly advertise: string;
  readonly name: string;
  readonly peers: readonly string[];
  readonly label: string;
  readonly secret: string;
  readonly peerTimeoutMs: number;
  readonly gossipIntervalMs: number;
  readonly pushPullIntervalMs: number;
  readonly tcpTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly settleTimeoutMs: number;
  readonly reconnectIntervalMs: number;
  readonly reconnectTimeoutMs: number;
  readonly tls: { readonly server: TlsOptions; readonly client: TlsConnect } | undefined;
}

/** Whose state this is. */
export interface ClusterState {
  readonly silences: { all(): Iterable<MeshSilence> };
  readonly nflog: { all(): Iterable<MeshEntry> };
  mergeSilence(silence: MeshSilence): boolean;
  mergeEntry(entry: MeshEntry): boolean;
}

const MAX_MESSAGE = 256 * 1024 * 1024;
/** Polls in which the number of members must stay the same. */
const SETTLED_POLLS = 3;
/** Probes without an answer until a member is given up. */
const MISSED_PROBES = 3;

export class PeerCluster implements Cluster {
  readonly #options: ClusterOptions;
  readonly #log: Logger;
  readonly #own: Hello;
  readonly #server: Server;
  readonly #members = new Map<string, Connection>();
  readonly #connections = new Set<Connection>();
  /** Addresses to be connected with, and since when each was lost. */
  readonly #wanted = new Map<string, { lostMs: number | undefined; isPending: boolean }>();
  readonly #ownAddresses = new Set<string>();
  readonly #sending = new Map<string, { readonly origin: string; readonly key: string; readonly sinceMs: number }>();
  readonly #stops: (() => void)[] = [];
  readonly #abort = new AbortController();
  #state: ClusterState | undefined;
  #isSettled = false;
  #settled: Promise<void> = Promise.resolve();
  #failed = 0;

  private constructor(options: ClusterOptions, log: Logger, server: Server, address: string) {
    this.#options = options;
    this.#log = log;
    this.#server = server;
    const name = options.name === "" ? randomBytes(13).toString("hex").toUpperCase() : options.name;
    this.#own = { name, address, label: options.label };
  }

  /** @throws VestalError CLUSTER if the address cannot be listened on. */
  static async start(options: ClusterOptions, log: Logger): Promise<PeerCluster> {
    let cluster: PeerCluster | undefined;
    const accept = (socket: Socket): void => {
      if (cluster === undefined) socket.destroy();
      else cluster.#connection(socket, false, undefined);
    };
    const server = options.tls === undefined ? createTcpServer(accept) : createTlsServer(options.tls.server, accept);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => {
        reject(new VestalError("CLUSTER", `unable to initialize gossip mesh: ${error.message}`, {}, error));
      });
      server.listen(options.listen.port, options.listen.host === "" ? undefined : options.listen.host, resolve);
    });
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : options.listen.port;
    cluster = new PeerCluster(options, log, server, advertised(options, port));
    return cluster;
  }

  /** Joins the others; `state` is complete by now. */
  join(state: ClusterState): void {
    this.#state = state;
    for (const peer of this.#options.peers) void this.#resolve(peer);
    const every = (ms: number, run: () => void): void => {
      const timer = setInterval(run, Math.max(10, ms));
      this.#stops.push(() => clearInterval(timer));
    };
    every(this.#options.probeIntervalMs, () => this.#probe());
    every(this.#options.reconnectIntervalMs, () => this.#reconnect());
    every(this.#options.pushPullIntervalMs, () => {
      for (const member of this.#members.values()) this.#sendState(member);
    });
    this.#settled = this.#settle();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    for (const stop of this.#stops) stop();
    for (const connection of this.#connections) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  // Connections.

  async #resolve(peer: string): Promise<void> {
    const colon = peer.lastIndexOf(":");
    const [host, port] = [peer.slice(0, colon).replace(/^\[|\]$/g, ""), peer.slice(colon + 1)];
    try {
      // The name of a headless service stands for all its members.
      for (const { address } of await lookup(host, { all: true })) this.#want(`${address}:${port}`);
    } catch (error) {
      this.#log.warn("failed to resolve a cluster member", { component: "cluster", peer, err: errorMessage(error) });
    }
  }

  #want(address: string): void {
    if (address === this.#own.address || this.#ownAddresses.has(address)) return;
    const known = this.#wanted.get(address);
    if (known?.isPending === true) return;
    const isConnected = [...this.#members.values()].some((member) => member.peer?.address === address);
    if (isConnected) return;
    this.#wanted.set(address, { lostMs: known?.lostMs, isPending: true });
    const colon = address.lastIndexOf(":");
    const [host, port] = [address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1))];
    const { tls, tcpTimeoutMs } = this.#options;
    const socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...tls.client });
    const timer = setTimeout(() => socket.destroy(new Error("the connection took too long")), tcpTimeoutMs);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => clearTimeout(timer));
    socket.once("close", () => clearTimeout(timer));
    this.#connection(socket, true, address);
  }

  #connection(socket: Socket, isInitiator: boolean, address: string | undefined): void {
    const connection = new Connection({
      socket,
      own: this.#own,
      secret: this.#options.secret,
      isInitiator,
      maxMessage: MAX_MESSAGE,
      onReady: (ready) => this.#onReady(ready, address),
      onMessage: (from, message) => this.#onMessage(from, message),
      onClose: (closed, why) => this.#onClose(closed, address, why),
    });
    this.#connections.add(connection);
  }

  #onReady(connection: Connection, address: string | undefined): void {
    const { name, address: peerAddress } = connection.peer!;
    if (name === this.#own.name) {
      if (address !== undefined) this.#ownAddresses.add(address);
      connection.close();
      return;
    }
    const known = this.#members.get(name);
    if (known !== undefined) {
      // Both may have called: the call of the lesser name stays.
      const isOurs = connection.isInitiator === this.#own.name < name;
      if (!isOurs) {
        connection.close();
        return;
      }
      this.#members.set(name, connection);
      known.close();
    } else {
      this.#members.set(name, connection);
      this.#log.info("A cluster member joined", { component: "cluster", peer: name, address: peerAddress });
    }
    this.#wanted.set(peerAddress, { lostMs: undefined, isPending: false });
    this.#sendState(connection);
    const addresses = [...this.#members.values()].flatMap((member) => member.peer?.address ?? []);
    for (const member of this.#members.values()) member.send({ type: "members", addresses });
    for (const [id, { origin, key }] of this.#sending) connection.send({ type: "sending", origin, id, key });
  }

  #onClose(connection: Connection, address: string | undefined, why: string | undefined): void {
    this.#connections.delete(connection);
    const wanted = address === undefined ? undefined : this.#wanted.get(address);
    if (wanted !== undefined) wanted.isPending = false;
    const peer = connection.peer;
    if (peer === undefined || this.#members.get(peer.name) !== connection) {
      if (why !== undefined)
        this.#log.debug("A cluster connection failed", { component: "cluster", address, err: why });
      return;
    }
    this.#members.delete(peer.name);
    this.#failed++;
    this.#log.warn("A cluster member is gone", { component: "cluster", peer: peer.name, err: why ?? "closed" });
    const lost = this.#wanted.get(peer.address) ?? { lostMs: undefined, isPending: false };
    this.#wanted.set(peer.address, { ...lost, lostMs: performance.now() });
    // Whoever is gone is waited for no longer.
    for (const [id, { origin }] of this.#sending) if (origin === peer.name) this.#sending.delete(id);
    this.#want(peer.address);
  }

  #reconnect(): void {
    for (const peer of this.#options.peers) void this.#resolve(peer);
    const nowMs = performance.now();
    for (const [address, { lostMs }] of this.#wanted) {
      if (lostMs !== undefined && nowMs - lostMs > this.#options.reconnectTimeoutMs) this.#wanted.delete(address);
      else this.#want(address);
    }
  }

  #probe(): void {
    const { probeIntervalMs, probeTimeoutMs } = this.#options;
    const silentMs = MISSED_PROBES * probeIntervalMs + probeTimeoutMs;
    for (const member of this.#members.values()) {
      if (performance.now() - member.lastSeenMs > silentMs) member.close("it does not answer");
      else member.send({ type: "ping" });
    }
    for (const connection of this.#connections) {
      if (!connection.isReady && performance.now() - connection.lastSeenMs > this.#options.tcpTimeoutMs) {
        connection.close("no greeting came");
      }
    }
  }

  // Messages.

  #sendState(connection: Connection): void {
    const state = this.#state;
    if (state === undefined) return;
    connection.send({ type: "silences", data: encodeSilences(state.silences.all()).toString("base64") });
    connection.send({ type: "entries", data: encodeEntries(state.nflog.all()).toString("base64") });
  }

  #broadcast(message: Message, except?: Connection): void {
    for (const member of this.#members.values()) if (member !== except) member.send(message);
  }

  #onMessage(from: Connection, message: Message): void {
    switch (message.type) {
      case "ping":
        from.send({ type: "pong" });
        return;
      case "pong":
        return;
      case "members":
        for (const address of message.addresses) this.#want(address);
        return;
      case "sending":
        if (message.origin === this.#own.name || this.#sending.has(message.id)) return;
        this.#sending.set(message.id, { origin: message.origin, key: message.key, sinceMs: performance.now() });
        this.#broadcast(message, from);
        return;
      case "done":
        if (this.#sending.delete(message.id)) this.#broadcast(message, from);
        return;
      default:
        this.#merge(from, message);
    }
  }

  #merge(from: Connection, message: Extract<Message, { readonly data: string }>): void {
    const state = this.#state;
    if (state === undefined) return;
    try {
      const bytes = Buffer.from(message.data, "base64");
      if (message.type === "silences") {
        const news = decodeSilences(bytes).filter((silence) => state.mergeSilence(silence));
        if (news.length > 0) this.#broadcast({ type: "silences", data: encodeSilences(news).toString("base64") }, from);
      } else {
        const news = decodeEntries(bytes).filter((entry) => state.mergeEntry(entry));
        if (news.length > 0) this.#broadcast({ type: "entries", data: encodeEntries(news).toString("base64") }, from);
      }
    } catch (error) {
      if (!(error instanceof VestalError)) throw error;
      from.close(error.message);
    }
  }

  broadcastSilence(silence: MeshSilence): void {
    this.#broadcast({ type: "silences", data: encodeSilences([silence]).toString("base64") });
  }

  broadcastEntry(entry: MeshEntry): void {
    this.#broadcast({ type: "entries", data: encodeEntries([entry]).toString("base64") });
  }

  // What notifications ask.

  async #settle(): Promise<void> {
    const { settleTimeoutMs, gossipIntervalMs } = this.#options;
    const endMs = performance.now() + settleTimeoutMs;
    let [same, count] = [0, -1];
    while (same < SETTLED_POLLS && performance.now() < endMs && !this.#abort.signal.aborted) {
      const size = this.#members.size;
      same = size === count ? same + 1 : 0;
      count = size;
      await sleep(Math.min(gossipIntervalMs * 10, Math.max(0, endMs - performance.now())), this.#abort.signal);
    }
    this.#isSettled = true;
    this.#log.info("gossip settled; proceeding", { component: "cluster", members: this.#members.size + 1 });
  }

  async settled(signal: AbortSignal): Promise<void> {
    if (this.#isSettled) return;
    await Promise.race([
      this.#settled,
      new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true })),
    ]);
  }

  #position(): number {
    return [...this.#members.keys()].filter((name) => name < this.#own.name).length;
  }

  waitMs(): number {
    return this.#position() * this.#options.peerTimeoutMs;
  }

  async othersDone(groupKey: string, receiver: NflogReceiver, signal: AbortSignal): Promise<void> {
    const key = `${groupKey}:${receiverKey(receiver)}`;
    while (!signal.aborted) {
      const isBusy = [...this.#sending.values()].some(
        (sending) => sending.key === key && sending.origin !== this.#own.name,
      );
      if (!isBusy) return;
      await sleep(20, signal);
    }
  }

  sending(groupKey: string, receiver: NflogReceiver): () => void {
    const id = randomUUID();
    const key = `${groupKey}:${receiverKey(receiver)}`;
    const origin = this.#own.name;
    this.#sending.set(id, { origin, key, sinceMs: performance.now() });
    this.#broadcast({ type: "sending", origin, id, key });
    return () => {
      this.#sending.delete(id);
      this.#broadcast({ type: "done", origin, id, key });
    };
  }

  status(): ClusterStatus {
    const peers = [...this.#members.values()].map((member) => ({
      name: member.peer?.name ?? "",
      address: member.peer?.address ?? "",
    }));
    const all = [...peers, { name: this.#own.name, address: this.#own.address }];
    return {
      name: this.#own.name,
      status: this.#isSettled ? "ready" : "settling",
      peers: all.sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  metrics(): { readonly members: number; readonly failed: number; readonly position: number } {
    const lost = [...this.#wanted.values()].filter(({ lostMs }) => lostMs !== undefined).length;
    return { members: this.#members.size + 1, failed: Math.min(this.#failed, lost), position: this.#position() };
  }
}

/** The address that others are told. */
function advertised({ advertise, listen }: ClusterOptions, port: number): string {
  if (advertise !== "") return advertise.includes(":") ? advertise : `${advertise}:${port}`;
  if (listen.host !== "" && listen.host !== "0.0.0.0" && listen.host !== "::") return `${listen.host}:${port}`;
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  return `${outside?.address ?? "127.0.0.1"}:${port}`;
}
