/** Alertmanager's configuration files: accepted or refused as `amtool check-config` 0.33 does, refused with its message. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAlertmanagerConfig, matcherSyntax } from "../../src/alertmanager/index.js";
import { errorMessage, packageRoot } from "../../src/base/index.js";
import { type AreaResult, FileTally } from "./result.js";

type Verdicts = Readonly<Record<string, string | null>>;

export async function run(dir: string): Promise<AreaResult> {
  const golden = join(packageRoot(), "test", "golden", "alertmanager", "check-config.json");
  const verdicts = JSON.parse(readFileSync(golden, "utf8")) as Verdicts;
  const folders = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return { files: folders.map(({ name }) => checkFolder(dir, name, verdicts)) };
}

function checkFolder(dir: string, folder: string, verdicts: Verdicts): ReturnType<FileTally["result"]> {
  const tally = new FileTally(folder);
  for (const file of readdirSync(join(dir, folder)).sort()) {
    const wanted = verdicts[`${folder}/${file}`];
    if (wanted === undefined) {
      tally.skip();
      continue;
    }
    const problem = problemOf(join(dir, folder, file), join(dir, folder));
    if (wanted === null ? problem === undefined : problem?.startsWith(wanted) === true) tally.pass();
    else tally.fail(`${file}: amtool says ${wanted ?? "good"}, we say ${problem ?? "good"}`);
  }
  return tally.result();
}

function problemOf(file: string, folder: string): string | undefined {
  try {
    loadAlertmanagerConfig(readFileSync(file, "utf8"), folder, matcherSyntax("fallback"));
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}
