/**
 * Random and mutated responses, split at random bytes, against the lean client: it always ends with a definite verdict
 * within its timeout, never writes outside the room it was given, and agrees with node:http where the response is sound.
 * FUZZ_SEED repeats a run, FUZZ_RUNS lengthens it.
 */
import { get } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClientContext, type FetchResult, TargetClient } from "../../src/scrape/http/client.js";
import { scrapeUrl } from "../../src/scrape/http/request.js";
import { DEFAULT_TRANSPORT } from "../../src/scrape/http/transport.js";
import { chunked, type Exporter, type ResponsePlan, startExporter } from "../doubles/exporter.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_123);
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 120);
const GUARD_BYTES = 64;
const GUARD = 0xa5;
const TIMEOUT_MS = 400;
const LIMIT_BYTES = 200_000;

/** Mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Room with a guard behind it that nobody may touch. */
class GuardedSlots {
  #all: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  bodyBuffer(_slot: number, minBytes: number, keepBytes: number): Uint8Array {
    this.check();
    const old = this.#all.subarray(0, keepBytes);
    this.#all = new Uint8Array(new SharedArrayBuffer(minBytes + GUARD_BYTES)).fill(GUARD, minBytes);
    this.#all.set(old);
    this.#bytes = minBytes;
    return this.#all.subarray(0, minBytes);
  }

  check(): void {
    expect(this.#all.subarray(this.#bytes).every((byte) => byte === GUARD)).toBe(true);
  }

  take(bytes: number): Buffer {
    expect(bytes).toBeLessThanOrEqual(this.#bytes);
    return Buffer.from(this.#all.slice(0, bytes));
  }
}

interface Sound {
  readonly bytes: Buffer;
  readonly ends: boolean;
}

function soundResponse(random: () => number): Sound {
  const pick = (count: number): number => Math.floor(random() * count);
  const size = [0, 1, 20, 3000, 16_384, 60_000][pick(6)]! + pick(50);
  const body = Buffer.from(Array.from({ length: size }, () => 32 + pick(90)));
  const isGzip = pick(3) === 0;
  const payload = isGzip ? gzipSync(body) : body;
  const lines = ["HTTP/1.1 200 OK", "Content-Type: text/plain"];
  if (isGzip) lines.push("Content-Encoding: gzip");
  for (let i = pick(4); i > 0; i--) lines.push(`X-${pick(1e6)}:${" ".repeat(pick(3))}${"v".repeat(pick(300))}`);
  const framing = pick(3);
  if (framing === 0) lines.push(`content-length: ${payload.length}`);
  if (framing === 1) lines.push("Transfer-Encoding: chunked");
  if (framing === 2) lines.push("Connection: close");
  const interim = pick(5) === 0 ? "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" : "";
  const framed = framing === 1 ? chunked(payload, 1 + pick(5000)) : payload;
  return {
    bytes: Buffer.concat([Buffer.from(`${interim}${lines.join("\r\n")}\r\n\r\n`), framed]),
    ends: framing === 2,
  };
}

function mutated(bytes: Buffer, random: () => number): Buffer {
  const pick = (count: number): number => Math.floor(random() * count);
  let result = Buffer.from(bytes);
  for (let i = 1 + pick(4); i > 0; i--) {
    // Heads and chunk lines are where it hurts, so most changes are near the beginning.
    const at = pick(3) === 0 ? pick(result.length) : pick(Math.min(result.length, 200));
    const kind = pick(4);
    if (kind === 0) result[at] = pick(256);
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1 + pick(30))]);
    else if (kind === 2)
      result = Buffer.concat([result.subarray(0, at), Buffer.from("\r\n0;9f:"[pick(7)]!), result.subarray(at)]);
    else result = result.subarray(0, at);
    if (result.length === 0) return result;
  }
  return result;
}

function split(bytes: Buffer, random: () => number): Buffer[] {
  const cuts = Array.from({ length: Math.floor(random() * 6) }, () => Math.floor(random() * bytes.length));
  const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

let server: Exporter;
let plan: ResponsePlan;

beforeAll(async () => {
  server = await startExporter(() => plan);
});
afterAll(() => server.close());

async function fetchOnce(slots: GuardedSlots): Promise<FetchResult & { elapsedMs: number }> {
  const url = scrapeUrl("http", server.address, "/metrics", {});
  const transport = { ...DEFAULT_TRANSPORT, bodySizeLimit: LIMIT_BYTES, followRedirects: false };
  const client = new TargetClient(url, transport, TIMEOUT_MS, createClientContext(slots, "Vestal/0.0.0"));
  const startMs = performance.now();
  const result = await client.fetch(0);
  client.close();
  slots.check();
  return { ...result, elapsedMs: performance.now() - startMs };
}

function reference(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(`http://${server.address}/metrics`, { agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const bytes = Buffer.concat(parts);
        resolve(response.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes);
      });
    }).on("error", reject);
  });
}

test(`sound responses give what node:http gives (seed ${SEED})`, async () => {
  const random = randomOf(SEED);
  for (let run = 0; run < RUNS; run++) {
    const { bytes, ends } = soundResponse(random);
    plan = { parts: split(bytes, random), after: ends ? "end" : "keep" };
    const slots = new GuardedSlots();
    const result = await fetchOnce(slots);
    expect(result.error, `run ${run}`).toBeUndefined();
    expect(slots.take(result.bodyBytes).equals(await reference()), `run ${run}`).toBe(true);
  }
}, 60_000);

test(`damaged responses end in a verdict, in time and inside the room given (seed ${SEED})`, async () => {
  const random = randomOf(SEED + 1);
  const verdicts = new Set<string>();
  for (let run = 0; run < RUNS; run++) {
    const bytes = mutated(soundResponse(random).bytes, random);
    plan = { parts: split(bytes, random), after: random() < 0.95 ? "end" : "keep" };
    const slots = new GuardedSlots();
    const result = await fetchOnce(slots);
    expect(result.elapsedMs, `run ${run}`).toBeLessThan(TIMEOUT_MS + 1000);
    if (result.error === undefined) expect(result.bodyBytes, `run ${run}`).toBeLessThan(LIMIT_BYTES);
    else expect(result.error, `run ${run}`).not.toBe("");
    verdicts.add(result.error === undefined ? "sound" : result.error.replace(/.*: /s, "").replace(/".*/s, ""));
  }
  // A generator that only ever hits one branch would prove nothing.
  expect(verdicts.size).toBeGreaterThan(5);
}, 120_000);
