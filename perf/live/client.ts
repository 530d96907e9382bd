/**
 * Many live sockets in one light process: raw sockets that read no more of a frame than its length and its step.
 *
 *   node dist/perf/live/client.js '{"port":9090,"sockets":10000,"queries":["up"],"step":"5s"}'
 *   prints {"open":N} when all have subscribed, then a line {"frames":N,"late":[…]} whenever a line comes in: the frames since
 *   the last one, and how many milliseconds after their step they arrived, at some quantiles. Ends with its standard input.
 */
import { connect, type Socket } from "node:net";

interface ClientOptions {
  readonly port: number;
  readonly sockets: number;
  readonly queries: readonly string[];
  readonly step: string;
}

const QUANTILES = [0.5, 0.9, 0.99, 1];
/** Handshakes under way at a time. */
const OPENING = 200;
/** A frame begins {"type":"steps","stream":7,"steps":[{"time":1700000000, */
const STEP = /^\{"type":"steps","stream":\d+,"steps":\[\{"time":([\d.]+)/;
const HEAD_BYTES = 80;

const options = JSON.parse(process.argv[2] ?? "{}") as ClientOptions;
let lateMs: number[] = [];
let frames = 0;

/** A text frame of a client: masked with zeros, which leave it as it is. */
function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = payload.length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
  head[0] = 0x81;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

/** Walks over frames; a frame may come in several parts. */
class FrameCounter {
  #pending: Buffer = Buffer.alloc(0);
  #skip = 0;

  take(data: Buffer): void {
    let bytes = data;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
    }
    if (this.#pending.length > 0) bytes = Buffer.concat([this.#pending, bytes]);
    this.#pending = Buffer.alloc(0);
    for (;;) {
      if (bytes.length < 10 + HEAD_BYTES && bytes.length < wholeLength(bytes)) break;
      if (bytes.length === 0) return;
      const [start, length] = shape(bytes);
      if ((bytes[0]! & 0x0f) === 1)
        this.#frame(bytes.toString("latin1", start, Math.min(start + length, start + HEAD_BYTES)));
      const end = start + length;
      if (end > bytes.length) {
        this.#skip = end - bytes.length;
        return;
      }
      bytes = bytes.subarray(end);
    }
    this.#pending = Buffer.from(bytes);
  }

  #frame(head: string): void {
    const step = STEP.exec(head);
    if (step === null) return;
    frames++;
    lateMs.push(Date.now() - Number(step[1]) * 1000);
  }
}

/** Where the payload begins, and its length. */
function shape(bytes: Buffer): readonly [number, number] {
  const short = bytes[1]! & 0x7f;
  if (short < 126) return [2, short];
  return short === 126 ? [4, bytes.readUInt16BE(2)] : [10, Number(bytes.readBigUInt64BE(2))];
}

function wholeLength(bytes: Buffer): number {
  if (bytes.length < 2) return bytes.length === 0 ? 0 : 2;
  const short = bytes[1]! & 0x7f;
  if (bytes.length < (short < 126 ? 2 : short === 126 ? 4 : 10)) return Number.POSITIVE_INFINITY;
  const [start, length] = shape(bytes);
  return start + length;
}

function open(index: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(options.port, "127.0.0.1");
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.write(
      "GET /api/v1/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let head = "";
    const counter = new FrameCounter();
    socket.on("data", (data: Buffer) => {
      if (head === "done") {
        counter.take(data);
        return;
      }
      head += data.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!head.startsWith("HTTP/1.1 101")) reject(new Error(head.slice(0, 100)));
      head = "done";
      const query = options.queries[index % options.queries.length]!;
      socket.write(clientFrame(JSON.stringify({ type: "subscribe", id: "x", query, step: options.step })));
      resolve(socket);
    });
  });
}

const sockets: Socket[] = [];
for (let at = 0; at < options.sockets; at += OPENING) {
  const some = Array.from({ length: Math.min(OPENING, options.sockets - at) }, (_, i) => open(at + i));
  sockets.push(...(await Promise.all(some)));
}
process.stdout.write(`${JSON.stringify({ open: sockets.length })}\n`);
process.stdin.on("data", () => {
  lateMs.sort((a, b) => a - b);
  const late = QUANTILES.map((q) => lateMs[Math.min(lateMs.length - 1, Math.floor(q * lateMs.length))]);
  process.stdout.write(`${JSON.stringify({ frames, late })}\n`);
  frames = 0;
  lateMs = [];
});
process.stdin.on("end", () => process.exit(0));
