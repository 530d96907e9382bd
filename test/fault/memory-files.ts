/**
 * A file system in memory that fails as real ones do. `cutPower` leaves what a power cut may leave: what was synced is
 * whole; of each unsynced write any sectors may have arrived; of unsynced changes of names, any number from the first on.
 * `fault` is asked before each call and may let it fail or write short. Descriptors are numbers as everywhere.
 */
import type { FileStat, Files, OpenMode } from "../../src/base/index.js";

export type FileCall = keyof Files;

/** What happens instead of a call: it fails; `shortBytes` of a write arrive first (without `code` it only is short). */
export interface Fault {
  readonly code?: "EIO" | "ENOSPC" | "EMFILE";
  readonly shortBytes?: number;
}

const SECTOR_BYTES = 512;

interface Write {
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface Truncation {
  readonly length: number;
}

interface MemoryFile {
  content: Uint8Array;
  durable: Uint8Array;
  unsynced: (Write | Truncation)[];
}

/** A change of a directory: the path now names `file`, or nothing; or the directory `path` has moved to `movedTo`. */
interface NameChange {
  readonly directory: string;
  path: string;
  readonly file: MemoryFile | undefined;
  readonly movedTo?: string;
}

export class MemoryFiles implements Files {
  fault: (call: FileCall, path: string, index: number) => Fault | undefined = () => undefined;
  /** Calls so far; `fault` gets this as its index. */
  calls = 0;
  readonly #names = new Map<string, MemoryFile>();
  readonly #durableNames = new Map<string, MemoryFile>();
  readonly #directories = new Set<string>(["/", "."]);
  /** Making and removing directories is durable at once; moving them is not. */
  readonly #durableDirectories = new Set<string>(["/", "."]);
  readonly #open = new Map<number, { readonly path: string; readonly file: MemoryFile }>();
  #unsyncedNames: NameChange[] = [];
  #nextDescriptor = 3;

