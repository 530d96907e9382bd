/**
 * What the ingest thread keeps of a scraped target, in regions of the arena. Only that thread reads or writes them, so
 * every access is plain and a region that is given up is released at once. Little-endian. Offsets in bytes.
 *
 *   TARGET region (one a target; its address is the target's handle)
 *   offset  bytes  what
 *   0       24     order of lines: the last accepted scrape's, and the one of the scrape under way
 *   24      12     table text → ENTRY: buckets of chained entries
 *   36      24     lists of the scrape under way: NEW lines, HARD numbers
 *   60      32     counters and flags that last
 *   92      …      state of the parser, valid during one `parseScrape`
 *   176     …      result of `parseScrape`
 *
 *   ENTRY region (one a distinct line text: a series' text as it stands in the body, or a whole comment line)
 *   0       48     fields below; a series' text is known by its length and digest only
 *   48      …      the text of a comment
 *
 *   ORDER region: u32 a line: address of its ENTRY | ORDER_UNTRACKED | ORDER_REPEATED; 0 = a line without an entry
 *   TABLE region: u32 a bucket: address of the first ENTRY, chained by ENTRY_NEXT
 *   NEW region:   NEW_BYTES a line of the scrape under way that no entry answers
 *   HARD region:  HARD_BYTES a number that needs more than the kernel's arithmetic
 *
 * Invariants: each entry of the accepted order is in the table and has ENTRY_IN_ORDER = 1. Entries of series that are
 * not in the accepted order exist only while a scrape is under way; entries of comments also while they linger. Entries
 * are 16-byte aligned, so the low bits of an order word are free for flags.
 */

/** Bytes behind a body which the kernels overwrite and read: the caller owns them. */
export const BODY_SLACK = 32;

// ── TARGET ───────────────────────────────────────────────────────────────────────────────────────────────────────
export const TARGET_BYTES = 256;
export const TARGET_ORDER = 0; // u32 address of the accepted ORDER region, 0 = none
export const TARGET_ORDER_COUNT = 4; // u32 lines
export const TARGET_ORDER_BYTES = 8; // u32 size asked for
export const TARGET_NEXT = 12; // u32 address of the ORDER region of the scrape under way
export const TARGET_NEXT_COUNT = 16; // u32
export const TARGET_NEXT_BYTES = 20; // u32
export const TARGET_TABLE = 24; // u32 address
export const TARGET_TABLE_MASK = 28; // u32 buckets − 1
export const TARGET_ENTRY_COUNT = 32; // u32
export const TARGET_NEW = 36; // u32 address
export const TARGET_NEW_COUNT = 40; // u32
export const TARGET_NEW_BYTES = 44; // u32
export const TARGET_HARD = 48; // u32 address
export const TARGET_HARD_COUNT = 52; // u32
export const TARGET_HARD_BYTES = 56; // u32
export const TARGET_SERIAL = 60; // u32, number of the parse under way; 0 = never parsed
export const TARGET_FLAGS = 64; // u32, TARGET_IS_*
export const TARGET_SCRAPE = 68; // u32, accepted scrapes
export const TARGET_METADATA_VERSION = 72; // u32, advanced when a HELP, TYPE or UNIT line comes or goes
export const TARGET_LINGER = 76; // u32, first comment entry that is no longer in the body but still remembered
export const TARGET_REGION_BYTES = 80; // f64, bytes of all regions of this target, its own included
export const TARGET_FORMAT = 88; // u32, FLAG_OPENMETRICS if the last body was of that format

// parser
export const TARGET_AT = 92; // u32 address of the next byte to lex
export const TARGET_START = 96; // u32 address where the current token begins
export const TARGET_LEXER = 100; // u32, LEX_*
export const TARGET_LINE = 104; // u32 address where the current entry of the exposition begins
export const TARGET_END = 108; // u32 address one past the last byte to lex
export const TARGET_NAME_START = 112; // u32 address, 0 = no metric name yet
export const TARGET_NAME_END = 116; // u32
export const TARGET_TYPE = 120; // u32, TYPE_* of the last TYPE line
export const TARGET_SERIES_END = 124; // u32
export const TARGET_VALUE = 128; // f64
export const TARGET_VALUE_IS_HARD = 136; // u32, 1 = the text from TARGET_NUMBER on must be converted by the caller
export const TARGET_NUMBER = 140; // u32 address of the number that was parsed last
export const TARGET_NUMBER_END = 144; // u32
export const TARGET_TIME = 152; // i64 ms
export const TARGET_HAS_TIME = 160; // u32
export const TARGET_TIME_IS_HARD = 164; // u32
export const TARGET_TIME_TEXT = 168; // u32 address
export const TARGET_TIME_TEXT_END = 172; // u32

