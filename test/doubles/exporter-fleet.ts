/**
 * Hundreds of targets in one process that costs next to nothing itself, so that a measurement is about who scrapes. All
 * share one port; target i listens on a loopback address of its own (`fleetAddress`), so they are different instances to
 * any scraper. Responses are built once; before each answer the numbers are counted up where they stand.
 */
import { createServer, type Socket } from "node:net";

export interface FleetOptions {
  readonly port: number;
  readonly targetCount: number;
  readonly seriesPerTarget: number;
  /** Part of the series whose value differs from one scrape to the next. */
  readonly changingPart?: number;
}

export interface Fleet {
  /** `host:port` of each target. */
  readonly addresses: readonly string[];
  /** Bytes of one target's body. */
  readonly bodyBytes: number;
  readonly scrapeCount: number;
  close(): Promise<void>;
}

/** Loopback address of target `index`: 127.0.1.1, 127.0.1.2, … */
export function fleetAddress(index: number, port: number): string {
  return `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}:${port}`;
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { port, targetCount, seriesPerTarget, changingPart = 0.7 } = options;
  const addresses = Array.from({ length: targetCount }, (_, i) => fleetAddress(i, port));
  const targets = new Map(addresses.map((address, i) => [address, new FleetTarget(i, seriesPerTarget, changingPart)]));
  const sockets = new Set<Socket>();
  let scrapeCount = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const target = targets.get(`${socket.localAddress}:${port}`);
    sockets.add(socket);
    // A scraper that breaks off is its own business.
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
    if (target === undefined) {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    // A request is small, so it ends with a read; what a scraper may split is joined by waiting for the empty line.
    socket.on("data", (bytes: Buffer) => {
      if (!bytes.subarray(-4).equals(HEAD_END)) return;
      scrapeCount++;
      if (socket.writableLength === 0) target.countUp();
      socket.write(target.response);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "0.0.0.0", backlog: 4096 }, resolve);
  });
  return {
    addresses,
    bodyBytes: targets.get(addresses[0]!)!.bodyBytes,
    get scrapeCount() {
      return scrapeCount;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const HEAD_END = Buffer.from("\r\n\r\n");
const HANDLERS = ["/api/v1/query", "/api/v1/query_range", "/api/v1/write", "/-/healthy", "/metrics"];
const BOUNDS = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
const NINE = 57;
const ZERO = 48;

/** One target's response: head and body in one buffer. */
class FleetTarget {
  readonly response: Buffer;
  readonly bodyBytes: number;
  /** Offset of the last digit of each changing value, and by how much it grows; both in step. */
  readonly #digits: Int32Array;
  readonly #steps: Uint8Array;

  constructor(index: number, seriesCount: number, changingPart: number) {
    const lines: string[] = [];
    const lastDigits: number[] = [];
    let length = 0;
    const add = (line: string): void => {
      lines.push(line);
      length += line.length;
    };
    for (let i = 0; i < seriesCount; i++) {
      const family = Math.floor(i / 60);
      if (i % 60 === 0) {
        add(`# HELP fleet_request_duration_seconds_${family} Time that requests took, by handler.\n`);
        add(`# TYPE fleet_request_duration_seconds_${family} counter\n`);
      }
      const handler = HANDLERS[Math.floor((i % 60) / 12)];
      const labels = `handler="${handler}",method="GET",code="200",pod="web-7f9c6d5b4-${index}",bound="${BOUNDS[i % 12]}"`;
      // Eight digits that begin with a one: room to count for years without growing.
      add(
        `fleet_request_duration_seconds_${family}{${labels}} ${10_000_000 + ((i * 7919 + index * 104_729) % 1_000_000)}\n`,
      );
      if (Math.floor((i + 1) * changingPart) > Math.floor(i * changingPart)) lastDigits.push(length - 2);
    }
    const body = lines.join("");
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: ${length}\r\n\r\n`;
    this.response = Buffer.from(head + body, "latin1");
    this.bodyBytes = length;
    this.#digits = Int32Array.from(lastDigits, (at) => at + head.length);
    this.#steps = Uint8Array.from(lastDigits, (_, i) => 1 + (i % 9));
  }

  /** Adds each changing value's step in place, in decimal. */
  countUp(): void {
    const { response } = this;
    for (let i = 0; i < this.#digits.length; i++) {
      let at = this.#digits[i]!;
      let digit = response[at]! + this.#steps[i]!;
      while (digit > NINE) {
        response[at--] = digit - 10;
        digit = response[at]! + 1;
      }
      // Beyond 99,999,999 the first digit would pass nine: it starts again at one, as a counter that was reset.
      response[at] = digit < ZERO ? ZERO + 1 : digit;
    }
  }
}
