/** Writes the files of `deploy/manifests`: `npm run manifests`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../base/index.js";
import { manifestFiles, manifestText } from "./files.js";

for (const [path, manifests] of manifestFiles()) {
  const file = join(packageRoot(), "deploy", "manifests", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, manifestText(manifests));
}
