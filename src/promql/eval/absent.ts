/** One series of ones at the steps where none of the given rows is present: `absent` and `absent_over_time`. */
import { Labels, type Matcher } from "../../model/index.js";
import { absentLabels } from "../functions/absent.js";
import { SingleRow } from "./mapped.js";
import { type Evaluation, RowBuffer, type Rows } from "./rows.js";

/**
 * @param matchers  of the selector that names the labels; undefined where the argument is no selector.
 * @param dropsName as `Rows.dropsName`.
 * @param open      the rows whose absence counts; opened while the row is computed.
 */
export function absentRow(
  { memory, kernels }: Evaluation,
  steps: number,
  matchers: readonly Matcher[] | undefined,
  dropsName: boolean,
  open: () => Rows,
): Rows {
  const labels = matchers === undefined ? Labels.EMPTY : absentLabels(matchers);
  return new SingleRow(labels, dropsName, (values, present) => {
    const mark = memory.mark();
    const seen = new RowBuffer(memory, steps);
    const rows = open();
    const row = new RowBuffer(memory, steps);
    memory.bytes.fill(0, seen.present, seen.present + steps);
    for (let i = 0; i < rows.count; i++) {
      if (rows.fill(i, row.values, row.present) > 0) kernels.joinPresence(seen.present, row.present, steps);
    }
    kernels.fillRow(1, steps, values, present);
    const found = kernels.maskRow(present, seen.present, steps, 0);
    memory.releaseTo(mark);
    return found;
  });
}
