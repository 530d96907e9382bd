/** Variables in a dashboard's texts: `$name`, `${name}`, `${name:format}`, `[[name]]`. */

export interface VariableValue {
  readonly values: readonly string[];
  readonly texts: readonly string[];
  /** Of a variable which takes several values: in a query they become a regular expression. */
  readonly isMulti: boolean;
  readonly isAll: boolean;
  /** What "All" stands for, as it is; undefined if it stands for all values. */
  readonly allValue: string | undefined;
}

export type Scope = ReadonlyMap<string, VariableValue>;

/** One value that is put in as it is. */
export function plainValue(value: string): VariableValue {
  return { values: [value], texts: [value], isMulti: false, isAll: false, allValue: undefined };
}

const REFERENCE = /\$(\w+)|\[\[(\w+)(?::([\w-]+))?\]\]|\$\{(\w+)(?:\.([^:}]+))?(?::([^}]+))?\}/g;

/** Names that `text` refers to. */
export function referencesOf(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map((match) => match[1] ?? match[2] ?? match[4] ?? "");
}

export function interpolate(text: string, scope: Scope, standard: (value: VariableValue) => string = glob): string {
  return text.replace(REFERENCE, (whole, plain, square, squareFormat, curly, _path, curlyFormat) => {
    const name = String(plain ?? square ?? curly);
    const value = scope.get(name);
    if (value === undefined) return whole;
    const format = (curlyFormat ?? squareFormat) as string | undefined;
    if (format === "text") return value.texts.join(" + ");
    if (format === "queryparam") return queryParameters(name, value);
    if (value.isAll && value.allValue !== undefined) return value.allValue;
    return format === undefined ? standard(value) : (FORMATS[format.split(":")[0] ?? ""] ?? glob)(value);
  });
}

/** In PromQL a variable of several values stands behind `=~`. */
export function interpolateQuery(text: string, scope: Scope): string {
  return interpolate(text, scope, (value) => {
    if (!value.isMulti) return (value.values[0] ?? "").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    const escaped = value.values.map(escapeRegex);
    return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
  });
}

/** Backslashes are doubled: they stand in a PromQL string. */
function escapeRegex(text: string): string {
  return text
    .replaceAll("\\", "\\\\\\\\")
    .replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&")
    .replaceAll('"', '\\"');
}

function glob({ values }: VariableValue): string {
  return values.length > 1 ? `{${values.join(",")}}` : (values[0] ?? "");
}

const quoted =
  (quote: string) =>
  ({ values }: VariableValue): string =>
    values.map((value) => `${quote}${value.replaceAll(quote, `\\${quote}`)}${quote}`).join(",");

const FORMATS: Readonly<Record<string, (value: VariableValue) => string>> = {
  raw: ({ values }) => values.join(","),
  csv: ({ values }) => values.join(","),
  pipe: ({ values }) => values.join("|"),
  glob,
  json: ({ values }) => JSON.stringify(values.length === 1 ? values[0] : values),
  regex: ({ values }) => {
    const escaped = values.map((value) => value.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&"));
    return escaped.length === 1 ? (escaped[0] ?? "") : `(${escaped.join("|")})`;
  },
  distributed: ({ values }) => values.join(","),
  doublequote: quoted('"'),
  singlequote: quoted("'"),
  sqlstring: ({ values }) => values.map((value) => `'${value.replaceAll("'", "''")}'`).join(","),
  percentencode: (value) => encodeURIComponent(glob(value)),
  uriencode: (value) => encodeURI(glob(value)),
};

function queryParameters(name: string, { values, isAll }: VariableValue): string {
  const each = isAll ? ["$__all"] : values;
  return each.map((value) => `var-${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}
