/** `query_log_file`: a line of JSON for each PromQL query that ran, with Prometheus' fields. Lines are made by query threads. */
import { closeSync, openSync, write } from "node:fs";
import type { QueryClient } from "../../api/index.js";
import { errorCode, VestalError } from "../../base/index.js";

/** Lines that wait for the disk, in characters; beyond, lines are lost and counted. */
const WAITING_MAX = 16 << 20;

export class QueryLog {
  failures = 0;
  #descriptor: number | undefined;
  #waiting: string[] = [];
  #waitingLength = 0;
  #isWriting = false;

  get isEnabled(): boolean {
    return this.#descriptor !== undefined;
  }

  /**
   * Opens the file, anew if it was open: it may have been moved away. "" ends the log.
   * @throws VestalError QUERY_LOG, and there is no log then
   */
  open(path: string): void {
    const old = this.#descriptor;
    this.#descriptor = undefined;
    // What is being written may still use it; a new one of the same number must not get that.
    if (old !== undefined) setTimeout(() => closeSync(old), CLOSE_AFTER_MS).unref();
    if (path === "") return;
    try {
      this.#descriptor = openSync(path, "a", 0o666);
    } catch (error) {
      const reason = errorCode(error) === "ENOENT" ? "no such file or directory" : String(errorCode(error));
      throw new VestalError("QUERY_LOG", `can't create json log file: open ${path}: ${reason}`, { path }, error);
    }
  }

  add(lines: readonly string[]): void {
    if (this.#descriptor === undefined || lines.length === 0) return;
    const text = lines.join("");
    if (this.#waitingLength + text.length > WAITING_MAX) {
      this.failures += lines.length;
      return;
    }
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    if (!this.#isWriting) this.#write();
  }

  #write(): void {
    const descriptor = this.#descriptor;
    const count = this.#waiting.length;
    const text = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    this.#waitingLength = 0;
    if (descriptor === undefined || count === 0) return;
    this.#isWriting = true;
    write(descriptor, text, 0, text.length, null, (error, written) => {
      this.#isWriting = false;
      if (error !== null || written !== text.length) this.failures += count;
      this.#write();
    });
  }
}

/** Far longer than a write takes. */
const CLOSE_AFTER_MS = 5000;

export interface LoggedQuery {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly error?: string;
  /** JSON, as `stats` of an answer. */
  readonly stats: string;
  readonly client?: QueryClient;
  readonly ruleGroup?: { readonly file: string; readonly name: string };
}

/** As Prometheus writes it; it has whole seconds for the step too. */
export function queryLogLine(logged: LoggedQuery, nowMs: number): string {
  const { query, startMs, endMs, stepMs, error, stats, client, ruleGroup } = logged;
  const iso = (timeMs: number): string =>
    Math.abs(timeMs) > 8.64e15 ? String(timeMs / 1000) : new Date(timeMs).toISOString();
  const fields = [
    `"time":"${iso(nowMs)}"`,
    '"level":"INFO"',
    '"source":"query-log"',
    '"msg":"promql query logged"',
    `"params":${JSON.stringify({ end: iso(endMs), query, start: iso(startMs), step: Math.floor(stepMs / 1000) })}`,
    ...(error === undefined ? [] : [`"error":${JSON.stringify(error)}`]),
    `"stats":${stats}`,
    '"spanID":"0000000000000000"',
    ...(client === undefined
      ? []
      : [`"httpRequest":${JSON.stringify({ clientIP: client.address, method: client.method, path: client.path })}`]),
    ...(ruleGroup === undefined ? [] : [`"ruleGroup":${JSON.stringify(ruleGroup)}`]),
  ];
  return `{${fields.join(",")}}\n`;
}
