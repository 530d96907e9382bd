/** Where panels stand: Grafana's 24 columns, repeated panels in rows of their own, everything moved up as far as it goes. */
import type { Panel, Section } from "./grafana.js";
import { plainValue, type Scope } from "./interpolate.js";

export interface Placed {
  readonly key: string;
  readonly panel: Panel;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** With the value which a repeated panel stands for. */
  readonly scope: Scope;
}

export interface PlacedSection {
  readonly key: string;
  readonly section: Section;
  readonly scope: Scope;
}

const COLUMNS = 24;
/** A variable of ten thousand pods makes no ten thousand panels. */
const REPEATS_MAX = 100;

/** One scope a value of `name`; the scope itself where nothing is repeated. */
function repeats(name: string, scope: Scope): readonly Scope[] {
  const value = scope.get(name);
  // Without values it stands there once, and says what is missing.
  if (name === "" || value === undefined || value.values.length === 0) return [scope];
  return value.values.slice(0, REPEATS_MAX).map((each, i) => {
    const text = value.isAll ? each : (value.texts[i] ?? each);
    return new Map([...scope, [name, { ...plainValue(each), texts: [text] }] as const]);
  });
}

export function repeatSections(sections: readonly Section[], scope: Scope): readonly PlacedSection[] {
  return sections.flatMap((section, i) =>
    repeats(section.repeat, scope).map((own, j) => ({ key: `${i}.${j}`, section, scope: own })),
  );
}

export function layOut(panels: readonly Panel[], scope: Scope): readonly Placed[] {
  const bottoms = new Array<number>(COLUMNS).fill(0);
  const placed: Placed[] = [];
  const put = (key: string, panel: Panel, x: number, width: number, own: Scope): void => {
    const y = Math.max(...bottoms.slice(x, x + width));
    bottoms.fill(y + panel.height, x, x + width);
    placed.push({ key, panel, x, y, width, height: panel.height, scope: own });
  };
  const inOrder = [...panels].sort((a, b) => a.y - b.y || a.x - b.x);
  for (const [i, panel] of inOrder.entries()) {
    const scopes = repeats(panel.repeat, scope);
    if (panel.repeat === "" || scope.get(panel.repeat) === undefined) {
      put(`${i}`, panel, panel.x, panel.width, scope);
      continue;
    }
    if (panel.isRepeatedDown) {
      for (const [j, own] of scopes.entries()) put(`${i}.${j}`, panel, panel.x, panel.width, own);
      continue;
    }
    const inRow = Math.max(1, Math.min(panel.repeatsInRow, scopes.length));
    const width = Math.max(1, Math.floor(COLUMNS / inRow));
    for (const [j, own] of scopes.entries()) {
      // A new row begins below everything.
      if (j % inRow === 0) bottoms.fill(Math.max(...bottoms));
      put(`${i}.${j}`, panel, (j % inRow) * width, width, own);
    }
  }
  return placed;
}
