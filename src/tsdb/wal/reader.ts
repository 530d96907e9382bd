/**
 * Reads a WAL from its last checkpoint to its end, record by record, through one buffer in the thread's WebAssembly
 * memory. Damage ends the reading, as in Prometheus: what stands behind it may depend on what is lost. With `salvage` only
 * the damaged page is left out. Reading changes nothing on disk; `repair.ts` cuts off what `damages` names.
 */
import { Decompress } from "fzstd";
import {
  SCAN_BAD_CHECKSUM,
  SCAN_BAD_COMPRESSION,
  SCAN_BAD_LENGTH,
  SCAN_BAD_ORDER,
  SCAN_BAD_PADDING,
  SCAN_BAD_TYPE,
  SCAN_GROW_JOIN,
  SCAN_GROW_OUT,
  SCAN_HOLE,
  SCAN_MORE,
  SCAN_RECORD,
  SCAN_ZSTD,
  WAL_PAGE_BYTES,
  WAL_SCAN_BUFFER,
  WAL_SCAN_BYTES,
  WAL_SCAN_END,
  WAL_SCAN_GAP,
  WAL_SCAN_JOIN,
  WAL_SCAN_JOIN_CAPACITY,
  WAL_SCAN_JOIN_LENGTH,
  WAL_SCAN_NEEDED,
  WAL_SCAN_OPEN,
  WAL_SCAN_ORPHANS,
  WAL_SCAN_OUT,
  WAL_SCAN_OUT_CAPACITY,
  WAL_SCAN_PENDING,
  WAL_SCAN_POSITION,
  WAL_SCAN_RECORD,
  WAL_SCAN_RECORD_LENGTH,
} from "../../../assembly/layout.js";
import { AssertionError, errorMessage, type Files } from "../../base/index.js";
import { ArenaBuffer } from "./arena-buffer.js";
import type { WalKernels } from "./kernels.js";
import { lastCheckpoint, listSegments } from "./segments.js";
import type { WalPosition } from "./state.js";

export interface WalReaderOptions {
  readonly dir: string;
  readonly files: Files;
  readonly kernels: WalKernels;
  readonly memory: WebAssembly.Memory;
  /** Where to stop in a log that this process writes: its committed position. Without it the files' ends count. */
  readonly end?: WalPosition;
  /** Leave out damaged pages instead of ending at the first. */
  readonly salvage?: boolean;
  /** A multiple of 32 KiB. */
  readonly bufferBytes?: number;
  /** Records that are longer, decompressed, are damage. */
  readonly recordBytesMax?: number;
  /** First segment to read where there is no checkpoint to begin with, or with `skipCheckpoint`. */
  readonly fromSegment?: number;
  readonly skipCheckpoint?: boolean;
  /** Called after each file. */
  readonly onProgress?: (filesDone: number, filesAll: number) => void;
}

export interface WalDamage {
  readonly file: string;
  readonly segment: number;
  readonly isCheckpoint: boolean;
  /** Where the last whole record before it ends; repair cuts off here. */
  readonly goodBytes: number;
  /** First byte of the fragment that is wrong. */
  readonly offset: number;
  readonly reason: string;
  /** At the end of the last segment, with nothing whole behind it: what a crash leaves. */
  readonly isTornTail: boolean;
}

const BUFFER_BYTES_DEFAULT = 1024 * 1024;
const RECORD_BYTES_MAX_DEFAULT = 256 * 1024 * 1024;
const RECORD_BYTES_FIRST = 256 * 1024;

const REASONS: Readonly<Record<number, string>> = {
  [SCAN_BAD_PADDING]: "unexpected non-zero byte in padded page",
  [SCAN_BAD_TYPE]: "unknown record type",
  [SCAN_BAD_LENGTH]: "invalid record size",
  [SCAN_BAD_CHECKSUM]: "unexpected checksum",
  [SCAN_BAD_ORDER]: "unexpected order of a record's fragments",
  [SCAN_BAD_COMPRESSION]: "record cannot be decompressed",
  [SCAN_HOLE]: "records behind a page that was never written",
};

interface Part {
  readonly path: string;
  readonly number: number;
  readonly isCheckpoint: boolean;
  readonly isLast: boolean;
  /** Bytes of the file that count; undefined = all. */
  readonly limit: number | undefined;
}

