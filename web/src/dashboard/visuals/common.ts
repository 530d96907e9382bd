/** What every kind of panel is given, and what several of them work out alike. */

import type { Mark } from "../../plot/types.js";
import type { TimeZone } from "../../time-zone.js";
import type { Display, Placed } from "../fields.js";
import { displayOf } from "../fields.js";
import type { Cell, Frame } from "../frames.js";
import type { Panel } from "../grafana.js";
import { objectOf, textOf, textsOf } from "../json.js";
import type { PanelData } from "../load.js";
import { reduce, reduceCells } from "../reduce.js";

export interface VisualProps {
  readonly panel: Panel;
  readonly data: PanelData;
  readonly isDark: boolean;
  readonly marks: readonly Mark[];
  readonly zone: TimeZone;
  readonly syncKey: string;
  readonly onZoom: (startMs: number, endMs: number) => void;
  /** An address for a link of the dashboard, or undefined if it may not be followed. */
  readonly linkOf: (url: string, more: ReadonlyMap<string, string>) => string | undefined;
}

export interface Shown {
  readonly placed: Placed;
  readonly display: Display;
  readonly frame: Frame;
}

/** Numeric fields of all frames with their displays. */
export function numericFields(panel: Panel, frames: readonly Frame[]): readonly Shown[] {
  let index = 0;
  return frames.flatMap((frame) =>
    frame.fields
      .filter(({ type }) => type === "number")
      .map((field) => {
        const placed = { field, refId: frame.refId, index: index++ };
        return { placed, frame, display: displayOf(placed, panel.defaults, panel.overrides) };
      }),
  );
}

export interface Single {
  readonly key: string;
  readonly name: string;
  readonly value: Cell;
  readonly display: Display;
  readonly history: readonly Cell[];
}

/** Tiles and gauges: each field by its calculation, or each row of it. */
export function singles(panel: Panel, data: PanelData, most = 200): readonly Single[] {
  const options = objectOf(panel.options["reduceOptions"]);
  const calc = textsOf(options["calcs"])[0] ?? "lastNotNull";
  const wantsTexts = textOf(options["fields"]) !== "" && options["fields"] !== "/^Time$/";
  const shown = numericFields(panel, data.frames);
  if (options["values"] === true) {
    return shown
      .flatMap(({ placed, display, frame }) => {
        const names = frame.fields.find(({ type }) => type === "string");
        return placed.field.values.map((value, i) => ({
          key: `${placed.index}.${i}`,
          name: names === undefined ? display.name : String(names.values[i] ?? display.name),
          value,
          display,
          history: [],
        }));
      })
      .slice(0, most);
  }
  const strings = wantsTexts ? stringSingles(panel, data, textOf(options["fields"]), calc) : [];
  if (strings.length > 0) return strings;
  return shown.slice(0, most).map(({ placed, display }) => ({
    key: String(placed.index),
    name: display.name,
    value: reduce(placed.field.values, calc),
    display,
    history: placed.field.values,
  }));
}

/** `fields: "/^version$/"`: a label as the value of the tile. */
function stringSingles(panel: Panel, data: PanelData, fields: string, calc: string): readonly Single[] {
  const name = fields.replace(/^\/\^|\$\/$/g, "").replaceAll("\\", "");
  return data.frames.flatMap((frame) =>
    frame.fields
      .filter((field) => field.type === "string" && field.name === name)
      .map((field) => ({
        key: field.name,
        name: field.name,
        value: reduceCells(field.values, calc),
        display: displayOf({ field, refId: frame.refId, index: 0 }, panel.defaults, panel.overrides),
        history: [],
      })),
  );
}
