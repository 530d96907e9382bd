/** A block's `meta.json`, as Prometheus 3.5 reads and writes it. */
import { join } from "node:path";
import { CorruptionError, type Files } from "../../base/index.js";
import { META_FILE } from "./format.js";
import { isUlid } from "./ulid.js";
import { readWhole, writeWhole } from "./whole-file.js";

export interface BlockDescription {
  readonly ulid: string;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

export interface BlockStats {
  readonly samples: number;
  readonly series: number;
  readonly chunks: number;
  readonly tombstones: number;
}

export interface BlockCompaction {
  readonly level: number;
  /** Blocks cut from a head that went into this one, ascending. */
  readonly sources: readonly string[];
  /** Blocks that this one was made of. */
  readonly parents: readonly BlockDescription[];
  readonly hints: readonly string[];
  /** All its samples are deleted: it is removed with the next reload. */
  readonly isDeletable: boolean;
  /** A compaction of it failed: it is left out of later ones. */
  readonly isFailed: boolean;
}

export interface BlockMeta {
  readonly ulid: string;
  /** Samples lie in [minTimeMs, maxTimeMs): the end is exclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly stats: BlockStats;
  readonly compaction: BlockCompaction;
}

export const HINT_FROM_OUT_OF_ORDER = "from-out-of-order";

/** Whether the block has only samples that came out of order: its end says nothing of what the log need not bring back. */
export function isOutOfOrder({ compaction }: BlockMeta): boolean {
  return compaction.hints.includes(HINT_FROM_OUT_OF_ORDER);
}

const VERSION = 1;
/** Far more than a list of sources needs. */
const META_BYTES_MAX = 64 * 1024 * 1024;

/** @throws CorruptionError BLOCK_META; system errors, ENOENT where there is none. */
export function readMeta(files: Files, blockDir: string): BlockMeta {
  const path = join(blockDir, META_FILE);
  return decodeMeta(Buffer.from(readWhole(files, path, META_BYTES_MAX)).toString("utf8"), path);
}

/** Replaces the file in one step. */
export function writeMeta(files: Files, blockDir: string, meta: BlockMeta): void {
  writeWhole(files, join(blockDir, META_FILE), new TextEncoder().encode(encodeMeta(meta)));
}

/** As Go's encoder with tabs and `omitempty`. */
export function encodeMeta(meta: BlockMeta): string {
  const { ulid, minTimeMs, maxTimeMs, stats, compaction } = meta;
  const { level, sources, parents, hints, isDeletable, isFailed } = compaction;
  const plain = {
    ulid,
    minTime: minTimeMs,
    maxTime: maxTimeMs,
    stats: {
      ...(stats.samples > 0 && { numSamples: stats.samples }),
      ...(stats.series > 0 && { numSeries: stats.series }),
      ...(stats.chunks > 0 && { numChunks: stats.chunks }),
      ...(stats.tombstones > 0 && { numTombstones: stats.tombstones }),
    },
    compaction: {
      level,
      ...(sources.length > 0 && { sources }),
      ...(isDeletable && { deletable: true }),
      ...(parents.length > 0 && {
        parents: parents.map((parent) => ({
          ulid: parent.ulid,
          minTime: parent.minTimeMs,
          maxTime: parent.maxTimeMs,
        })),
      }),
      ...(isFailed && { failed: true }),
      ...(hints.length > 0 && { hints }),
    },
    version: VERSION,
  };
  return JSON.stringify(plain, undefined, "\t");
}

export function decodeMeta(text: string, path: string): BlockMeta {
  const damaged = (why: string, cause?: unknown): CorruptionError =>
    new CorruptionError("BLOCK_META", `${path}: ${why}; the block cannot be used`, { file: path }, cause);
  let root: Json;
  try {
    root = asObject(JSON.parse(text)) ?? {};
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged("it is not JSON", error);
    throw error;
  }
  const { ulid, minTime, maxTime, version } = root;
  if (version !== VERSION) throw damaged(`unexpected meta file version ${String(version)}`);
  if (typeof ulid !== "string" || !isUlid(ulid)) throw damaged("it has no ULID");
  if (typeof minTime !== "number" || typeof maxTime !== "number") throw damaged("it has no time range");
  const stats = asObject(root["stats"]) ?? {};
  const compaction = asObject(root["compaction"]) ?? {};
  return {
    ulid,
    minTimeMs: minTime,
    maxTimeMs: maxTime,
    stats: {
      samples: asNumber(stats["numSamples"]),
      series: asNumber(stats["numSeries"]),
      chunks: asNumber(stats["numChunks"]),
      tombstones: asNumber(stats["numTombstones"]),
    },
    compaction: {
      level: asNumber(compaction["level"]),
      sources: asStrings(compaction["sources"]),
      parents: asArray(compaction["parents"]).flatMap((item) => {
        const parent = asObject(item);
        if (parent === undefined || typeof parent["ulid"] !== "string") return [];
        const [minTimeMs, maxTimeMs] = [asNumber(parent["minTime"]), asNumber(parent["maxTime"])];
        return [{ ulid: parent["ulid"], minTimeMs, maxTimeMs }];
      }),
      hints: asStrings(compaction["hints"]),
      isDeletable: compaction["deletable"] === true,
      isFailed: compaction["failed"] === true,
    },
  };
}

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asStrings(value: unknown): string[] {
  return asArray(value).filter((item): item is string => typeof item === "string");
}

function asNumber(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
