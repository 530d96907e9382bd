/** One file written from its start to its end through the file-system seam, in large pieces, with a running checksum. */
import { assert, crc32c, type Files, VestalError } from "../../base/index.js";

const BUFFER_BYTES = 256 * 1024;

export class FileWriter {
  readonly path: string;
  readonly #files: Files;
  readonly #descriptor: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #buffered = 0;
  #flushed = 0;
  #crc = 0;
  #isOpen = true;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.path = path;
    this.#descriptor = files.open(path, "w+");
  }

  /** Where the next byte goes: the file's length so far. */
  get position(): number {
    return this.#flushed + this.#buffered;
  }

  write(bytes: Uint8Array): void {
    this.#crc = crc32c(bytes, this.#crc);
    if (bytes.length > BUFFER_BYTES - this.#buffered) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      this.#put(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  /** Zeros up to a multiple of `size`; no part of any checksum. */
  pad(size: number): void {
    const bytes = (size - (this.position % size)) % size;
    const crc = this.#crc;
    if (bytes > 0) this.write(new Uint8Array(bytes));
    this.#crc = crc;
  }

  /** The checksum covers what is written from here on. */
  beginChecksum(): void {
    this.#crc = 0;
  }

  writeChecksum(): void {
    const crc = this.#crc;
    this.write(Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc));
  }

  /** Writes what is buffered, syncs, and closes. */
  finish(): void {
    this.#flush();
    this.#files.fsync(this.#descriptor);
    this.close();
  }

  /** Gives the descriptor back; what is buffered is lost unless `finish` came before. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#files.close(this.#descriptor);
  }

  #flush(): void {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    this.#put(bytes);
  }

  #put(bytes: Uint8Array): void {
    assert(this.#isOpen, `${this.path} is written after it was closed`);
    for (let from = 0; from < bytes.length; ) {
      const written = this.#files.pwrite(this.#descriptor, bytes.subarray(from), this.#flushed);
      if (written === 0) throw new VestalError("FILE_WRITE", `${this.path}: nothing more could be written`);
      from += written;
      this.#flushed += written;
    }
  }
}
