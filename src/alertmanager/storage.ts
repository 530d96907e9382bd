/**
 * What outlives the process, in the folder of `--storage.path`.
 *
 *   silences, nflog      Alertmanager's own files, read at start, replaced at each maintenance and at shutdown
 *   vestal/journal       one line of JSON for each change since: silences, log entries, attempts; empty after a maintenance
 *   vestal/alerts        all alerts, replaced at each maintenance
 *   vestal/history       the notifications that were tried, replaced at each maintenance
 *
 * A change is in the journal before anyone hears of it, so a process that is killed loses none: what the files hold and
 * the journal repeats is merged by time, which may be done twice without harm.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, type Logger, VestalError } from "../base/index.js";
import { formatRfc3339, parseRfc3339, ZERO_TIME } from "../template/index.js";
import { Alert } from "./alert.js";
import type { HistoryEntry } from "./history.js";
import { labelSet } from "./labels.js";
import { decodeEntries, encodeEntries, type MeshEntry } from "./state/nflog-codec.js";
import { decodeSilences, encodeSilences, type MeshSilence } from "./state/silence-codec.js";

export interface StoredState {
  readonly silences: readonly MeshSilence[];
  readonly entries: readonly MeshEntry[];
  readonly alerts: readonly Alert[];
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
}

type JournalLine =
  | { readonly kind: "silence" | "entry"; readonly data: string }
  | { readonly kind: "alert"; readonly alert: AlertLine }
  /** Another report of an alert, of which only these times are new. */
  | {
      readonly kind: "again";
      readonly of: string;
      readonly endsAt: string;
      readonly updatedAt: string;
      readonly isTimeout: boolean;
    }
  | ({ readonly kind: "result" } & HistoryEntry)
  | { readonly kind: "attempt"; readonly [key: string]: unknown };

interface AlertLine {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly updatedAt: string;
  readonly generatorUrl: string;
  readonly isTimeout: boolean;
}

export class AlertmanagerStorage {
  readonly #folder: string;
  readonly #log: Logger;
  #journal: number | undefined;
  #pending = "";
  #isFlushPlanned = false;

