/** Labels and annotations as they are written in a file. */
import { compareBytes, Labels } from "../model/index.js";

/**
 * Sorted by name, empty values kept, which no series has: an empty label takes one of the vector away, and an empty
 * annotation is told as it is.
 */
export function writtenLabels(entries: Iterable<readonly [string, string]>): Labels {
  return new Labels([...new Map(entries)].sort(([a], [b]) => compareBytes(a, b)).flat());
}
