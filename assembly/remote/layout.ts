/**
 * Memory of the remote-write kernels: regions of a head's arena that only its ingest thread uses. Little-endian. Offsets
 * in bytes.
 *
 *   WRITE       what a request is, where its body lies, what was counted, what was wrong with it
 *   CACHE       from a request's label set to its series, without decoding it: a table of CACHE_ENTRY, linear probing
 *   LABELS      the labels of the series being resolved: LABEL_RECORD each, sorted in place
 *   SYMBOLS     of a 2.0 request: address and length of each of its symbols
 */

// ── protobuf messages, as numbers of rows in protobuf.ts' table ──────────────────────────────────────────────────
export const MESSAGE_REQUEST_V1 = 0; // prometheus.WriteRequest
export const MESSAGE_SERIES_V1 = 1;
export const MESSAGE_LABEL = 2;
export const MESSAGE_SAMPLE = 3;
export const MESSAGE_EXEMPLAR_V1 = 4;
export const MESSAGE_HISTOGRAM = 5;
export const MESSAGE_SPAN = 6;
export const MESSAGE_METADATA_V1 = 7;
export const MESSAGE_REQUEST_V2 = 8; // io.prometheus.write.v2.Request
export const MESSAGE_SERIES_V2 = 9;
export const MESSAGE_EXEMPLAR_V2 = 10;
export const MESSAGE_METADATA_V2 = 11;
export const MESSAGE_COUNT = 12;

// ── WRITE ────────────────────────────────────────────────────────────────────────────────────────────────────────
export const WRITE_BYTES = 256;
export const WRITE_BODY = 0; // u32 address of the decompressed body
export const WRITE_BODY_LENGTH = 4; // u32
export const WRITE_SHARD = 8; // u32 index of this shard
export const WRITE_SHARD_COUNT = 12; // u32
export const WRITE_STAGING = 16; // u32 address of the staging table
export const WRITE_STAGING_ROWS = 20; // u32 rows that it has room for
export const WRITE_CACHE = 24; // u32 address of the entries
export const WRITE_CACHE_MASK = 28; // u32 entries − 1
export const WRITE_CACHE_USED = 32; // u32 entries in use
export const WRITE_LABELS = 36; // u32 address of LABELS, LABELS_MAX records
export const WRITE_LABEL_COUNT = 40; // u32 labels in LABELS
export const WRITE_TEXT = 44; // u32 address where LABEL BYTES are made
export const WRITE_TEXT_LENGTH = 48; // u32 bytes in it
export const WRITE_SYMBOLS = 52; // u32 address of SYMBOLS
export const WRITE_SYMBOL_COUNT = 56; // u32
export const WRITE_POSITION = 60; // u32 address of the series to be staged next
export const WRITE_ROWS = 64; // u32 rows staged
export const WRITE_SERIES_INDEX = 68; // u32 number of the series at WRITE_POSITION
export const WRITE_SERIES_START = 72; // u32 address of the message of the series that staging stopped at
export const WRITE_SERIES_END = 76; // u32
export const WRITE_ERROR_FIELD = 80; // u32 field number, PROTO_* of checkWrite says what for
export const WRITE_ERROR_WIRE = 84; // u32 wire type
export const WRITE_ERROR_MESSAGE = 88; // u32 MESSAGE_*
export const WRITE_EXTRAS = 92; // u32 EXTRA_* of the series that staging stopped at
export const WRITE_KEY = 96; // u64 × 2, secret of the hash
export const WRITE_FIRST_TIME = 112; // i64 ms of the request's first sample that has a valid series
export const WRITE_HAS_FIRST_TIME = 120; // u32
export const WRITE_INVALID_SERIES = 124; // u32 series whose labels are invalid
export const WRITE_INVALID_SAMPLES = 128; // u32 their samples and histograms
export const WRITE_ROWS_OF_SERIES = 132; // u32 rows before the series that staging stopped at
export const WRITE_SLOT = 136; // u32 slot of the series that staging stopped at, or DROPPED_SLOT
export const WRITE_HASH = 144; // u64 × 2, of the label set that was hashed last
export const WRITE_COUNTS = 160; // u32 × MESSAGE_COUNT, messages of each kind in the request
export const WRITE_SYMBOLS_SEEN = 212; // u32 symbols in the request
export const WRITE_ERROR_TAG = 216; // u64, of PROTO_ILLEGAL_TAG: the whole of it

// checkWrite
export const PROTO_OK = 0;
export const PROTO_EOF = -1; // unexpected EOF
export const PROTO_OVERFLOW = -2; // a varint of more than 10 bytes
export const PROTO_INVALID_LENGTH = -3; // negative
export const PROTO_WRONG_WIRE_TYPE = -4;
export const PROTO_ILLEGAL_TAG = -5;
export const PROTO_END_GROUP = -6; // outside of a group, between the fields of a known message
export const PROTO_UNEXPECTED_END_GROUP = -7; // inside of an unknown field
export const PROTO_ILLEGAL_WIRE_TYPE = -8;

// stageWriteV1, stageWriteV2: done, or why they stopped; called again they go on where they were
export const WRITE_DONE = 0;
export const WRITE_NEEDS_REFS = 1; // the shard's range of refs is used up
export const WRITE_TOO_LONG = 2; // the series at WRITE_SERIES_START has more labels than LABELS holds, or longer ones than TEXT
export const WRITE_NEEDS_CACHE = 3; // the table is too full
export const WRITE_INVALID = 4; // invalid labels, counted, the series is passed over: the caller may say which
export const WRITE_NO_MEMORY = 5; // the series is new and was refused: the head's memory or a limit
export const WRITE_EMPTY = 6; // 2.0: a series without samples and histograms, passed over
export const WRITE_HAS_EXTRAS = 7; // the series has histograms, exemplars or new metadata, its floats are staged

export const EXTRA_HISTOGRAMS = 1;
export const EXTRA_EXEMPLARS = 2;
export const EXTRA_METADATA = 4; // not what the series had last

// ── CACHE ENTRY ──────────────────────────────────────────────────────────────────────────────────────────────────
export const CACHE_ENTRY_BYTES = 32;
export const CACHE_HASH_A = 0; // u64, 0 = free
export const CACHE_HASH_B = 8; // u64
export const CACHE_SLOT = 16; // u32 slot index, or DROPPED_SLOT for a series of another shard
export const CACHE_GENERATION = 20; // u32 of the slot
export const CACHE_METADATA = 24; // u64 hash of the metadata that the series had last, 0 = none

// ── LABEL RECORD ─────────────────────────────────────────────────────────────────────────────────────────────────
export const LABEL_RECORD_BYTES = 16;
export const LABEL_NAME = 0; // u32 address
export const LABEL_NAME_LENGTH = 4; // u32
export const LABEL_VALUE = 8; // u32 address
export const LABEL_VALUE_LENGTH = 12; // u32

/** Labels of one series, and bytes of its label set: more are refused. */
export const LABELS_MAX = 4096;
export const TEXT_MAX = 1048576;

// ── SYMBOL ───────────────────────────────────────────────────────────────────────────────────────────────────────
export const SYMBOL_ENTRY_BYTES = 8;
export const SYMBOL_ADDRESS = 0; // u32
export const SYMBOL_BYTES = 4; // u32 length
