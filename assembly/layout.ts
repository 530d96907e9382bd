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
 *   114688  4096    arena maps      ingest   plain; read by nobody else
 *   131072  …       arena memory    ingest   regions; each kind is described below
 *
 * How a commit is published (writer): for each series the OLDER of the two entries first gets the new commit; a fence
 * (one for many rows) later it gets chunk and count; after all series of the batch, `COMMITTED` is stored atomically;
 * after that `EPOCH` is advanced. A reader pins `EPOCH`, loads `COMMITTED` = S, and takes for each series the newest
 * entry whose commit is ≤ S and reads the same before and after chunk and count; where both are newer it starts again
 * with a new S (an entry of commit 0 was never used: then the series is newer than S). An entry with a commit ≤ S is
 * whole, because S was stored after it; one that is being overwritten shows a newer commit before it shows a new chunk or
 * count. So the entries need no lock and no atomic of their own, and a reader never waits for the writer.
 * Only `count` samples of the chunk are valid: bytes behind them, and the last byte's spare bits, still change.
 *
 * How memory is reused: a region that readers may still see is retired with the epoch of that moment and freed when
 * every pin is newer. Epochs and commits are u32 that wrap: compare by signed difference. 0 is never an epoch or commit.
 *
 * Invariants: regions do not overlap; fields are aligned to their size; one writer a region; `COMMITTED` and `EPOCH`
 * only advance. Constants stay below 2^31, larger addresses are computed in `usize`.
 */

export const LAYOUT_VERSION = 8; // raised with every change below

// ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────────
export const HEAD_VERSION = 0; // u32, LAYOUT_VERSION of who made the memory
export const HEAD_SHARD_INDEX = 4; // u32
export const HEAD_SHARD_COUNT = 8; // u32
export const HEAD_HASH_SEED = 12; // u32, random per process; seeds every hash of foreign bytes
export const HEAD_LIMIT = 16; // u32, first byte past the memory this head may use (a page boundary ≤ 2^32 − 65536)
export const HEAD_CHUNK_RANGE = 20; // u32 ms, no chunk crosses a multiple of it
export const HEAD_SAMPLES_PER_CHUNK = 24; // u32, target of the cut rules (120)

// ── progress words (ingest; atomic) ──────────────────────────────────────────────────────────────────────────────
export const EPOCH = 64; // u32, advanced after each commit
export const COMMITTED = 68; // u32, newest commit that readers may see
export const MUTATING = 72; // u32, 1 while the writer changes what a successor could not repair
export const SLOT_COUNT = 76; // u32, series slots ever handed out (dense indices 0 … count − 1)
export const SYMBOL_COUNT = 80; // u32
export const PAIR_COUNT = 84; // u32
export const INDEX_CHANGES = 88; // u32, advanced after each change of what label names and values exist; wraps

// ── reader pins ──────────────────────────────────────────────────────────────────────────────────────────────────
export const PINS = 128; // u32 × PIN_COUNT
export const PIN_COUNT = 64;

// ── arena ────────────────────────────────────────────────────────────────────────────────────────────────────────
export const ARENA_BUMP = 512; // u32, first byte never handed out
export const ARENA_USED = 520; // f64, bytes in live regions (rounded to their class)
export const ARENA_RETIRED_HEAD = 528; // u32, oldest retired region (0 = none)
export const ARENA_RETIRED_TAIL = 532; // u32
export const ARENA_RETIRED_BYTES = 536; // f64
export const ARENA_RESERVED = 544; // u32, bytes of never used memory that the reservation under way counts on
export const ARENA_IS_RESERVED = 548; // u32, 1 while a reservation is under way: free regions are not split then
export const ARENA_NOTES = 552; // u32, first of the notes that are kept for regions to be retired
export const ARENA_NOTE_COUNT = 556; // u32
export const ARENA_FREE = 576; // u32 × ARENA_CLASSES, head of each class's free list
export const ARENA_LAST = 880; // u32 × 32, last region of the free lists up to 512 bytes
export const ARENA_CLASSES = 74; // 16 bytes … 2^30

