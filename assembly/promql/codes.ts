/** Numbers that tell the PromQL kernels what to compute. AssemblyScript and TypeScript both import this file. */

// Functions over a window of samples: `overWindows`.
export const WINDOW_COUNT = 0;
export const WINDOW_PRESENT = 1;
export const WINDOW_LAST = 2;
export const WINDOW_FIRST = 3;
export const WINDOW_SUM = 4;
export const WINDOW_AVG = 5;
export const WINDOW_MIN = 6;
export const WINDOW_MAX = 7;
export const WINDOW_STDDEV = 8;
export const WINDOW_STDVAR = 9;
export const WINDOW_QUANTILE = 10;
export const WINDOW_MAD = 11;
export const WINDOW_CHANGES = 12;
export const WINDOW_RESETS = 13;
export const WINDOW_DERIV = 14;
export const WINDOW_PREDICT_LINEAR = 15;
export const WINDOW_SMOOTH = 16;
export const WINDOW_RATE = 17;
export const WINDOW_INCREASE = 18;
export const WINDOW_DELTA = 19;
export const WINDOW_IRATE = 20;
export const WINDOW_IDELTA = 21;
export const WINDOW_TIME_OF_FIRST = 22;
export const WINDOW_TIME_OF_LAST = 23;
export const WINDOW_TIME_OF_MIN = 24;
export const WINDOW_TIME_OF_MAX = 25;
/** As WINDOW_MAD, but NaN where the window holds one. */
export const WINDOW_MAD_OR_NAN = 26;

// Aggregations that are folded into columns of their groups: `foldRow`, `finishFold`.
export const FOLD_SUM = 0;
export const FOLD_AVG = 1;
export const FOLD_MIN = 2;
export const FOLD_MAX = 3;
export const FOLD_COUNT = 4;
export const FOLD_GROUP = 5;
export const FOLD_STDDEV = 6;
export const FOLD_STDVAR = 7;

// Operators on columns: `combineRows`.
export const OPERATOR_ADD = 0;
export const OPERATOR_SUB = 1;
export const OPERATOR_MUL = 2;
export const OPERATOR_DIV = 3;
export const OPERATOR_EQUAL = 4;
export const OPERATOR_NOT_EQUAL = 5;
export const OPERATOR_GREATER = 6;
export const OPERATOR_LESS = 7;
export const OPERATOR_GREATER_EQUAL = 8;
export const OPERATOR_LESS_EQUAL = 9;

// What `fillFromChunks` is told: places of f64 in its order.
export const BATCH_SERIES = 0;
export const BATCH_STARTS = 1;
export const BATCH_CHUNKS = 2;
export const BATCH_MIN_TIME = 3;
export const BATCH_MAX_TIME = 4;
export const BATCH_TIMES = 5;
export const BATCH_VALUES = 6;
/** A WINDOW_… code, or one of the two below. */
export const BATCH_CODE = 7;
export const BATCH_FIRST_MS = 8;
export const BATCH_STEP_MS = 9;
export const BATCH_STEPS = 10;
/** Of an instant selector the lookback. */
export const BATCH_RANGE_MS = 11;
export const BATCH_FIRST = 12;
export const BATCH_SECOND = 13;
export const BATCH_NOW_MS = 14;
export const BATCH_NOW_STEP_MS = 15;
export const BATCH_OUT = 16;
export const BATCH_ROW_BYTES = 17;
export const BATCH_RESULTS = 18;
export const BATCH_FIELDS = 19;
export const BATCH_CHUNK_BYTES = 12;
export const BATCH_RESULT_BYTES = 24;
/** Instant selectors: the sample's value, or its time. */
export const BATCH_SELECT = -1;
export const BATCH_SELECT_STAMPS = -2;