// result
export const TARGET_ERROR = 176; // u32, ERROR_*
export const TARGET_TOKEN = 180; // i32, TOKEN_* that was met instead of what was expected
export const TARGET_META_TOKEN = 184; // i32, TOKEN_HELP, TOKEN_TYPE or TOKEN_UNIT of the line under way
export const TARGET_TEXT_START = 188; // u32 address of the text of a metadata line
export const TARGET_TEXT_END = 192; // u32
export const TARGET_SAMPLES = 196; // u32, samples in the body
export const TARGET_DROPPED = 200; // u32, of these: known to be dropped by relabelling, not staged
export const TARGET_POSITIONAL = 204; // u32, lines found by position
export const TARGET_HASHED = 208; // u32, lines found by hash
export const TARGET_EXEMPLARS = 212; // u32, exemplars that were read and checked

export const TARGET_PROTO = 216; // u32 address of the PROTO state that the body under way was read into; 0 = a text format
export const TARGET_LIST = 220; // u32 address of EXEMPLAR records of the scrape under way
export const TARGET_LIST_COUNT = 224; // u32
export const TARGET_LIST_BYTES = 228; // u32
export const TARGET_EXEMPLAR_START = 232; // u32 address of the labels of the line's exemplar, 0 = none
export const TARGET_EXEMPLAR_END = 236; // u32 address behind the exemplar
export const TARGET_CREATED = 240; // u32 address of CREATED records of the scrape under way
export const TARGET_CREATED_COUNT = 244; // u32
export const TARGET_CREATED_BYTES = 248; // u32
export const TARGET_CREATED_FAMILY = 252; // u32 bytes of the name that the last HELP, TYPE or UNIT line had

export const TARGET_IS_DIVERGED = 1; // the body under way differs from the accepted order: TARGET_NEXT counts
export const TARGET_IS_UNTRACKED = 2; // staleness markers of all series were written after the last accepted scrape
export const TARGET_IS_PENDING = 4; // a parse is neither accepted nor rejected yet

// ── ENTRY ────────────────────────────────────────────────────────────────────────────────────────────────────────
export const ENTRY_DIGEST = 0; // v128, of the text: see digest.ts
export const ENTRY_NEXT = 16; // u32, next of the bucket
export const ENTRY_LENGTH = 20; // u32 bytes of text
export const ENTRY_SLOT = 24; // u32 slot index, DROPPED_SLOT or FOREIGN_SLOTS + n
export const ENTRY_SLOT_GENERATION = 28; // u32, of the slot when it was resolved
export const ENTRY_SEEN = 32; // u32, serial of the last diverged parse that met it
export const ENTRY_TRACKED = 36; // u32, serial of the last diverged parse in which it counts for staleness
export const ENTRY_POSITION = 40; // u32, a line of the accepted order that it stood at
export const ENTRY_KIND = 44; // u8, KIND_*
export const ENTRY_TYPE = 45; // u8, TYPE_* that a TYPE line sets
export const ENTRY_IN_ORDER = 46; // u8
export const ENTRY_LINGERS = 47; // u8
// A comment has no slot: what it lingers by lies in the same words.
export const ENTRY_LAST_SCRAPE = 24; // u32, accepted scrape that met a lingering comment last
export const ENTRY_NEXT_LINGER = 28; // u32
export const ENTRY_TEXT = 48; // of a comment: metadata is read from it

export const KIND_SERIES = 0;
export const KIND_HELP = 1;
export const KIND_TYPE = 2;
export const KIND_UNIT = 3;
export const KIND_COMMENT = 4; // any other comment: never remembered

