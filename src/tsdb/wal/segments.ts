/** What lies in a WAL's directory: numbered segments without gaps, and checkpoints that replace those before them. */
import { join } from "node:path";
import { CorruptionError, errorCode, type Files } from "../../base/index.js";

export interface Segment {
  readonly path: string;
  readonly number: number;
}

export interface Checkpoint {
  readonly path: string;
  /** Last segment that it replaces: replay goes on with the next one. */
  readonly number: number;
}

const SEGMENT_NAME = /^\d{1,9}$/;
const CHECKPOINT_NAME = /^checkpoint\.(\d{1,9})$/; // not `checkpoint.00000003.tmp`, which was never finished

/**
 * The segments in `dir`, ascending; none if the directory does not exist.
 * @throws CorruptionError WAL_GAP if a number is missing between two others.
 */
export function listSegments(files: Files, dir: string): Segment[] {
  const segments = names(files, dir)
    .filter((name) => SEGMENT_NAME.test(name))
    .map((name) => ({ path: join(dir, name), number: Number(name) }))
    .sort((a, b) => a.number - b.number);
  for (let i = 1; i < segments.length; i++) {
    const before = segments[i - 1]!;
    const segment = segments[i]!;
    if (segment.number !== before.number + 1) {
      throw new CorruptionError(
        "WAL_GAP",
        `wal: segments are not sequential: ${segment.path} follows ${before.path}; put the missing files back, or move ` +
          "those behind the gap away",
        { dir, before: before.number, after: segment.number },
      );
    }
  }
  return segments;
}

/** The newest finished checkpoint in `dir`, or undefined. */
export function lastCheckpoint(files: Files, dir: string): Checkpoint | undefined {
  let last: Checkpoint | undefined;
  for (const name of names(files, dir)) {
    const match = CHECKPOINT_NAME.exec(name);
    if (match === null) continue;
    const number = Number(match[1]);
    if (last === undefined || number > last.number) last = { path: join(dir, name), number };
  }
  return last;
}

/** The greatest number that a segment or a checkpoint has, −1 if there is none: a new segment gets the next one. */
export function lastSegmentNumber(files: Files, dir: string): number {
  return Math.max(listSegments(files, dir).at(-1)?.number ?? -1, lastCheckpoint(files, dir)?.number ?? -1);
}

/** Bytes of all files below `dir`. */
export function walBytes(files: Files, dir: string): number {
  let bytes = 0;
  for (const name of names(files, dir)) {
    const path = join(dir, name);
    try {
      const stat = files.stat(path);
      bytes += stat.isDirectory ? walBytes(files, path) : stat.bytes;
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error; // truncated away meanwhile
    }
  }
  return bytes;
}

function names(files: Files, dir: string): string[] {
  try {
    return files.readdir(dir);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}
