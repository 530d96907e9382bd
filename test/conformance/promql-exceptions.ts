/** Cases of the scripts, which are of a later version, that the released Prometheus 3.5 answers in another way. */
interface Difference {
  readonly file: string;
  readonly text: string;
  /** What 3.5.3 answers instead. */
  readonly reason: string;
}

const DIFFERENCES: readonly Difference[] = [];

/** Why the case is not held against us; undefined for all others. */
export function knownDifference(file: string, text: string): string | undefined {
  return DIFFERENCES.find((each) => each.file === file && each.text === text)?.reason;
}
