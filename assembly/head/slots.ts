/** Addresses of series slots, and the queue of freed ones. */

import { newRecord, recordAddress, reserveSegments } from "../index/tables";
import {
  ROOT_FREE_SLOTS,
  ROOT_FREE_SLOTS_TAIL,
  SLOT_BYTES,
  SLOT_COUNT,
  SLOT_DIRECTORY,
  SLOT_NEXT_FREE,
  SLOT_SCRATCH,
} from "../layout";
import { oldestPin } from "../memory/arena";

/** Address of slot `index`, which is below SLOT_COUNT. */
export function slotAddress(index: u32): usize {
  return recordAddress(SLOT_DIRECTORY, index, SLOT_BYTES);
}

/** The oldest freed slot that no reader can know any more, taken from the queue; −1 if there is none. */
export function takeFreeSlot(): i32 {
  const first = load<u32>(ROOT_FREE_SLOTS);
  if (first === 0) return -1;
  const slot = slotAddress(first - 1);
  if (<i32>(load<u32>(slot, SLOT_SCRATCH) - oldestPin()) >= 0) return -1;
  const next = load<u32>(slot, SLOT_NEXT_FREE);
  store<u32>(ROOT_FREE_SLOTS, next);
  if (next === 0) store<u32>(ROOT_FREE_SLOTS_TAIL, 0);
  return <i32>(first - 1);
}

/** Puts a slot behind the queue of freed ones: readers of epoch `epoch` may still look at it. */
export function queueFreeSlot(index: u32, epoch: u32): void {
  const slot = slotAddress(index);
  store<u32>(slot, 0, SLOT_NEXT_FREE);
  store<u32>(slot, epoch, SLOT_SCRATCH);
  const tail = load<u32>(ROOT_FREE_SLOTS_TAIL);
  if (tail === 0) store<u32>(ROOT_FREE_SLOTS, index + 1);
  else store<u32>(slotAddress(tail - 1), index + 1, SLOT_NEXT_FREE);
  store<u32>(ROOT_FREE_SLOTS_TAIL, index + 1);
}

/** Counts on the memory of one slot that was never used. */
export function reserveNewSlot(): bool {
  return reserveSegments(load<u32>(SLOT_COUNT), 1, SLOT_BYTES);
}

/** Index of a slot that was never used, all zero. Memory has been reserved. */
export function newSlot(): u32 {
  const index = load<u32>(SLOT_COUNT);
  newRecord(SLOT_DIRECTORY, index, SLOT_BYTES);
  atomic.store<u32>(SLOT_COUNT, index + 1);
  return index;
}
