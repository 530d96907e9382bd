/**
 * Loaded into a whole server by `node --import`: each thread that commits ends in its END_AFTER_COMMITS-th commit, between
 * log and head, as if the engine had killed it.
 */
import { isMainThread } from "node:worker_threads";

const { Instance } = WebAssembly;
let commitsLeft = Number(process.env["END_AFTER_COMMITS"]);

class EndingInstance {
  readonly exports: Record<string, unknown>;

  constructor(...[module, imports]: ConstructorParameters<typeof Instance>) {
    const exports = new Instance(module, imports).exports as Record<string, unknown>;
    const markRecorded = exports["markRecorded"] as ((staging: number, rows: number) => void) | undefined;
    this.exports = { ...exports };
    if (markRecorded === undefined) return;
    this.exports["markRecorded"] = (staging: number, rows: number) => {
      if (--commitsLeft === 0) process.exit(70);
      markRecorded(staging, rows);
    };
  }
}

if (!isMainThread) Object.assign(WebAssembly, { Instance: EndingInstance });
