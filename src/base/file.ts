/**
 * The one way of storage to the file system, so that a test double can cut the power or fail the n-th call. Synchronous:
 * ingest and storage threads own their time. Errors are Node's system errors, with `code` (ENOSPC, EIO, ENOENT …).
 */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";

/**
 * `r` an existing file to read, `r+` an existing file to read and write, `w+` a new or emptied file to read and write,
 * `wx+` a file that must not exist yet. Never for appending: writes have a position.
 */
export type OpenMode = "r" | "r+" | "w+" | "wx+";

export interface FileStat {
  readonly bytes: number;
  readonly isDirectory: boolean;
  readonly modifiedMs: number;
}

/** A descriptor belongs to the thread that opened it: Node closes a worker's when it ends, and its number is reused. */
export interface Files {
  open(path: string, mode: OpenMode): number;
  close(descriptor: number): void;
  /** Reads up to `bytes.length` bytes; fewer at the end of the file, 0 behind it. */
  pread(descriptor: number, bytes: Uint8Array, position: number): number;
  /** Writes up to `bytes.length` bytes and returns how many: a full disk may take fewer before it fails. */
  pwrite(descriptor: number, bytes: Uint8Array, position: number): number;
  ftruncate(descriptor: number, bytes: number): void;
  fsync(descriptor: number): void;
  /** A file replaces `to` if it exists; a directory moves with all that is in it, to a name that does not. */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** A second name for a file, which must not exist yet; both are equal from then on. */
  link(from: string, to: string): void;
  /** Removes an empty directory. */
  rmdir(path: string): void;
  /** Names in a directory, sorted. */
  readdir(path: string): string[];
  /** Creates a directory and those above it; an existing one is fine. */
  mkdir(path: string): void;
  stat(path: string): FileStat;
  /** Makes creations, renames and removals in a directory survive a power cut. */
  fsyncDir(path: string): void;
}

/** Writes all of it, in parts where the system takes parts. @throws what the system says of the part that it does not take. */
export function writeWhole(files: Files, descriptor: number, bytes: Uint8Array, position: number): void {
  for (let from = 0; from < bytes.length; ) {
    const written = files.pwrite(descriptor, bytes.subarray(from), position + from);
    if (written === 0) throw new Error(`only ${from} of ${bytes.length} bytes were written`);
    from += written;
  }
}

export const systemFiles: Files = {
  open: (path, mode) => openSync(path, mode, 0o666),
  close: (descriptor) => closeSync(descriptor),
  pread: (descriptor, bytes, position) => readSync(descriptor, bytes, 0, bytes.length, position),
  pwrite: (descriptor, bytes, position) => writeSync(descriptor, bytes, 0, bytes.length, position),
  ftruncate: (descriptor, bytes) => ftruncateSync(descriptor, bytes),
  fsync: (descriptor) => fsyncSync(descriptor),
  rename: (from, to) => renameSync(from, to),
  unlink: (path) => unlinkSync(path),
  link: (from, to) => linkSync(from, to),
  rmdir: (path) => rmdirSync(path),
  readdir: (path) => readdirSync(path).sort(),
  mkdir: (path) => {
    mkdirSync(path, { recursive: true, mode: 0o777 });
  },
  stat: (path) => {
    const stat = statSync(path);
    return { bytes: stat.size, isDirectory: stat.isDirectory(), modifiedMs: stat.mtimeMs };
  },
  fsyncDir: (path) => {
    const descriptor = openSync(path, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
};
