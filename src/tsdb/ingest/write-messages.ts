/** What Prometheus says of remote-write requests that it refuses: cold, so it is plain TypeScript over the body's bytes. */
import {
  MESSAGE_EXEMPLAR_V1,
  MESSAGE_EXEMPLAR_V2,
  MESSAGE_HISTOGRAM,
  MESSAGE_LABEL,
  MESSAGE_METADATA_V1,
  MESSAGE_METADATA_V2,
  MESSAGE_REQUEST_V1,
  MESSAGE_REQUEST_V2,
  MESSAGE_SAMPLE,
  MESSAGE_SERIES_V1,
  MESSAGE_SERIES_V2,
  MESSAGE_SPAN,
  PROTO_END_GROUP,
  PROTO_ILLEGAL_TAG,
  PROTO_ILLEGAL_WIRE_TYPE,
  PROTO_INVALID_LENGTH,
  PROTO_OVERFLOW,
  PROTO_UNEXPECTED_END_GROUP,
  PROTO_WRONG_WIRE_TYPE,
} from "../../../assembly/remote/layout.js";
import { quoteGo } from "../../model/index.js";

interface MessageNames {
  readonly name: string;
  readonly fields: Readonly<Record<number, string>>;
}

const BUCKET_FIELDS = {
  1: "CountInt",
  2: "CountFloat",
  3: "Sum",
  4: "Schema",
  5: "ZeroThreshold",
  6: "ZeroCountInt",
  7: "ZeroCountFloat",
  8: "NegativeSpans",
  9: "NegativeDeltas",
  10: "NegativeCounts",
  11: "PositiveSpans",
  12: "PositiveDeltas",
  13: "PositiveCounts",
  14: "ResetHint",
  15: "Timestamp",
  16: "CustomValues",
} as const;

const NAMES: Readonly<Record<number, MessageNames>> = {
  [MESSAGE_REQUEST_V1]: { name: "WriteRequest", fields: { 1: "Timeseries", 3: "Metadata" } },
  [MESSAGE_SERIES_V1]: { name: "TimeSeries", fields: { 1: "Labels", 2: "Samples", 3: "Exemplars", 4: "Histograms" } },
  [MESSAGE_LABEL]: { name: "Label", fields: { 1: "Name", 2: "Value" } },
  [MESSAGE_SAMPLE]: { name: "Sample", fields: { 1: "Value", 2: "Timestamp" } },
  [MESSAGE_EXEMPLAR_V1]: { name: "Exemplar", fields: { 1: "Labels", 2: "Value", 3: "Timestamp" } },
  [MESSAGE_HISTOGRAM]: { name: "Histogram", fields: BUCKET_FIELDS },
  [MESSAGE_SPAN]: { name: "BucketSpan", fields: { 1: "Offset", 2: "Length" } },
  [MESSAGE_METADATA_V1]: { name: "MetricMetadata", fields: { 1: "Type", 2: "MetricFamilyName", 4: "Help", 5: "Unit" } },
  [MESSAGE_REQUEST_V2]: { name: "Request", fields: { 4: "Symbols", 5: "Timeseries" } },
  [MESSAGE_SERIES_V2]: {
    name: "TimeSeries",
    fields: { 1: "LabelsRefs", 2: "Samples", 3: "Histograms", 4: "Exemplars", 5: "Metadata", 6: "CreatedTimestamp" },
  },
  [MESSAGE_EXEMPLAR_V2]: { name: "Exemplar", fields: { 1: "LabelsRefs", 2: "Value", 3: "Timestamp" } },
  [MESSAGE_METADATA_V2]: { name: "Metadata", fields: { 1: "Type", 3: "HelpRef", 4: "UnitRef" } },
};

/** The words of the generated decoder for a status of `checkWrite`. */
export function protobufError(
  status: number,
  {
    message,
    field,
    wireType,
    tag,
  }: {
    readonly message: number;
    readonly field: number;
    readonly wireType: number;
    readonly tag: bigint;
  },
): string {
  const names = NAMES[message];
  switch (status) {
    case PROTO_OVERFLOW:
      return "proto: integer overflow";
    case PROTO_INVALID_LENGTH:
      return "proto: negative length found during unmarshaling";
    case PROTO_WRONG_WIRE_TYPE:
      return `proto: wrong wireType = ${wireType} for field ${names?.fields[field] ?? field}`;
    case PROTO_ILLEGAL_TAG:
      return `proto: ${names?.name}: illegal tag ${field} (wire type ${tag})`;
    case PROTO_END_GROUP:
      return `proto: ${names?.name}: wiretype end group for non-group`;
    case PROTO_UNEXPECTED_END_GROUP:
      return "proto: unexpected end of group";
    case PROTO_ILLEGAL_WIRE_TYPE:
      return `proto: illegal wireType ${wireType}`;
    default:
      return "unexpected EOF";
  }
}

