/** Label names in paths: `U__` and then a name in which `_` is `__` and every other odd character is `_hex_`. */

/** Longest escape: `_10FFFF_`. */
const HEX_DIGITS_MAX = 6;

/** The name that `escaped` stands for; itself where it is not, or not rightly, escaped. */
export function unescapeLabelName(escaped: string): string {
  if (!escaped.startsWith("U__")) return escaped;
  let name = "";
  for (let i = 3; i < escaped.length; ) {
    const char = String.fromCodePoint(escaped.codePointAt(i)!);
    if (char !== "_") {
      name += char;
      i += char.length;
      continue;
    }
    if (escaped[i + 1] === "_") {
      name += "_";
      i += 2;
      continue;
    }
    const end = escaped.indexOf("_", i + 1);
    const hex = end < 0 ? "" : escaped.slice(i + 1, end);
    if (hex.length === 0 || hex.length > HEX_DIGITS_MAX || !/^[0-9a-fA-F]+$/.test(hex)) return escaped;
    const code = Number.parseInt(hex, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return escaped;
    name += String.fromCodePoint(code);
    i = end + 1;
  }
  return name;
}
