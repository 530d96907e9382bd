/**
 * Which shard a label set lives in: a rendezvous hash over the values of `job` and `instance`, over the whole label set if
 * it has neither. It has no seed and is defined on UTF-8 bytes, so it is the same in every thread, process and language:
 * WAL replay, scraping, remote write and rules agree without a word. Its twin in WebAssembly is assembly/shard/shard-of.ts.
 *
 *   key    FNV-1a (32 bits) over the strings, each followed by the byte 0xff, which UTF-8 never has
 *   score  of shard s: mix(key xor mix((s + 1) × 0x9e3779b9)), mix being MurmurHash3's 32-bit finalizer
 *
 * The shard with the highest score wins, the lower index at equal scores. With one more shard, a part of 1/(n + 1) moves.
 */
import type { Labels } from "../model/index.js";

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const SEPARATOR = 0xff;
const SHARD_STEP = 0x9e3779b9;

export function shardOf(labels: Labels, shardCount: number): number {
  if (shardCount === 1) return 0;
  const job = labels.get("job");
  const instance = labels.get("instance");
  let key = BASIS;
  if (job !== "" || instance !== "") key = hashText(hashText(key, job), instance);
  else for (const text of labels.pairs) key = hashText(key, text);
  let best = 0;
  let bestScore = -1;
  for (let shard = 0; shard < shardCount; shard++) {
    const score = mix(key ^ mix(Math.imul(shard + 1, SHARD_STEP)));
    if (score > bestScore) {
      best = shard;
      bestScore = score;
    }
  }
  return best;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Over the UTF-8 bytes of `text`; a lone surrogate counts as U+FFFD, as TextEncoder writes it. */
function hashText(basis: number, text: string): number {
  let h = basis;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      h = Math.imul(h ^ code, PRIME);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      code = text.codePointAt(i)!;
      if (code > 0xffff) i++;
      else code = 0xfffd;
    }
    if (code < 0x800) {
      h = Math.imul(h ^ (0xc0 | (code >> 6)), PRIME);
    } else {
      if (code < 0x10000) {
        h = Math.imul(h ^ (0xe0 | (code >> 12)), PRIME);
      } else {
        h = Math.imul(h ^ (0xf0 | (code >> 18)), PRIME);
        h = Math.imul(h ^ (0x80 | ((code >> 12) & 0x3f)), PRIME);
      }
      h = Math.imul(h ^ (0x80 | ((code >> 6) & 0x3f)), PRIME);
    }
    h = Math.imul(h ^ (0x80 | (code & 0x3f)), PRIME);
  }
  return Math.imul(h ^ SEPARATOR, PRIME);
}
