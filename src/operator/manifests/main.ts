/** Writes the files of `deploy/manifests` and `deploy/chart`: `npm run manifests`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../base/index.js";
import { chartFiles } from "./chart.js";
import { manifestFiles, manifestText } from "./files.js";

function write(path: string, text: string): void {
  const file = join(packageRoot(), "deploy", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

for (const [path, manifests] of manifestFiles()) write(`manifests/${path}`, manifestText(manifests));
for (const [path, text] of chartFiles()) write(`chart/${path}`, text);
