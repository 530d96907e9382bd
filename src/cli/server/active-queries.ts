/**
 * The file `queries.active` in the data directory, as Prometheus has it: what was running when the process ended without
 * warning. `[`, then a place of 1,000 bytes for each query at a time: an object and zeros, and a comma as the last byte.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage, type Files, type Logger } from "../../base/index.js";

const FILE = "queries.active";
const ENTRY_BYTES = 1000;
const COMMA = 0x2c;

/** At the start: says in the log what did not finish last time, and makes the file anew. A problem is no reason not to start. */
export function startActiveQueries(files: Files, folder: string, count: number, log: Logger): void {
  const path = join(folder, FILE);
  try {
    const queries = unfinished(path, 1 + count * ENTRY_BYTES);
    if (queries !== undefined) log.info("These queries didn't finish in prometheus' last run:", { queries });
    const descriptor = files.open(path, "w+");
    try {
      files.pwrite(descriptor, Buffer.from("["), 0);
      files.ftruncate(descriptor, 1 + count * ENTRY_BYTES);
    } finally {
      files.close(descriptor);
    }
  } catch (error) {
    log.error("Failed to create the file of active queries", { file: path, err: errorMessage(error) });
  }
}

/** The objects of the last run as a JSON list; undefined if there are none. */
function unfinished(path: string, bytesMax: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(path).subarray(0, bytesMax).toString("utf8").replaceAll("\0", "");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  return text.length <= 1 ? undefined : `${text.slice(0, -1)}]`;
}

/** What has ended by then is never written: two system calls are much of a small query. */
const SHORT_MS = 1;

/** A query thread's own place in the file. */
export class ActiveQuery {
  readonly #files: Files;
  readonly #descriptor: number | undefined;
  readonly #position: number;
  readonly #entry = Buffer.alloc(ENTRY_BYTES);
  /** Of the query that runs and is not written yet. */
  #query: string | undefined;
  #startedMs = 0;
  #isWritten = false;

  /** Without a place, or without the file, nothing is kept. */
  constructor(files: Files, folder: string, slot: number | undefined, count: number) {
    this.#files = files;
    this.#position = 1 + (slot ?? 0) * ENTRY_BYTES;
    this.#descriptor = slot === undefined || slot >= count ? undefined : open(files, join(folder, FILE));
  }

  /** From now on `look` is called now and then, until `end`. */
  begin(query: string, nowMs: number): void {
    if (this.#descriptor === undefined) return;
    this.#query = query;
    this.#startedMs = nowMs;
  }

  /** Writes a query that is not short. */
  look(nowMs: number): void {
    if (this.#query === undefined || nowMs - this.#startedMs < SHORT_MS) return;
    this.#enter(this.#query, this.#startedMs);
    this.#query = undefined;
  }

  #enter(query: string, startedMs: number): void {
    const entry = this.#entry;
    // Texts that are long, or full of what must be escaped, are cut: the comma behind must stay.
    for (let text = query, cut = ENTRY_BYTES - 40; ; cut = Math.floor(cut / 2)) {
      const json = Buffer.from(JSON.stringify({ query: text, timestamp_sec: Math.floor(startedMs / 1000) }));
      if (json.length < ENTRY_BYTES) {
        entry.fill(0);
        json.copy(entry);
        break;
      }
      text = Buffer.from(query)
        .subarray(0, cut)
        .toString("utf8")
        .replace(/\ufffd$/, "");
    }
    entry[ENTRY_BYTES - 1] = COMMA;
    this.#isWritten = true;
    this.#write();
  }

  end(): void {
    this.#query = undefined;
    if (this.#isWritten) this.clear();
    this.#isWritten = false;
  }

  /** Whatever stands there, written by whom ever. */
  clear(): void {
    if (this.#descriptor === undefined) return;
    this.#entry.fill(0);
    this.#write();
  }

  #write(): void {
    try {
      this.#files.pwrite(this.#descriptor!, this.#entry, this.#position);
    } catch {
      // A full disk must not make queries fail; the file is a help for people.
    }
  }
}

function open(files: Files, path: string): number | undefined {
  try {
    return files.open(path, "r+");
  } catch {
    return undefined;
  }
}

/** What a thread that was ended left in its place is no longer running. */
export function clearActiveQuery(files: Files, folder: string, slot: number, count: number): void {
  new ActiveQuery(files, folder, slot, count).clear();
}
