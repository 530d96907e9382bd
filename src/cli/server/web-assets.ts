/** The built user interface, read once: a few hundred kB. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { Asset, WebAssets } from "../../api/index.js";
import { packageRoot } from "../../base/index.js";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** @param entry  the document's name. Undefined where it is not built. */
export function readWebAssets(
  entry = "index.html",
  folder = join(packageRoot(), "dist", "web"),
): WebAssets | undefined {
  const document = join(folder, entry);
  if (!existsSync(document)) return undefined;
  const assets = new Map<string, Asset>();
  const below = join(folder, "assets");
  for (const name of readdirSync(below).filter((each) => !each.endsWith(".gz"))) {
    const zipped = join(below, `${name}.gz`);
    assets.set(name, {
      type: TYPES[extname(name)] ?? "application/octet-stream",
      bytes: readFileSync(join(below, name)),
      gzip: existsSync(zipped) ? readFileSync(zipped) : undefined,
    });
  }
  return { document: readFileSync(document, "utf8"), asset: (path) => assets.get(path) };
}