type Step = "record" | "end" | { readonly status: number; readonly reason: string };

export class WalReader {
  /** The record that `next` found: valid until the next call. Its first byte is its kind; it may be empty. */
  recordAddr = 0;
  recordLength = 0;
  readonly damages: WalDamage[] = [];
  /** Files of the checkpoint and segments, and how many of them have been read. */
  readonly filesAll: number;
  filesDone = 0;
  readonly #options: WalReaderOptions;
  readonly #parts: readonly Part[];
  readonly #buffer: ArenaBuffer;
  readonly #join: ArenaBuffer;
  readonly #out: ArenaBuffer;
  readonly #scan: ArenaBuffer;
  readonly #view: DataView;
  readonly #recordBytesMax: number;
  #part: Part | undefined;
  #descriptor = -1;
  /** Offset in the file of the buffer's first byte. */
  #bufferOffset = 0;
  /** True once the file's last bytes are in the buffer. */
  #isAtEnd = false;
  /** Bytes of the file up to the buffer's end. */
  #fileBytes = 0;
  /** Where the record that `next` gave last ends, and the last one before it that the caller has not refused. */
  #recordEnd = 0;
  #goodBytes = 0;
  #isCleanSinceDamage = false;
  #isOver = false;

  /** @throws CorruptionError WAL_GAP if a segment is missing between others. */
  constructor(options: WalReaderOptions) {
    const { kernels, memory } = options;
    this.#options = options;
    this.#recordBytesMax = options.recordBytesMax ?? RECORD_BYTES_MAX_DEFAULT;
    const bufferBytes = options.bufferBytes ?? BUFFER_BYTES_DEFAULT;
    if (bufferBytes % WAL_PAGE_BYTES !== 0 || bufferBytes === 0) {
      throw new AssertionError(`the buffer of a WAL reader has a multiple of 32 KiB, not ${bufferBytes} bytes`);
    }
    this.#parts = planParts(options);
    this.filesAll = this.#parts.length;
    this.#view = new DataView(memory.buffer);
    this.#buffer = new ArenaBuffer(kernels, memory, "the log");
    this.#join = new ArenaBuffer(kernels, memory, "a record");
    this.#out = new ArenaBuffer(kernels, memory, "a decompressed record");
    this.#scan = new ArenaBuffer(kernels, memory, "reading");
    this.#scan.ensure(WAL_SCAN_BYTES);
    this.#buffer.ensure(bufferBytes);
    this.#join.ensure(RECORD_BYTES_FIRST);
    this.#out.ensure(RECORD_BYTES_FIRST);
    for (let field = 0; field < WAL_SCAN_BYTES; field += 4) this.#set(field, 0);
    this.#set(WAL_SCAN_BUFFER, this.#buffer.address);
    this.#showBuffers();
  }

  /** Number of the segment, or of the checkpoint's file, that has the record. */
  get segment(): number {
    return this.#part?.number ?? -1;
  }

  get isCheckpoint(): boolean {
    return this.#part?.isCheckpoint ?? false;
  }

  /** Offset in its file of the first byte behind the record. */
  get recordEnd(): number {
    return this.#recordEnd;
  }

