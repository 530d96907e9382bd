/** The file `nflog`: MeshEntry messages of Alertmanager's nflogpb, each behind its length. */
import { delimited, readDelimited, readFields, readTimestamp, Writer } from "./protobuf.js";

export interface NflogReceiver {
  readonly groupName: string;
  readonly integration: string;
  readonly index: number;
}

/** What an integration keeps for its next notification of the group: a message's id, say. */
export type ReceiverData = Readonly<Record<string, string | bigint | number>>;

export interface NflogEntry {
  readonly groupKey: string;
  readonly receiver: NflogReceiver;
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint;
  readonly firing: readonly bigint[];
  readonly resolved: readonly bigint[];
  readonly data: ReceiverData;
}

export interface MeshEntry {
  readonly entry: NflogEntry;
  readonly expiresAt: bigint;
}

function packed(hashes: readonly bigint[]): Buffer {
  const writer = new Writer();
  for (const hash of hashes) writer.varint(hash);
  return writer.finish();
}

export function encodeMeshEntry({ entry, expiresAt }: MeshEntry): Buffer {
  const { groupName, integration, index } = entry.receiver;
  const receiver = new Writer().bytes(1, groupName).bytes(2, integration).integer(3, index).finish();
  const writer = new Writer().bytes(1, entry.groupKey).message(2, receiver).timestamp(5, entry.timestamp);
  writer.bytes(6, packed(entry.firing)).bytes(7, packed(entry.resolved));
  for (const [key, value] of Object.entries(entry.data)) {
    const inner = new Writer();
    if (typeof value === "string") inner.message(1, Buffer.from(value));
    else if (typeof value === "bigint") inner.varint(2 << 3).varint(value);
    else inner.double(3, value);
    writer.message(8, new Writer().bytes(1, key).message(2, inner.finish()).finish());
  }
  return new Writer().message(1, writer.finish()).timestamp(2, expiresAt).finish();
}

export function encodeEntries(entries: Iterable<MeshEntry>): Buffer {
  return Buffer.concat([...entries].map((entry) => delimited(encodeMeshEntry(entry))));
}

/** @throws CorruptionError */
export function decodeEntries(bytes: Buffer): MeshEntry[] {
  return readDelimited(bytes).map(decodeMeshEntry);
}

export function decodeMeshEntry(message: Buffer): MeshEntry {
  const fields = readFields(message);
  const entry = decodeEntry(fields.find(({ field }) => field === 1)?.bytes ?? Buffer.alloc(0));
  const expires = fields.find(({ field }) => field === 2)?.bytes;
  return { entry, expiresAt: expires === undefined ? 0n : readTimestamp(expires) };
}

function decodeEntry(bytes: Buffer): NflogEntry {
  let groupKey = "";
  let receiver: NflogReceiver = { groupName: "", integration: "", index: 0 };
  let timestamp = 0n;
  const firing: bigint[] = [];
  const resolved: bigint[] = [];
  const data: Record<string, string | bigint | number> = {};
  for (const { field, number, bytes: value } of readFields(bytes)) {
    if (field === 1) groupKey = value.toString();
    else if (field === 2) receiver = decodeReceiver(value);
    else if (field === 5) timestamp = readTimestamp(value);
    else if (field === 6 || field === 7) {
      (field === 6 ? firing : resolved).push(...(value.length > 0 ? unpacked(value) : [number]));
    } else if (field === 8) {
      const [key, inner] = [1, 2].map((n) => readFields(value).find(({ field: f }) => f === n)?.bytes);
      const held = readFields(inner ?? Buffer.alloc(0))[0];
      if (key === undefined || held === undefined) continue;
      data[key.toString()] =
        held.field === 1
          ? held.bytes.toString()
          : held.field === 2
            ? BigInt.asIntN(64, held.number)
            : held.bytes.readDoubleLE();
    }
  }
  return { groupKey, receiver, timestamp, firing, resolved, data };
}

function decodeReceiver(bytes: Buffer): NflogReceiver {
  let [groupName, integration, index] = ["", "", 0];
  for (const { field, number, bytes: value } of readFields(bytes)) {
    if (field === 1) groupName = value.toString();
    else if (field === 2) integration = value.toString();
    else if (field === 3) index = Number(number);
  }
  return { groupName, integration, index };
}

function unpacked(bytes: Buffer): bigint[] {
  const hashes: bigint[] = [];
  let [value, shift] = [0n, 0n];
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      hashes.push(BigInt.asUintN(64, value));
      [value, shift] = [0n, 0n];
    }
  }
  return hashes;
}
