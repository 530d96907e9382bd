/** Blocks of a data directory as text: `tsdb list`, and what `create-blocks-from` prints. */
import { join } from "node:path";
import { systemFiles, systemReason, VestalError } from "../../../base/index.js";
import { Block, blockBytes, isUlid, PageCache, readMeta, ulidTimeMs } from "../../../tsdb/block/index.js";
import type { ToolIo } from "../io.js";
import { goDuration } from "../rule-tests/words.js";

/** Least width of a column, and blanks between two. */
const COLUMN_WIDTH = 13;
const COLUMN_GAP = 2;
const HEADER = ["BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION", "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES", "SIZE"];
export const TOOL_CACHE_BYTES = 64 * 1024 * 1024;

export interface TableOptions {
  readonly isHumanReadable: boolean;
  readonly withHeader: boolean;
}

/** ULIDs of a directory's blocks. @throws VestalError TSDB if there is no such directory. */
export function ulidsIn(dir: string): string[] {
  try {
    return systemFiles.readdir(dir).filter(isUlid);
  } catch (error) {
    throw new VestalError("TSDB", `opening the db dir: stat ${dir}: ${systemReason(error)}`, { dir }, error);
  }
}

/** Open blocks in order of time. */
export function openBlocks(dir: string): Block[] {
  const cache = new PageCache(TOOL_CACHE_BYTES);
  const blocks = ulidsIn(dir).map((ulid) => Block.open(systemFiles, join(dir, ulid), cache));
  return blocks.sort((a, b) => a.meta.minTimeMs - b.meta.minTimeMs);
}

/** The block of that name, or the newest one made. @throws VestalError TSDB */
export function openOneBlock(dir: string, ulid: string | undefined): Block {
  const ulids = ulidsIn(dir);
  const wanted = ulid ?? ulids.toSorted((a, b) => ulidTimeMs(b) - ulidTimeMs(a))[0];
  if (wanted === undefined) throw new VestalError("TSDB", "no blocks found", { dir });
  if (!ulids.includes(wanted)) throw new VestalError("TSDB", `invalid block ID ${wanted}`, { dir });
  return Block.open(systemFiles, join(dir, wanted), new PageCache(TOOL_CACHE_BYTES));
}

export function printBlocks(io: ToolIo, dirs: readonly string[], options: TableOptions): void {
  const { isHumanReadable } = options;
  const rows = dirs
    .map((dir) => ({ dir, meta: readMeta(systemFiles, dir) }))
    .sort((a, b) => a.meta.minTimeMs - b.meta.minTimeMs)
    .map(({ dir, meta }) => [
      meta.ulid,
      timeText(meta.minTimeMs, isHumanReadable),
      timeText(meta.maxTimeMs, isHumanReadable),
      goDuration(meta.maxTimeMs - meta.minTimeMs),
      String(meta.stats.samples),
      String(meta.stats.chunks),
      String(meta.stats.series),
      bytesText(blockBytes(systemFiles, dir), isHumanReadable),
    ]);
  io.out(table(options.withHeader ? [HEADER, ...rows] : rows));
}

function timeText(ms: number, isHumanReadable: boolean): string {
  if (!isHumanReadable) return String(ms);
  const [date, time] = new Date(Math.trunc(ms / 1000) * 1000).toISOString().split("T");
  return `${date} ${time!.slice(0, 8)} +0000 UTC`;
}

/** As Go's units.Base2Bytes: `1MiB512KiB3B`. */
function bytesText(bytes: number, isHumanReadable: boolean): string {
  if (!isHumanReadable) return String(bytes);
  const parts: string[] = [];
  let rest = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB", "TiB"]) {
    if (rest % 1024 !== 0 || (unit === "B" && rest === 0)) parts.unshift(`${rest % 1024}${unit}`);
    rest = Math.floor(rest / 1024);
    if (rest === 0) break;
  }
  return parts.join("");
}

/** As Go's tabwriter; the last column is not padded. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADER.map((_, column) =>
    Math.max(COLUMN_WIDTH, ...rows.map((row) => row[column]!.length + COLUMN_GAP)),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}
