/** Tables: sorted by a click on a heading; cells with units, colours, gauges and links. */
import { useMemo, useState } from "preact/hooks";
import { inkOn, readable } from "../../colours.js";
import { Rows } from "../../parts.js";
import { type Display, displayOf, valueColour } from "../fields.js";
import type { Cell, Field, Frame } from "../frames.js";
import { isObject, numberOf, objectOf, objectsOf, textOf } from "../json.js";
import { fieldName, sortFrame, transform } from "../transform.js";
import type { VisualProps } from "./common.js";

interface Column {
  readonly field: Field;
  readonly display: Display;
}

export function Table({ panel, data, isDark, linkOf }: VisualProps) {
  const [sortBy, setSortBy] = useState(() => firstSort(panel.options["sortBy"]));
  const [chosen, setChosen] = useState(0);
  const frames = useMemo(() => tables(data.frames), [data]);
  const frame = frames[Math.min(chosen, frames.length - 1)] ?? { refId: "A", fields: [] };
  const columns = useMemo(
    () =>
      frame.fields.map(
        (field, index): Column => ({
          field,
          display: displayOf({ field, refId: frame.refId, index }, panel.defaults, panel.overrides),
        }),
      ),
    [frame, panel],
  );
  const by = columns.find(({ display, field }) => display.name === sortBy.name || fieldName(field) === sortBy.name);
  const order = useMemo(() => {
    const count = frame.fields[0]?.values.length ?? 0;
    const index: Field = { name: "", type: "number", labels: {}, values: Array.from({ length: count }, (_, i) => i) };
    if (by === undefined) return index.values;
    const sorted = sortFrame({ refId: "", fields: [by.field, index] }, by.field, sortBy.isDescending);
    return sorted.fields[1]?.values ?? [];
  }, [frame, by?.field, sortBy.isDescending]);
  const shown = columns.filter(
    ({ display }) =>
      display.properties["custom.hidden"] !== true &&
      display.properties["custom.hidden"] !== "true" &&
      objectOf(display.properties["custom.hideFrom"])["viz"] !== true,
  );
  const cell = ({ field, display }: Column, i: number) => (
    <td
      key={display.name}
      class={field.type === "number" ? "number" : undefined}
      style={cellStyle(display, field, field.values[i] ?? null, isDark)}
    >
      <CellContent
        column={{ field, display }}
        value={field.values[i] ?? null}
        href={hrefOf(display, columns, i, linkOf)}
      />
    </td>
  );
  return (
    <>
      {frames.length > 1 && (
        <select aria-label="Table" value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
          {frames.map(({ refId }, i) => (
            <option key={refId} value={i}>
              {refId}
            </option>
          ))}
        </select>
      )}
      <table class="data">
        {panel.options["showHeader"] !== false && (
          <thead>
            <tr>
              {shown.map(({ display, field }) => {
                const isSorted = by?.field === field;
                return (
                  <th
                    key={display.name}
                    scope="col"
                    class={field.type === "number" ? "number" : undefined}
                    aria-sort={isSorted ? (sortBy.isDescending ? "descending" : "ascending") : undefined}
                  >
                    <button
                      type="button"
                      onClick={() =>
                        setSortBy({
                          name: display.name,
                          isDescending: isSorted ? !sortBy.isDescending : field.type === "number",
                        })
                      }
                    >
                      {display.name}
                      <span aria-hidden="true">{isSorted ? (sortBy.isDescending ? " ▼" : " ▲") : ""}</span>
                    </button>
                  </th>
                );
              })}
            </tr>
          </thead>
        )}
        <tbody>
          <Rows items={order} row={(i) => <tr key={i}>{shown.map((column) => cell(column, Number(i)))}</tr>} />
        </tbody>
      </table>
    </>
  );
}

function firstSort(value: unknown): { readonly name: string; readonly isDescending: boolean } {
  const [first] = objectsOf(value);
  return { name: textOf(first?.["displayName"]), isDescending: first?.["desc"] === true };
}

/** Series that no transformation joined: a table of their latest values, one row each. */
function tables(frames: readonly Frame[]): readonly Frame[] {
  const full = frames.filter(({ fields }) => fields.length > 0);
  const isSeries = full.length > 1 && full.every(({ fields }) => fields.some(({ legend }) => legend !== undefined));
  if (!isSeries) return full;
  const { frames: rows } = transform(full, [
    { id: "reduce", options: { reducers: ["lastNotNull"], labelsToFields: false } },
  ]);
  return rows;
}

function cellType(display: Display): string {
  const options = display.properties["custom.cellOptions"];
  const type = isObject(options) ? textOf(options["type"]) : "";
  // Until version 9 the mode stood by itself.
  return type || textOf(display.properties["custom.displayMode"], "auto");
}

function cellStyle(display: Display, field: Field, value: Cell, isDark: boolean): Record<string, string> {
  const style: Record<string, string> = {};
  const align = textOf(display.properties["custom.align"]);
  if (["left", "right", "center"].includes(align)) style["textAlign"] = align;
  const width = numberOf(display.properties["custom.width"]);
  if (width !== undefined) style["width"] = `${width}px`;
  const type = cellType(display);
  if (value === null || field.type === "time") return style;
  const colour = valueColour(display, value);
  if (type.startsWith("color-background")) Object.assign(style, { background: colour, color: inkOn(colour) });
  if (type === "color-text") style["color"] = readable(colour, isDark ? [22, 24, 27] : [255, 255, 255]);
  return style;
}

function CellContent({ column, value, href }: { column: Column; value: Cell; href: string | undefined }) {
  const { display } = column;
  const text = display.text(value);
  const type = cellType(display);
  const isGauge = (type === "gauge" || type.endsWith("gauge")) && typeof value === "number";
  const numbers = column.field.values.filter(
    (each): each is number => typeof each === "number" && Number.isFinite(each),
  );
  const most = display.max ?? numbers.reduce((a, b) => Math.max(a, b), 1);
  const least = display.min ?? 0;
  const share = isGauge ? Math.min(1, Math.max(0, (Number(value) - least) / (most - least || 1))) : 0;
  return (
    <>
      {isGauge && (
        <span class="bar-track" aria-hidden="true">
          <span
            class="bar-fill"
            style={{ width: `${(share * 100).toFixed(1)}%`, background: valueColour(display, value) }}
          />
        </span>
      )}
      {href === undefined ? text : <a href={href}>{text === "" ? "–" : text}</a>}
    </>
  );
}

/** A cell's first link, with the values of its row. */
function hrefOf(
  display: Display,
  columns: readonly Column[],
  i: number,
  linkOf: VisualProps["linkOf"],
): string | undefined {
  const [link] = display.links;
  if (link === undefined) return undefined;
  const more = new Map<string, string>();
  for (const { field, display: each } of columns) {
    const text = String(field.values[i] ?? "");
    more.set(`__data.fields.${fieldName(field)}`, text).set(`__data.fields["${fieldName(field)}"]`, text);
    more.set(`__data.fields.${each.name}`, text).set(`__data.fields["${each.name}"]`, text);
  }
  const own = columns.find((each) => each.display === display);
  const value = String(own?.field.values[i] ?? "");
  more.set("__value.raw", value).set("__value.text", value).set("__value", value);
  return linkOf(link.url, more);
}
