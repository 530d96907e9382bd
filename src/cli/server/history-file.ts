/** The alert history on disk: lines of JSON in a file of its own, which is turned over when it has become large. */
import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, type Logger } from "../../base/index.js";
import type { HistoryLog } from "../../rules/index.js";

const FILE_BYTES_MAX = 32 << 20;
/** Lines of a moment are written together. */
const WRITE_MS = 200;

export class HistoryFile implements HistoryLog {
  readonly #file: string;
  readonly #log: Logger;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, log: Logger) {
    this.#file = join(folder, "alert-history.jsonl");
    this.#log = log;
  }

  *load(): Generator<string> {
    for (const file of [`${this.#file}.1`, this.#file]) {
      if (!existsSync(file)) continue;
      for (const line of readFileSync(file, "utf8").split("\n")) if (line !== "") yield line;
    }
  }

  append(line: string): void {
    this.#lines.push(line);
    this.#timer ??= setTimeout(() => this.flush(), WRITE_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines.splice(0);
    if (lines.length === 0) return;
    try {
      if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > FILE_BYTES_MAX) {
        renameSync(this.#file, `${this.#file}.1`);
      }
      appendFileSync(this.#file, `${lines.join("\n")}\n`);
    } catch (error) {
      this.#log.error("The alert history could not be written", { file: this.#file, err: errorMessage(error) });
    }
  }
}