// ── roots: hash tables that only the writer reads are plain; what readers follow is atomic ───────────────────────
export const ROOT_SERIES_TABLE = 1024; // u32 address of the label-set → slot table (writer only)
export const ROOT_SERIES_TABLE_MASK = 1028; // u32, entries − 1
export const ROOT_SYMBOL_TABLE = 1032; // u32, atomic: region of a reader-visible open-addressing table, see SYMBOL table
export const ROOT_PAIR_TABLE = 1036; // u32, atomic: as above for (name, value) pairs
export const ROOT_NAMES = 1040; // u32, atomic: region of name symbols in use (LIST of symbol ids)
export const ROOT_FREE_SLOTS = 1044; // u32, oldest freed slot (writer only); slot index + 1; a queue through SLOT_NEXT_FREE
export const ROOT_NEXT_REF = 1048; // u64, next series ref to give out (writer only)
export const ROOT_REF_END = 1056; // u64, first ref past the range that this shard may give out (writer only)
export const ROOT_FREE_SLOTS_TAIL = 1064; // u32, newest freed slot; slot index + 1
export const ROOT_BATCH = 1068; // u32, number of the batch that was validated last; SLOT_SCRATCH is compared with it
export const ROOT_SCRATCH = 1072; // u32, region for the labels of the series being resolved (writer only)
export const ROOT_SERIES_LIMIT = 1076; // u32, most live series; 0 = as many as the memory holds
export const ROOT_TOUCHED = 1080; // u32, meaningless: what the append loop loads early is stored here, so that it is loaded
export const ROOT_DIGEST_KEYS = 1084; // u32, region of random bytes that `assembly/exposition/digest.ts` reads (writer only)
// Ids of pairs and symbols that nothing names any more: first retired (readers may know them), then free to be given again.
export const ROOT_FREE_PAIRS = 1088; // u32, LIST of ids (writer only, as the next ones)
export const ROOT_FREE_SYMBOLS = 1092; // u32, LIST of ids
export const ROOT_RETIRED_PAIRS = 1096; // u32, LIST of ids
export const ROOT_RETIRED_SYMBOLS = 1100; // u32, LIST of ids
export const ROOT_RETIRED_EPOCH = 1104; // u32, epoch in which the last of both was retired
export const ROOT_SYMBOL_MARKS = 1108; // u32, region of u8 × ROOT_MARKED_SYMBOLS: 1 = named; 0 while no sweep is under way
export const ROOT_MARKED_SYMBOLS = 1112; // u32, symbols that the sweep under way looks at
export const ROOT_SWEEP_NAME = 1116; // u32, place in the list of names of the chain that is swept
export const ROOT_SWEEP_PAIR = 1120; // u32, pair of that chain behind which the sweep goes on
export const ROOT_SYMBOL_SWEEPS = 1124; // u32, atomic: +1 after ids of symbols were retired, before any is given again; caches of texts compare it
export const ARENA_FREE_COUNT = 1600; // u32 × ARENA_CLASSES, regions in each free list
export const RESERVED_COUNTS = 1280; // u32 × ARENA_CLASSES, free regions that the reservation under way counts on

export const COUNTERS = 2048; // f64 × up to 256; indices are in COUNTER_*
export const COUNTER_SERIES = 0; // live series
export const COUNTER_SERIES_CREATED = 1;
export const COUNTER_SERIES_REMOVED = 2;
export const COUNTER_CHUNKS = 3; // chunks in memory, open ones included
export const COUNTER_CHUNKS_CREATED = 4;
export const COUNTER_SAMPLES_APPENDED = 5;
export const COUNTER_OUT_OF_ORDER = 6;
export const COUNTER_DUPLICATE = 7; // same timestamp, other value
export const COUNTER_OUT_OF_BOUNDS = 8; // too old
export const COUNTER_MIN_TIME = 9; // ms, lower bound of all samples in this head; means nothing while COUNTER_SAMPLES_APPENDED is 0
export const COUNTER_MAX_TIME = 10; // ms
export const COUNTER_REFUSED_MEMORY = 11; // series or samples refused because the memory is full
export const COUNTER_HISTOGRAMS_APPENDED = 12; // of COUNTER_SAMPLES_APPENDED
export const COUNTER_HISTOGRAMS_OUT_OF_ORDER = 13; // of COUNTER_OUT_OF_ORDER
export const COUNTER_HISTOGRAMS_DUPLICATE = 14;
export const COUNTER_HISTOGRAMS_OUT_OF_BOUNDS = 15;
// Out of order: samples that are older than their series' newest one and are stored beside the others.
export const COUNTER_OOO_APPENDED = 16;
export const COUNTER_OOO_HISTOGRAMS_APPENDED = 17; // of COUNTER_OOO_APPENDED
export const COUNTER_TOO_OLD = 18; // below the window of samples out of order
export const COUNTER_HISTOGRAMS_TOO_OLD = 19; // of COUNTER_TOO_OLD
export const COUNTER_OOO_MIN_TIME = 20; // ms, lower bound of samples out of order; means nothing while COUNTER_OOO_CHUNKS is 0
export const COUNTER_OOO_MAX_TIME = 21; // ms
export const COUNTER_OOO_CHUNKS = 22; // chunks of samples out of order, those in chunks_head included
export const COUNTER_OOO_CHUNKS_CREATED = 23;
export const COUNTER_SIDES = 24; // SIDE regions that were ever made: 0 = no series has one
export const COUNTER_CHUNKS_ON_DISK = 64; // of COUNTER_CHUNKS, those whose bytes lie in chunks_head
export const COUNTER_COUNT = 256;

