/** What every mechanism of discovery is to the manager. */
import type { TargetGroup } from "./messages.js";

export interface Discovery {
  /** All that is known now, for a job that begins to use it. */
  readonly groups: readonly TargetGroup[];
  /** Reports groups by the call-back it was made with, from now on; a group without targets takes away the one of its source. */
  start(): void;
  close(): void;
}
