/** Natural order of label values: runs of digits compare as numbers, so `host2` stands before `host10`. */

/** True if `a` stands before `b`. */
export function isBeforeNaturally(a: string, b: string): boolean {
  const left = chunksOf(a);
  const right = chunksOf(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i]!;
    const y = right[i]!;
    if (x === y) continue;
    const bothNumbers = isDigit(x.charCodeAt(0)) && isDigit(y.charCodeAt(0));
    if (bothNumbers) {
      const p = BigInt(x);
      const q = BigInt(y);
      if (p !== q) return p < q;
      return x.length < y.length;
    }
    return x < y;
  }
  return left.length < right.length;
}

/** Runs of digits and runs of anything else. */
function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  let from = 0;
  for (let i = 1; i <= text.length; i++) {
    if (i < text.length && isDigit(text.charCodeAt(i)) === isDigit(text.charCodeAt(i - 1))) continue;
    chunks.push(text.slice(from, i));
    from = i;
  }
  return text === "" ? [] : chunks;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
