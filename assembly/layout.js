"use strict";
/**
 * Memory map of one shard's head: one shared WebAssembly.Memory, at most 65,535 pages. Little-endian. Offsets in bytes.
 * AssemblyScript and TypeScript both import this file; nothing else knows an offset.
 *
 *   offset  bytes   region          writer   ordering
 *   0       64      identity        main     before any thread starts; constant after
 *   64      64      progress words  ingest   each stored atomically, see below
 *   128     256     reader pins     reader   atomic store of an epoch in the reader's own word; 0 = none
 *   512     512     arena           ingest   plain; read by nobody else (a reader may show the sums)
 *   1024    1024    roots           ingest   atomic store of an address or count AFTER the bytes it makes reachable
 *   2048    2048    counters        ingest   f64, plain; a torn read is impossible (aligned), a stale one harmless
 *   4096    61440   static data     linker   written again, with equal bytes, by each instance that starts
 *   65536   16384   slot directory  ingest   atomic store of a segment's address AFTER the segment is zeroed
 *   81920   16384   symbol directory ingest  as the slot directory
 *   98304   16384   pair directory  ingest   as the slot directory
 *   131072  …       arena memory    ingest   regions; each kind is described below
 *
 * How a commit is published (writer): for each series, under its sequence lock, the OLDER of the two entries is
 * overwritten with (commit, chunk, count); after all series of the batch, `COMMITTED` is stored atomically; after that
 * `EPOCH` is advanced. A reader pins `EPOCH`, loads `COMMITTED` = S, and takes for each series the newest entry whose
 * commit is ≤ S; where both are newer it starts again with a new S. Only `count` samples of the chunk are valid: bytes
 * behind them, and the last byte's spare bits, still change.
 *
 * How memory is reused: a region that readers may still see is retired with the epoch of that moment and freed when
 * every pin is newer. Epochs and commits are u32 that wrap: compare by signed difference. 0 is never an epoch or commit.
 *
 * Invariants: regions do not overlap; fields are aligned to their size; one writer a region; `COMMITTED` and `EPOCH`
 * only advance. Constants stay below 2^31, larger addresses are computed in `usize`.
 */
