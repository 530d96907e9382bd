/** Label and field selectors as an API server evaluates them. Syntax errors are the caller's to avoid: this is a double. */

type Labels = Readonly<Record<string, string>>;

export function matchesLabels(selector: string, labels: Labels): boolean {
  return splitTerms(selector).every((term) => matchesLabel(term, labels));
}

function splitTerms(selector: string): readonly string[] {
  return selector === "" ? [] : selector.split(/,(?![^(]*\))/).map((term) => term.trim());
}

function matchesLabel(term: string, labels: Labels): boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const values = set[3]!.split(",").map((value) => value.trim());
    const value = labels[set[1]!];
    return set[2] === "in"
      ? value !== undefined && values.includes(value)
      : value === undefined || !values.includes(value);
  }
  const compared = /^([^!=<>\s]+)\s*(!=|==|=|<|>)\s*(.*)$/.exec(term);
  if (compared !== null) {
    const [, key = "", operator, wanted = ""] = compared;
    const value = labels[key];
    if (operator === "!=") return value !== wanted;
    if (operator === "<") return value !== undefined && Number(value) < Number(wanted);
    if (operator === ">") return value !== undefined && Number(value) > Number(wanted);
    return value === wanted;
  }
  return term.startsWith("!") ? labels[term.slice(1).trim()] === undefined : labels[term] !== undefined;
}

export function matchesFields(selector: string, object: unknown): boolean {
  return splitTerms(selector).every((term) => {
    const [, path = "", operator, wanted] = /^([^!=]+)(!=|==|=)(.*)$/.exec(term) ?? [];
    const value = path
      .split(".")
      .reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], object);
    const text = value === undefined || value === null ? "" : String(value);
    return operator === "!=" ? text !== wanted : text === wanted;
  });
}
