/** What reading a protobuf body keeps of the message under way, in the scratch behind its PROTO state. Offsets in bytes. */
/** FAMILY and METRIC: what was found of the message under way, each field an address and a length. In PROTO's scratch. */
export const SCRATCH_BYTES: u32 = 256;
export const FAMILY_NAME: usize = 0;
export const FAMILY_HELP: usize = 8;
export const FAMILY_UNIT: usize = 16;
export const FAMILY_TYPE: usize = 24;
export const METRIC_START: usize = 32;
export const METRIC_END: usize = 36;
export const METRIC_VALUE: usize = 40; // the message of the family's type: address, 0 = none; then its end
export const METRIC_TIME: usize = 48;
export const FIELD_NUMBER: usize = 56;
export const FIELD_WIRE: usize = 60;
export const FIELD_START: usize = 64; // of its payload
export const FIELD_END: usize = 68;
export const FIELD_VALUE: usize = 72; // u64: a varint's value, or the 8 bytes of a fixed one
export const POINT_COUNT: usize = 80; // f64
export const POINT_SUM: usize = 88; // f64
export const POINT_CREATED: usize = 96; // i64 ms
export const POINT_EXEMPLAR: usize = 104; // address and length
export const POINT_COUNT_WHOLE: usize = 112; // u64
export const POINT_COUNT_FLOAT: usize = 120; // f64
export const POINT_SCHEMA: usize = 128; // i64
export const POINT_ZERO_THRESHOLD: usize = 136; // f64
export const POINT_ZERO_COUNT: usize = 144; // u64
export const POINT_ZERO_FLOAT: usize = 152; // f64
export const POINT_POSITIVE_SPANS: usize = 160; // u32 counts
export const POINT_NEGATIVE_SPANS: usize = 164;
export const POINT_BUCKETS: usize = 168;
export const POINT_FLOAT: usize = 184; // f64
export const POINT_FIRST: usize = 192; // f64

export const COUNTER: u32 = 0;
export const GAUGE: u32 = 1;
export const SUMMARY: u32 = 2;
export const UNTYPED: u32 = 3;
export const HISTOGRAM: u32 = 4;
export const GAUGE_HISTOGRAM: u32 = 5;
