/**
 * Pages of immutable files, read by position and kept in a bounded cache that all blocks of a thread share. Descriptors are
 * opened when a page is missing and closed by `release`: an idle thread must not hold the space of files that are deleted.
 */
import { CorruptionError, type Files } from "../../base/index.js";

export const PAGE_BYTES = 64 * 1024;
/** Part of the cache's bytes that texts of symbols may take besides. */
const TEXTS_PART = 8;
/** A short string and its place in a map. */
const TEXT_BYTES = 100;
/** What is longer than some pages is read past the cache: one scan must not empty it. */
const CACHED_READ_BYTES_MAX = 8 * PAGE_BYTES;

export class PageCache {
  readonly texts: TextBudget;
  readonly #most: number;
  /** Oldest first. */
  readonly #pages = new Map<string, Uint8Array>();
  hits = 0;
  misses = 0;

  constructor(bytesMax: number) {
    this.#most = Math.max(1, Math.floor(bytesMax / PAGE_BYTES));
    this.texts = new TextBudget(bytesMax / TEXTS_PART);
  }

  get bytes(): number {
    return this.#pages.size * PAGE_BYTES;
  }

  get(file: string, page: number, load: () => Uint8Array): Uint8Array {
    const key = `${file}:${page}`;
    let bytes = this.#pages.get(key);
    if (bytes !== undefined) {
      this.hits++;
      this.#pages.delete(key);
    } else {
      this.misses++;
      bytes = load();
      if (this.#pages.size >= this.#most) {
        for (const oldest of this.#pages.keys()) {
          this.#pages.delete(oldest);
          break;
        }
      }
    }
    this.#pages.set(key, bytes);
    return bytes;
  }

  /** Lets go of the pages of all files in a folder that is gone. */
  forget(dir: string): void {
    for (const key of this.#pages.keys()) if (key.startsWith(`${dir}/`)) this.#pages.delete(key);
  }
}

/** Texts that the readers of all blocks keep by their numbers: together bounded, however many blocks there are. */
export class TextBudget {
  readonly #mostBytes: number;
  #bytes = 0;
  /** Maps with texts; those of blocks that are gone must not live on because of this. */
  #users: WeakRef<Map<number, unknown>>[] = [];

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Keeps a text in `user`; where that would be too much, all users' texts are forgotten first. */
  keep(user: Map<number, string>, number: number, text: string): void {
    this.keepSized(user, number, text, TEXT_BYTES + text.length);
  }

  /** The same for anything else that is made of texts, of so many bytes. */
  keepSized<T>(user: Map<number, T>, number: number, value: T, bytes: number): void {
    if (this.#bytes + bytes > this.#mostBytes) {
      for (const other of this.#users) other.deref()?.clear();
      this.#users = [];
      this.#bytes = 0;
    }
    if (user.size === 0) this.#users.push(new WeakRef(user));
    this.#bytes += bytes;
    user.set(number, value);
  }
}

/** One file; what it gives are views that stay valid and must not be changed. */
export class PagedFile {
  readonly path: string;
  readonly length: number;
  readonly #files: Files;
  readonly #cache: PageCache;
  #descriptor: number | undefined;
  /** The page read last: most reads follow each other. */
  #page: Uint8Array | undefined;
  #pageStart = 0;

  constructor(files: Files, path: string, cache: PageCache) {
    this.#files = files;
    this.path = path;
    this.#cache = cache;
    this.length = files.stat(path).bytes;
  }

  /** Exactly `length` bytes. @throws CorruptionError FILE_SHORT if the file has not so many. */
  read(offset: number, length: number): Uint8Array {
    const bytes = this.upTo(offset, length);
    if (bytes.length === length) return bytes;
    throw new CorruptionError("FILE_SHORT", `${this.path} ends at byte ${this.length}, before ${offset + length}`, {
      file: this.path,
      offset,
    });
  }

  /** `length` bytes, fewer at the end of the file. */
  upTo(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.length);
    if (offset >= end) return new Uint8Array(0);
    const first = offset - (offset % PAGE_BYTES);
    if (end <= first + PAGE_BYTES) return this.#pageAt(first).subarray(offset - first, end - first);
    const bytes = new Uint8Array(end - offset);
    if (length > CACHED_READ_BYTES_MAX) {
      this.#fill(bytes, offset);
      return bytes;
    }
    for (let start = first; start < end; start += PAGE_BYTES) {
      const page = this.#pageAt(start);
      const from = Math.max(offset, start);
      bytes.set(page.subarray(from - start, Math.min(end, start + PAGE_BYTES) - start), from - offset);
    }
    return bytes;
  }

  /** The bytes from `offset` to the end of their page, at least one. */
  restOfPage(offset: number): Uint8Array {
    const start = offset - (offset % PAGE_BYTES);
    return this.#pageAt(start).subarray(offset - start);
  }

  /** The page that begins at `start`, a multiple of PAGE_BYTES: the same object as long as the cache keeps it. */
  page(start: number): Uint8Array {
    return this.#pageAt(start);
  }

  /** Closes the descriptor; the next read opens it again. */
  release(): void {
    if (this.#descriptor !== undefined) this.#files.close(this.#descriptor);
    this.#descriptor = undefined;
    this.#page = undefined;
  }

  #pageAt(start: number): Uint8Array {
    if (this.#page !== undefined && this.#pageStart === start) return this.#page;
    const page = this.#cache.get(this.path, start, () => {
      const bytes = new Uint8Array(Math.min(PAGE_BYTES, this.length - start));
      this.#fill(bytes, start);
      return bytes;
    });
    this.#page = page;
    this.#pageStart = start;
    return page;
  }

  #fill(bytes: Uint8Array, offset: number): void {
    this.#descriptor ??= this.#files.open(this.path, "r");
    for (let done = 0; done < bytes.length; ) {
      const read = this.#files.pread(this.#descriptor, bytes.subarray(done), offset + done);
      if (read === 0) {
        throw new CorruptionError("FILE_SHORT", `${this.path} has become shorter than ${this.length} bytes`, {
          file: this.path,
          offset: offset + done,
        });
      }
      done += read;
    }
  }
}
