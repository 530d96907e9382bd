/** Writes powers.ts: `node assembly/exposition/generated/make-powers.mjs > assembly/exposition/generated/powers.ts`. */
const words = [];
for (let q = -348; q <= 347; q++) {
  let value;
  if (q >= 0) value = 10n ** BigInt(q) << 2000n;
  else value = (1n << 4000n) / 10n ** BigInt(-q);
  const bits = BigInt(value.toString(2).length);
  const mantissa = value >> (bits - 128n); // floor, highest bit set
  words.push(mantissa & 0xffffffffffffffffn, mantissa >> 64n);
}
const lines = [];
for (let i = 0; i < words.length; i += 4)
  lines.push(`  ${words.slice(i, i + 4).map((w) => `0x${w.toString(16).padStart(16, "0")}`).join(", ")},`);
process.stdout.write(`/** Made by make-powers.mjs. 10^q for q = -348 … 347 as 128-bit mantissas, highest bit set, cut off: low word, high word. */
export const POWERS: usize = memory.data<u64>([
${lines.join("\n")}
]);
`);
