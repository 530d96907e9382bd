/** `prometheus.ReadRequest` as this server asks others. */
import { literalSnappy, ProtoWriter } from "../../base/index.js";
import type { MatchOperator } from "../../model/index.js";
import type { SelectHints } from "../../storage/index.js";

/** What is asked for; plain data. */
export interface RemoteSelect {
  readonly startMs: number;
  readonly endMs: number;
  readonly matchers: readonly { readonly operator: MatchOperator; readonly name: string; readonly value: string }[];
  readonly hints: SelectHints;
}

const MATCH_TYPES: Readonly<Record<MatchOperator, number>> = { "=": 0, "!=": 1, "=~": 2, "!~": 3 };
/** Forms of the answer. Samples are taken too, but chunks are smaller and need not be in memory there as a whole. */
const SAMPLES = 0;
const STREAMED_XOR_CHUNKS = 1;

export function encodeReadRequest({ startMs, endMs, matchers, hints }: RemoteSelect): Uint8Array {
  const out = new ProtoWriter();
  out.message(1, () => {
    out.int(1, startMs);
    out.int(2, endMs);
    for (const { operator, name, value } of matchers) {
      out.message(3, () => {
        out.int(1, MATCH_TYPES[operator]);
        out.text(2, name);
        out.text(3, value);
      });
    }
    out.message(4, () => {
      out.int(1, hints.stepMs);
      out.text(2, hints.func);
      out.int(3, hints.minTimeMs);
      out.int(4, hints.maxTimeMs);
    });
  });
  out.packedInts(2, [STREAMED_XOR_CHUNKS, SAMPLES]);
  return literalSnappy(out.bytes);
}