export const STATIC_DATA = 4096;
export const STATIC_DATA_END = 65536;

/** A directory holds addresses of equal segments, so that what it indexes never moves. */
export const SLOT_DIRECTORY = 65536;
export const SYMBOL_DIRECTORY = 81920;
export const PAIR_DIRECTORY = 98304;
export const DIRECTORY_ENTRIES = 4096; // u32 each
export const SEGMENT_SHIFT = 12; // 4,096 records a segment: 16.7 M series, symbols, pairs a shard
export const SEGMENT_MASK = 4095;

export const ARENA_MAPS = 114688; // u32 × 1024, address of the map of each 4 MB, 0 = none: see assembly/memory/arena.ts

export const ARENA_START = 131072;

// ── series slot ──────────────────────────────────────────────────────────────────────────────────────────────────
// Fields up to SLOT_ENTRY_1's end are read by readers; the rest is the writer's encoder state.
export const SLOT_BYTES = 128;
export const SLOT_GENERATION = 0; // u32, odd while the slot is live; +1 when freed, +1 when reused
export const SLOT_FLAGS = 4; // u32, SLOT_FLAG_*
export const SLOT_REF = 8; // u64 series ref, as in the WAL, below 2^40
export const SLOT_LABELS = 16; // u32 address of a LABELS region; constant while the generation lasts
export const SLOT_LABELS_HASH = 20; // u32
export const SLOT_SIDE = 24; // u32, atomic: address of a SIDE region, 0 = none
export const SLOT_ENTRY_0 = 28; // ENTRY
export const SLOT_ENTRY_1 = 40; // ENTRY
export const SLOT_CHUNK = 52; // u32 address of the open chunk, 0 = none (writer)
export const SLOT_LAST_TIME = 56; // i64 ms of the newest sample (valid when SLOT_CHUNK ≠ 0)
export const SLOT_LAST_VALUE = 64; // f64 bits; of a histogram a hash of all of it
export const SLOT_LAST_DELTA = 72; // i64 ms, timestamp delta of the last two samples of the open chunk
export const SLOT_NEXT_CUT = 80; // i64 ms: a sample at or after it begins a new chunk
export const SLOT_BITS = 88; // u32, bits written in the open chunk's data, its 2-byte count included (whole bytes of histograms)
export const SLOT_SAMPLES = 92; // u16, samples in the open chunk
export const SLOT_LEADING = 94; // u8, XOR window; 0xff = none yet
export const SLOT_TRAILING = 95; // u8
export const SLOT_CHUNKS = 96; // u32, chunks of this series in memory, the open one included
export const SLOT_NEXT_FREE = 100; // u32, slot index + 1 of the next freed slot
export const SLOT_SCRATCH = 104; // u32, ROOT_BATCH of the batch in which the pending fields count; of a freed slot: its epoch
export const SLOT_PENDING_ROWS = 108; // u32, rows accepted in that batch
export const SLOT_PENDING_TIME = 112; // i64 ms, newest accepted timestamp of that batch
export const SLOT_PENDING_VALUE = 120; // f64 bits, its value

