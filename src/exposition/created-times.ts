/**
 * Which series of an OpenMetrics body has which time of creation, from the lines that the kernel noted: as Prometheus' parser, which
 * looks ahead from a series for the next `_created` line, up to one that is no series, and takes it if it is the series' own. What
 * it found last it takes again for the same metric without looking, also behind the line.
 */
import { CREATED_IS_BREAK, CREATED_IS_TIME } from "../../assembly/exposition/layout.js";

export interface CreatedLine {
  /** CREATED_IS_* */
  readonly kind: number;
  /** Of a series: its staging row. Of a break: 1 if what follows is of a type that has times of creation. */
  readonly row: number;
  /** Of labels and family: equal for a series and its time. */
  readonly hash: bigint;
  readonly timeMs: number;
}

/** Staging row → time in ms; rows without one are missing. */
export function createdTimes(lines: readonly CreatedLine[]): Map<number, number> {
  const ahead = timesAhead(lines);
  const found = new Map<number, number>();
  let last: CreatedLine | undefined;
  for (const [i, line] of lines.entries()) {
    if (line.kind === CREATED_IS_TIME) continue;
    if (line.kind === CREATED_IS_BREAK) {
      if (line.row === 0) last = undefined;
      continue;
    }
    if (last === undefined || last.hash !== line.hash || last.timeMs <= 0) {
      const next = ahead[i];
      last = next?.hash === line.hash ? next : undefined;
    }
    if (last !== undefined) found.set(line.row, last.timeMs);
  }
  return found;
}

/** For each line the first time behind it, before a break. */
function timesAhead(lines: readonly CreatedLine[]): (CreatedLine | undefined)[] {
  const ahead: (CreatedLine | undefined)[] = [];
  let next: CreatedLine | undefined;
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!;
    ahead[i] = next;
    if (line.kind === CREATED_IS_TIME) next = line;
    else if (line.kind === CREATED_IS_BREAK) next = undefined;
  }
  return ahead;
}
