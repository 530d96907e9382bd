/** Transformations of frames, in the order in which a panel lists them. */
import { metricText } from "../format.js";
import { type Cell, type Field, type Frame, NO_LABELS } from "./frames.js";
import type { Transformation } from "./grafana.js";
import { type Json, numberOf, objectOf, objectsOf, textOf, textsOf } from "./json.js";
import { reduce, reduceCells } from "./reduce.js";

type Transform = (frames: readonly Frame[], options: Json) => readonly Frame[];

export interface Transformed {
  readonly frames: readonly Frame[];
  /** Names of transformations that are not known. */
  readonly unknown: readonly string[];
}

export function transform(frames: readonly Frame[], transformations: readonly Transformation[]): Transformed {
  const unknown: string[] = [];
  let current = frames;
  for (const { id, options } of transformations) {
    const step = Object.hasOwn(TRANSFORMS, id) ? TRANSFORMS[id] : undefined;
    if (step === undefined) unknown.push(id);
    else current = step(current, options);
  }
  return { frames: current, unknown };
}

/** A field's name as rules in dashboards mean it: what the reader sees. */
export function fieldName(field: Field): string {
  if (field.legend !== undefined) return field.legend;
  return field.name;
}

function rowCount(frame: Frame): number {
  return frame.fields[0]?.values.length ?? 0;
}

/** Rows of all frames with the same value in `by` become one. Names that repeat get numbers, as there: `Time 1`, `Time 2`. */
const joinByField: Transform = (frames, options) => {
  const isInner = options["mode"] === "inner";
  const name = textOf(options["byField"]);
  const keyOf = (frame: Frame): Field | undefined =>
    name === "" ? frame.fields.find(({ type }) => type === "time") : frame.fields.find((field) => field.name === name);
  const joined = frames.filter((frame) => keyOf(frame) !== undefined);
  const [first] = joined;
  if (first === undefined) return frames.filter((frame) => rowCount(frame) > 0);
  if (joined.length === 1) return [first];
  const places = new Map<Cell, number>();
  const indices = joined.map((frame) => {
    const index = new Map<Cell, number>();
    for (const [i, key] of (keyOf(frame)?.values ?? []).entries()) {
      if (!index.has(key)) index.set(key, i);
      if (!places.has(key)) places.set(key, places.size);
    }
    return index;
  });
  let keys = [...places.keys()];
  if (isInner) keys = keys.filter((key) => indices.every((index) => index.has(key)));
  const key = keyOf(first);
  if (key?.type === "time") keys.sort((a, b) => Number(a) - Number(b));
  const counts = new Map<string, number>();
  for (const frame of joined) {
    for (const field of frame.fields)
      if (field !== keyOf(frame)) counts.set(field.name, (counts.get(field.name) ?? 0) + 1);
  }
  const seen = new Map<string, number>();
  const others = joined.flatMap((frame, f) =>
    frame.fields
      .filter((field) => field !== keyOf(frame))
      .map((field): Field => {
        const values = keys.map((each) => {
          const i = indices[f]?.get(each);
          return i === undefined ? null : (field.values[i] ?? null);
        });
        const isRepeated = (counts.get(field.name) ?? 0) > 1 && field.legend === undefined;
        const nth = (seen.get(field.name) ?? 0) + 1;
        seen.set(field.name, nth);
        return { ...field, name: isRepeated ? `${field.name} ${nth}` : field.name, values };
      }),
  );
  return [{ refId: first.refId, fields: [{ ...(key ?? others[0]!), values: keys }, ...others] }];
};

/** One table of all frames: rows which agree in every field that both have become one. */
const merge: Transform = (frames) => {
  const full = frames.filter((frame) => rowCount(frame) > 0);
  if (full.length < 2) return frames;
  const fields = new Map<string, Field>();
  for (const field of full.flatMap((frame) => frame.fields)) if (!fields.has(field.name)) fields.set(field.name, field);
  const names = [...fields.keys()];
  const rows: Map<string, Cell>[] = [];
  const byKey = new Map<string, Map<string, Cell>>();
  const shared = names.filter((name) => full.every((frame) => frame.fields.some((field) => field.name === name)));
  for (const frame of full) {
    for (let i = 0; i < rowCount(frame); i++) {
      const row = new Map(frame.fields.map((field) => [field.name, field.values[i] ?? null] as const));
      const key = JSON.stringify(shared.map((name) => row.get(name)));
      const known = byKey.get(key);
      if (known !== undefined && [...row].every(([name, cell]) => !known.has(name) || known.get(name) === cell)) {
        for (const [name, cell] of row) known.set(name, cell);
      } else {
        rows.push(row);
        if (known === undefined) byKey.set(key, row);
      }
    }
  }
  return [{ refId: full[0]!.refId, fields: columns([...fields.values()], rows) }];
};

