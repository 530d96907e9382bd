/**
 * The frame of a supervised thread's task: it returns when it was asked to stop, and whatever else happens ends the thread,
 * so that no successor inherits its instances, sockets and timers.
 */
import { errorMessage, toPlain } from "../base/index.js";
import type { ShardTask } from "./task.js";

/**
 * Runs `work` until it settles. An error is first reported over the port, then thrown where nobody catches it: the thread
 * ends, and the supervisor sees the task fail.
 *
 * @param work  resolves after the `stop` message has been obeyed.
 */
export async function runShardTask<Data>(
  task: ShardTask<Data>,
  work: (task: ShardTask<Data>) => Promise<void>,
): Promise<void> {
  try {
    await work(task);
  } catch (error) {
    task.port.postMessage({ type: "failure", error: toPlain(error) });
    setImmediate(() => {
      throw error instanceof Error ? error : new Error(errorMessage(error));
    });
    await new Promise<never>(() => undefined);
  } finally {
    task.port.close();
  }
}