Object.defineProperty(exports, "__esModule", { value: true });
exports.SEGMENT_SHIFT = exports.DIRECTORY_ENTRIES = exports.PAIR_DIRECTORY = exports.SYMBOL_DIRECTORY = exports.SLOT_DIRECTORY = exports.STATIC_DATA_END = exports.STATIC_DATA = exports.COUNTER_COUNT = exports.COUNTER_REFUSED_MEMORY = exports.COUNTER_MAX_TIME = exports.COUNTER_MIN_TIME = exports.COUNTER_OUT_OF_BOUNDS = exports.COUNTER_DUPLICATE = exports.COUNTER_OUT_OF_ORDER = exports.COUNTER_SAMPLES_APPENDED = exports.COUNTER_CHUNKS_CREATED = exports.COUNTER_CHUNKS = exports.COUNTER_SERIES_REMOVED = exports.COUNTER_SERIES_CREATED = exports.COUNTER_SERIES = exports.COUNTERS = exports.ROOT_REF_END = exports.ROOT_NEXT_REF = exports.ROOT_FREE_SLOTS = exports.ROOT_NAMES = exports.ROOT_PAIR_TABLE = exports.ROOT_SYMBOL_TABLE = exports.ROOT_SERIES_TABLE_MASK = exports.ROOT_SERIES_TABLE = exports.ARENA_CLASSES = exports.ARENA_FREE = exports.ARENA_RETIRED_BYTES = exports.ARENA_RETIRED_TAIL = exports.ARENA_RETIRED_HEAD = exports.ARENA_USED = exports.ARENA_BUMP = exports.PIN_COUNT = exports.PINS = exports.PAIR_COUNT = exports.SYMBOL_COUNT = exports.SLOT_COUNT = exports.MUTATING = exports.COMMITTED = exports.EPOCH = exports.HEAD_LIMIT = exports.HEAD_HASH_SEED = exports.HEAD_SHARD_COUNT = exports.HEAD_SHARD_INDEX = exports.HEAD_VERSION = exports.LAYOUT_VERSION = void 0;
exports.PAIR_VALUE = exports.PAIR_NAME = exports.PAIR_BYTES = exports.SYMBOL_TEXT = exports.SYMBOL_HASH = exports.SYMBOL_LENGTH = exports.LABELS_PAIRS = exports.LABELS_COUNT = exports.CHUNK_DATA = exports.CHUNK_ENCODING = exports.CHUNK_COUNT = exports.CHUNK_LENGTH = exports.CHUNK_MAX_TIME = exports.CHUNK_MIN_TIME = exports.CHUNK_CAPACITY = exports.CHUNK_PREVIOUS = exports.ENTRY_COUNT = exports.ENTRY_CHUNK = exports.ENTRY_COMMIT = exports.ENTRY_BYTES = exports.FOREIGN_SLOTS = exports.DROPPED_SLOT = exports.NO_SLOT = exports.SLOT_FLAG_HAS_PENDING = exports.SLOT_FLAG_RECORDED = exports.SLOT_FLAG_LIVE = exports.SLOT_PENDING_TIME = exports.SLOT_SCRATCH = exports.SLOT_NEXT_FREE = exports.SLOT_CHUNKS = exports.SLOT_TRAILING = exports.SLOT_LEADING = exports.SLOT_SAMPLES = exports.SLOT_BITS = exports.SLOT_NEXT_CUT = exports.SLOT_LAST_DELTA = exports.SLOT_LAST_VALUE = exports.SLOT_LAST_TIME = exports.SLOT_CHUNK = exports.SLOT_ENTRY_1 = exports.SLOT_ENTRY_0 = exports.SLOT_SEQUENCE = exports.SLOT_LABELS_HASH = exports.SLOT_LABELS = exports.SLOT_REF = exports.SLOT_FLAGS = exports.SLOT_GENERATION = exports.SLOT_BYTES = exports.ARENA_START = exports.SEGMENT_MASK = void 0;
exports.STATUS_REPEATED = exports.STATUS_NO_MEMORY = exports.STATUS_OUT_OF_BOUNDS = exports.STATUS_DUPLICATE = exports.STATUS_OUT_OF_ORDER = exports.STATUS_SKIPPED = exports.STATUS_OK = exports.STAGED_TEXT_LENGTH = exports.STAGED_TEXT = exports.STAGED_VALUE = exports.STAGED_TIME = exports.STAGED_STATUS = exports.STAGED_SLOT = exports.STAGED_BYTES = exports.NAMES_ITEM_COUNT = exports.TABLE_ITEMS = exports.TABLE_MASK = exports.LIST_ITEMS = exports.LIST_CAPACITY = exports.LIST_LENGTH = exports.PAIR_NEXT_OF_NAME = exports.PAIR_POSTINGS = void 0;
exports.LAYOUT_VERSION = 1; // raised with every change below
// ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────
exports.HEAD_VERSION = 0; // u32, LAYOUT_VERSION of who made the memory
exports.HEAD_SHARD_INDEX = 4; // u32
exports.HEAD_SHARD_COUNT = 8; // u32
exports.HEAD_HASH_SEED = 12; // u32, random per process; seeds every hash of foreign bytes
exports.HEAD_LIMIT = 16; // u32, first byte past the memory this head may use (a page boundary ≤ 2^32 − 65536)
// ── progress words (ingest; atomic) ──────────────────────────────────────────────────────────────────────────────
exports.EPOCH = 64; // u32, advanced after each commit
exports.COMMITTED = 68; // u32, newest commit that readers may see
exports.MUTATING = 72; // u32, 1 while the writer changes what a successor could not repair
exports.SLOT_COUNT = 76; // u32, series slots ever handed out (dense indices 0 … count − 1)
exports.SYMBOL_COUNT = 80; // u32
exports.PAIR_COUNT = 84; // u32
// ── reader pins ──────────────────────────────────────────────────────────────────────────────────────────────────
exports.PINS = 128; // u32 × PIN_COUNT
exports.PIN_COUNT = 64;
// ── arena ────────────────────────────────────────────────────────────────────────────────────────────────────────
exports.ARENA_BUMP = 512; // u32, first byte never handed out
exports.ARENA_USED = 520; // f64, bytes in live regions (rounded to their class)
exports.ARENA_RETIRED_HEAD = 528; // u32, oldest retired region (0 = none)
exports.ARENA_RETIRED_TAIL = 532; // u32
exports.ARENA_RETIRED_BYTES = 536; // f64
exports.ARENA_FREE = 576; // u32 × ARENA_CLASSES, head of each class's free list
exports.ARENA_CLASSES = 64;
// ── roots: hash tables that only the writer reads are plain; what readers follow is atomic ───────────────────────
exports.ROOT_SERIES_TABLE = 1024; // u32 address of the label-set → slot table (writer only)
exports.ROOT_SERIES_TABLE_MASK = 1028; // u32, entries − 1
exports.ROOT_SYMBOL_TABLE = 1032; // u32, atomic: region of a reader-visible open-addressing table, see SYMBOL table
exports.ROOT_PAIR_TABLE = 1036; // u32, atomic: as above for (name, value) pairs
exports.ROOT_NAMES = 1040; // u32, atomic: region of name symbols in use (LIST of symbol ids)
exports.ROOT_FREE_SLOTS = 1044; // u32, head of the list of freed slots (writer only); slot index + 1
exports.ROOT_NEXT_REF = 1048; // u64, next series ref to give out (writer only)
exports.ROOT_REF_END = 1056; // u64, first ref past the range that this shard may give out (writer only)
exports.COUNTERS = 2048; // f64 × up to 256; indices are in COUNTER_*
exports.COUNTER_SERIES = 0; // live series
exports.COUNTER_SERIES_CREATED = 1;
exports.COUNTER_SERIES_REMOVED = 2;
exports.COUNTER_CHUNKS = 3; // chunks in memory, open ones included
exports.COUNTER_CHUNKS_CREATED = 4;
exports.COUNTER_SAMPLES_APPENDED = 5;
exports.COUNTER_OUT_OF_ORDER = 6;
exports.COUNTER_DUPLICATE = 7; // same timestamp, other value
exports.COUNTER_OUT_OF_BOUNDS = 8; // too old
exports.COUNTER_MIN_TIME = 9; // ms, of any sample in this head; +Infinity bits are never stored: 0 samples ⇒ see COUNTER_SAMPLES_IN
exports.COUNTER_MAX_TIME = 10; // ms
exports.COUNTER_REFUSED_MEMORY = 11; // series or samples refused because the memory is full
exports.COUNTER_COUNT = 256;
exports.STATIC_DATA = 4096;
exports.STATIC_DATA_END = 65536;
/** A directory holds addresses of equal segments, so that what it indexes never moves. */
exports.SLOT_DIRECTORY = 65536;
exports.SYMBOL_DIRECTORY = 81920;
exports.PAIR_DIRECTORY = 98304;
exports.DIRECTORY_ENTRIES = 4096; // u32 each
exports.SEGMENT_SHIFT = 12; // 4,096 records a segment: 16.7 M series, symbols, pairs a shard
exports.SEGMENT_MASK = 4095;
exports.ARENA_START = 131072;
// ── series slot ──────────────────────────────────────────────────────────────────────────────────────────────────
// Fields up to SLOT_ENTRY_1's end are read by readers; the rest is the writer's encoder state.
exports.SLOT_BYTES = 128;
exports.SLOT_GENERATION = 0; // u32, odd while the slot is live; +1 when freed, +1 when reused
exports.SLOT_FLAGS = 4; // u32, SLOT_FLAG_*
exports.SLOT_REF = 8; // u64 series ref, as in the WAL, below 2^40
exports.SLOT_LABELS = 16; // u32 address of a LABELS region; constant while the generation lasts
exports.SLOT_LABELS_HASH = 20; // u32
exports.SLOT_SEQUENCE = 24; // u32, odd while the entries change (atomic)
exports.SLOT_ENTRY_0 = 28; // ENTRY
exports.SLOT_ENTRY_1 = 40; // ENTRY
exports.SLOT_CHUNK = 52; // u32 address of the open chunk, 0 = none (writer)
exports.SLOT_LAST_TIME = 56; // i64 ms of the newest sample (valid when SLOT_CHUNK ≠ 0)
exports.SLOT_LAST_VALUE = 64; // f64 bits
exports.SLOT_LAST_DELTA = 72; // i64 ms, timestamp delta of the last two samples of the open chunk
exports.SLOT_NEXT_CUT = 80; // i64 ms: a sample at or after it begins a new chunk
exports.SLOT_BITS = 88; // u32, bits written in the open chunk's data, its 2-byte count included
exports.SLOT_SAMPLES = 92; // u16, samples in the open chunk
exports.SLOT_LEADING = 94; // u8, XOR window; 0xff = none yet
exports.SLOT_TRAILING = 95; // u8
exports.SLOT_CHUNKS = 96; // u32, chunks of this series in memory, the open one included
exports.SLOT_NEXT_FREE = 100; // u32, slot index + 1 of the next freed slot
exports.SLOT_SCRATCH = 104; // u32, free for the step under way (validation marks the batch's newest time's row)
exports.SLOT_PENDING_TIME = 112; // i64 ms, newest accepted timestamp of the batch under way (validation)
exports.SLOT_FLAG_LIVE = 1;
exports.SLOT_FLAG_RECORDED = 2; // a WAL series record with its ref has been written
exports.SLOT_FLAG_HAS_PENDING = 4; // SLOT_PENDING_TIME counts for the batch under way
// Values of a slot index that name no slot. Compare as u32: `slot >= <u32>FOREIGN_SLOTS` is "not stored here".
exports.NO_SLOT = -1; // 0xffffffff: series not resolved yet
exports.DROPPED_SLOT = -2; // 0xfffffffe: dropped by relabelling
exports.FOREIGN_SLOTS = -1073741824; // 0xc0000000 + n: line n of the target's lines that belong to another shard
// ENTRY: what a reader may take of a series at a commit
exports.ENTRY_BYTES = 12;
exports.ENTRY_COMMIT = 0; // u32, 0 = none
exports.ENTRY_CHUNK = 4; // u32 address of a CHUNK region
exports.ENTRY_COUNT = 8; // u32, samples of it that are visible
// ── CHUNK region: newest first through CHUNK_PREVIOUS; every chunk but the newest is closed and immutable ─────────
exports.CHUNK_PREVIOUS = 0; // u32, 0 = none (constant once published; truncation replaces it with 0 atomically)
exports.CHUNK_CAPACITY = 4; // u32, bytes of CHUNK_DATA
exports.CHUNK_MIN_TIME = 8; // i64 ms, of its first sample
exports.CHUNK_MAX_TIME = 16; // i64 ms; valid when closed
exports.CHUNK_LENGTH = 24; // u32 bytes of data used; valid when closed, 0 while open
exports.CHUNK_COUNT = 28; // u16 samples; valid when closed
exports.CHUNK_ENCODING = 30; // u8, as Prometheus numbers them: 1 = XOR
exports.CHUNK_DATA = 32; // bytes as Prometheus' chunk format: u16 big-endian count (of closed ones), then the bit stream
// ── LABELS region: count, then label pair ids in byte order of label names ───────────────────────────────────────
exports.LABELS_COUNT = 0; // u32
exports.LABELS_PAIRS = 4; // u32 × count, pair ids
// ── symbols: SYMBOL_DIRECTORY → segments of u32 addresses of SYMBOL regions; id 0 is the empty string ─────────────
exports.SYMBOL_LENGTH = 0; // u32 bytes
exports.SYMBOL_HASH = 4; // u32
exports.SYMBOL_TEXT = 8; // UTF-8
// ── pairs: PAIR_DIRECTORY → segments of PAIR records; id 0 is unused ─────────────────────────────────────────────
exports.PAIR_BYTES = 16;
exports.PAIR_NAME = 0; // u32 symbol id
exports.PAIR_VALUE = 4; // u32 symbol id
exports.PAIR_POSTINGS = 8; // u32, atomic: address of a LIST of slot indices, ascending
exports.PAIR_NEXT_OF_NAME = 12; // u32, pair id of another value of the same name, 0 = end (constant once linked)
// LIST region: grows in place up to its capacity, then by replacement; LIST_LENGTH is stored atomically, last
exports.LIST_LENGTH = 0; // u32
exports.LIST_CAPACITY = 4; // u32
exports.LIST_ITEMS = 8; // u32 × capacity
// TABLE region (symbol and pair tables): open addressing, linear probing, ids; 0 = empty; never more than 2/3 full
exports.TABLE_MASK = 0; // u32, entries − 1
exports.TABLE_ITEMS = 8; // u32 × entries (atomic store of an id AFTER its record)
// ── names in use: ROOT_NAMES → LIST of (name symbol id, first pair id) couples: two items a name ─────────────────
exports.NAMES_ITEM_COUNT = 2;
// ── staging table: the contract between exposition/ and head/ ────────────────────────────────────────────────────
// One row a sample of the scrape or batch under way. A row whose slot is NO_SLOT is resolved by the slow path first:
// its text becomes a label set in LABEL BYTES, the encoding that Prometheus' WAL series record has and that resolving,
// WAL and batches from other threads share: uvarint count, then for each label, in byte order of names, uvarint length
// and bytes of the name, uvarint length and bytes of the value.
exports.STAGED_BYTES = 32;
exports.STAGED_SLOT = 0; // u32 slot index, NO_SLOT, DROPPED_SLOT, or FOREIGN_SLOTS + n
exports.STAGED_STATUS = 4; // u32 STATUS_*
exports.STAGED_TIME = 8; // i64 ms
exports.STAGED_VALUE = 16; // f64 bits as received (a staleness marker is a value)
exports.STAGED_TEXT = 24; // u32 address of the series' text in the body (only of unresolved rows)
exports.STAGED_TEXT_LENGTH = 28; // u32
exports.STATUS_OK = 0;
exports.STATUS_SKIPPED = 1; // not to be stored here: dropped by relabelling, or sent to another shard
exports.STATUS_OUT_OF_ORDER = 2;
exports.STATUS_DUPLICATE = 3; // same timestamp as the newest sample, other value
exports.STATUS_OUT_OF_BOUNDS = 4; // too old
exports.STATUS_NO_MEMORY = 5;
exports.STATUS_REPEATED = 6; // same timestamp and value as the newest sample: silently not stored again
