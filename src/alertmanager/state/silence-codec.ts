/** The file `silences`: MeshSilence messages of Alertmanager's silencepb, each behind its length. */
import type { MatchType } from "../matchers/matcher.js";
import { delimited, readDelimited, readFields, readTimestamp, Writer } from "./protobuf.js";

export interface SilenceMatcher {
  readonly type: MatchType;
  readonly name: string;
  readonly pattern: string;
}

export interface Silence {
  readonly id: string;
  /** All of one set, any of the sets. */
  readonly matcherSets: readonly (readonly SilenceMatcher[])[];
  /** Nanoseconds since 1970. */
  readonly startsAt: bigint;
  readonly endsAt: bigint;
  readonly updatedAt: bigint;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface MeshSilence {
  readonly silence: Silence;
  readonly expiresAt: bigint;
}

const TYPES: readonly MatchType[] = ["=", "=~", "!=", "!~"];

function encodeMatcher({ type, name, pattern }: SilenceMatcher): Buffer {
  return new Writer().integer(1, TYPES.indexOf(type)).bytes(2, name).bytes(3, pattern).finish();
}

function decodeMatcher(bytes: Buffer): SilenceMatcher {
  let [type, name, pattern]: [MatchType, string, string] = ["=", "", ""];
  for (const { field, number, bytes: value } of readFields(bytes)) {
    if (field === 1) type = TYPES[Number(number)] ?? "=";
    else if (field === 2) name = value.toString();
    else if (field === 3) pattern = value.toString();
  }
  return { type, name, pattern };
}

function encodeSilence(silence: Silence): Buffer {
  const writer = new Writer().bytes(1, silence.id);
  // Older readers know only the first set.
  for (const matcher of silence.matcherSets[0] ?? []) writer.message(2, encodeMatcher(matcher));
  writer.timestamp(3, silence.startsAt).timestamp(4, silence.endsAt).timestamp(5, silence.updatedAt);
  writer.bytes(8, silence.createdBy).bytes(9, silence.comment);
  for (const [key, value] of Object.entries(silence.annotations)) {
    writer.message(10, new Writer().bytes(1, key).bytes(2, value).finish());
  }
  for (const set of silence.matcherSets) {
    const inner = new Writer();
    for (const matcher of set) inner.message(1, encodeMatcher(matcher));
    writer.message(11, inner.finish());
  }
  return writer.finish();
}

function decodeSilence(bytes: Buffer): Silence {
  const oldMatchers: SilenceMatcher[] = [];
  const sets: SilenceMatcher[][] = [];
  const texts = { id: "", createdBy: "", comment: "" };
  const times = { startsAt: 0n, endsAt: 0n, updatedAt: 0n };
  const annotations: Record<string, string> = {};
  for (const { field, bytes: value } of readFields(bytes)) {
    switch (field) {
      case 1:
        texts.id = value.toString();
        break;
      case 2:
        oldMatchers.push(decodeMatcher(value));
        break;
      case 3:
        times.startsAt = readTimestamp(value);
        break;
      case 4:
        times.endsAt = readTimestamp(value);
        break;
      case 5:
        times.updatedAt = readTimestamp(value);
        break;
      case 7: {
        // Of very old versions: a list of comments, of which the first counts.
        const [author, comment] = [1, 2].map((n) =>
          readFields(value)
            .find(({ field: f }) => f === n)
            ?.bytes.toString(),
        );
        if (texts.comment === "") texts.comment = comment ?? "";
        if (texts.createdBy === "") texts.createdBy = author ?? "";
        break;
      }
      case 8:
        texts.createdBy = value.toString();
        break;
      case 9:
        texts.comment = value.toString();
        break;
      case 10: {
        const pair = readFields(value);
        const part = (n: number): string => pair.find(({ field: f }) => f === n)?.bytes.toString() ?? "";
        annotations[part(1)] = part(2);
        break;
      }
      case 11:
        sets.push(
          readFields(value)
            .filter(({ field: f }) => f === 1)
            .map(({ bytes: matcher }) => decodeMatcher(matcher)),
        );
        break;
    }
  }
  const matcherSets = sets.length > 0 ? sets : oldMatchers.length > 0 ? [oldMatchers] : [];
  return { ...texts, ...times, matcherSets, annotations };
}

export function encodeMeshSilence({ silence, expiresAt }: MeshSilence): Buffer {
  return new Writer().message(1, encodeSilence(silence)).timestamp(2, expiresAt).finish();
}

export function encodeSilences(silences: Iterable<MeshSilence>): Buffer {
  return Buffer.concat([...silences].map((silence) => delimited(encodeMeshSilence(silence))));
}

/** @throws CorruptionError */
export function decodeSilences(bytes: Buffer): MeshSilence[] {
  return readDelimited(bytes).map((message) => {
    const fields = readFields(message);
    const silence = fields.find(({ field }) => field === 1)?.bytes ?? Buffer.alloc(0);
    const expires = fields.find(({ field }) => field === 2)?.bytes;
    return { silence: decodeSilence(silence), expiresAt: expires === undefined ? 0n : readTimestamp(expires) };
  });
}
