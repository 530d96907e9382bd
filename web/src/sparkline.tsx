/** A small curve within a line of text; its figures stand beside it, so it is hidden from screen readers. */

const WIDTH = 90;
const HEIGHT = 20;

/** @param values  NaN where there is none. */
export function Sparkline({ values, title }: { values: readonly number[]; title: string }) {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length < 2) return null;
  const most = known.reduce((max, value) => Math.max(max, value), 0) || 1;
  let isDrawing = false;
  const path = values.map((value, i) => {
    if (Number.isNaN(value)) {
      isDrawing = false;
      return "";
    }
    const x = (i / (values.length - 1)) * WIDTH;
    const y = HEIGHT - 1 - (value / most) * (HEIGHT - 2);
    const step = `${isDrawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDrawing = true;
    return step;
  });
  return (
    <svg class="curve" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <title>{title}</title>
      <path d={path.join("")} />
    </svg>
  );
}
