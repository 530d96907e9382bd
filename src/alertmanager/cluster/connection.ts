/**
 * One connection between two members: JSON messages, one a line, over TCP or TLS.
 *
 * Both say hello first, with a random number; where there is a shared secret, each proves that it knows it by a HMAC of the
 * other's number and its own name. Nothing else is read before.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";

export interface Hello {
  readonly name: string;
  readonly address: string;
  readonly label: string;
}

export type Message =
  | { readonly type: "silences" | "entries"; readonly data: string }
  | { readonly type: "sending" | "done"; readonly origin: string; readonly id: string; readonly key: string }
  | { readonly type: "members"; readonly addresses: readonly string[] }
  | { readonly type: "ping" | "pong" };

type Greeting =
  | ({ readonly type: "hello"; readonly nonce: string } & Hello)
  | { readonly type: "proof"; readonly proof: string };

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly own: Hello;
  readonly secret: string;
  readonly isInitiator: boolean;
  /** Characters of one message at most: a whole state goes in one. */
  readonly maxMessage: number;
  readonly onReady: (connection: Connection) => void;
  readonly onMessage: (connection: Connection, message: Message) => void;
  /** @param why  undefined where the other side simply went. */
  readonly onClose: (connection: Connection, why: string | undefined) => void;
}

/** Bytes that may wait for a slow member before the connection is given up; its state is compared when it returns. */
const MAX_UNSENT_BYTES = 256 * 1024 * 1024;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #nonce = randomBytes(16).toString("hex");
  #buffered = "";
  #peer: Hello | undefined;
  #isReady = false;
  #why: string | undefined;
  lastSeenMs = performance.now();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket, own } = options;
    socket.setEncoding("utf8");
    socket.setNoDelay(true);
    socket.on("data", (text: string) => this.#read(text));
    socket.on("error", (error) => {
      this.#why ??= error.message;
    });
    socket.on("close", () => options.onClose(this, this.#why));
    this.#write({ type: "hello", nonce: this.#nonce, ...own });
  }

  get peer(): Hello | undefined {
    return this.#peer;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isInitiator(): boolean {
    return this.#options.isInitiator;
  }

  send(message: Message): void {
    if (this.#isReady) this.#write(message);
  }

  close(why?: string): void {
    this.#why ??= why;
    this.#options.socket.destroy();
  }

  #write(message: Message | Greeting): void {
    const { socket } = this.#options;
    if (socket.destroyed) return;
    socket.write(`${JSON.stringify(message)}\n`);
    if (socket.writableLength > MAX_UNSENT_BYTES) this.close("the member reads too slowly");
  }

  #read(text: string): void {
    this.lastSeenMs = performance.now();
    this.#buffered += text;
    for (let end = this.#buffered.indexOf("\n"); end >= 0; end = this.#buffered.indexOf("\n")) {
      const line = this.#buffered.slice(0, end);
      this.#buffered = this.#buffered.slice(end + 1);
      if (!this.#line(line)) return;
    }
    if (this.#buffered.length > this.#options.maxMessage) this.close("a message is too long");
  }

  /** @returns whether to go on. */
  #line(line: string): boolean {
    let message: Message | Greeting;
    try {
      message = JSON.parse(line) as Message | Greeting;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.close("a message is no JSON");
      return false;
    }
    if (message.type === "hello") return this.#onHello(message);
    if (message.type === "proof") return this.#onProof(message.proof);
    if (!this.#isReady) {
      this.close("a message came before the greeting");
      return false;
    }
    this.#options.onMessage(this, message);
    return true;
  }

  #onHello(hello: Extract<Greeting, { type: "hello" }>): boolean {
    const { own, secret } = this.#options;
    this.#peer = { name: String(hello.name), address: String(hello.address), label: String(hello.label) };
    if (this.#peer.label !== own.label) {
      this.close(`the member has the label ${JSON.stringify(this.#peer.label)}`);
      return false;
    }
    this.#write({ type: "proof", proof: proofOf(secret, String(hello.nonce), own.name) });
    return true;
  }

  #onProof(given: string): boolean {
    const name = this.#peer?.name;
    const wanted = Buffer.from(proofOf(this.#options.secret, this.#nonce, name ?? ""));
    const proof = Buffer.from(String(given));
    if (name === undefined || proof.length !== wanted.length || !timingSafeEqual(proof, wanted)) {
      this.close("the member does not know the secret");
      return false;
    }
    this.#isReady = true;
    this.#options.onReady(this);
    return true;
  }
}

function proofOf(secret: string, nonce: string, name: string): string {
  return createHmac("sha256", secret).update(`${nonce} ${name}`).digest("hex");
}
