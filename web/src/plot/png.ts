/** A chart as a picture: its canvas with a title above and its legend below, on the page's colours. */

const LINE_PIXELS = 18;
const PADDING = 12;
const LEGEND_MAX = 40;

export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
}

/** @param box  what contains the canvas. */
export async function savePng(
  box: Element,
  title: string,
  legend: readonly LegendEntry[],
  fileName: string,
): Promise<void> {
  const source = box.querySelector("canvas");
  if (source === null) return;
  const style = getComputedStyle(document.documentElement);
  const ratio = devicePixelRatio;
  const canvas = document.createElement("canvas");
  const shown = legend.slice(0, LEGEND_MAX);
  const lines = shown.length + (legend.length > shown.length ? 1 : 0);
  canvas.width = source.width + 2 * PADDING * ratio;
  canvas.height = source.height + (2 * PADDING + (lines + 1.5) * LINE_PIXELS) * ratio;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.fillStyle = style.getPropertyValue("--paper");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(ratio, ratio);
  const ink = style.getPropertyValue("--ink");
  context.fillStyle = ink;
  context.font = "600 14px system-ui, sans-serif";
  const width = source.width / ratio;
  context.fillText(title.replaceAll(/\s+/g, " "), PADDING, PADDING + 13, width);
  const top = PADDING + 1.5 * LINE_PIXELS;
  context.drawImage(source, PADDING, top, width, source.height / ratio);
  context.font = "12px ui-monospace, monospace";
  let y = top + source.height / ratio + LINE_PIXELS;
  for (const { name, colour } of shown) {
    context.fillStyle = colour;
    context.fillRect(PADDING, y - 10, 12, 12);
    context.fillStyle = ink;
    context.fillText(name, PADDING + 18, y, width - 18);
    y += LINE_PIXELS;
  }
  if (legend.length > shown.length) context.fillText(`${legend.length - shown.length} more`, PADDING + 18, y);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob !== null) saveBlob(fileName, blob);
}

/** The legend that a page shows beside a chart. */
export function legendIn(box: Element): readonly LegendEntry[] {
  return [...box.querySelectorAll<HTMLElement>("[data-colour]")].map((entry) => ({
    name: entry.textContent?.trim() ?? "",
    colour: entry.dataset["colour"] ?? "",
  }));
}

export function saveBlob(fileName: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}
