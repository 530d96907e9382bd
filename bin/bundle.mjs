/**
 * Replaces the entries of what runs all day, in `dist`, by bundles of their own: what a thread of the server imports, without
 * what none of it uses and without comments. A thread holds the text and the records of all modules that it loads on its heap,
 * and loads some 300 files otherwise. Names and lines stay, so that stack traces can be read. Packages are not bundled.
 *
 *   node bin/bundle.mjs     after the compiler has written `dist`
 */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");

/** One that another imports stands behind it. */
const ENTRIES = [
  "src/cli/main",
  "src/cli/start",
  "src/cli/server/index",
  "workers/alertmanager",
  "workers/control",
  "workers/ingest",
  "workers/passwords",
  "workers/query",
  "workers/remote",
  "workers/storage",
];

for (const entry of ENTRIES) {
  const file = join(dist, entry);
  const name = entry.slice(entry.lastIndexOf("/") + 1);
  const bundle = await rolldown({
    input: { [name]: `${file}.js` },
    platform: "node",
    external: /^[^./]/,
    onLog: (_level, { message }) => {
      throw new Error(`bundling ${entry}: ${message}`);
    },
  });
  await bundle.write({ dir: dirname(file), format: "esm", comments: false, chunkFileNames: `${name}-[name].js` });
  await bundle.close();
  rmSync(`${file}.js.map`, { force: true }); // of what the compiler wrote
}
