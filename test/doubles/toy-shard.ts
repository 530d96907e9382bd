/** The smallest shard: answers messages, and ends in every way a thread can end. */
import { workerData } from "node:worker_threads";
import type { ShardTask } from "../../src/shard/task.js";
import { runShardTask } from "../../src/shard/thread.js";

interface ToyMessage {
  readonly type: "echo" | "throw" | "uncaught" | "exit" | "return" | "hang" | "stop";
}

let tasksOfThread = 0;

export function runToyShard(task: ShardTask<string>): Promise<void> {
  tasksOfThread++;
  return runShardTask(
    task,
    ({ port, shard, generation, data }) =>
      new Promise<void>((resolve, reject) => {
        port.on("message", ({ type }: ToyMessage) => {
          if (type === "echo") port.postMessage({ shard, generation, data, workerData, tasksOfThread });
          if (type === "throw") reject(new Error("toy threw"));
          if (type === "uncaught") {
            setImmediate(() => {
              throw new Error("toy was careless");
            });
          }
          if (type === "exit") process.exit(3);
          if (type === "return" || type === "stop") resolve();
          if (type === "hang") for (;;);
        });
      }),
  );
}