export const SLOT_FLAG_LIVE = 1;
export const SLOT_FLAG_RECORDED = 2; // a WAL series record with its ref has been written
export const SLOT_FLAG_DEAD = 4; // removed, but still named by postings: not yet in the queue of free slots
export const SLOT_FLAG_RECORDING = 8; // only while encodeSeriesRecord runs: the record under way has the series

// Values of a slot index that name no slot. Compare as u32: `slot >= <u32>FOREIGN_SLOTS` is "not stored here".
export const NO_SLOT = -1; // 0xffffffff: series not resolved yet
export const DROPPED_SLOT = -2; // 0xfffffffe: dropped by relabelling
export const FOREIGN_SLOTS = -1073741824; // 0xc0000000 + n: line n of the target's lines that belong to another shard
export const CLASSIC_SLOTS = -536870912; // 0xe0000000 + n: a line that is stored only as part of a converted histogram

// ENTRY: what a reader may take of a series at a commit
export const ENTRY_BYTES = 12;
export const ENTRY_COMMIT = 0; // u32, 0 = none
export const ENTRY_CHUNK = 4; // u32 address of a CHUNK region
export const ENTRY_COUNT = 8; // u32, samples of it that are visible

// ── CHUNK region: newest first through CHUNK_PREVIOUS; every chunk but the newest is closed and immutable ─────────
export const CHUNK_PREVIOUS = 0; // u32, 0 = none (constant once published; truncation replaces it with 0 atomically)
export const CHUNK_CAPACITY = 4; // u32, bytes of CHUNK_DATA
export const CHUNK_MIN_TIME = 8; // i64 ms, of its first sample
export const CHUNK_MAX_TIME = 16; // i64 ms; valid when closed
export const CHUNK_LENGTH = 24; // u32 bytes of data used; valid when closed, 0 while open
export const CHUNK_COUNT = 28; // u16 samples; valid when closed
export const CHUNK_ENCODING = 30; // u8, as Prometheus numbers them: 1 = XOR, 2 = histogram, 3 = float histogram
export const CHUNK_FLAGS = 31; // u8, DISK_CHUNK_FLAG or 0; constant
export const CHUNK_DATA = 32; // bytes as Prometheus' chunk format: u16 big-endian count (of closed ones), then the bit stream

// A chunk whose bytes lie in a file of chunks_head has the same header, and CHUNK_LENGTH is that of the bytes there; in place
// of CHUNK_DATA it has where its record begins. It is closed, so a series goes on behind it with a new chunk.
export const DISK_CHUNK_FLAG = 1;
export const DISK_CHUNK_FILE = 32; // u32 number of the file
export const DISK_CHUNK_OFFSET = 36; // u32
export const DISK_CHUNK_BYTES = 48; // of the region; CHUNK_CAPACITY is the rest of it behind CHUNK_DATA

// ── SIDE region: what few series have beside their chunks. Constant but for SIDE_SEALED; replaced as a whole ────────
// A reader at commit S goes from SLOT_SIDE back through SIDE_OLDER to the first region whose commit is ≤ S: older ones were
// retired behind its pin.
export const SIDE_BYTES = 32;
export const SIDE_COMMIT = 0; // u32, the commit that made it
export const SIDE_OLDER = 4; // u32 address of the SIDE region that it replaced, 0 = none; may be followed by such a reader only
export const SIDE_CHUNKS = 8; // u32 address of the newest CHUNK of samples out of order, 0 = none; they overlap, and all are closed
export const SIDE_SEALED = 12; // u32, that chunk and those behind it are on their way into a block and stay as they are (0 = none)
export const SIDE_DELETED = 16; // u32 address of an INTERVALS region: what was deleted of the series, 0 = nothing

// INTERVALS region: ascending, without overlap
export const INTERVALS_COUNT = 0; // u32
export const INTERVALS_ITEMS = 8; // f64 first and last ms × count, inclusive
export const INTERVAL_BYTES = 16;

// ── LABELS region: count, then label pair ids in byte order of label names ───────────────────────────────────────
export const LABELS_COUNT = 0; // u32
export const LABELS_PAIRS = 4; // u32 × count, pair ids

// ── symbols: SYMBOL_DIRECTORY → segments of u32 addresses of SYMBOL regions; id 0 is the empty string ─────────────
export const SYMBOL_LENGTH = 0; // u32 bytes
export const SYMBOL_HASH = 4; // u32
export const SYMBOL_TEXT = 8; // UTF-8

