/** Title case by words as Unicode breaks them: letters and digits, joined by `_`, and by `.`, `'` or `:` between letters. */

const WORD = /[\p{L}\p{N}\p{M}_]+(?:['’.:·](?=\p{L})[\p{L}\p{N}\p{M}_]+)*/gu;

/** @param lowersRest  whether letters behind the first of a word become small. */
export function titleCase(text: string, lowersRest: boolean): string {
  return text.replace(WORD, (word) => {
    const first = String.fromCodePoint(word.codePointAt(0)!);
    const rest = word.slice(first.length);
    return first.toUpperCase() + (lowersRest ? rest.toLowerCase() : rest);
  });
}