/** The problem with the labels of a series of a checked request, as a 2.0 receiver words it. */
export function seriesText(version: 1 | 2, body: Uint8Array, series: Uint8Array): string {
  const pairs = version === 1 ? labelsOfV1(series) : labelsOfV2(body, series);
  if (pairs === undefined) return "invalid labels for series, a label refers to no symbol";
  pairs.sort(([a], [b]) => Buffer.compare(a, b));
  const text = `{${pairs.map(([name, value]) => `${nameText(name)}=${quoteBytes(value)}`).join(", ")}}`;
  const repeated = pairs.find(([name], i) => i > 0 && Buffer.compare(pairs[i - 1]![0], name) === 0);
  const isValid =
    pairs.some(([name, value]) => name.toString() === "__name__" && value.length > 0) &&
    pairs.every(([name, value]) => name.length > 0 && isUtf8(name) && isUtf8(value));
  if (isValid && repeated !== undefined) {
    return `invalid labels for series, labels ${text}, duplicated label ${repeated[0].toString()}`;
  }
  return `invalid metric name or labels, got ${text}`;
}

function nameText(name: Buffer): string {
  const text = name.toString("latin1");
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : quoteBytes(name);
}

function quoteBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return quoteGo(bytes.toString("utf8"));
  // Bytes that are no UTF-8 stand as \xhh, as in Go.
  let out = "";
  for (let at = 0; at < bytes.length; ) {
    const length = [1, 2, 3, 4].find((count) => at + count <= bytes.length && isUtf8(bytes.subarray(at, at + count)));
    if (length === undefined) out += `\\x${bytes[at]!.toString(16).padStart(2, "0")}`;
    else out += quoteGo(bytes.subarray(at, at + length).toString("utf8")).slice(1, -1);
    at += length ?? 1;
  }
  return `"${out}"`;
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.compare(Buffer.from(bytes.toString("utf8"), "utf8"), bytes) === 0;
}

type Pair = [name: Buffer, value: Buffer];

function labelsOfV1(series: Uint8Array): Pair[] {
  return [...fieldsOf(series)].flatMap(({ field, bytes }): Pair[] => {
    if (field !== 1 || bytes === undefined) return [];
    const pair: Pair = [Buffer.alloc(0), Buffer.alloc(0)];
    for (const part of fieldsOf(bytes)) {
      if (part.bytes !== undefined && (part.field === 1 || part.field === 2)) pair[part.field - 1] = part.bytes;
    }
    return [pair];
  });
}

function labelsOfV2(body: Uint8Array, series: Uint8Array): Pair[] | undefined {
  const symbols = [...fieldsOf(body)].flatMap(({ field, bytes }) => (field === 4 && bytes !== undefined ? bytes : []));
  const refs: number[] = [];
  for (const { field, bytes, value } of fieldsOf(series)) {
    if (field !== 1) continue;
    if (bytes === undefined) refs.push(value);
    else for (let at = 0; at < bytes.length; ) [at] = readVarint(bytes, at, (ref) => refs.push(ref));
  }
  const pairs: Pair[] = [];
  for (let i = 0; i < refs.length; i += 2) {
    const [name, value] = [symbols[refs[i]!], symbols[refs[i + 1] ?? -1]];
    if (name === undefined || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

interface Field {
  readonly field: number;
  /** Of a length-delimited field. */
  readonly bytes: Buffer | undefined;
  /** Of a varint, its lower bits. */
  readonly value: number;
}

/** The fields of a message that was checked; groups are passed over. */
function* fieldsOf(message: Uint8Array): Generator<Field> {
  let depth = 0;
  for (let at = 0; at < message.length; ) {
    let tag = 0;
    [at] = readVarint(message, at, (value) => {
      tag = value;
    });
    const field = tag >>> 3;
    let bytes: Buffer | undefined;
    let value = 0;
    switch (tag & 7) {
      case 0:
        [at] = readVarint(message, at, (read) => {
          value = read;
        });
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        let length = 0;
        [at] = readVarint(message, at, (read) => {
          length = read;
        });
        bytes = Buffer.from(message.buffer, message.byteOffset + at, length);
        at += length;
        break;
      }
      case 3:
        depth++;
        continue;
      case 4:
        depth--;
        continue;
      default:
        at += 4;
    }
    if (depth === 0) yield { field, bytes, value };
  }
}

/** The lower 32 bits of the number at `at`; returns the place behind it. */
function readVarint(bytes: Uint8Array, at: number, take: (value: number) => void): [number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  take(value >>> 0);
  return [at];
}