  /**
   * Goes on to the next record. False at the end, or behind damage that ends the reading.
   * @throws a system error if a file cannot be read; VestalError HEAD_MEMORY if a record does not fit the memory.
   */
  next(): boolean {
    while (!this.#isOver) {
      if (this.#part === undefined && !this.#openPart()) break;
      this.#goodBytes = this.#recordEnd;
      const step = this.#step();
      if (step === "record") {
        this.#isCleanSinceDamage = true;
        return true;
      }
      if (step === "end") this.#endPart();
      else this.#takeDamage(step);
    }
    this.#isOver = true;
    this.#closeFile();
    return false;
  }

  /** Says that the record's contents are malformed although its checksum is right: that is damage too. */
  refuseRecord(reason: string): void {
    this.#takeDamage({ status: SCAN_BAD_COMPRESSION, reason });
  }

  /** Gives back the descriptor and the buffers. */
  close(): void {
    this.#closeFile();
    this.#isOver = true;
    for (const buffer of [this.#buffer, this.#join, this.#out, this.#scan]) buffer.release();
  }

  #step(): Step {
    for (;;) {
      const status = this.#options.kernels.scanRecord(this.#scan.address);
      switch (status) {
        case SCAN_RECORD:
          return this.#found(this.#get(WAL_SCAN_RECORD), this.#get(WAL_SCAN_RECORD_LENGTH));
        case SCAN_MORE:
          if (this.#isAtEnd) {
            if (this.#get(WAL_SCAN_OPEN) === 0) return "end";
            return { status: SCAN_BAD_ORDER, reason: "last record is torn" };
          }
          this.#fill();
          break;
        case SCAN_GROW_JOIN:
        case SCAN_GROW_OUT: {
          const needed = this.#get(WAL_SCAN_NEEDED);
          if (needed > this.#recordBytesMax) {
            this.#set(WAL_SCAN_PENDING, 0);
            return { status: SCAN_BAD_COMPRESSION, reason: this.#tooLong() };
          }
          if (status === SCAN_GROW_JOIN) this.#join.ensure(2 * needed, this.#get(WAL_SCAN_JOIN_LENGTH));
          else this.#out.ensure(needed);
          this.#showBuffers();
          break;
        }
        case SCAN_ZSTD:
          return this.#inflate();
        default:
          return { status, reason: REASONS[status] ?? `status ${status}` };
      }
    }
  }

  #found(address: number, length: number): Step {
    const end = this.#bufferOffset + this.#get(WAL_SCAN_POSITION);
    // The zeros that fill up the last page can complete a record whose own last bytes are zeros, and make one byte of a
    // header an empty record: it was torn all the same.
    if (this.#isAtEnd && end > this.#fileBytes) return { status: SCAN_BAD_LENGTH, reason: "last record is torn" };
    if (length > this.#recordBytesMax) return { status: SCAN_BAD_COMPRESSION, reason: this.#tooLong() };
    this.recordAddr = address;
    this.recordLength = length;
    this.#recordEnd = end;
    return "record";
  }

  #tooLong(): string {
    return `record of more than ${this.#recordBytesMax} bytes`;
  }

  /** Decompresses the zstd record that scanning found. */
  #inflate(): Step {
    const stored = this.#get(WAL_SCAN_RECORD);
    const bytes = new Uint8Array(this.#options.memory.buffer);
    const parts: Uint8Array[] = [];
    let length = 0;
    const stream = new Decompress((part) => {
      length += part.length;
      if (length > this.#recordBytesMax) throw new RangeError(this.#tooLong());
      parts.push(part.slice());
    });
    try {
      stream.push(bytes.slice(stored, stored + this.#get(WAL_SCAN_RECORD_LENGTH)), true);
    } catch (error) {
      // The library throws plain errors for anything that is wrong with the bytes, and nothing else happens here.
      return { status: SCAN_BAD_COMPRESSION, reason: `record cannot be decompressed: ${errorMessage(error)}` };
    }
    this.#out.ensure(length);
    this.#showBuffers();
    let at = this.#out.address;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return this.#found(this.#out.address, length);
  }

  #openPart(): boolean {
    const part = this.#parts[this.filesDone];
    if (part === undefined) return false;
    this.#descriptor = this.#options.files.open(part.path, "r");
    this.#part = part;
    this.#bufferOffset = 0;
    this.#recordEnd = 0;
    this.#isAtEnd = false;
    for (const field of [WAL_SCAN_END, WAL_SCAN_OPEN, WAL_SCAN_PENDING, WAL_SCAN_GAP, WAL_SCAN_ORPHANS]) {
      this.#set(field, 0);
    }
    this.#set(WAL_SCAN_POSITION, 0);
    return true;
  }

  #endPart(): void {
    const last = this.damages.at(-1);
    if (this.#part?.isLast && last?.file === this.#part.path && !this.#isCleanSinceDamage) {
      this.damages[this.damages.length - 1] = { ...last, isTornTail: true };
    }
    this.#closeFile();
    this.#part = undefined;
    this.filesDone++;
    this.#options.onProgress?.(this.filesDone, this.filesAll);
  }

  #closeFile(): void {
    if (this.#descriptor >= 0) this.#options.files.close(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Replaces the used-up buffer by the next bytes of the file; a last partial page is filled up with zeros. */
  #fill(): void {
    const { files, memory } = this.#options;
    this.#bufferOffset += this.#get(WAL_SCAN_END);
    const wanted = Math.min(this.#buffer.capacity, (this.#part?.limit ?? Number.MAX_SAFE_INTEGER) - this.#bufferOffset);
    const capacity = this.#buffer.capacity - (this.#buffer.capacity % WAL_PAGE_BYTES);
    const bytes = new Uint8Array(memory.buffer, this.#buffer.address, Math.min(wanted, capacity));
    let length = 0;
    while (length < bytes.length) {
      const read = files.pread(this.#descriptor, bytes.subarray(length), this.#bufferOffset + length);
      if (read === 0) break;
      length += read;
    }
    this.#isAtEnd = length < capacity;
    this.#fileBytes = this.#bufferOffset + length;
    const end = Math.ceil(length / WAL_PAGE_BYTES) * WAL_PAGE_BYTES;
    new Uint8Array(memory.buffer).fill(0, this.#buffer.address + length, this.#buffer.address + end);
    this.#set(WAL_SCAN_POSITION, 0);
    this.#set(WAL_SCAN_END, end);
  }

  /** Notes damage, then goes on behind it (salvage), with the segments (a checkpoint's), or not at all. */
  #takeDamage({ status, reason }: { readonly status: number; readonly reason: string }): void {
    const part = this.#part;
    if (part === undefined) throw new AssertionError("damage outside a segment");
    this.damages.push({
      file: part.path,
      segment: part.number,
      isCheckpoint: part.isCheckpoint,
      goodBytes: this.#goodBytes,
      offset: this.#bufferOffset + this.#get(WAL_SCAN_POSITION),
      reason,
      isTornTail: false,
    });
    this.#isCleanSinceDamage = false;
    this.#passDamage(status);
    if (this.#options.salvage) return;
    if (part.isCheckpoint) {
      this.#endPart();
      while (this.#parts[this.filesDone]?.isCheckpoint) this.filesDone++;
      return;
    }
    // Whether anything whole stands behind it tells a crash's torn tail from damage that loses records.
    let step = this.#step();
    while (step !== "record" && step !== "end") {
      this.#passDamage(step.status);
      step = this.#step();
    }
    if (step === "end") this.#endPart();
    this.#isOver = true;
  }

  /** Moves to where reading may go on: behind the page, unless the next fragment is sound by itself. */
  #passDamage(status: number): void {
    const position = this.#get(WAL_SCAN_POSITION);
    const staysInPage = status === SCAN_BAD_ORDER || status === SCAN_HOLE || status === SCAN_BAD_COMPRESSION;
    if (!staysInPage) this.#set(WAL_SCAN_POSITION, position - (position % WAL_PAGE_BYTES) + WAL_PAGE_BYTES);
    this.#set(WAL_SCAN_OPEN, 0);
    this.#set(WAL_SCAN_GAP, 0);
    this.#set(WAL_SCAN_ORPHANS, 1);
  }

  #showBuffers(): void {
    this.#set(WAL_SCAN_JOIN, this.#join.address);
    this.#set(WAL_SCAN_JOIN_CAPACITY, this.#join.capacity);
    this.#set(WAL_SCAN_OUT, this.#out.address);
    this.#set(WAL_SCAN_OUT_CAPACITY, this.#out.capacity);
  }

  #get(field: number): number {
    return this.#view.getUint32(this.#scan.address + field, true);
  }

  #set(field: number, value: number): void {
    this.#view.setUint32(this.#scan.address + field, value, true);
  }
}

function planParts({ files, dir, end, fromSegment = 0, skipCheckpoint = false }: WalReaderOptions): Part[] {
  const checkpoint = skipCheckpoint ? undefined : lastCheckpoint(files, dir);
  const first = Math.max(fromSegment, checkpoint === undefined ? 0 : checkpoint.number + 1);
  const segments = listSegments(files, dir).filter(
    ({ number }) => number >= first && (end === undefined || number <= end.segment),
  );
  return [
    ...(checkpoint === undefined ? [] : listSegments(files, checkpoint.path)).map(({ path, number }) => ({
      path,
      number,
      isCheckpoint: true,
      isLast: false,
      limit: undefined,
    })),
    ...segments.map(({ path, number }, i) => ({
      path,
      number,
      isCheckpoint: false,
      isLast: i === segments.length - 1,
      limit: number === end?.segment ? end.offset : undefined,
    })),
  ];
}
