/**
 * Gzip of long texts in which little changes. A text comes as parts; runs of parts become members of their own, which gzip allows one
 * after the other, and members are kept: one part that changes costs one member's work, not that of megabytes.
 *
 * Where a run ends depends on the begin of its last part alone, so that a part that comes or goes moves no other run's bounds.
 */
import { gzipSync } from "node:zlib";

export interface PackedTextOptions {
  /** Of text whose members are kept, in UTF-16 units. */
  readonly charactersMax: number;
}

/** Twice what two thousand jobs take. */
export const DEFAULT_PACKED_TEXTS: PackedTextOptions = { charactersMax: 10_000_000 };

/** One in so many parts ends a run. gzip looks back 32 kB, which is some fifteen jobs: longer runs pack no better. */
const RUN_PARTS = 32;
const RUN_PARTS_MAX = 128;
/** Of a part, as far as it says where runs end: the name of a job is in it. */
const BEGIN_CHARACTERS = 96;

interface Member {
  readonly parts: readonly string[];
  readonly characters: number;
  readonly bytes: Buffer;
}

export class PackedTexts {
  readonly #options: PackedTextOptions;
  /** By their first part, in the order of their last use. */
  readonly #members = new Map<string, Member>();
  #characters = 0;

  constructor(options: PackedTextOptions) {
    this.#options = options;
  }

  /** The same bytes for the same parts. No text at all is no bytes. */
  pack(parts: readonly string[]): Buffer {
    const members: Buffer[] = [];
    for (let at = 0; at < parts.length; ) {
      const end = endOfRun(parts, at);
      members.push(this.#memberOf(parts, at, end));
      at = end;
    }
    this.#shrink();
    return Buffer.concat(members);
  }

  #memberOf(parts: readonly string[], begin: number, end: number): Buffer {
    const first = parts[begin] ?? "";
    const known = this.#members.get(first);
    if (known !== undefined && isRun(known.parts, parts, begin, end)) {
      this.#members.delete(first);
      this.#members.set(first, known);
      return known.bytes;
    }
    const run = parts.slice(begin, end);
    const text = run.join("");
    const bytes = text === "" ? Buffer.alloc(0) : gzipSync(text);
    this.#forget(first, known);
    this.#members.set(first, { parts: run, characters: text.length, bytes });
    this.#characters += text.length;
    return bytes;
  }

  #forget(first: string, member: Member | undefined): void {
    if (member === undefined) return;
    this.#members.delete(first);
    this.#characters -= member.characters;
  }

  #shrink(): void {
    for (const [first, member] of this.#members) {
      if (this.#characters <= this.#options.charactersMax) return;
      this.#forget(first, member);
    }
  }
}

/** Parts that are kept are mostly the very same strings, which compare at once. */
function isRun(run: readonly string[], parts: readonly string[], begin: number, end: number): boolean {
  return run.length === end - begin && run.every((part, i) => part === parts[begin + i]);
}

function endOfRun(parts: readonly string[], begin: number): number {
  const max = Math.min(parts.length, begin + RUN_PARTS_MAX);
  for (let at = begin; at < max; at++) if (beginHash(parts[at] ?? "") % RUN_PARTS === 0) return at + 1;
  return max;
}

/** FNV-1a. */
function beginHash(part: string): number {
  let hash = 0x811c9dc5;
  const end = Math.min(part.length, BEGIN_CHARACTERS);
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