function columns(fields: readonly Field[], rows: readonly ReadonlyMap<string, Cell>[]): readonly Field[] {
  return fields.map((field) => ({ ...field, values: rows.map((row) => row.get(field.name) ?? null) }));
}

const labelsToFields: Transform = (frames, options) => {
  const valueLabel = textOf(options["valueLabel"]);
  const keep = new Set(textsOf(options["keepLabels"]));
  return frames.map((frame) => {
    const rows = rowCount(frame);
    const labels = Object.assign({}, ...frame.fields.map((field) => field.labels)) as Record<string, string>;
    const kept = Object.entries(labels).filter(([name]) => name !== valueLabel && (keep.size === 0 || keep.has(name)));
    const strings = kept.map(
      ([name, value]): Field => ({
        name,
        type: "string",
        labels: NO_LABELS,
        values: new Array<Cell>(rows).fill(value),
      }),
    );
    const bare = frame.fields.map((field): Field => {
      const { legend: _, ...rest } = field;
      const name =
        field.type === "number" ? (field.labels[valueLabel] ?? field.labels["__name__"] ?? field.name) : field.name;
      return { ...rest, name: valueLabel === "" && field.type === "number" ? field.name : name, labels: NO_LABELS };
    });
    const times = bare.filter(({ type }) => type === "time");
    return { refId: frame.refId, fields: [...times, ...strings, ...bare.filter(({ type }) => type !== "time")] };
  });
};

const organize: Transform = (frames, options) => {
  const excluded = objectOf(options["excludeByName"]);
  const order = objectOf(options["indexByName"]);
  const renamed = objectOf(options["renameByName"]);
  const placeOf = (field: Field): number => numberOf(order[fieldName(field)]) ?? Number.POSITIVE_INFINITY;
  return frames.map((frame) => ({
    refId: frame.refId,
    fields: frame.fields
      .filter((field) => excluded[fieldName(field)] !== true)
      .map((field, i) => ({ field, place: placeOf(field), i }))
      .sort((a, b) => (a.place === b.place ? a.i - b.i : a.place - b.place))
      .map(({ field }) => rename(field, textOf(renamed[fieldName(field)]))),
  }));
};

function rename(field: Field, name: string): Field {
  if (name === "") return field;
  return field.legend === undefined ? { ...field, name } : { ...field, name, legend: name };
}

const renameByRegex: Transform = (frames, options) => {
  const pattern = regexOf(textOf(options["regex"]));
  const by = textOf(options["renamePattern"]);
  if (pattern === undefined) return frames;
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) =>
      field.type === "time" ? field : rename(field, fieldName(field).replace(pattern, by)),
    ),
  }));
};

const filterFieldsByName: Transform = (frames, options) => {
  const keeps = (side: Json): ((name: string) => boolean) | undefined => {
    const names = textsOf(side["names"]);
    const pattern = textOf(side["pattern"]) === "" ? undefined : regexOf(textOf(side["pattern"]));
    if (names.length === 0 && pattern === undefined) return undefined;
    return (name) => names.includes(name) || pattern?.test(name) === true;
  };
  const include = keeps(objectOf(options["include"]));
  const exclude = keeps(objectOf(options["exclude"]));
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.filter((field) => {
      const name = fieldName(field);
      return (include === undefined || include(name)) && (exclude === undefined || !exclude(name));
    }),
  }));
};

const filterByRefId: Transform = (frames, options) => {
  const pattern = regexOf(textOf(options["include"]));
  return pattern === undefined ? frames : frames.filter(({ refId }) => pattern.test(refId));
};

const groupBy: Transform = (frames, options) => {
  const rules = objectOf(options["fields"]);
  const ruleOf = (field: Field): Json => objectOf(rules[fieldName(field)]);
  return frames.map((frame) => {
    const keys = frame.fields.filter((field) => ruleOf(field)["operation"] === "groupby");
    if (keys.length === 0) return frame;
    const groups = new Map<string, number[]>();
    for (let i = 0; i < rowCount(frame); i++) {
      const key = JSON.stringify(keys.map((field) => field.values[i] ?? null));
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [i]);
      else rows.push(i);
    }
    const rows = [...groups.values()];
    const pick = (field: Field, indices: readonly number[]): Cell[] => indices.map((i) => field.values[i] ?? null);
    const aggregated = frame.fields
      .filter((field) => ruleOf(field)["operation"] === "aggregate")
      .flatMap((field) =>
        textsOf(ruleOf(field)["aggregations"]).map((calc): Field => {
          const { legend: _, ...rest } = field;
          const values = rows.map((indices) => reduceCells(pick(field, indices), calc));
          return { ...rest, name: `${fieldName(field)} (${calc})`, values };
        }),
      );
    const keyFields = keys.map((field) => ({
      ...field,
      values: rows.map(([first = 0]) => field.values[first] ?? null),
    }));
    return { refId: frame.refId, fields: [...keyFields, ...aggregated] };
  });
};

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};

