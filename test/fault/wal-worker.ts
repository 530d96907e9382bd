/**
 * A thread that appends batches to a shared log until it is ended. It can stand still before or after its n-th call of the
 * file system, so that a test ends it exactly there; `control` tells how far it is.
 */
import { workerData } from "node:worker_threads";
import { type Files, systemFiles } from "../../src/base/index.js";
import { Labels } from "../../src/model/index.js";
import { WalState, WalWriter } from "../../src/tsdb/wal/index.js";
import { HandHead } from "./hand-head.js";

export interface WalWorkerData {
  readonly dir: string;
  readonly state: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly ownerId: number;
  readonly batches: number;
  readonly rowsPerBatch: number;
  readonly segmentBytes: number;
  readonly fsync: "segment" | "commit";
  /** Number of the call (from 0) to stand still at, −1 = never. */
  readonly haltAt: number;
  readonly haltsAfter: boolean;
}

/** Words of `control`. */
export const CONTROL_HALTED = 0; // 1 while the thread stands still
export const CONTROL_ACKNOWLEDGED = 1; // batches whose commit returned
export const CONTROL_DONE = 2; // 1 when all batches are written
export const CONTROL_NEVER = 3; // never changes
export const CONTROL_CALL = 4; // index in FILE_CALLS of the call at which the thread stands still
export const CONTROL_BYTES = 20;

export const FILE_CALLS = Object.keys(systemFiles) as (keyof Files)[];

/** Label set of all samples of a worker. */
export function workerLabels(ownerId: number): Labels {
  return Labels.of({ __name__: "written", worker: String(ownerId) });
}

function haltingFiles(data: WalWorkerData, control: Int32Array): Files {
  let calls = 0;
  const halting = (name: keyof Files) => {
    const call = systemFiles[name] as (...args: unknown[]) => unknown;
    return (...args: unknown[]) => {
      const isHere = calls++ === data.haltAt;
      if (isHere) Atomics.store(control, CONTROL_CALL, FILE_CALLS.indexOf(name));
      if (isHere && !data.haltsAfter) halt(control);
      const result = call(...args);
      if (isHere && data.haltsAfter) halt(control);
      return result;
    };
  };
  return Object.fromEntries(FILE_CALLS.map((name) => [name, halting(name)])) as unknown as Files;
}

function halt(control: Int32Array): void {
  Atomics.store(control, CONTROL_HALTED, 1);
  Atomics.notify(control, CONTROL_HALTED);
  Atomics.wait(control, CONTROL_NEVER, 0, 60_000);
}

function run(data: WalWorkerData): void {
  const control = new Int32Array(data.control);
  const head = new HandHead(8);
  const { kernels, memory } = head;
  const wal = new WalWriter({
    dir: data.dir,
    files: haltingFiles(data, control),
    state: new WalState(data.state),
    ownerId: data.ownerId,
    kernels,
    memory,
    segmentBytes: data.segmentBytes,
    fsync: data.fsync,
  });
  const slot = head.addSeries(workerLabels(data.ownerId), data.ownerId);
  for (let batch = 0; batch < data.batches; batch++) {
    const rows = Array.from({ length: data.rowsPerBatch }, (_, i) => ({
      slot,
      timeMs: batch * 1000 + i,
      value: Math.sin(batch * 1000 + i),
    }));
    const staging = head.stage(rows);
    wal.logSeries(staging, rows.length);
    wal.logSamples(staging, rows.length);
    wal.commit();
    kernels.markRecorded(staging, rows.length);
    Atomics.store(control, CONTROL_ACKNOWLEDGED, batch + 1);
  }
  wal.close();
  Atomics.store(control, CONTROL_DONE, 1);
  Atomics.notify(control, CONTROL_DONE);
}

if (workerData !== null) run(workerData as WalWorkerData);
