/**
 * Takes over what lies in chunks_head, before the log is replayed: the chunks are kept by series ref until a series record
 * names them. Damage ends it: what stands behind is in the log too, so it is cut off, as Prometheus removes such files.
 */
import {
  CHUNKS_FILE_HEADER,
  CHUNKS_FILE_MAGIC,
  CHUNKS_FILE_VERSION,
  DISK_SCAN_BAD_CHECKSUM,
  DISK_SCAN_BAD_LENGTH,
  DISK_SCAN_BAD_ORDER,
  DISK_SCAN_BUFFER,
  DISK_SCAN_BYTES,
  DISK_SCAN_CHUNKS,
  DISK_SCAN_END,
  DISK_SCAN_FILE,
  DISK_SCAN_IS_END,
  DISK_SCAN_LENGTH,
  DISK_SCAN_MAX_REF,
  DISK_SCAN_MIN_VALID_TIME,
  DISK_SCAN_MORE,
  DISK_SCAN_NEEDED,
  DISK_SCAN_NO_MEMORY,
  DISK_SCAN_OFFSET,
  DISK_SCAN_OOO_CHUNKS,
  DISK_SCAN_OOO_TABLE,
  DISK_SCAN_OTHERS,
  DISK_SCAN_POSITION,
  DISK_SCAN_TABLE,
  DISK_SCAN_TOO_OLD,
  DISK_SCAN_TORN,
} from "../../../assembly/layout.js";
import { CorruptionError, errorCode, type Files, VestalError } from "../../base/index.js";
import { ArenaBuffer, type WalKernels, type WalPosition } from "../wal/index.js";
import type { DiskKernels } from "./kernels.js";
import { type ChunksHeadState, listHeadChunkFiles } from "./state.js";

const BUFFER_BYTES = 1024 * 1024;
const LOCK_TIMEOUT_MS = 30_000;
const INT64_MIN = -(2n ** 63n);

export interface LoadOptions {
  readonly dir: string;
  readonly files: Files;
  readonly kernels: DiskKernels;
  readonly memory: WebAssembly.Memory;
  readonly state: ChunksHeadState;
  readonly ownerId: number;
  /** Where the files end for this reader. */
  readonly end: WalPosition;
  /** Chunks that end before it are left out: a block has their samples. */
  readonly minValidTimeMs: number;
  /** Cut damage off; false while other threads use what stands behind it. */
  readonly mends: boolean;
}

export interface HeadChunkDamage {
  readonly file: string;
  readonly number: number;
  /** Where the first record that is wrong begins. */
  readonly offset: number;
  readonly reason: string;
}

const REASONS: Readonly<Record<number, string>> = {
  [DISK_SCAN_BAD_CHECKSUM]: "checksum mismatch",
  [DISK_SCAN_TORN]: "the file ends within a record",
  [DISK_SCAN_BAD_LENGTH]: "impossible length of a chunk",
  [DISK_SCAN_BAD_ORDER]: "a chunk that is not newer than the one before it of the same series",
};

/** Chunks by series ref, until `release`. */
export class LoadedChunks {
  readonly damage: HeadChunkDamage | undefined;
  readonly maxRef: number;
  readonly chunks: number;
  readonly tooOld: number;
  /** Left out because of their encoding. */
  readonly others: number;
  /** Of samples out of order. */
  readonly outOfOrder: number;
  attached = 0;
  readonly #kernels: DiskKernels;
  readonly #ends: ReadonlyMap<number, number>;
  #table: number;
  #outOfOrderTable: number;

  /** @param ends  by number of the file: behind the last record that was read of it. */
  constructor(
    kernels: DiskKernels,
    tables: { readonly inOrder: number; readonly outOfOrder: number },
    damage: HeadChunkDamage | undefined,
    ends: ReadonlyMap<number, number>,
    counts: Record<"maxRef" | "chunks" | "tooOld" | "others" | "outOfOrder", number>,
  ) {
    this.#kernels = kernels;
    this.#table = tables.inOrder;
    this.#outOfOrderTable = tables.outOfOrder;
    this.#ends = ends;
    this.damage = damage;
    this.maxRef = counts.maxRef;
    this.chunks = counts.chunks;
    this.tooOld = counts.tooOld;
    this.others = counts.others;
    this.outOfOrder = counts.outOfOrder;
  }

