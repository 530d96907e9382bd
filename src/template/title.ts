/** Title case by words as Unicode breaks them: letters and digits, joined by `_`, and by `.`, `'` or `:` between letters. */

const WORD = /[\p{L}\p{N}\p{M}_]+(?:['’.:·](?=\p{L})[\p{L}\p{N}\p{M}_]+)*/gu;

const CASED = /[\p{Lu}\p{Ll}\p{Lt}]/u;

/** The first letter of a word that has a case becomes a capital. @param lowersRest  whether letters behind it become small */
export function titleCase(text: string, lowersRest: boolean): string {
  return text.replace(WORD, (word) => {
    const at = word.search(CASED);
    if (at < 0) return word;
    const first = String.fromCodePoint(word.codePointAt(at)!);
    const rest = word.slice(at + first.length);
    return word.slice(0, at) + capital(first) + (lowersRest ? rest.toLowerCase() : rest);
  });
}

/** Letters that are two in one, and their forms with one capital. */
const DIGRAPHS: Readonly<Record<string, string>> = { Ǆ: "ǅ", Ǉ: "ǈ", Ǌ: "ǋ", Ǳ: "ǲ" };

/** A letter that becomes two, as `ß`, has one capital. */
function capital(letter: string): string {
  const upper = letter.toUpperCase();
  const [first = ""] = upper;
  return DIGRAPHS[upper] ?? first + upper.slice(first.length).toLowerCase();
}
