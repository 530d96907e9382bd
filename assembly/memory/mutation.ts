/**
 * The mark of a memory that is being changed. Changes nest: the caller of a kernel marks a whole commit, and a kernel that
 * marks its own part must not take that mark away.
 */
import { MUTATING } from "../layout";

/** Marks the memory; what it returns is for `endMutation`. */
export function beginMutation(): u32 {
  const before = atomic.load<u32>(MUTATING);
  atomic.store<u32>(MUTATING, 1);
  return before;
}

export function endMutation(before: u32): void {
  atomic.store<u32>(MUTATING, before);
}
