/** `$NAME` and `${NAME}` in external labels, as Go's os.Expand replaces them; `$$` is a dollar sign. */

export interface Expanded {
  readonly text: string;
  /** Variables that are not set, or empty. */
  readonly missing: readonly string[];
}

/** One-letter names of the shell that Go takes as names too. */
const SPECIAL = "*#$@!?-0123456789";

export function expandEnv(text: string, env: Readonly<Record<string, string | undefined>>): Expanded {
  const missing: string[] = [];
  let expanded = "";
  let at = 0;
  while (at < text.length) {
    if (text[at] !== "$" || at + 1 >= text.length) {
      expanded += text[at++];
      continue;
    }
    const { name, length } = nameAt(text, at + 1);
    at += 1 + length;
    // `${` without a name eats itself; a dollar before anything else stays.
    if (name === "") expanded += length > 0 ? "" : "$";
    else if (name === "$") expanded += "$";
    else {
      const value = env[name] ?? "";
      if (value === "") missing.push(name);
      expanded += value;
    }
  }
  return { text: expanded, missing };
}

function nameAt(text: string, start: number): { readonly name: string; readonly length: number } {
  const first = text[start] ?? "";
  if (first === "{") {
    const special = text[start + 1] ?? "";
    if (special !== "" && SPECIAL.includes(special) && text[start + 2] === "}") return { name: special, length: 3 };
    const end = text.indexOf("}", start + 1);
    if (end === start + 1) return { name: "", length: 2 };
    return end < 0 ? { name: "", length: 1 } : { name: text.slice(start + 1, end), length: end - start + 1 };
  }
  if (SPECIAL.includes(first)) return { name: first, length: 1 };
  const name = /^[A-Za-z0-9_]*/.exec(text.slice(start))?.[0] ?? "";
  return { name, length: name.length };
}