  /** Whether the record at `offset` of file `file` was read, or was removed when a block had it; 0, 0 stands for none. */
  has(file: number, offset: number): boolean {
    if (file === 0 && offset === 0) return true;
    const [first] = this.#ends.keys();
    return first !== undefined && (file < first || offset < (this.#ends.get(file) ?? 0));
  }

  /** The series record of a ref was read: its chunks become those of `slot`, seen by readers with `commit`. */
  attach(slot: number, refLow: number, refHigh: number, commit: number): void {
    this.attached += this.#kernels.attachChunks(this.#table, refLow, refHigh, slot, commit);
    const outOfOrder = this.#kernels.attachOutOfOrder(this.#outOfOrderTable, refLow, refHigh, slot);
    if (outOfOrder < 0) throw memoryFull();
    this.attached += outOfOrder;
  }

  /** The series belongs to another shard. */
  drop(refLow: number, refHigh: number): void {
    this.#kernels.dropChunks(this.#table, refLow, refHigh);
    this.#kernels.dropChunks(this.#outOfOrderTable, refLow, refHigh);
  }

  release(): void {
    for (const table of [this.#table, this.#outOfOrderTable]) if (table !== 0) this.#kernels.releaseChunkTable(table);
    this.#table = 0;
    this.#outOfOrderTable = 0;
  }
}

/**
 * @throws VestalError HEAD_MEMORY if the head has no room even for the list of chunks; a system error if a file cannot be
 *         read.
 */
export function loadChunksHead(options: LoadOptions): LoadedChunks {
  const { kernels, memory, minValidTimeMs } = options;
  const wal = kernels as unknown as WalKernels; // the ingest instance has all kernels
  const scan = new ArenaBuffer(wal, memory, "reading chunks_head");
  const buffer = new ArenaBuffer(wal, memory, "chunks_head");
  const table = kernels.createRefTable(0) >>> 0;
  const outOfOrderTable = kernels.createRefTable(0) >>> 0;
  try {
    if (table === 0 || outOfOrderTable === 0) throw memoryFull();
    scan.ensure(DISK_SCAN_BYTES);
    buffer.ensure(BUFFER_BYTES);
    const view = new DataView(memory.buffer);
    new Uint8Array(memory.buffer).fill(0, scan.address, scan.address + DISK_SCAN_BYTES);
    view.setUint32(scan.address + DISK_SCAN_TABLE, table, true);
    view.setUint32(scan.address + DISK_SCAN_OOO_TABLE, outOfOrderTable, true);
    const minValid = Number.isFinite(minValidTimeMs) ? BigInt(Math.ceil(minValidTimeMs)) : INT64_MIN;
    view.setBigInt64(scan.address + DISK_SCAN_MIN_VALID_TIME, minValid, true);
    const reading = new Scan(options, view, scan.address, buffer);
    const damage = reading.run();
    if (damage !== undefined && options.mends) cutOffDamage(options, damage);
    const count = (field: number) => view.getFloat64(scan.address + field, true);
    const tables = { inOrder: table, outOfOrder: outOfOrderTable };
    return new LoadedChunks(kernels, tables, damage, reading.ends, {
      maxRef: Number(view.getBigUint64(scan.address + DISK_SCAN_MAX_REF, true)),
      chunks: count(DISK_SCAN_CHUNKS),
      tooOld: count(DISK_SCAN_TOO_OLD),
      others: count(DISK_SCAN_OTHERS),
      outOfOrder: count(DISK_SCAN_OOO_CHUNKS),
    });
  } catch (error) {
    for (const one of [table, outOfOrderTable]) if (one !== 0) kernels.releaseChunkTable(one);
    throw error;
  } finally {
    scan.release();
    buffer.release();
  }
}

/** The line that a person reads about damage. */
export function headChunkDamageError(damage: HeadChunkDamage): CorruptionError {
  return new CorruptionError(
    "CHUNKS_HEAD_CORRUPTED",
    `chunks_head: ${damage.file} is damaged at byte ${damage.offset}: ${damage.reason}; what stands behind it is cut off, ` +
      "and its samples are taken from the write-ahead log",
    { ...damage },
  );
}

class Scan {
  readonly #options: LoadOptions;
  readonly #view: DataView;
  readonly #scan: number;
  readonly #buffer: ArenaBuffer;
  /** By number of the file: behind its last record that is whole. */
  readonly ends = new Map<number, number>();

  constructor(options: LoadOptions, view: DataView, scan: number, buffer: ArenaBuffer) {
    this.#options = options;
    this.#view = view;
    this.#scan = scan;
    this.#buffer = buffer;
  }

  run(): HeadChunkDamage | undefined {
    const { files, dir, end } = this.#options;
    for (const { path, number } of listHeadChunkFiles(files, dir)) {
      if (number > end.segment) break;
      const limit = number === end.segment ? end.offset : Number.MAX_SAFE_INTEGER;
      let descriptor: number;
      try {
        descriptor = files.open(path, "r");
      } catch (error) {
        if (errorCode(error) === "ENOENT") return undefined; // another shard found damage before it, and cut it off
        throw error;
      }
      try {
        const damage = this.#readFile(descriptor, path, number, limit);
        const offset = this.#get(DISK_SCAN_OFFSET) + this.#get(DISK_SCAN_POSITION);
        this.ends.set(number, damage === undefined ? offset : damage.offset);
        if (damage !== undefined) return damage;
      } finally {
        files.close(descriptor);
      }
    }
    return undefined;
  }

  #readFile(descriptor: number, path: string, number: number, limit: number): HeadChunkDamage | undefined {
    const { files, kernels } = this.#options;
    const header = new Uint8Array(CHUNKS_FILE_HEADER);
    const damage = (offset: number, reason: string): HeadChunkDamage => ({ file: path, number, offset, reason });
    if (files.pread(descriptor, header, 0) < header.length) return damage(0, "the file ends within its header");
    const magic = new DataView(header.buffer).getUint32(0);
    if (magic !== CHUNKS_FILE_MAGIC) return damage(0, `invalid magic number ${magic.toString(16)}`);
    if (header[4] !== CHUNKS_FILE_VERSION) return damage(4, `invalid version ${header[4]}`);
    this.#set(DISK_SCAN_FILE, number);
    this.#set(DISK_SCAN_POSITION, 0);
    this.#set(DISK_SCAN_LENGTH, 0);
    this.#set(DISK_SCAN_OFFSET, CHUNKS_FILE_HEADER);
    this.#set(DISK_SCAN_IS_END, 0);
    this.#set(DISK_SCAN_NEEDED, 0);
    for (;;) {
      this.#fill(descriptor, limit);
      const status = kernels.scanChunks(this.#scan);
      if (status === DISK_SCAN_END) return undefined;
      if (status === DISK_SCAN_NO_MEMORY) throw memoryFull();
      if (status !== DISK_SCAN_MORE) {
        const offset = this.#get(DISK_SCAN_OFFSET) + this.#get(DISK_SCAN_POSITION);
        return damage(offset, REASONS[status] ?? `status ${status}`);
      }
      if (this.#get(DISK_SCAN_IS_END) !== 0) return undefined;
    }
  }

  /** Moves what is left to the front and reads on behind it. */
  #fill(descriptor: number, limit: number): void {
    const { files, memory } = this.#options;
    const position = this.#get(DISK_SCAN_POSITION);
    const left = this.#get(DISK_SCAN_LENGTH) - position;
    const offset = this.#get(DISK_SCAN_OFFSET) + position;
    const bytes = new Uint8Array(memory.buffer);
    bytes.copyWithin(this.#buffer.address, this.#buffer.address + position, this.#buffer.address + position + left);
    this.#buffer.ensure(Math.max(this.#get(DISK_SCAN_NEEDED), BUFFER_BYTES), left);
    const { address, capacity } = this.#buffer;
    const wanted = Math.min(capacity, Math.max(left, limit - offset));
    let length = left;
    while (length < wanted) {
      const read = files.pread(descriptor, bytes.subarray(address + length, address + wanted), offset + length);
      if (read === 0) break;
      length += read;
    }
    this.#set(DISK_SCAN_BUFFER, address);
    this.#set(DISK_SCAN_OFFSET, offset);
    this.#set(DISK_SCAN_POSITION, 0);
    this.#set(DISK_SCAN_LENGTH, length);
    this.#set(DISK_SCAN_IS_END, length < capacity || offset + length >= limit ? 1 : 0);
  }

  #get(field: number): number {
    return this.#view.getUint32(this.#scan + field, true);
  }

  #set(field: number, value: number): void {
    this.#view.setUint32(this.#scan + field, value, true);
  }
}

/**
 * Removes the files behind the damage, from the last one down so that no gap is left, and cuts the damaged one off. Every
 * shard reads the same files before it writes any, so the first to come here does it for all.
 */
function cutOffDamage({ files, dir, state, ownerId }: LoadOptions, damage: HeadChunkDamage): void {
  state.log.lock(ownerId, LOCK_TIMEOUT_MS);
  try {
    if (state.isMended) return;
    state.count("corruptions");
    for (const { path, number } of listHeadChunkFiles(files, dir).reverse()) {
      if (number > damage.number) files.unlink(path);
    }
    let last = damage.number;
    if (damage.offset <= CHUNKS_FILE_HEADER) {
      files.unlink(damage.file);
      last--;
    } else {
      const descriptor = files.open(damage.file, "r+");
      try {
        files.ftruncate(descriptor, damage.offset);
        files.fsync(descriptor);
      } finally {
        files.close(descriptor);
      }
    }
    files.fsyncDir(dir);
    // Where the first file of a folder that was truncated goes, its number is used again.
    state.log.setPosition(last, 0);
    state.setMended();
  } finally {
    state.log.unlock();
  }
}

function memoryFull(): VestalError {
  return new VestalError(
    "HEAD_MEMORY",
    "chunks_head: the head's memory has no room for the list of chunks; start with a larger one, or with fewer shards",
  );
}