  open(path: string, mode: OpenMode): number {
    this.#enter("open", path);
    let file = this.#names.get(path);
    if (file === undefined) {
      if (mode === "r" || mode === "r+") throw systemError("ENOENT", "open", path);
      if (!this.#directories.has(folderOf(path))) throw systemError("ENOENT", "open", path);
      file = { content: new Uint8Array(), durable: new Uint8Array(), unsynced: [] };
      this.#setName(path, file);
    } else if (mode === "wx+") throw systemError("EEXIST", "open", path);
    else if (mode === "w+") this.#truncate(file, 0);
    const descriptor = this.#nextDescriptor++;
    this.#open.set(descriptor, { path, file });
    return descriptor;
  }

  close(descriptor: number): void {
    try {
      this.#opened("close", descriptor);
    } finally {
      this.#open.delete(descriptor); // Linux frees the number even if closing fails
    }
  }

  pread(descriptor: number, bytes: Uint8Array, position: number): number {
    const { file } = this.#opened("pread", descriptor);
    const part = file.content.subarray(position, position + bytes.length);
    bytes.set(part);
    return part.length;
  }

  pwrite(descriptor: number, bytes: Uint8Array, position: number): number {
    const { file, fault } = this.#opened("pwrite", descriptor, true);
    const part = fault === undefined ? bytes : bytes.subarray(0, fault.shortBytes ?? 0);
    if (part.length > 0) {
      const copy = Uint8Array.from(part);
      file.content = written(file.content, position, copy);
      file.unsynced.push({ position, bytes: copy });
    }
    if (fault?.code !== undefined) throw systemError(fault.code, "write", this.#open.get(descriptor)!.path);
    return part.length;
  }

  ftruncate(descriptor: number, bytes: number): void {
    this.#truncate(this.#opened("ftruncate", descriptor).file, bytes);
  }

  fsync(descriptor: number): void {
    const { file } = this.#opened("fsync", descriptor);
    file.durable = file.content.slice();
    file.unsynced = [];
  }

  rename(from: string, to: string): void {
    this.#enter("rename", from);
    if (this.#directories.has(from)) {
      this.#moveDirectory(from, to);
      return;
    }
    const file = this.#names.get(from);
    if (file === undefined) throw systemError("ENOENT", "rename", from);
    if (!this.#directories.has(folderOf(to))) throw systemError("ENOENT", "rename", to);
    this.#setName(to, file);
    this.#setName(from, undefined);
  }

  unlink(path: string): void {
    this.#enter("unlink", path);
    if (!this.#names.has(path)) throw systemError("ENOENT", "unlink", path);
    this.#setName(path, undefined);
  }

  link(from: string, to: string): void {
    this.#enter("link", from);
    const file = this.#names.get(from);
    if (file === undefined) throw systemError("ENOENT", "link", from);
    if (this.#names.has(to)) throw systemError("EEXIST", "link", to);
    if (!this.#directories.has(folderOf(to))) throw systemError("ENOENT", "link", to);
    this.#setName(to, file);
  }

  rmdir(path: string): void {
    this.#enter("rmdir", path);
    if (!this.#directories.has(path)) throw systemError("ENOENT", "rmdir", path);
    if (this.#list(path).length > 0) throw systemError("ENOTEMPTY", "rmdir", path);
    this.#directories.delete(path);
    this.#durableDirectories.delete(path);
  }

  readdir(path: string): string[] {
    this.#enter("readdir", path);
    if (!this.#directories.has(path)) throw systemError("ENOENT", "readdir", path);
    return this.#list(path);
  }

  mkdir(path: string): void {
    this.#enter("mkdir", path);
    for (let folder = path; folder !== "/" && folder !== "."; folder = folderOf(folder)) {
      this.#directories.add(folder);
      this.#durableDirectories.add(folder);
    }
  }

  stat(path: string): FileStat {
    this.#enter("stat", path);
    if (this.#directories.has(path)) return { bytes: 0, isDirectory: true, modifiedMs: 0 };
    const file = this.#names.get(path);
    if (file === undefined) throw systemError("ENOENT", "stat", path);
    return { bytes: file.content.length, isDirectory: false, modifiedMs: 0 };
  }

  fsyncDir(path: string): void {
    this.#enter("fsyncDir", path);
    if (!this.#directories.has(path)) throw systemError("ENOENT", "open", path);
    for (const change of this.#unsyncedNames) if (change.directory === path) this.#keepName(change);
    this.#unsyncedNames = this.#unsyncedNames.filter((change) => change.directory !== path);
  }

  /** The contents of a file, for looking and for spoiling: changes of the array are changes of the file. */
  contentOf(path: string): Uint8Array {
    const file = this.#names.get(path);
    if (file === undefined) throw systemError("ENOENT", "open", path);
    return file.content;
  }

  /** A file as if it had been there and synced. */
  put(path: string, content: Uint8Array): void {
    this.mkdir(folderOf(path));
    const file = { content: content.slice(), durable: content.slice(), unsynced: [] };
    this.#names.set(path, file);
    this.#durableNames.set(path, file);
  }

  /**
   * Cuts the power: descriptors are gone, and of what was not synced `random` (0 … 1, one call a decision) says what is
   * left.
   */
  cutPower(random: () => number): void {
    this.#open.clear();
    const kept = Math.floor(random() * (this.#unsyncedNames.length + 1));
    for (const change of this.#unsyncedNames.slice(0, kept)) this.#keepName(change);
    this.#unsyncedNames = [];
    this.#names.clear();
    for (const [path, file] of this.#durableNames) this.#names.set(path, file);
    this.#directories.clear();
    for (const path of this.#durableDirectories) this.#directories.add(path);
    for (const file of new Set(this.#names.values())) {
      let content = file.durable;
      for (const change of file.unsynced) {
        if (!("position" in change)) {
          if (random() < 0.5) content = resized(content, change.length);
        } else {
          for (let from = 0; from < change.bytes.length; ) {
            const position = change.position + from;
            const to = Math.min(change.bytes.length, from + SECTOR_BYTES - (position % SECTOR_BYTES));
            if (random() < 0.7) content = written(content, position, change.bytes.subarray(from, to));
            from = to;
          }
        }
      }
      file.content = content;
      file.durable = content.slice();
      file.unsynced = [];
    }
  }

  /** Another file system with the same contents, synced and not; nothing is open in it. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles();
    const copies = new Map<MemoryFile, MemoryFile>();
    const copyOf = (file: MemoryFile): MemoryFile => {
      const known = copies.get(file);
      if (known !== undefined) return known;
      const made = { content: file.content.slice(), durable: file.durable.slice(), unsynced: [...file.unsynced] };
      copies.set(file, made);
      return made;
    };
    for (const [path, file] of this.#names) copy.#names.set(path, copyOf(file));
    for (const [path, file] of this.#durableNames) copy.#durableNames.set(path, copyOf(file));
    for (const path of this.#directories) copy.#directories.add(path);
    for (const path of this.#durableDirectories) copy.#durableDirectories.add(path);
    copy.#unsyncedNames = this.#unsyncedNames.map((change) =>
      change.file === undefined ? { ...change } : { ...change, file: copyOf(change.file) },
    );
    return copy;
  }

  #list(path: string): string[] {
    const names = new Set<string>();
    for (const entry of [...this.#names.keys(), ...this.#directories]) {
      if (entry !== path && folderOf(entry) === path) names.add(entry.slice(path.length + 1));
    }
    return [...names].sort();
  }

  #enter(call: FileCall, path: string, mayBeShort = false): Fault | undefined {
    const fault = this.fault(call, path, this.calls++);
    if (fault?.code !== undefined && !mayBeShort) throw systemError(fault.code, call, path);
    return fault;
  }

  #opened(call: FileCall, descriptor: number, mayBeShort = false): { file: MemoryFile; fault: Fault | undefined } {
    const opened = this.#open.get(descriptor);
    if (opened === undefined) throw systemError("EBADF", call, String(descriptor));
    return { file: opened.file, fault: this.#enter(call, opened.path, mayBeShort) };
  }

  #truncate(file: MemoryFile, length: number): void {
    file.content = resized(file.content, length);
    file.unsynced.push({ length });
  }

  #setName(path: string, file: MemoryFile | undefined): void {
    if (file === undefined) this.#names.delete(path);
    else this.#names.set(path, file);
    this.#unsyncedNames.push({ directory: folderOf(path), path, file });
  }

  #moveDirectory(from: string, to: string): void {
    if (this.#directories.has(to) && this.#list(to).length > 0) throw systemError("ENOTEMPTY", "rename", to);
    if (!this.#directories.has(folderOf(to))) throw systemError("ENOENT", "rename", to);
    moveKeys(this.#names, from, to);
    moveMembers(this.#directories, from, to);
    this.#unsyncedNames.push({ directory: folderOf(to), path: from, file: undefined, movedTo: to });
  }

  #keepName(change: NameChange): void {
    const { movedTo } = change;
    if (movedTo !== undefined) {
      moveKeys(this.#durableNames, change.path, movedTo);
      moveMembers(this.#durableDirectories, change.path, movedTo);
      for (const other of this.#unsyncedNames) other.path = movedPath(other.path, change.path, movedTo);
      return;
    }
    if (change.file === undefined) this.#durableNames.delete(change.path);
    else this.#durableNames.set(change.path, change.file);
  }
}

function movedPath(path: string, from: string, to: string): string {
  return path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
}

function moveKeys(names: Map<string, MemoryFile>, from: string, to: string): void {
  for (const [path, file] of [...names]) {
    if (!path.startsWith(`${from}/`)) continue;
    names.delete(path);
    names.set(movedPath(path, from, to), file);
  }
}

function moveMembers(directories: Set<string>, from: string, to: string): void {
  for (const path of [...directories]) {
    if (path !== from && !path.startsWith(`${from}/`)) continue;
    directories.delete(path);
    directories.add(movedPath(path, from, to));
  }
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : path.slice(0, slash);
}

function resized(content: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(content.subarray(0, length));
  return result;
}

function written(content: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const result = position + bytes.length > content.length ? resized(content, position + bytes.length) : content.slice();
  result.set(bytes, position);
  return result;
}

function systemError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}
