/** True for a φ that no quantile has: answers then carry a warning, and the result is NaN or infinite. */
export function isInvalidQuantile(q: number): boolean {
  return !(q >= 0 && q <= 1);
}
