/** PromQL: the parser's cases and the evaluation scripts. */
import { runParse } from "./promql-parse.js";
import { runScripts } from "./promql-script.js";
import type { AreaResult } from "./result.js";

/** Each part reads its own files of the folder. */
const PARTS: readonly ((dir: string) => Promise<AreaResult>)[] = [runParse, runScripts];

export async function run(dir: string): Promise<AreaResult> {
  const results: AreaResult[] = [];
  for (const part of PARTS) results.push(await part(dir));
  return { files: results.flatMap((result) => result.files) };
}
