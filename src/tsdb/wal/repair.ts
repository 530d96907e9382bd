/**
 * Makes a damaged log whole again as Prometheus does: the damaged segment ends with the last whole record, and the
 * segments behind it are removed, because their records may need what is lost. Done once, after all readers are done and
 * before the log is opened for writing.
 */
import { type Files, VestalError } from "../../base/index.js";
import type { WalDamage } from "./reader.js";
import { listSegments } from "./segments.js";

export interface WalRepair {
  readonly file: string;
  readonly keptBytes: number;
  readonly removedBytes: number;
  readonly removedSegments: readonly string[];
}

/**
 * Repairs what a reader without `salvage` found; with it, only a torn tail is cut off, since records behind the damage
 * have been taken over. Damage in a checkpoint is left as it is: the next checkpoint replaces it.
 */
export function repairWal(
  files: Files,
  dir: string,
  damages: readonly WalDamage[],
  salvage = false,
): WalRepair | undefined {
  const damage = damages.find(({ isCheckpoint, isTornTail }) => !isCheckpoint && (isTornTail || !salvage));
  if (damage === undefined) return undefined;
  const removedSegments: string[] = [];
  let removedBytes = 0;
  // From the last one down: a crash in between leaves no gap in the numbers.
  for (const { path, number } of listSegments(files, dir).reverse()) {
    if (number <= damage.segment) break;
    removedBytes += files.stat(path).bytes;
    files.unlink(path);
    removedSegments.push(path);
  }
  const before = files.stat(damage.file).bytes;
  const descriptor = files.open(damage.file, "r+");
  try {
    files.ftruncate(descriptor, Math.min(before, damage.goodBytes));
    files.fsync(descriptor);
  } finally {
    files.close(descriptor);
  }
  files.fsyncDir(dir);
  removedBytes += Math.max(0, before - damage.goodBytes);
  return { file: damage.file, keptBytes: Math.min(before, damage.goodBytes), removedBytes, removedSegments };
}

/** The line that a person reads about damage; nothing is thrown, since the log is usable again. */
export function damageError(damage: WalDamage): VestalError {
  const what = damage.isTornTail
    ? "ends in a torn record, which a crash leaves; it is cut off"
    : damage.isCheckpoint
      ? "is damaged; what it says behind that byte is lost until the series are scraped again"
      : "is damaged; everything behind that byte is cut off (--storage.wal.salvage keeps all but the damaged page)";
  return new VestalError(
    damage.isTornTail ? "WAL_TORN" : "WAL_CORRUPTED",
    `wal: ${damage.file} ${what}: byte ${damage.offset}: ${damage.reason}`,
    { ...damage },
  );
}