// ── pairs: PAIR_DIRECTORY → segments of PAIR records; id 0 is unused ─────────────────────────────────────────────
export const PAIR_BYTES = 16;
export const PAIR_NAME = 0; // u32 symbol id
export const PAIR_VALUE = 4; // u32 symbol id
export const PAIR_POSTINGS = 8; // u32, atomic: address of a LIST of slot indices, each once, in no order; 0 = none
export const PAIR_NEXT_OF_NAME = 12; // u32, atomic: pair id of another value of the same name, 0 = end
// The pair of a name with the empty value (symbol 0) is the name's anchor: it has no postings, and its
// PAIR_NEXT_OF_NAME is the name's newest value. All others' are constant once linked.

// LIST region: grows in place up to its capacity, then by replacement; LIST_LENGTH is stored atomically, last
export const LIST_LENGTH = 0; // u32
export const LIST_CAPACITY = 4; // u32
export const LIST_ITEMS = 8; // u32 × capacity

// TABLE region (symbol and pair tables): open addressing, linear probing, ids; 0 = empty; at most 2/3 are not. An id that
// was removed leaves REMOVED_ID in its place: the empty symbol, or the pair without a name, which nobody looks for
export const TABLE_MASK = 0; // u32, entries − 1
export const REMOVED_ID = 1;
export const TABLE_USED = 4; // u32, entries that are not 0 (writer only)
export const TABLE_ITEMS = 8; // u32 × entries (atomic store of an id AFTER its record)

// ── names: ROOT_NAMES → LIST of (name symbol id, id of its anchor pair) couples: two items a name ────────────────

// ── write-ahead log: page framing (tsdb/docs/format/wal.md) and the work areas of its kernels ─────────────────────
export const WAL_PAGE_BYTES = 32768;
export const WAL_HEADER_BYTES = 7; // u8 type and compression, u16 length, u32 CRC-32C of the data; big-endian
export const WAL_TYPE_MASK = 7; // 0 = the rest of the page is zeros
export const WAL_FULL = 1;
export const WAL_FIRST = 2;
export const WAL_MIDDLE = 3;
export const WAL_LAST = 4;
export const WAL_SNAPPY = 8; // added to the type of each fragment of a compressed record
export const WAL_ZSTD = 16;

export const RECORD_SERIES = 1;
export const RECORD_SAMPLES = 2;
export const RECORD_SAMPLES_V2 = 11;

// WAL ITEM: one stored record of a batch that is to be framed
export const WAL_ITEM_BYTES = 12;
export const WAL_ITEM_ADDR = 0; // u32
export const WAL_ITEM_LENGTH = 4; // u32
export const WAL_ITEM_FLAG = 8; // u32, 0, WAL_SNAPPY or WAL_ZSTD

// FRAME STATS: what framing a batch adds to the counters
export const WAL_STATS_BYTES = 16;
export const WAL_STATS_PARTS = 0; // u32 fragments
export const WAL_STATS_PART_BYTES = 4; // u32, headers included, padding not
export const WAL_STATS_PAGES = 8; // u32 pages completed

// SCAN: where reading a segment stands. The buffer holds whole pages: the last one of a file is filled up with zeros.
export const WAL_SCAN_BYTES = 64;
export const WAL_SCAN_BUFFER = 0; // u32 address
export const WAL_SCAN_END = 4; // u32 valid bytes, a multiple of WAL_PAGE_BYTES
export const WAL_SCAN_POSITION = 8; // u32, next byte to read
export const WAL_SCAN_JOIN = 12; // u32 address where fragments are joined
export const WAL_SCAN_JOIN_CAPACITY = 16; // u32
export const WAL_SCAN_JOIN_LENGTH = 20; // u32
export const WAL_SCAN_OUT = 24; // u32 address of decompressed records
export const WAL_SCAN_OUT_CAPACITY = 28; // u32
export const WAL_SCAN_OPEN = 32; // u32, 0, or 1 + compression flag of the record whose first fragment was read
export const WAL_SCAN_PENDING = 36; // u32, 1 while a whole stored record waits for room to be decompressed
export const WAL_SCAN_RECORD = 40; // u32 address of the record
export const WAL_SCAN_RECORD_LENGTH = 44; // u32
export const WAL_SCAN_FLAG = 48; // u32 compression flag of the stored record
export const WAL_SCAN_NEEDED = 52; // u32 bytes that the join or out buffer must have
export const WAL_SCAN_GAP = 56; // u32, 1 after padding of more than 6 bytes: nothing may follow it in the segment
export const WAL_SCAN_ORPHANS = 60; // u32, 1 = skip middle and last fragments until a record begins (after damage)

