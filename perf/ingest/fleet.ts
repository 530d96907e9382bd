/**
 * A fleet of fake exporters in one process: raw sockets, bodies built once and patched in place, so that the load costs
 * little beside the system it measures. Deterministic from the seed: every system sees the same series and values.
 *
 * Each target serves `series` series at `/t/N`, 10 to a metric, about 130 bytes a line: four tenths of them constant,
 * four tenths counters, two tenths noisy gauges. With `churn`, that share of the lines carries a label whose value
 * changes at every scrape.
 *
 *   node dist/perf/ingest/fleet.js '{"port":0,"targets":200,"series":1000,"churn":0,"seed":1}'
 *   prints {"port":N} and serves until its standard input ends or an hour has passed.
 *
 * With `arrivals`, each line on its standard input makes it print {"now":MS,"arrivals":[[target,ms],…]}: when requests came
 * in since the last such line, on its own monotonic clock.
 */
import { createServer, type Socket } from "node:net";

interface FleetOptions {
  readonly port: number;
  readonly targets: number;
  readonly series: number;
  readonly churn: number;
  readonly seed: number;
  readonly arrivals?: boolean;
}

const SERIES_PER_METRIC = 10;
const VALUE_DIGITS = 10;
const LONGEST_LIFE_MS = 3_600_000;

/** What patching needs to know of one line. */
interface Line {
  readonly valueAt: number;
  readonly kind: "constant" | "counter" | "gauge";
  readonly churnAt: number;
}

class Exporter {
  readonly #body: Buffer;
  readonly #lines: readonly Line[];
  readonly #values: Float64Array;
  readonly #head: Buffer;
  #state: number;
  #scrapes = 0;

  constructor(index: number, options: FleetOptions) {
    this.#state = (options.seed * 7919 + index * 104729) >>> 0 || 1;
    const churning = Math.round(options.series * options.churn);
    let text = "";
    const lines: Line[] = [];
    for (let i = 0; i < options.series; i++) {
      const metric = `workload_requests_${String(Math.floor(i / SERIES_PER_METRIC)).padStart(3, "0")}_total`;
      if (i % SERIES_PER_METRIC === 0)
        text += `# HELP ${metric} Requests that the workload has served.\n# TYPE ${metric} counter\n`;
      text += `${metric}{method="GET",route="/api/v1/items/${i % SERIES_PER_METRIC}",code="200",zone="europe-west1-b",revision="`;
      const churnAt = i < churning ? text.length : -1;
      text += `${"0".repeat(8)}"} `;
      lines.push({ valueAt: text.length, churnAt, kind: i % 5 < 2 ? "constant" : i % 5 < 4 ? "counter" : "gauge" });
      text += `${"1".padStart(VALUE_DIGITS, "1")}\n`;
    }
    this.#body = Buffer.from(text, "latin1");
    this.#lines = lines;
    this.#values = Float64Array.from(lines, () => 1_000_000_000 + (this.#random() % 1_000_000));
    for (let i = 0; i < lines.length; i++) this.#writeNumber(lines[i]!.valueAt, VALUE_DIGITS, this.#values[i]!);
    this.#head = Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: ${this.#body.length}\r\n\r\n`,
      "latin1",
    );
  }

  answer(socket: Socket): void {
    this.#scrapes++;
    for (let i = 0; i < this.#lines.length; i++) {
      const line = this.#lines[i]!;
      if (line.churnAt >= 0) this.#writeNumber(line.churnAt, 8, this.#scrapes);
      if (line.kind === "constant") continue;
      if (line.kind === "counter") this.#values[i] = this.#values[i]! + (this.#random() % 100);
      else this.#values[i] = 1_000_000_000 + (this.#random() % 1_000_000_000);
      this.#writeNumber(line.valueAt, VALUE_DIGITS, this.#values[i]!);
    }
    socket.cork();
    socket.write(this.#head);
    // The socket keeps the buffer until it is sent, and the next scrape patches it: a copy is the price of honesty.
    socket.write(Buffer.from(this.#body));
    socket.uncork();
  }

  #writeNumber(at: number, digits: number, value: number): void {
    let rest = value;
    for (let i = at + digits - 1; i >= at; i--) {
      const next = Math.floor(rest / 10);
      this.#body[i] = 48 + (rest - next * 10);
      rest = next;
    }
  }

  /** xorshift32. */
  #random(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
}

const arrivals: [target: number, ms: number][] = [];
const options = JSON.parse(process.argv[2] ?? "{}") as FleetOptions;
const exporters = Array.from({ length: options.targets }, (_, index) => new Exporter(index, options));
const server = createServer((socket) => {
  let pending = "";
  socket.setNoDelay(true);
  socket.on("data", (data) => {
    pending += data.toString("latin1");
    for (let end = pending.indexOf("\r\n\r\n"); end >= 0; end = pending.indexOf("\r\n\r\n")) {
      const path = pending.slice(pending.indexOf(" ") + 1, pending.indexOf(" HTTP/"));
      pending = pending.slice(end + 4);
      const target = Number(/^\/t\/(\d+)/.exec(path)?.[1] ?? -1);
      const exporter = exporters[target];
      if (options.arrivals === true) arrivals.push([target, performance.now()]);
      if (exporter === undefined) socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      else exporter.answer(socket);
    }
  });
  socket.on("error", () => socket.destroy());
});
server.listen(options.port, "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`${JSON.stringify({ port: typeof address === "object" ? address?.port : options.port })}\n`);
});
process.stdin.on("data", () => {
  process.stdout.write(`${JSON.stringify({ now: performance.now(), arrivals: arrivals.splice(0) })}\n`);
});
process.stdin.on("end", () => process.exit(0));
setTimeout(() => process.exit(0), LONGEST_LIFE_MS).unref();