const calculateField: Transform = (frames, options) => {
  const mode = textOf(options["mode"], "reduceRow");
  const isReplaced = options["replaceFields"] === true;
  return (mode === "binary" && frames.length > 1 ? joinByField(frames, {}) : frames).map((frame) => {
    const made =
      mode === "binary"
        ? binaryField(frame, objectOf(options["binary"]))
        : rowField(frame, objectOf(options["reduce"]));
    if (made === undefined) return frame;
    const { reducer = "sum" } = objectOf(options["reduce"]);
    const name = textOf(options["alias"]) || (mode === "binary" ? made.name : String(reducer));
    const field: Field = { ...made, name };
    const kept = isReplaced ? frame.fields.filter(({ type }) => type === "time") : frame.fields;
    return { refId: frame.refId, fields: [...kept, field] };
  });
};

function binaryField(frame: Frame, { left, right, operator }: Json): Field | undefined {
  const operate = OPERATORS[textOf(operator, "+")];
  const side = (value: unknown): ((i: number) => number | null) | undefined => {
    // Newer models write the matcher out.
    const matcher = objectOf(objectOf(value)["matcher"]);
    const named = textOf(value) || textOf(matcher["options"]) || textOf(objectOf(value)["fixed"]);
    const field = frame.fields.find((each) => fieldName(each) === named);
    if (field === undefined) {
      const fixed = numberOf(named);
      return fixed === undefined ? undefined : () => fixed;
    }
    return (i) => {
      const cell = field.values[i];
      return typeof cell === "number" ? cell : null;
    };
  };
  const [a, b] = [side(left), side(right)];
  if (operate === undefined || a === undefined || b === undefined) return undefined;
  const values = Array.from({ length: rowCount(frame) }, (_, i) => {
    const [x, y] = [a(i), b(i)];
    return x === null || y === null ? null : operate(x, y);
  });
  return { name: `${textOf(left)} ${textOf(operator)} ${textOf(right)}`, type: "number", labels: NO_LABELS, values };
}

function rowField(frame: Frame, { reducer, include }: Json): Field | undefined {
  const wanted = textsOf(include);
  const numbers = frame.fields.filter(
    (field) => field.type === "number" && (wanted.length === 0 || wanted.includes(fieldName(field))),
  );
  if (numbers.length === 0) return undefined;
  const values = Array.from({ length: rowCount(frame) }, (_, i) =>
    reduce(
      numbers.map((field) => field.values[i] ?? null),
      textOf(reducer, "sum"),
    ),
  );
  return { name: "", type: "number", labels: NO_LABELS, values };
}

const sortBy: Transform = (frames, options) => {
  const [rule] = objectsOf(options["sort"]);
  if (rule === undefined) return frames;
  return frames.map((frame) => {
    const by = frame.fields.find((field) => fieldName(field) === rule["field"] || field.name === rule["field"]);
    return by === undefined ? frame : sortFrame(frame, by, rule["desc"] === true);
  });
};

export function sortFrame(frame: Frame, by: Field, isDescending: boolean): Frame {
  const order = Array.from({ length: rowCount(frame) }, (_, i) => i).sort(
    (a, b) => (isDescending ? -1 : 1) * compareCells(by.values[a] ?? null, by.values[b] ?? null),
  );
  return takeRows(frame, order);
}

function takeRows(frame: Frame, order: readonly number[]): Frame {
  return {
    ...frame,
    fields: frame.fields.map((field) => ({ ...field, values: order.map((i) => field.values[i] ?? null) })),
  };
}

