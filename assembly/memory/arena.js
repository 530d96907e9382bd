"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.classOf = classOf;
exports.classBytes = classBytes;
exports.roomFor = roomFor;
exports.initArena = initArena;
exports.allocate = allocate;
exports.release = release;
exports.retire = retire;
exports.reclaim = reclaim;
/**
 * Memory of one shard's head in regions of fixed classes, with reuse by epochs. All state is in the memory map: nothing
 * is kept in this module, so every instance over the same memory sees the same arena. Only the ingest thread calls it.
 *
 * Classes: 16, then for each power of two 2^k from 32 on: 2^k and 1.5 × 2^k. A region's owner remembers the size that it
 * asked for and gives the same number back. Regions are aligned to 16 bytes and not zeroed.
 */
const layout_1 = require("../layout");
const MAX_REGION = 1 << 30;
/** Number of the smallest class that holds `bytes` (1 … 2^30). */
function classOf(bytes) {
    if (bytes <= 16)
        return 0;
    if (bytes <= 32)
        return 1;
    const power = 32 - clz(bytes - 1); // 2^power ≥ bytes > 2^(power − 1)
    const threeQuarters = 3 << (power - 2);
    return bytes <= threeQuarters ? 2 * (power - 5) : 2 * (power - 5) + 1;
}
/** Bytes of a region of class `index`. */
function classBytes(index) {
    if (index === 0)
        return 16;
    const power = 5 + (index >> 1);
    return index & 1 ? 1 << power : 3 << (power - 1);
}
/** Bytes that a request for `bytes` really gets: an owner that grows in place may use them all. */
function roomFor(bytes) {
    return classBytes(classOf(bytes));
}
/** Sets up an empty arena; called once for a memory, before the first `allocate`. */
function initArena() {
    store(layout_1.ARENA_BUMP, layout_1.ARENA_START);
}
/** A region of at least `bytes`, 16-byte aligned, contents undefined; 0 if the memory is full or the size absurd. */
function allocate(bytes) {
    if (bytes > MAX_REGION)
        return 0;
    const index = classOf(bytes);
    const size = classBytes(index);
    const list = (layout_1.ARENA_FREE + (index << 2));
    const free = load(list);
    if (free !== 0) {
        store(list, load(free));
        store(layout_1.ARENA_USED, load(layout_1.ARENA_USED) + size);
        return free;
    }
    const bump = load(layout_1.ARENA_BUMP);
    if (bump + size > load(layout_1.HEAD_LIMIT))
        return 0;
    store(layout_1.ARENA_BUMP, bump + size);
    store(layout_1.ARENA_USED, load(layout_1.ARENA_USED) + size);
    return bump;
}
/** Gives back at once a region of `bytes` that no reader can see. */
function release(address, bytes) {
    const index = classOf(bytes);
    const list = (layout_1.ARENA_FREE + (index << 2));
    store(address, load(list));
    store(list, address);
    store(layout_1.ARENA_USED, load(layout_1.ARENA_USED) - classBytes(index));
}
// A retired region's own bytes must stay readable, so a 16-byte note holds what is needed: next, address, bytes, epoch.
/**
 * Gives back a region of `bytes` once no reader can see it: the caller has already made it unreachable for readers who
 * pin from the NEXT epoch on. Where no note can be allocated the region is lost (the memory is full anyway).
 */
function retire(address, bytes) {
    const note = allocate(16);
    if (note === 0)
        return;
    store(note, 0, 0);
    store(note, address, 4);
    store(note, bytes, 8);
    store(note, atomic.load(layout_1.EPOCH), 12);
    const tail = load(layout_1.ARENA_RETIRED_TAIL);
    if (tail === 0)
        store(layout_1.ARENA_RETIRED_HEAD, note);
    else
        store(tail, note, 0);
    store(layout_1.ARENA_RETIRED_TAIL, note);
    store(layout_1.ARENA_RETIRED_BYTES, load(layout_1.ARENA_RETIRED_BYTES) + bytes);
}
/** Frees what was retired before every pinned epoch, at most `most` regions. Returns how many. */
function reclaim(most) {
    let note = load(layout_1.ARENA_RETIRED_HEAD);
    if (note === 0)
        return 0;
    const epoch = atomic.load(layout_1.EPOCH);
    let oldest = epoch; // of all pins; a reader that pins later sees at least `epoch`
    for (let i = 0; i < layout_1.PIN_COUNT; i++) {
        const pin = atomic.load((layout_1.PINS + (i << 2)));
        if (pin !== 0 && (pin - oldest) < 0)
            oldest = pin;
    }
    let freed = 0;
    while (note !== 0 && freed < most && (load(note, 12) - oldest) < 0) {
        const next = load(note, 0);
        const bytes = load(note, 8);
        release(load(note, 4), bytes);
        release(note, 16);
        store(layout_1.ARENA_RETIRED_BYTES, load(layout_1.ARENA_RETIRED_BYTES) - bytes);
        note = next;
        freed++;
    }
    store(layout_1.ARENA_RETIRED_HEAD, note);
    if (note === 0)
        store(layout_1.ARENA_RETIRED_TAIL, 0);
    return freed;
}
