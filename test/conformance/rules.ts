/**
 * promtool's own rule files, configuration files and rule tests: each command gives what the released promtool 3.5.3 gave
 * (`test/golden/rules`): output, errors and exit code.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../src/base/index.js";
import { runTool } from "../../src/cli/tool/index.js";
import { type AreaResult, FileTally } from "./result.js";

interface Answer {
  readonly folder: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param dir  holds `rulefmt` and `promtool`, or lies beside them. */
export async function run(dir: string): Promise<AreaResult> {
  const base = existsSync(join(dir, "promtool")) ? dir : dirname(dir);
  const golden = join(packageRoot(), "test", "golden", "rules", "answers.json");
  const answers = JSON.parse(readFileSync(golden, "utf8")) as readonly Answer[];
  const tallies = new Map<string, FileTally>();
  for (const answer of answers) {
    const name = `${answer.folder} ${answer.args.slice(0, 2).join(" ")}`;
    const tally = tallies.get(name) ?? new FileTally(name);
    tallies.set(name, tally);
    const difference = differenceOf(answer, await ask(join(base, answer.folder), answer.args));
    if (difference === "") tally.pass();
    else tally.fail(`${answer.args.join(" ")}: ${difference}`);
  }
  return { files: [...tallies.values()].map((tally) => tally.result()) };
}

async function ask(folder: string, args: readonly string[]): Promise<Omit<Answer, "folder" | "args">> {
  let out = "";
  let err = "";
  const before = process.cwd();
  process.chdir(folder);
  try {
    const code = await runTool(args, "promtool", {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      readInput: () => "",
    });
    return { code, out, err };
  } finally {
    process.chdir(before);
  }
}

function differenceOf(want: Omit<Answer, "folder" | "args">, got: Omit<Answer, "folder" | "args">): string {
  if (want.code !== got.code) return `exit code ${got.code}, not ${want.code}: ${got.err}`;
  if (want.out !== got.out) return `output ${JSON.stringify(got.out)}, not ${JSON.stringify(want.out)}`;
  return inOrder(want.err) === inOrder(got.err)
    ? ""
    : `errors ${JSON.stringify(got.err)}, not ${JSON.stringify(want.err)}`;
}

/** Which of two duplicates promtool names first changes from run to run. */
function inOrder(text: string): string {
  return text.replace(
    /operation: \[(\{.*?\}), (\{.*?\})\];/g,
    (_, a: string, b: string) => `operation: ${[a, b].sort()};`,
  );
}
