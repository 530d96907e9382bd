/** The pairs of objects and what prometheus-operator makes of them, unpacked once a process. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../src/base/index.js";

/** Folder with `<area>/<case>/`; undefined where the pairs are not there. It goes with the process. */
export function openPairs(): string | undefined {
  const archive = join(packageRoot(), "../shared/conformance/operator/pairs.tar.gz");
  if (!existsSync(archive)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "vestal-pairs-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { status, stderr } = spawnSync("tar", ["-xzf", archive, "-C", folder], { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot unpack ${archive}: ${stderr}`);
  return folder;
}
