/** `prometheus.ReadRequest` as other servers send it. */
import { decodeSnappy, ProtoReader, VestalError } from "../../base/index.js";
import { Matcher, type MatchOperator } from "../../model/index.js";

export interface ReadQuery {
  /** As hinted, where the other side hints; it wants no more then. Inclusive. */
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly Matcher[];
  /** Name of the function that will see the samples; "series" if none are wanted. */
  readonly func: string;
}

export type ResponseType = "samples" | "chunks";

export interface ReadRequest {
  readonly queries: readonly ReadQuery[];
  readonly responseType: ResponseType;
}

/** Far above what any server asks. */
const REQUEST_BYTES_MAX = 32 << 20;
const OPERATORS: readonly MatchOperator[] = ["=", "!=", "=~", "!~"];
/** By their numbers in the protocol: SAMPLES, STREAMED_XOR_CHUNKS. */
const RESPONSE_TYPES: readonly ResponseType[] = ["samples", "chunks"];

/**
 * @param externalLabels  of this server: a matcher that asks for one of them is one for a label that no series here has.
 * @throws VestalError DECODE_*, PROTO, READ_TYPE, or what is wrong with a regular expression.
 */
export function decodeReadRequest(body: Uint8Array, externalLabels: Readonly<Record<string, string>>): ReadRequest {
  const queries: ReadQuery[] = [];
  const accepted: number[] = [];
  const reader = new ProtoReader(decodeSnappy(body, REQUEST_BYTES_MAX));
  while (reader.next()) {
    if (reader.field === 1) queries.push(readQuery(reader.message(), externalLabels));
    else if (reader.field === 2) reader.uints(accepted);
  }
  return { queries, responseType: negotiate(accepted) };
}

/** The first type that is known; samples where none is asked for. */
function negotiate(accepted: readonly number[]): ResponseType {
  if (accepted.length === 0) return "samples";
  for (const number of accepted) {
    const type = RESPONSE_TYPES[number];
    if (type !== undefined) return type;
  }
  const known = "map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]";
  const message = `server does not support any of the requested response types: [${accepted.join(" ")}]; supported: ${known}`;
  throw new VestalError("READ_TYPE", message, { accepted });
}

function readQuery(reader: ProtoReader, externalLabels: Readonly<Record<string, string>>): ReadQuery {
  let query = { startMs: 0, endMs: 0, func: "" };
  const matchers: Matcher[] = [];
  let hints: ProtoReader | undefined;
  while (reader.next()) {
    if (reader.field === 1) query.startMs = reader.int();
    else if (reader.field === 2) query.endMs = reader.int();
    else if (reader.field === 3) matchers.push(readMatcher(reader.message(), externalLabels));
    else if (reader.field === 4) hints = reader.message();
  }
  if (hints !== undefined) query = readHints(hints);
  return { ...query, matchers };
}

/** What storage is asked for instead of the query's times: 0 where a hint is missing, as there. */
function readHints(reader: ProtoReader): { startMs: number; endMs: number; func: string } {
  const hints = { startMs: 0, endMs: 0, func: "" };
  while (reader.next()) {
    if (reader.field === 2) hints.func = reader.text();
    else if (reader.field === 3) hints.startMs = reader.int();
    else if (reader.field === 4) hints.endMs = reader.int();
  }
  return hints;
}

function readMatcher(reader: ProtoReader, externalLabels: Readonly<Record<string, string>>): Matcher {
  let [type, name, value] = [0, "", ""];
  while (reader.next()) {
    if (reader.field === 1) type = reader.int();
    else if (reader.field === 2) name = reader.text();
    else if (reader.field === 3) value = reader.text();
  }
  const isExternal = type === 0 && Object.hasOwn(externalLabels, name) && externalLabels[name] === value;
  return new Matcher(OPERATORS[type] ?? "=", name, isExternal ? "" : value);
}
