/** The notification log: which receiver was told what of a group, and when. A mergeable map: the later entry counts. */
import type { NanoClock } from "./now.js";
import type { MeshEntry, NflogEntry, NflogReceiver, ReceiverData } from "./state/nflog-codec.js";

export function receiverKey({ groupName, integration, index }: NflogReceiver): string {
  return `${groupName}/${integration}/${index}`;
}

function keyOf(groupKey: string, receiver: NflogReceiver): string {
  return `${groupKey}:${receiverKey(receiver)}`;
}

export interface NflogOptions {
  readonly now: NanoClock;
  readonly retentionMs: number;
  /** Hears of each entry that is new here and was made here. */
  readonly onEntry: (entry: MeshEntry) => void;
  /** Hears how long it took to find an entry. */
  readonly onQuery?: (seconds: number) => void;
}

export class NotificationLog {
  readonly #options: NflogOptions;
  readonly #entries = new Map<string, MeshEntry>();

  constructor(options: NflogOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  all(): Iterable<MeshEntry> {
    return this.#entries.values();
  }

  get(groupKey: string, receiver: NflogReceiver): NflogEntry | undefined {
    const began = performance.now();
    const found = this.#entries.get(keyOf(groupKey, receiver))?.entry;
    this.#options.onQuery?.((performance.now() - began) / 1000);
    return found;
  }

  /** @param expiryMs  kept no longer than this, as nobody asks later. */
  log(
    receiver: NflogReceiver,
    groupKey: string,
    told: { readonly firing: readonly bigint[]; readonly resolved: readonly bigint[]; readonly data: ReceiverData },
    expiryMs: number,
  ): void {
    const { now, retentionMs, onEntry } = this.#options;
    const timestamp = now.nano();
    const keptMs = expiryMs > 0 && retentionMs > expiryMs ? expiryMs : retentionMs;
    const entry = { groupKey, receiver, timestamp, ...told };
    const mesh = { entry, expiresAt: timestamp + BigInt(Math.round(keptMs)) * 1_000_000n };
    if (this.merge(mesh)) onEntry(mesh);
  }

  /** @returns whether the entry was newer than what was known. */
  merge(mesh: MeshEntry): boolean {
    if (mesh.expiresAt < this.#options.now.nano()) return false;
    const key = keyOf(mesh.entry.groupKey, mesh.entry.receiver);
    const known = this.#entries.get(key);
    if (known !== undefined && known.entry.timestamp >= mesh.entry.timestamp) return false;
    this.#entries.set(key, mesh);
    return true;
  }

  collectGarbage(): number {
    const nowNano = this.#options.now.nano();
    let count = 0;
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt > nowNano) continue;
      this.#entries.delete(key);
      count++;
    }
    return count;
  }
}