function compareCells(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

const limit: Transform = (frames, options) => {
  const count = numberOf(options["limitField"]) ?? 10;
  return frames.map((frame) =>
    takeRows(
      frame,
      Array.from({ length: Math.min(count, rowCount(frame)) }, (_, i) => i),
    ),
  );
};

const reduceTo: Transform = (frames, options) => {
  const calcs = textsOf(options["reducers"]);
  if (options["mode"] === "reduceFields") {
    return frames.map((frame) => ({
      ...frame,
      fields: frame.fields
        .filter(({ type }) => type !== "time")
        .map((field) => ({ ...field, values: [reduceCells(field.values, calcs[0] ?? "lastNotNull")] })),
    }));
  }
  const numbers = frames.flatMap((frame) => frame.fields.filter(({ type }) => type === "number"));
  const texts = (values: readonly string[], name: string): Field => ({
    name,
    type: "string",
    labels: NO_LABELS,
    values,
  });
  const keys =
    options["labelsToFields"] === true ? [...new Set(numbers.flatMap(({ labels }) => Object.keys(labels)))] : [];
  return [
    {
      refId: frames[0]?.refId ?? "A",
      fields: [
        ...(keys.length === 0 ? [texts(numbers.map(fieldName), "Field")] : []),
        ...keys.map((key) =>
          texts(
            numbers.map(({ labels }) => labels[key] ?? ""),
            key,
          ),
        ),
        ...calcs.map(
          (calc): Field => ({
            name: CALC_TITLES[calc] ?? calc,
            type: "number",
            labels: NO_LABELS,
            values: numbers.map(({ values }) => reduce(values, calc)),
          }),
        ),
      ],
    },
  ];
};

const CALC_TITLES: Readonly<Record<string, string>> = {
  lastNotNull: "Last *",
  last: "Last",
  max: "Max",
  min: "Min",
  mean: "Mean",
  sum: "Total",
  count: "Count",
};

const seriesToRows: Transform = (frames) => {
  const rows = frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === "time");
    return frame.fields
      .filter(({ type }) => type === "number")
      .flatMap((field) =>
        field.values.map(
          (value, i) => [time?.values[i] ?? null, fieldName(field) || metricText(field.labels), value] as const,
        ),
      );
  });
  rows.sort((a, b) => Number(b[0]) - Number(a[0]));
  const column = (name: string, type: Field["type"], i: 0 | 1 | 2): Field => ({
    name,
    type,
    labels: NO_LABELS,
    values: rows.map((row) => row[i]),
  });
  return [
    { refId: "A", fields: [column("Time", "time", 0), column("Metric", "string", 1), column("Value", "number", 2)] },
  ];
};

const convertFieldType: Transform = (frames, options) => {
  const rules = objectsOf(options["conversions"]);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field): Field => {
      const rule = rules.find((each) => each["targetField"] === fieldName(field));
      if (rule === undefined) return field;
      if (rule["destinationType"] === "number")
        return { ...field, type: "number", values: field.values.map((value) => numberOf(value) ?? null) };
      if (rule["destinationType"] === "string")
        return {
          ...field,
          type: "string",
          values: field.values.map((value) => (value === null ? null : String(value))),
        };
      return rule["destinationType"] === "time" ? { ...field, type: "time" } : field;
    }),
  }));
};

const filterByValue: Transform = (frames, options) => {
  const rules = objectsOf(options["filters"]);
  const isAny = options["match"] === "any";
  const isKept = options["type"] !== "exclude";
  return frames.map((frame) => {
    const tests = rules.flatMap((rule) => {
      const field = frame.fields.find((each) => fieldName(each) === rule["fieldName"]);
      const config = objectOf(rule["config"]);
      return field === undefined
        ? []
        : [(i: number) => isMatch(field.values[i] ?? null, textOf(config["id"]), objectOf(config["options"]))];
    });
    if (tests.length === 0) return frame;
    const rows = Array.from({ length: rowCount(frame) }, (_, i) => i).filter(
      (i) => (isAny ? tests.some((test) => test(i)) : tests.every((test) => test(i))) === isKept,
    );
    return takeRows(frame, rows);
  });
};

function isMatch(cell: Cell, id: string, options: Json): boolean {
  const wanted = options["value"];
  const number = Number(wanted);
  switch (id) {
    case "isNull":
      return cell === null;
    case "isNotNull":
      return cell !== null;
    case "greater":
      return cell !== null && Number(cell) > number;
    case "greaterOrEqual":
      return cell !== null && Number(cell) >= number;
    case "lower":
      return cell !== null && Number(cell) < number;
    case "lowerOrEqual":
      return cell !== null && Number(cell) <= number;
    case "equal":
      return String(cell) === String(wanted);
    case "notEqual":
      return String(cell) !== String(wanted);
    case "regex":
      return regexOf(textOf(wanted))?.test(String(cell)) === true;
    default:
      return true;
  }
}

/** `/x/i` or `x`; undefined if it is no regular expression. */
export function regexOf(text: string): RegExp | undefined {
  const match = /^\/(.*)\/([a-z]*)$/s.exec(text);
  try {
    return match === null ? new RegExp(text) : new RegExp(match[1] ?? "", (match[2] ?? "").replace(/[^imsu]/g, ""));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const TRANSFORMS: Readonly<Record<string, Transform>> = {
  joinByField,
  seriesToColumns: joinByField,
  merge,
  labelsToFields,
  organize,
  renameByRegex,
  filterFieldsByName,
  filterByRefId,
  filterByValue,
  groupBy,
  calculateField,
  sortBy,
  limit,
  reduce: reduceTo,
  seriesToRows,
  convertFieldType,
};

export const TRANSFORMATIONS: readonly string[] = Object.keys(TRANSFORMS);
