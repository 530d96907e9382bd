/** Writes the files made from the description of the custom resources: `npm run crds`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../base/index.js";
import { generatedFiles } from "./files.js";

for (const [path, text] of generatedFiles()) {
  const file = join(packageRoot(), path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
