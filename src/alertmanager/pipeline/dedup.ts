/** Whether a receiver need be told, by what the notification log says it was told before. */
import type { NflogEntry } from "../state/nflog-codec.js";
import type { NotifyReason } from "./context.js";

export interface GroupState {
  readonly firing: readonly bigint[];
  readonly resolved: readonly bigint[];
}

export function reasonToNotify(
  entry: NflogEntry | undefined,
  { firing, resolved }: GroupState,
  sendsResolved: boolean,
  repeatIntervalMs: number,
  nowNano: bigint,
): NotifyReason | undefined {
  if (entry === undefined) return firing.length > 0 ? "first notification" : undefined;
  if (!isSubset(firing, entry.firing)) return entry.firing.length === 0 ? "first notification" : "new alerts added";
  // Also where resolved alerts are not sent: the log must forget the firing ones.
  if (firing.length === 0) return entry.firing.length > 0 ? "all alerts resolved" : undefined;
  if (sendsResolved && !isSubset(resolved, entry.resolved)) return "some alerts resolved";
  const repeatNano = BigInt(Math.round(repeatIntervalMs)) * 1_000_000n;
  return entry.timestamp < nowNano - repeatNano ? "repeat interval elapsed" : undefined;
}

function isSubset(hashes: readonly bigint[], of: readonly bigint[]): boolean {
  const known = new Set(of);
  return hashes.every((hash) => known.has(hash));
}
