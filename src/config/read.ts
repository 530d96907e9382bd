/**
 * Text and a shape to a value: the fast readers first, and where they or the decoder find something wrong, the slow one
 * that knows lines. The same path serves the configuration, scrape config files and files of target groups.
 */
import { errorMessage, VestalError } from "../base/index.js";
import { DecodeError, decode, type Path, type Problem, TextNeededError } from "./decode.js";
import { type Explained, explain } from "./explain.js";
import { type Parsed, parseText } from "./parse.js";
import { initialOf, type Shape } from "./shape.js";

/** Larger texts are refused: 5,000 jobs make about 12 MB. */
const TEXT_BYTES_MAX = 128 * 1024 * 1024;

/** Aliases may add this many nodes to those that the text itself can have. */
const ALIASED_NODES_MAX = 200_000;

/** One of `details.problems` of an error. */
export interface PlacedProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly expected: string;
  /** Of a key that is written twice: where it stands first. */
  readonly firstLine: number | undefined;
}

export interface ReadOptions {
  /** Fields that the schema does not know are passed over, as `--ignore-unknown-fields` of the tools asks. */
  readonly allowsUnknown?: boolean;
}

export interface ReadResult<T> {
  readonly value: T;
  readonly hasMoreDocuments: boolean;
}

/** @throws VestalError CONFIG with Prometheus' words; `details` has line, column, path, expected. */
export function readText<T>(shape: Shape<T>, text: string, options: ReadOptions = {}): ReadResult<T> {
  if (text.length > TEXT_BYTES_MAX) {
    throw new VestalError("CONFIG", `the text has ${text.length} characters, more than the limit of ${TEXT_BYTES_MAX}`);
  }
  const nodesMax = text.length + ALIASED_NODES_MAX;
  let parsed: Parsed;
  try {
    parsed = parseText(text);
    // An empty text has all defaults; only what is written as null has zero values.
    if (parsed.root === null) return { ...parsed, value: initialOf(shape) };
    return { ...parsed, value: decode(shape, parsed.root, { isJson: parsed.isJson, nodesMax, ...options }) };
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(error);
    if (error instanceof VestalError && !(error instanceof DecodeError)) throw error;
    return explained(shape, text, nodesMax, options, error);
  }
}

/** The error with its line; or, where only the way in which JSON writes a number was missing, the value. */
function explained<T>(
  shape: Shape<T>,
  text: string,
  nodesMax: number,
  options: ReadOptions,
  first: unknown,
): ReadResult<T> {
  let tree: Explained;
  try {
    tree = explain(text, nodesMax);
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(error) : error;
  }
  try {
    const value = decode(shape, tree.root, { isJson: false, nodesMax, duplicates: tree.duplicates, ...options });
    if (first instanceof TextNeededError) return { value, hasMoreDocuments: false };
  } catch (error) {
    if (error instanceof DecodeError) throw describeProblems(error.problems, tree);
    throw error;
  }
  // The two readers disagree about the text; the fast one's word stands.
  throw first instanceof VestalError ? first : new VestalError("CONFIG", `yaml: ${errorMessage(first)}`, {}, first);
}

function describeProblems(problems: readonly Problem[], tree: Explained): VestalError {
  const placed = problems.map((problem) => ({ ...problem, ...tree.position(problem.path) }));
  const [first] = placed;
  if (first === undefined) return new VestalError("CONFIG", "yaml: unmarshal errors");
  const details = {
    line: first.line,
    column: first.column,
    path: formatPath(first.path),
    expected: first.expected,
    problems: placed.map(
      ({ line, column, path, message, expected }): PlacedProblem => ({
        line,
        column,
        path: formatPath(path),
        message,
        expected,
        firstLine: tree.firstLine(path),
      }),
    ),
  };
  if (!first.isTypeError) {
    const where = first.path.length === 0 ? `line ${first.line}` : `line ${first.line}, ${formatPath(first.path)}`;
    return new VestalError("CONFIG", `${first.message} (${where})`, { ...details, reason: first.message });
  }
  const lines = placed.toSorted((a, b) => a.line - b.line).map(({ line, message }) => `  line ${line}: ${message}`);
  return new VestalError("CONFIG", ["yaml: unmarshal errors:", ...lines].join("\n"), details);
}

/** `scrape_configs[2].tls_config.ca_file` */
function formatPath(path: Path): string {
  return path.map((step, i) => (typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)).join("");
}

function tooDeep(error: RangeError): VestalError {
  return new VestalError("CONFIG", "yaml: the text is nested too deeply", {}, error);
}
