/** ULIDs, the names of blocks: 48 bits of milliseconds, 80 random bits, as 26 characters of Crockford's base 32. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_CHARS = 10;
const RANDOM_CHARS = 16;
/** The first character holds 3 bits only. */
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** @param random  gives that many random bytes. */
export function makeUlid(nowMs: number, random: (bytes: number) => Uint8Array): string {
  let time = "";
  for (let rest = nowMs, i = 0; i < TIME_CHARS; i++) {
    time = ALPHABET[rest % 32]! + time;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  for (const byte of random(RANDOM_CHARS)) tail += ALPHABET[byte & 31]!;
  return time + tail;
}

export function isUlid(name: string): boolean {
  return ULID.test(name);
}

/** The milliseconds in a ULID: when the block was made. */
export function ulidTimeMs(ulid: string): number {
  let time = 0;
  for (let i = 0; i < TIME_CHARS; i++) time = time * 32 + ALPHABET.indexOf(ulid[i]!);
  return time;
}
