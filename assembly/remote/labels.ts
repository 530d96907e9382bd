/**
 * From the labels of a request to LABEL BYTES: sorted by name, checked as Prometheus checks them (a metric name, no empty
 * or repeated name, UTF-8), those with empty values left out.
 */
import { putUvarint } from "../bytes/varint";
import { isUtf8 } from "../exposition/bytes";
import {
  LABEL_NAME,
  LABEL_NAME_LENGTH,
  LABEL_RECORD_BYTES,
  LABEL_VALUE,
  LABEL_VALUE_LENGTH,
  LABELS_MAX,
  TEXT_MAX,
  WRITE_INVALID,
  WRITE_LABEL_COUNT,
  WRITE_LABELS,
  WRITE_TEXT,
  WRITE_TEXT_LENGTH,
  WRITE_TOO_LONG,
} from "./layout";

export function clearLabels(state: usize): void {
  store<u32>(state, 0, WRITE_LABEL_COUNT);
}

/** Adds a label to LABELS; false if there are LABELS_MAX already. */
export function addLabel(state: usize, name: u32, nameLength: u32, value: u32, valueLength: u32): bool {
  const count = load<u32>(state, WRITE_LABEL_COUNT);
  if (count >= <u32>LABELS_MAX) return false;
  const record = recordAt(state, count);
  store<u32>(record, name, LABEL_NAME);
  store<u32>(record, nameLength, LABEL_NAME_LENGTH);
  store<u32>(record, value, LABEL_VALUE);
  store<u32>(record, valueLength, LABEL_VALUE_LENGTH);
  store<u32>(state, count + 1, WRITE_LABEL_COUNT);
  return true;
}

/** LABEL BYTES of LABELS, to WRITE_TEXT. Returns 0, WRITE_INVALID or WRITE_TOO_LONG. */
export function makeLabelBytes(state: usize): i32 {
  const count = load<u32>(state, WRITE_LABEL_COUNT);
  if (!isSorted(state, count)) sort(state, count);
  let bytes: u64 = 5;
  let kept: u32 = 0;
  let hasName = false;
  for (let i: u32 = 0; i < count; i++) {
    const record = recordAt(state, i);
    const name = <usize>load<u32>(record, LABEL_NAME);
    const nameLength = load<u32>(record, LABEL_NAME_LENGTH);
    const value = <usize>load<u32>(record, LABEL_VALUE);
    const valueLength = load<u32>(record, LABEL_VALUE_LENGTH);
    if (nameLength === 0) return WRITE_INVALID;
    if (i > 0 && compareNames(record - LABEL_RECORD_BYTES, record) === 0) return WRITE_INVALID;
    if (!isUtf8(name, name + <usize>nameLength)) return WRITE_INVALID;
    if (!isUtf8(value, value + <usize>valueLength)) return WRITE_INVALID;
    if (isMetricName(name, nameLength)) {
      if (valueLength === 0) return WRITE_INVALID;
      hasName = true;
    }
    if (valueLength === 0) continue;
    kept++;
    bytes += 10 + <u64>nameLength + <u64>valueLength;
  }
  if (!hasName) return WRITE_INVALID;
  if (bytes > <u64>TEXT_MAX) return WRITE_TOO_LONG;
  const text = <usize>load<u32>(state, WRITE_TEXT);
  let at = putUvarint(text, <u64>kept);
  for (let i: u32 = 0; i < count; i++) {
    const record = recordAt(state, i);
    const valueLength = load<u32>(record, LABEL_VALUE_LENGTH);
    if (valueLength === 0) continue;
    at = putText(at, <usize>load<u32>(record, LABEL_NAME), load<u32>(record, LABEL_NAME_LENGTH));
    at = putText(at, <usize>load<u32>(record, LABEL_VALUE), valueLength);
  }
  store<u32>(state, <u32>(at - text), WRITE_TEXT_LENGTH);
  return 0;
}

/** The labels as they stand, to WRITE_TEXT: what names a series of a 2.0 request. False if they are too long. */
export function makeRawText(state: usize): bool {
  const count = load<u32>(state, WRITE_LABEL_COUNT);
  const text = <usize>load<u32>(state, WRITE_TEXT);
  let at = text;
  for (let i: u32 = 0; i < count; i++) {
    const record = recordAt(state, i);
    const nameLength = load<u32>(record, LABEL_NAME_LENGTH);
    const valueLength = load<u32>(record, LABEL_VALUE_LENGTH);
    if (<u64>(at - text) + <u64>nameLength + <u64>valueLength + 10 > <u64>TEXT_MAX) return false;
    at = putText(at, <usize>load<u32>(record, LABEL_NAME), nameLength);
    at = putText(at, <usize>load<u32>(record, LABEL_VALUE), valueLength);
  }
  store<u32>(state, <u32>(at - text), WRITE_TEXT_LENGTH);
  return true;
}

function putText(at: usize, text: usize, length: u32): usize {
  const to = putUvarint(at, <u64>length);
  memory.copy(to, text, <usize>length);
  return to + <usize>length;
}

/** `__name__` */
function isMetricName(name: usize, length: u32): bool {
  return length === 8 && load<u32>(name) === 0x616e5f5f && load<u32>(name, 4) === 0x5f5f656d;
}

function recordAt(state: usize, index: u32): usize {
  return <usize>load<u32>(state, WRITE_LABELS) + <usize>(index * LABEL_RECORD_BYTES);
}

function compareNames(a: usize, b: usize): i32 {
  const aLength = load<u32>(a, LABEL_NAME_LENGTH);
  const bLength = load<u32>(b, LABEL_NAME_LENGTH);
  const shared = min(aLength, bLength);
  const order = memory.compare(<usize>load<u32>(a, LABEL_NAME), <usize>load<u32>(b, LABEL_NAME), <usize>shared);
  return order !== 0 ? order : <i32>(aLength - bLength);
}

function isSorted(state: usize, count: u32): bool {
  for (let i: u32 = 1; i < count; i++) {
    if (compareNames(recordAt(state, i - 1), recordAt(state, i)) > 0) return false;
  }
  return true;
}

/** Heap sort: a request chooses the order, so the worst case counts. */
function sort(state: usize, count: u32): void {
  for (let i: i32 = <i32>(count >> 1) - 1; i >= 0; i--) sink(state, <u32>i, count);
  for (let end: u32 = count - 1; end > 0; end--) {
    swap(recordAt(state, 0), recordAt(state, end));
    sink(state, 0, end);
  }
}

function sink(state: usize, from: u32, end: u32): void {
  let parent: u32 = from;
  for (;;) {
    let child: u32 = 2 * parent + 1;
    if (child >= end) return;
    if (child + 1 < end && compareNames(recordAt(state, child), recordAt(state, child + 1)) < 0) child++;
    if (compareNames(recordAt(state, parent), recordAt(state, child)) >= 0) return;
    swap(recordAt(state, parent), recordAt(state, child));
    parent = child;
  }
}

function swap(a: usize, b: usize): void {
  const first = v128.load(a);
  v128.store(a, v128.load(b));
  v128.store(b, first);
}