export const ORDER_UNTRACKED = 1; // the line brought a timestamp of its own: no staleness marker when it vanishes
export const ORDER_REPEATED = 2; // the same text stood in the same body before
export const ORDER_ADDRESS = -16; // mask

/** As Prometheus: metadata outlives its last line by ten scrapes. */
export const LINGER_SCRAPES = 10;

// ── NEW: series lines to resolve (row is one of the staging table), comment lines (row = NEW_NO_ROW) ─────────────
export const NEW_BYTES = 40;
export const NEW_DIGEST = 0; // v128
export const NEW_ROW = 16; // u32
export const NEW_LINE = 20; // u32, index in TARGET_NEXT
export const NEW_TEXT = 24; // u32 address in the body
export const NEW_LENGTH = 28; // u32
export const NEW_KIND = 32; // u8
export const NEW_TYPE = 33; // u8, TYPE_* in force at the line (series) or set by it (TYPE lines)
export const NEW_IS_UNTRACKED = 34; // u8
export const NEW_HAS_TIME = 35; // u8, the sample has a timestamp of its own that counts
export const NEW_NO_ROW = -1;

// ── HARD ─────────────────────────────────────────────────────────────────────────────────────────────────────────
export const HARD_BYTES = 24;
export const HARD_ROW = 0; // u32 staging row, or NEW_NO_ROW: only to be checked
export const HARD_WHAT = 4; // u32, HARD_*
export const HARD_TEXT = 8; // u32 address
export const HARD_LENGTH = 12; // u32
export const HARD_LINE = 16; // u32 address of the line
export const HARD_SAMPLES = 20; // u32 samples before the line
export const HARD_IS_VALUE = 0;
export const HARD_IS_TIME = 1; // seconds
export const HARD_IS_CREATED = 2; // seconds; HARD_ROW is the number of the CREATED record

// ── EXEMPLAR of a line of OpenMetrics text that was staged ───────────────────────────────────────────────────────
export const EXEMPLAR_BYTES = 12;
export const EXEMPLAR_ROW = 0; // u32 staging row
export const EXEMPLAR_TEXT = 4; // u32 address of its opening brace
export const EXEMPLAR_LENGTH = 8; // u32

// ── CREATED: lines of OpenMetrics text that matter to times of creation, in their order: see created.ts ──────────
export const CREATED_BYTES = 24;
export const CREATED_KIND = 0; // u32, CREATED_IS_*
export const CREATED_ROW = 4; // u32: of a series its staging row; of a break 1 if what follows has times of creation
export const CREATED_HASH = 8; // u64, of labels and family; not of breaks
export const CREATED_MS = 16; // i64, of a time
export const CREATED_IS_SERIES = 0;
export const CREATED_IS_TIME = 1;
export const CREATED_IS_BREAK = 2; // a HELP, TYPE or UNIT line: nothing is looked for behind it

// ── PROTO: a body of delimited io.prometheus.client.MetricFamily messages, read into lines and values ────────────
// `readProtobuf` writes lines like those of the text format, but without values, to the text, a record for each series line
// to the samples, and HISTOGRAM BYTES and addresses of exemplar messages where these point to. Each list has a capacity; the
// lengths run on where it is used up, so that the caller can make all of them large enough and read again.
export const PROTO_BYTES = 96;
export const PROTO_TEXT = 0; // u32 address
export const PROTO_TEXT_CAPACITY = 4; // u32
export const PROTO_TEXT_LENGTH = 8; // u32
export const PROTO_SAMPLES = 12; // u32 address of SAMPLE records
export const PROTO_SAMPLES_CAPACITY = 16; // u32 records
export const PROTO_SAMPLES_COUNT = 20; // u32
export const PROTO_DATA = 24; // u32 address of HISTOGRAM BYTES
export const PROTO_DATA_CAPACITY = 28; // u32
export const PROTO_DATA_LENGTH = 32; // u32
export const PROTO_EXEMPLARS = 36; // u32 address of couples: u32 address, u32 length of an Exemplar message
export const PROTO_EXEMPLARS_CAPACITY = 40; // u32 couples
export const PROTO_EXEMPLARS_COUNT = 44; // u32
export const PROTO_FLOATS = 48; // u32 address of the table of FLOAT records
export const PROTO_FLOATS_MASK = 52; // u32, records − 1
export const PROTO_MISSED = 56; // u32 address of f64: bounds and quantiles that the table lacks
export const PROTO_MISSED_CAPACITY = 60; // u32
export const PROTO_MISSED_COUNT = 64; // u32
export const PROTO_ERROR_AT = 68; // u32 address in the body where reading ended
export const PROTO_ERROR_FIELD = 72; // u32
export const PROTO_ERROR_WIRE = 76; // u32
export const PROTO_ERROR_TEXT = 80; // u32 address of what the message quotes
export const PROTO_ERROR_LENGTH = 84; // u32
export const PROTO_ERROR_NEEDED = 88; // u32