export const SCAN_MORE = 0; // the buffer is used up
export const SCAN_RECORD = 1;
export const SCAN_GROW_JOIN = 2;
export const SCAN_GROW_OUT = 3;
export const SCAN_ZSTD = 4; // WAL_SCAN_RECORD is compressed with zstd
export const SCAN_BAD_PADDING = -1;
export const SCAN_BAD_TYPE = -2;
export const SCAN_BAD_LENGTH = -3;
export const SCAN_BAD_CHECKSUM = -4;
export const SCAN_BAD_ORDER = -5;
export const SCAN_BAD_COMPRESSION = -6;
export const SCAN_HOLE = -7;

// REPLAY: where taking series and samples out of a record stands, and what was seen so far
export const REPLAY_BYTES = 128;
export const REPLAY_POSITION = 0; // u32 bytes of the record that are done; 0 = not begun
export const REPLAY_LABELS = 4; // u32 address of the LABEL BYTES of the series that was read
export const REPLAY_LABELS_LENGTH = 8; // u32
export const REPLAY_REF = 16; // u64 ref of the series that was read
export const REPLAY_BASE_REF = 24; // i64
export const REPLAY_BASE_TIME = 32; // i64 ms
export const REPLAY_MIN_VALID_TIME = 40; // i64 ms: older samples are left out
export const REPLAY_MAX_REF = 48; // u64, greatest ref of any series or sample
export const REPLAY_MIN_TIME = 56; // i64 ms of the samples that were staged
export const REPLAY_MAX_TIME = 64; // i64 ms
export const REPLAY_SAMPLES = 72; // f64 samples read
export const REPLAY_STAGED = 80; // f64 samples staged
export const REPLAY_UNKNOWN = 88; // f64 samples whose ref is not in the table
export const REPLAY_TOO_OLD = 96; // f64 samples below the least valid time
export const REPLAY_FOREIGN = 104; // f64 samples of other shards, as far as their refs were entered
export const REPLAY_DUPLICATE_REFS = 112; // f64 refs that name a label set which has another ref already

// REF TABLE: WAL ref → slot index during replay; open addressing, linear probing, ref 0 = empty, never more than 3/4 full
export const REF_TABLE_BYTES = 16;
export const REF_TABLE_ENTRIES = 0; // u32 address: u64 refs × capacity, then u32 slots × capacity
export const REF_TABLE_CAPACITY = 4; // u32, a power of two
export const REF_TABLE_COUNT = 8; // u32

// ── chunks_head (tsdb/docs/format/head_chunks.md): a header of 8 bytes, then records; numbers big-endian ────────────────
// record: u64 series ref, i64 min time, i64 max time, u8 encoding, uvarint length, data, u32 CRC-32C of all before it
export const CHUNKS_FILE_MAGIC = 0x0130bc91; // u32 at 0; then u8 version, 3 zeros
export const CHUNKS_FILE_VERSION = 1;
export const CHUNKS_FILE_HEADER = 8;
export const CHUNKS_FILE_META = 25; // bytes of a record before its length
export const CHUNKS_FILE_META_MAX = 34; // most bytes of a record beside its data
export const CHUNKS_FILE_OUT_OF_ORDER = 128; // added to the encoding of an out-of-order chunk

// FLUSH: which closed chunks of the head are on their way to chunks_head
export const FLUSH_BYTES = 32;
export const FLUSH_SLOT = 0; // u32 next slot to look at
export const FLUSH_END = 4; // u32 first slot that is not looked at
export const FLUSH_COUNT = 8; // u32 FLUSH ITEMs
export const FLUSH_LENGTH = 12; // u32 bytes of their records

