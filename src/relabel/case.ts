/** Go's strings.ToLower and ToUpper: one code point to one code point, where JavaScript may give several. */

export function goLowerCase(text: string): string {
  return isAscii(text) ? text.toLowerCase() : mapCodePoints(text, lowerOf);
}

export function goUpperCase(text: string): string {
  return isAscii(text) ? text.toUpperCase() : mapCodePoints(text, upperOf);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function mapCodePoints(text: string, map: (char: string) => string): string {
  let mapped = "";
  for (const char of text) mapped += map(char);
  return mapped;
}

/** U+0130, the only letter whose lower case has two code points: Unicode's simple mapping is `i`. */
function lowerOf(char: string): string {
  return char === "\u0130" ? "i" : char.toLowerCase();
}

function upperOf(char: string): string {
  const upper = char.toUpperCase();
  if (lengthInCodePoints(upper) === 1) return upper;
  return simpleUpper(char.codePointAt(0)!) ?? char;
}

/** Greek letters with iota subscript have a simple upper case beside the long one; all other long ones have none. */
function simpleUpper(code: number): string | undefined {
  const inRow = (first: number): boolean => code >= first && code <= first + 7;
  if (inRow(0x1f80) || inRow(0x1f90) || inRow(0x1fa0)) return String.fromCodePoint(code + 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCodePoint(code + 9);
  return undefined;
}

function lengthInCodePoints(text: string): number {
  return [...text].length;
}