// SAMPLE: of a series line, in their order
export const SAMPLE_BYTES = 48;
export const SAMPLE_VALUE = 0; // f64
export const SAMPLE_TIME = 8; // i64 ms, with SAMPLE_HAS_TIME
export const SAMPLE_CREATED = 16; // i64 ms, 0 = unknown
export const SAMPLE_FLAGS = 24; // u32, SAMPLE_*
export const SAMPLE_DATA = 28; // u32 offset of its HISTOGRAM BYTES in the data
export const SAMPLE_DATA_LENGTH = 32; // u32
export const SAMPLE_EXEMPLARS = 36; // u32 index of its first exemplar
export const SAMPLE_EXEMPLARS_COUNT = 40; // u32
export const SAMPLE_ROW = 44; // u32 staging row, or NEW_NO_ROW

export const SAMPLE_HAS_TIME = 1;
export const SAMPLE_IS_HISTOGRAM = 2;
export const SAMPLE_IS_FLOAT_HISTOGRAM = 4;

// FLOAT: a bound or quantile and its text as a label's value
export const FLOAT_BYTES = 40;
export const FLOAT_BITS = 0; // u64
export const FLOAT_LENGTH = 8; // u8, 0 = free
export const FLOAT_TEXT = 9;
export const FLOAT_TEXT_MAX = 31;

export const PROTO_CLASSIC_TOO = 1; // flag: native histograms with buckets of the classic kind are read as both

// What `readProtobuf` answers. From PROTO_FAILED on it stands at an error, and all before it was read.
export const PROTO_READ = 0;
export const PROTO_TOO_SMALL = 1; // make the lists larger, add the missed floats, and read again
export const PROTO_FAILED = 16;
export const PROTO_BAD_VARINT = 16; // of a message's length
export const PROTO_SHORT = 17; // PROTO_ERROR_NEEDED bytes are needed
export const PROTO_EOF = 18; // within a message
export const PROTO_OVERFLOW = 19;
export const PROTO_BAD_LENGTH = 20;
export const PROTO_WRONG_WIRE = 21; // PROTO_ERROR_WIRE for PROTO_ERROR_FIELD
export const PROTO_BAD_TAG = 22;
export const PROTO_GROUP_END = 23;
export const PROTO_BAD_NAME = 24; // what is quoted is no metric name
export const PROTO_BAD_HELP = 25;
export const PROTO_BAD_LABEL_NAME = 26;
export const PROTO_BAD_LABEL_VALUE = 27;
export const PROTO_BAD_TYPE = 28;
export const PROTO_BAD_UNIT = 29;

// ── parser's numbers ─────────────────────────────────────────────────────────────────────────────────────────────
export const FLAG_OPENMETRICS = 1;
export const FLAG_IGNORE_TIMESTAMPS = 2; // honor_timestamps: false
export const FLAG_TRACK_TIMESTAMPS = 4; // track_timestamps_staleness: true
export const FLAG_PROTOBUF = 8; // the body is the text of a PROTO
export const FLAG_EXEMPLARS = 16; // exemplars are stored: leave them to the caller
export const FLAG_NO_NATIVE = 32; // native histograms count as samples and are left out
export const FLAG_CREATED = 64; // times of creation in OpenMetrics are no samples: leave them to the caller

