/**
 * Objects and what prometheus-operator makes of them, area by area.
 *
 * The folder is that of the pairs' archive, or one that holds `<area>/<case>/` with case.yaml, input.yaml and
 * expected.yaml. Both sides are compared as parsed YAML: the order of keys does not matter, that of lists does.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { answer, type Case, type CaseContext } from "./operator-entrypoints.js";
import type { AreaResult, FileResult } from "./result.js";

export async function run(dir: string): Promise<AreaResult> {
  const archive = join(dir, "pairs.tar.gz");
  if (!existsSync(archive)) return { files: areasIn(dir) };
  const scratch = mkdtempSync(join(tmpdir(), "vestal-pairs-"));
  try {
    const { status, stderr } = spawnSync("tar", ["-xzf", archive, "-C", scratch], { encoding: "utf8" });
    if (status !== 0) throw new Error(`cannot unpack ${archive}: ${stderr}`);
    return { files: areasIn(scratch) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function foldersIn(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function areasIn(dir: string): FileResult[] {
  return foldersIn(dir).map((area) => {
    const failures: string[] = [];
    const cases = foldersIn(join(dir, area)).filter((name) => existsSync(join(dir, area, name, "case.yaml")));
    for (const name of cases) {
      const failure = judge(join(dir, area, name));
      if (failure !== undefined) failures.push(`${name}: ${failure}`);
    }
    return { name: area, passed: cases.length - failures.length, failed: failures.length, skipped: 0, failures };
  });
}

/** Why the case fails; undefined if it passes. */
function judge(dir: string): string | undefined {
  const context = documentsOf(join(dir, "case.yaml"))[0] as CaseContext;
  const base = join(dir, "base-config.yaml");
  const input: Case = {
    context,
    objects: documentsOf(join(dir, "input.yaml")),
    baseConfig: existsSync(base) ? readFileSync(base, "utf8") : undefined,
  };
  const expected = documentsOf(join(dir, "expected.yaml"))[0];
  let actual: unknown;
  try {
    actual = answer(input);
  } catch (error) {
    if (context.expect === "error" && (error as Error).name === "InvalidConfigurationError") return undefined;
    return `failed: ${error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 3).join(" ") : String(error)}`;
  }
  if (context.expect === "error") return "must be refused";
  if (context.expect === "verdict" || context.expect === "admission") return differenceOfVerdict(expected, actual);
  return difference(expected, actual, context.entrypoint === "workload");
}

function documentsOf(file: string): unknown[] {
  if (!existsSync(file)) return [];
  return parseAllDocuments(readFileSync(file, "utf8"), { logLevel: "error" }).map((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    return document.toJS({ maxAliasCount: -1 }) as unknown;
  });
}

/** What a person reads may be worded otherwise. */
const INFORMATIVE = new Set(["causes", "message"]);

function differenceOfVerdict(expected: unknown, actual: unknown): string | undefined {
  for (const [key, value] of Object.entries(expected as object)) {
    if (INFORMATIVE.has(key)) continue;
    const problem = difference(value, (actual as Record<string, unknown>)[key], false, key);
    if (problem !== undefined) return `${problem} (${JSON.stringify(actual)})`;
  }
  return undefined;
}

type Path = string;

/** The first place where two values differ. */
export function difference(
  expected: unknown,
  actual: unknown,
  hasQuantities: boolean,
  path: Path = "",
): string | undefined {
  const isSame = scalarOf(expected, hasQuantities) === scalarOf(actual, hasQuantities);
  if (!isObject(expected) || !isObject(actual)) return isSame ? undefined : unlike(path, expected, actual);
  if (Array.isArray(expected) !== Array.isArray(actual)) return unlike(path, expected, actual);
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const key of keys) {
    const problem = difference(expected[key], actual[key], hasQuantities, `${path}.${key}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function unlike(path: Path, expected: unknown, actual: unknown): string {
  const show = (value: unknown) => (JSON.stringify(value) ?? "nothing").slice(0, 300);
  return `${path}: expected ${show(expected)}, got ${show(actual)}`;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** Quantities are compared by their value, an absent value is as good as null. */
function scalarOf(value: unknown, hasQuantities: boolean): unknown {
  if (value === null || value === undefined) return null;
  const match = hasQuantities && typeof value === "string" ? /^(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi)$/.exec(value) : null;
  return match === null ? value : `quantity ${Number(match[1]) * (SUFFIXES[match[2] ?? ""] ?? 1)}`;
}