// FLUSH ITEM: one chunk; those of a series stand together, oldest first
export const FLUSH_ITEM_BYTES = 12;
export const FLUSH_ITEM_CHUNK = 0; // u32 address
export const FLUSH_ITEM_LINK = 4; // u32 address of the word that names it: CHUNK_PREVIOUS of the next newer chunk
export const FLUSH_ITEM_OFFSET = 8; // u32 of its record among the bytes

// CHUNK SCAN: where reading files of chunks_head stands, and what was found
export const DISK_SCAN_BYTES = 128;
export const DISK_SCAN_BUFFER = 0; // u32 address of the bytes at hand
export const DISK_SCAN_LENGTH = 4; // u32 how many
export const DISK_SCAN_POSITION = 8; // u32 next byte to read
export const DISK_SCAN_FILE = 12; // u32 number of the file
export const DISK_SCAN_OFFSET = 16; // u32 offset in the file of the first byte at hand
export const DISK_SCAN_IS_END = 20; // u32, 1 if the file ends with the bytes at hand
export const DISK_SCAN_TABLE = 24; // u32 REF TABLE: ref → newest chunk of it
export const DISK_SCAN_NEEDED = 28; // u32 bytes that must be at hand from DISK_SCAN_POSITION on
export const DISK_SCAN_MIN_VALID_TIME = 32; // i64 ms: chunks that end before it are left out
export const DISK_SCAN_MAX_REF = 40; // u64
export const DISK_SCAN_CHUNKS = 48; // f64 chunks taken
export const DISK_SCAN_TOO_OLD = 56; // f64 left out
export const DISK_SCAN_OTHERS = 64; // f64 left out because of their encoding

export const DISK_SCAN_OOO_TABLE = 72; // u32 REF TABLE: ref → newest chunk of samples out of order
export const DISK_SCAN_OOO_CHUNKS = 80; // f64 such chunks taken

export const DISK_SCAN_MORE = 0; // the bytes at hand are used up
export const DISK_SCAN_END = 1; // zeros: what was allocated beforehand and never written
export const DISK_SCAN_NO_MEMORY = 2;
export const DISK_SCAN_BAD_CHECKSUM = -1;
export const DISK_SCAN_TORN = -2; // the file ends within a record
export const DISK_SCAN_BAD_LENGTH = -3;
export const DISK_SCAN_BAD_ORDER = -4; // not newer than the chunk of the same series before it

// ── staging table: the contract between exposition/ and head/ ────────────────────────────────────────────────────
// One row a sample of the scrape or batch under way. A row whose slot is NO_SLOT is resolved by the slow path first:
// its text becomes a label set in LABEL BYTES, the encoding that Prometheus' WAL series record has and that resolving,
// WAL and batches from other threads share: uvarint count, then for each label, in byte order of names, uvarint length
// and bytes of the name, uvarint length and bytes of the value.
export const STAGED_BYTES = 32;
export const STAGED_SLOT = 0; // u32 slot index, NO_SLOT, DROPPED_SLOT, or FOREIGN_SLOTS + n
export const STAGED_STATUS = 4; // u32 STATUS_*
export const STAGED_TIME = 8; // i64 ms
export const STAGED_VALUE = 16; // f64 bits as received (a staleness marker is a value)
export const STAGED_TEXT = 24; // u32 address of the series' text in the body (only of unresolved rows)
export const STAGED_TEXT_LENGTH = 28; // u32

export const STATUS_OK = 0;
export const STATUS_SKIPPED = 1; // not to be stored here: dropped by relabelling, or sent to another shard
export const STATUS_OUT_OF_ORDER = 2;
export const STATUS_DUPLICATE = 3; // same timestamp as the newest sample, other value
export const STATUS_OUT_OF_BOUNDS = 4; // too old
export const STATUS_NO_MEMORY = 5;
export const STATUS_REPEATED = 6; // same timestamp and value as the newest sample: silently not stored again
export const STATUS_OOO = 7; // accepted: stored out of order
export const STATUS_TOO_OLD = 8; // out of order, and older than the window for that

// What resolving a label set answers instead of a slot index.
export const RESOLVE_MALFORMED = -1; // not LABEL BYTES, names not ascending, an empty name or value, or too many labels
export const RESOLVE_NO_MEMORY = -2; // the series is new, and the memory or the series limit is reached
export const RESOLVE_NO_REFS = -3; // the series is new, and the range of refs is used up
export const MAX_LABELS = 4096; // labels of one series; bounds the scratch region