export const TYPE_UNKNOWN = 0;
export const TYPE_COUNTER = 1;
export const TYPE_GAUGE = 2;
export const TYPE_HISTOGRAM = 3;
export const TYPE_GAUGEHISTOGRAM = 4;
export const TYPE_SUMMARY = 5;
export const TYPE_INFO = 6;
export const TYPE_STATESET = 7;
export const TYPE_NONE = 8; // no TYPE line yet
export const TYPE_INVALID = 9;

export const LEX_START = 0;
export const LEX_COMMENT = 1;
export const LEX_META_NAME = 2;
export const LEX_META_TEXT = 3;
export const LEX_LABELS = 4;
export const LEX_LABEL_VALUE = 5;
export const LEX_VALUE = 6;
export const LEX_TIMESTAMP = 7;
export const LEX_EXEMPLAR = 8;
export const LEX_EXEMPLAR_VALUE = 9;
export const LEX_EXEMPLAR_TIMESTAMP = 10;

// Tokens; the names that messages show are in src/exposition/messages.ts
export const TOKEN_INVALID = -1;
export const TOKEN_EOF = 0;
export const TOKEN_LINEBREAK = 1;
export const TOKEN_WHITESPACE = 2;
export const TOKEN_HELP = 3;
export const TOKEN_TYPE = 4;
export const TOKEN_UNIT = 5;
export const TOKEN_EOF_WORD = 6;
export const TOKEN_TEXT = 7;
export const TOKEN_COMMENT = 8;
export const TOKEN_BLANK = 9;
export const TOKEN_METRIC_NAME = 10;
export const TOKEN_QUOTED = 11;
export const TOKEN_BRACE_OPEN = 12;
export const TOKEN_BRACE_CLOSE = 13;
export const TOKEN_LABEL_NAME = 14;
export const TOKEN_LABEL_VALUE = 15;
export const TOKEN_COMMA = 16;
export const TOKEN_EQUAL = 17;
export const TOKEN_TIMESTAMP = 18;
export const TOKEN_VALUE = 19;

// What one call of the line reader met
export const LINE_END = 0;
export const LINE_SERIES = 1;
export const LINE_COMMENT = 2; // HELP, TYPE, UNIT included: TARGET_META_TOKEN tells
export const LINE_ERROR = 3;

export const ERROR_NONE = 0;
export const ERROR_START = 1; // expected a valid start token
export const ERROR_META_NAME = 2;
export const ERROR_META_TEXT = 3;
export const ERROR_META_TYPE = 4;
export const ERROR_HELP_UTF8 = 5;
export const ERROR_META_END = 6;
export const ERROR_COMMENT_END = 7;
export const ERROR_LABEL_NAME = 8;
export const ERROR_NAME_TWICE = 9;
export const ERROR_EQUAL = 10;
export const ERROR_LABEL_VALUE = 11;
export const ERROR_LABEL_UTF8 = 12;
export const ERROR_COMMA = 13;
export const ERROR_NAME_MISSING = 14;
export const ERROR_VALUE = 15;
export const ERROR_FLOAT = 16; // the number between TARGET_NUMBER and TARGET_NUMBER_END is none
export const ERROR_TIMESTAMP = 17; // expected timestamp or new record
export const ERROR_TIMESTAMP_INT = 18;
export const ERROR_TIMESTAMP_END = 19;
export const ERROR_TIMESTAMP_RANGE = 20; // NaN or infinite
export const ERROR_AFTER_EOF = 21;
export const ERROR_NO_EOF = 22;
export const ERROR_UNIT = 23;
export const ERROR_EXEMPLAR_VALUE = 24;
export const ERROR_EXEMPLAR_TIMESTAMP_RANGE = 25;
export const ERROR_EXEMPLAR_TIMESTAMP_END = 26;
export const ERROR_EXEMPLAR_TIMESTAMP = 27;

// Negative results of `parseScrape`
export const PARSE_FAILED = -1; // see TARGET_ERROR
export const PARSE_TOO_MANY_ROWS = -2; // call again with a larger staging table
export const PARSE_NO_MEMORY = -3;
