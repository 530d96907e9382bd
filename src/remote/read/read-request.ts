/** `prometheus.ReadRequest` as other servers send it. */
import { decodeSnappy, ProtoReader } from "../../base/index.js";
import { Matcher, type MatchOperator } from "../../model/index.js";

export interface ReadQuery {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly Matcher[];
}

/** Far above what any server asks. */
const REQUEST_BYTES_MAX = 32 << 20;
const OPERATORS: readonly MatchOperator[] = ["=", "!=", "=~", "!~"];

/**
 * @param externalLabels  of this server: a matcher that asks for one of them is one for a label that no series here has.
 * @throws VestalError DECODE_*, PROTO, or what is wrong with a regular expression.
 */
export function decodeReadRequest(body: Uint8Array, externalLabels: Readonly<Record<string, string>>): ReadQuery[] {
  const queries: ReadQuery[] = [];
  const reader = new ProtoReader(decodeSnappy(body, REQUEST_BYTES_MAX));
  while (reader.next()) if (reader.field === 1) queries.push(readQuery(reader.message(), externalLabels));
  return queries;
}

function readQuery(reader: ProtoReader, externalLabels: Readonly<Record<string, string>>): ReadQuery {
  let [startMs, endMs] = [0, 0];
  const matchers: Matcher[] = [];
  while (reader.next()) {
    if (reader.field === 1) startMs = reader.int();
    else if (reader.field === 2) endMs = reader.int();
    else if (reader.field === 3) matchers.push(readMatcher(reader.message(), externalLabels));
  }
  return { startMs, endMs, matchers };
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