  /** @throws VestalError STORAGE if the folder cannot be made. */
  constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
    try {
      mkdirSync(join(folder, "vestal"), { recursive: true });
    } catch (error) {
      throw new VestalError("STORAGE", `Unable to create data directory: ${errorMessage(error)}`, { folder }, error);
    }
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** @throws CorruptionError if a file of Alertmanager's is damaged. */
  load(): StoredState {
    const silences = decodeSilences(this.#read("silences"));
    const entries = decodeEntries(this.#read("nflog"));
    const alerts = new Map<string, Alert>();
    // By what it was: a line may stand in the file and in a journal that was not yet emptied.
    const history = new Map<string, HistoryEntry>();
    const add = (alert: Alert): void => void alerts.set(alert.fingerprint, alert);
    for (const file of ["vestal/alerts", "vestal/history", "vestal/journal.old", "vestal/journal"]) {
      for (const line of this.#lines(file)) {
        if (line.kind === "silence") silences.push(...decodeSilences(Buffer.from(line.data as string, "base64")));
        else if (line.kind === "entry") entries.push(...decodeEntries(Buffer.from(line.data as string, "base64")));
        else if (line.kind === "alert") add(alertOf(line.alert as AlertLine));
        else if (line.kind === "again") {
          const known = alerts.get(line.of as string);
          if (known !== undefined) add(reportedAgain(known, line as Extract<JournalLine, { kind: "again" }>));
        } else if (line.kind === "result") {
          const { kind: _, ...entry } = line as Extract<JournalLine, { kind: "result" }>;
          const { time, receiver, integration, index, groupKey, attempt } = entry;
          history.set(JSON.stringify([time, receiver, integration, index, groupKey, attempt]), entry);
        }
      }
    }
    this.#journal = openSync(this.#file("vestal/journal"), "a");
    return { silences, entries, alerts: [...alerts.values()], history: [...history.values()] };
  }

  #read(name: string): Buffer {
    return existsSync(this.#file(name)) ? readFileSync(this.#file(name)) : Buffer.alloc(0);
  }

  /** Lines up to the first that is torn: what stands behind was never acknowledged. */
  *#lines(name: string): Generator<JournalLine> {
    for (const line of this.#read(name).toString().split("\n")) {
      if (line === "") continue;
      try {
        yield JSON.parse(line) as JournalLine;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        this.#log.warn("A line of the journal is torn; what follows is left out", { file: name });
        return;
      }
    }
  }

  silence(silence: MeshSilence): void {
    this.#append({ kind: "silence", data: encodeSilences([silence]).toString("base64") });
  }

  entry(entry: MeshEntry): void {
    this.#append({ kind: "entry", data: encodeEntries([entry]).toString("base64") });
  }

  /** Alerts come often and again: they are written in batches, and a lost one comes again or is resolved by its time. */
  alert(alert: Alert, older: Alert | undefined): void {
    const isAgain =
      older !== undefined &&
      older.annotations === alert.annotations &&
      older.generatorUrl === alert.generatorUrl &&
      older.startsAt.unixNano === alert.startsAt.unixNano;
    this.#pending += isAgain
      ? `{"kind":"again","of":"${alert.fingerprint}","endsAt":"${formatRfc3339(alert.endsAt)}",` +
        `"updatedAt":"${formatRfc3339(alert.updatedAt)}","isTimeout":${alert.isTimeout}}\n`
      : `${JSON.stringify({ kind: "alert", alert: lineOf(alert) })}\n`;
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  attempt(record: Readonly<Record<string, unknown>>): void {
    this.#append({ ...record, kind: "attempt" });
  }

  result(entry: HistoryEntry): void {
    this.#append({ ...entry, kind: "result" });
  }

  #append(line: JournalLine): void {
    this.#pending += `${JSON.stringify(line)}\n`;
    this.#flush();
  }

  #flush(): void {
    if (this.#journal === undefined || this.#pending === "") return;
    const text = this.#pending;
    this.#pending = "";
    try {
      writeSync(this.#journal, text);
    } catch (error) {
      this.#log.error("Writing the journal failed; a restart may repeat notifications", { err: errorMessage(error) });
    }
  }

  /**
   * Writes the files anew and begins the journal again.
   * @param timed  runs what writes one of the files.
   * @returns bytes of `silences` and `nflog`.
   */
  snapshot(
    state: {
      readonly silences: Iterable<MeshSilence>;
      readonly entries: Iterable<MeshEntry>;
      readonly alerts: Iterable<Alert>;
      readonly history: Iterable<HistoryEntry>;
    },
    timed: <T>(part: "silences" | "nflog", write: () => T) => T,
  ): readonly [number, number] {
    this.#flush();
    const journal = this.#file("vestal/journal");
    if (this.#journal !== undefined) closeSync(this.#journal);
    if (existsSync(journal)) renameSync(journal, this.#file("vestal/journal.old"));
    this.#journal = openSync(journal, "a");
    const write = (name: "silences" | "nflog", encode: () => Uint8Array): number =>
      timed(name, () => {
        const bytes = encode();
        this.#replace(name, bytes);
        return bytes.length;
      });
    const silences = write("silences", () => encodeSilences(state.silences));
    const nflog = write("nflog", () => encodeEntries(state.entries));
    const lines = [...state.alerts].map((alert) => `${JSON.stringify({ kind: "alert", alert: lineOf(alert) })}\n`);
    this.#replace("vestal/alerts", Buffer.from(lines.join("")));
    const told = [...state.history].map((entry) => `${JSON.stringify({ ...entry, kind: "result" })}\n`);
    this.#replace("vestal/history", Buffer.from(told.join("")));
    this.#replace("vestal/journal.old", Buffer.alloc(0));
    return [silences, nflog];
  }

  /** Under another name first, so that a reader finds the old or the new. */
  #replace(name: string, bytes: Uint8Array): void {
    const target = this.#file(name);
    const temporary = `${target}.tmp`;
    const file = openSync(temporary, "w");
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  }

  close(): void {
    this.#flush();
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
  }
}

function lineOf(alert: Alert): AlertLine {
  return {
    labels: Object.fromEntries(alert.labels),
    annotations: Object.fromEntries(alert.annotations),
    startsAt: formatRfc3339(alert.startsAt),
    endsAt: formatRfc3339(alert.endsAt),
    updatedAt: formatRfc3339(alert.updatedAt),
    generatorUrl: alert.generatorUrl,
    isTimeout: alert.isTimeout,
  };
}

function reportedAgain(known: Alert, line: Extract<JournalLine, { readonly kind: "again" }>): Alert {
  return known.with({
    endsAt: parseRfc3339(line.endsAt) ?? ZERO_TIME,
    updatedAt: parseRfc3339(line.updatedAt) ?? ZERO_TIME,
    isTimeout: line.isTimeout,
  });
}

function alertOf(line: AlertLine): Alert {
  return new Alert({
    labels: labelSet(Object.entries(line.labels)),
    annotations: labelSet(Object.entries(line.annotations)),
    startsAt: parseRfc3339(line.startsAt) ?? ZERO_TIME,
    endsAt: parseRfc3339(line.endsAt) ?? ZERO_TIME,
    updatedAt: parseRfc3339(line.updatedAt) ?? ZERO_TIME,
    generatorUrl: line.generatorUrl,
    isTimeout: line.isTimeout,
  });
}
